//! `avow migrate`: brings a database up to date.

use std::io::{self, Write as _};

use super::{Error, block_on};
use crate::settings::Database;
use crate::store::Store;

/// Creates the database, or brings it up to date, and exits.
///
/// `avow serve` does the same when it starts; this is for doing it apart, before a new version is rolled out.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    database: Database,
}

impl Migrate {
    pub(super) fn run(&self) -> Result<(), Error> {
        let url = self.database.url();
        block_on(async { Ok(Store::migrate(&url).await?) })?;
        Ok(writeln!(io::stdout(), "{} is up to date", self.database.shown())?)
    }
}
