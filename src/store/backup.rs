//! The backup format: the whole registry as one stream of JSON lines.
//!
//! The first line is a manifest, then comes every row of one snapshot, and the last line has counts and a hash of
//! everything before it. Nothing in it depends on the kind of database it was read from.

use super::Error;
use super::rows::{KINDS, Row, read_all};
use super::session::Session;
use crate::domain::{Moment, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;

/// The newest format of the stream this program understands.
pub(super) const FORMAT: u32 = 2;

/// The manifest on the first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The format of the lines.
    pub(super) format: u32,
    /// The program that wrote them.
    pub(super) version: String,
    /// The time of the backup.
    pub(super) time: String,
    /// The newest change.
    pub(super) seq: i64,
    /// The identity of the registry: a restored registry keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) registry: Option<i64>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct First {
    #[serde(rename = "avowBackup")]
    pub(super) manifest: Manifest,
}

/// The summary on the last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    /// Rows by kind.
    pub(super) rows: BTreeMap<String, u64>,
    /// The hash of every byte before the line.
    pub(super) sha256: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) end: Totals,
}

/// The beginning of the last line, and of no other.
pub(super) const LAST: &str = r#"{"end":"#;

/// A digest of the rows of a stream, independent of their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    counts: [u64; KINDS.len()],
    /// The sum of the hashes of all rows.
    sum: [u64; 4],
}

impl Summary {
    /// Adds a row, as it is written in its line.
    pub(super) fn add(&mut self, row: &Row, line: &[u8]) {
        self.counts[row.kind()] += 1;
        let hash = Sha256::digest(line);
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_be_bytes);
            *sum = sum.wrapping_add(part);
        }
    }

    /// Rows by kind.
    pub(super) fn rows(&self) -> BTreeMap<String, u64> {
        KINDS.iter().zip(self.counts).map(|(kind, count)| ((*kind).to_owned(), count)).collect()
    }

    /// The number of rows of a kind.
    pub fn count(&self, kind: &str) -> u64 {
        KINDS.iter().zip(self.counts).find(|(known, _)| **known == kind).map_or(0, |(_, count)| count)
    }
}

/// The identity of this registry; absent in a database that an older program left.
const IDENTITY: &str = "SELECT coalesce(max(value), -1) FROM facts WHERE name = 'registry'";

/// Writes everything in the database at `url` to `out`, as of one snapshot; a server may be running on it. `now` is the
/// time recorded in the manifest.
pub async fn backup(url: &str, out: &mut (impl Write + Send), now: Timestamp) -> Result<Summary, Error> {
    let mut session = Session::snapshot(url).await?;
    let seq = session.head().await?;
    let time = Moment(now).to_string();
    let registry = Some(session.number(IDENTITY).await?).filter(|registry| *registry >= 0);
    let manifest = Manifest { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), time, seq, registry };
    let mut stream = Stream { out, hash: Sha256::new() };
    stream.line(&First { manifest })?;
    let mut summary = Summary::default();
    read_all(&mut session, |row| {
        let line = stream.line(&row)?;
        summary.add(&row, &line);
        Ok(())
    })
    .await?;
    session.close().await?;
    let sha256 = hex::encode(stream.hash.clone().finalize());
    stream.line(&Last { end: Totals { rows: summary.rows(), sha256 } })?;
    stream.out.flush().map_err(Error::Stream)?;
    Ok(summary)
}

/// The lines written so far, and their hash.
struct Stream<'o, W> {
    out: &'o mut W,
    hash: Sha256,
}

impl<W: Write> Stream<'_, W> {
    /// Writes a line, given without its line break.
    fn line(&mut self, value: &impl Serialize) -> Result<Vec<u8>, Error> {
        let mut line = serde_json::to_vec(value).map_err(|error| Error::Invalid(error.to_string()))?;
        line.push(b'\n');
        self.hash.update(&line);
        self.out.write_all(&line).map_err(Error::Stream)?;
        line.pop();
        Ok(line)
    }
}
