//! `avow restore`: recreates a registry from a backup.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use super::Error;
use crate::settings::Database;
use crate::store;
use avow_cli::block_on;

/// Fills an empty database from a backup: all of it, or nothing.
///
/// The database is created where it is missing. After a failure it is as empty as before: run it again.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    #[command(flatten)]
    database: Database,

    /// The backup, instead of standard input.
    #[arg(value_name = "FILE")]
    input: Option<PathBuf>,

    /// Reads the database again afterwards and compares it with the backup.
    #[arg(long)]
    verify: bool,
}

impl Restore {
    pub(super) fn run(&self) -> Result<(), Error> {
        let url = self.database.url();
        match &self.input {
            Some(path) => {
                let file = File::open(path).map_err(avow_cli::Error::reading(path))?;
                self.restore(&url, &mut BufReader::new(file))
            }
            None => self.restore(&url, &mut BufReader::new(io::stdin())),
        }
    }

    fn restore(&self, url: &str, from: &mut (impl BufRead + Send)) -> Result<(), Error> {
        let summary = block_on(async {
            let restored = store::restore(url, from).await?;
            if self.verify && store::backup(url, &mut io::sink(), SystemTime::now().into()).await? != restored {
                return Err(Error::NotRestored);
            }
            Ok(restored)
        })?;
        if self.verify {
            super::verify::scrub(url)?;
        }
        let (changes, versions) = (summary.count("changes"), summary.count("versions"));
        Ok(writeln!(io::stdout(), "the database is restored: {versions} versions, {changes} changes")?)
    }
}
