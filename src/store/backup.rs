//! The whole registry as one stream of JSON lines: how a backup is written.
//!
//! The first line says what it is, then comes every row as of one moment, and the last line counts and sums up what
//! came before it. Nothing in it depends on the database it was read from.

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

/// What the first line says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The format of the lines.
    pub(super) format: u32,
    /// The program that wrote them.
    pub(super) version: String,
    /// When.
    pub(super) time: String,
    /// The newest change.
    pub(super) seq: i64,
    /// Which registry it is of: restored, it is the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) registry: Option<i64>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct First {
    #[serde(rename = "avowBackup")]
    pub(super) manifest: Manifest,
}

/// What the last line says.
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

/// How the last line begins, and no other.
pub(super) const LAST: &str = r#"{"end":"#;

/// What a stream holds, equal for equal contents in whatever order they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    counts: [u64; KINDS.len()],
    /// The sum of the hashes of all rows.
    sum: [u64; 4],
}

impl Summary {
    /// Takes in a row, as it is written in its line.
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

    /// How many rows of a kind it holds.
    pub fn count(&self, kind: &str) -> u64 {
        KINDS.iter().zip(self.counts).find(|(known, _)| **known == kind).map_or(0, |(_, count)| count)
    }
}

/// Which registry this is; a database that an older program left does not say.
const IDENTITY: &str = "SELECT coalesce(max(value), -1) FROM facts WHERE name = 'registry'";

/// Writes everything in the database at `url` to `out`, as of one moment; a server may be running on it. `now` is the time
/// that the stream says it was made.
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

/// Lines on their way out, and the hash of all of them.
struct Stream<'o, W> {
    out: &'o mut W,
    hash: Sha256,
}

impl<W: Write> Stream<'_, W> {
    /// Writes a line; the line without its end.
    fn line(&mut self, value: &impl Serialize) -> Result<Vec<u8>, Error> {
        let mut line = serde_json::to_vec(value).map_err(|error| Error::Invalid(error.to_string()))?;
        line.push(b'\n');
        self.hash.update(&line);
        self.out.write_all(&line).map_err(Error::Stream)?;
        line.pop();
        Ok(line)
    }
}
