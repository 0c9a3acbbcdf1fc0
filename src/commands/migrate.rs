//! `avow migrate`: brings a database up to date.

use std::io::{self, Write as _};

use avow_cli::{Copy, Exit, block_on};

use super::Error;
use crate::settings::Database;
use crate::store::Store;

/// Creates the database, or brings it up to date, and exits.
///
/// `avow serve` does the same when it starts; this command does it separately, before a new version is rolled out.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    database: Database,

    // `avow copy` by its former name.
    #[command(flatten)]
    copy: Copy,
}

impl Migrate {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        if self.copy.is_requested() {
            writeln!(io::stderr(), "note: `avow migrate --from` is now `avow copy --from`")?;
            return Ok(self.copy.run()?);
        }
        block_on(async { Ok::<_, Error>(Store::migrate(&self.database.url()).await?) })?;
        writeln!(io::stdout(), "{} is up to date", self.database.redacted())?;
        Ok(Exit::Clean)
    }
}
