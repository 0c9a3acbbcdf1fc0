//! `avow backup`: writes the whole registry as one stream.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Error;
use crate::settings::Database;
use crate::store::{self, Summary};
use avow_cli::block_on;

/// Writes a backup: everything, as one stream of JSON lines, while the server runs.
///
/// It contains versions (soft-deleted ones included), ids, settings, counters and the change log as of one moment: what
/// `avow restore` needs to recreate the registry in any supported database.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    #[command(flatten)]
    database: Database,

    /// The file to write instead of standard output; it is replaced once the new one is complete.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Backup {
    pub(super) fn run(&self) -> Result<(), Error> {
        let url = self.database.url();
        let summary = match &self.output {
            Some(path) => write_file(&url, path)?,
            None => write(&url, &mut BufWriter::new(io::stdout()))?,
        };
        let (changes, versions) = (summary.count("changes"), summary.count("versions"));
        Ok(writeln!(io::stderr(), "the database is backed up: {versions} versions, {changes} changes")?)
    }
}

fn write(url: &str, out: &mut (impl Write + Send)) -> Result<Summary, Error> {
    block_on(async { Ok(store::backup(url, out, SystemTime::now().into()).await?) })
}

/// A partial backup must not replace the last complete one.
fn write_file(url: &str, path: &Path) -> Result<Summary, Error> {
    let mut beside = OsString::from(path);
    beside.push(".part");
    let mut out = BufWriter::new(File::create(&beside).map_err(avow_cli::Error::writing(&beside))?);
    let written = write(url, &mut out).and_then(|summary| {
        out.get_ref().sync_all().and_then(|()| fs::rename(&beside, path)).map_err(avow_cli::Error::writing(path))?;
        Ok(summary)
    });
    if written.is_err() {
        // A partial backup is useless.
        let _ = fs::remove_file(&beside);
    }
    written
}
