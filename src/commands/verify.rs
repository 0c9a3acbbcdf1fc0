//! `avow verify`: checks a database against its hashes and its log.

use std::io::{self, Write as _};

use super::Error;
use crate::settings::Database;
use crate::store;
use avow_cli::block_on;

/// Checks the whole database: every content against its hash, and the state against the change log.
///
/// Changes nothing, and may run beside a server.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    database: Database,
}

impl Verify {
    pub(super) fn run(&self) -> Result<(), Error> {
        scrub(&self.database.url())
    }
}

/// Checks the database at `url` and prints the result.
pub(super) fn scrub(url: &str) -> Result<(), Error> {
    let report = block_on(async { Ok::<_, Error>(store::verify(url).await?) })?;
    let mut stdout = io::stdout().lock();
    for fault in &report.faults {
        writeln!(stdout, "{fault}")?;
    }
    if !report.faults.is_empty() {
        return Err(Error::Damaged(report.faults.len()));
    }
    let store::Report { contents, versions, changes, .. } = report;
    Ok(writeln!(stdout, "the database is sound: {contents} contents, {versions} versions, {changes} changes")?)
}
