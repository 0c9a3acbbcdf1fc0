//! Filling an empty database from a backup: all of it, or nothing.

use super::Error;
use super::backup::{FORMAT, First, LAST, Last, Summary};
use super::rows::{KINDS, Row};
use super::session::{Session, on};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{Database, Encode, Postgres, QueryBuilder, Sqlite, Type};
use std::io::BufRead;

/// Rows handed to the database at once; nine columns of them stay far below what a statement may bind.
const CHUNK_ROWS: usize = 500;

/// Bytes of lines after which the database gets what there is.
const CHUNK_BYTES: usize = 1 << 20;

/// Fills the database at `url`, which is created where it is missing and must be empty, with the backup in `from`.
///
/// The hash and the counts of the stream are compared before anything is committed: after an error the database is as
/// empty as before, and the restore can be repeated.
pub async fn restore(url: &str, from: &mut (impl BufRead + Send)) -> Result<Summary, Error> {
    let (mut session, _lock) = Session::exclusive(url).await?;
    let rows = session.number(ROWS).await?;
    if rows != 0 {
        return Err(Error::NotEmpty);
    }
    let summary = fill(&mut session, from).await?;
    session.commit().await?;
    Ok(summary)
}

/// The tables that a new database has no rows in.
const ROWS: &str = "SELECT (SELECT count(*) FROM changes) + (SELECT count(*) FROM contents)
    + (SELECT count(*) FROM scopes) + (SELECT count(*) FROM contexts WHERE name <> '.' OR last_id <> 0)
    + (SELECT count(*) FROM log_head WHERE seq <> 0)";

/// The position at the end of the log.
const HEAD: &str = "UPDATE log_head SET seq = $1";

/// The identity of this registry.
const IDENTITY: &str = "UPDATE facts SET value = $1 WHERE name = 'registry'";

/// Reads the stream to its end and writes what it holds.
async fn fill(session: &mut Session, from: &mut impl BufRead) -> Result<Summary, Error> {
    let damaged = |reason: &str| Error::BadBackup(reason.to_owned());
    let mut lines = Lines { from, hash: Sha256::new(), number: 0 };
    let first = lines.next()?.ok_or_else(|| damaged("it has no lines"))?;
    let First { manifest } =
        serde_json::from_slice(&first).map_err(|_| damaged("its first line is not one of Avow's"))?;
    if manifest.format > FORMAT {
        return Err(Error::BadBackup(format!(
            "it was written by Avow {}, which is newer than this one",
            manifest.version
        )));
    }
    let mut summary = Summary::default();
    let mut chunk = Chunk::default();
    let totals = loop {
        let sum = lines.hash.clone();
        let line = lines.next()?.ok_or_else(|| damaged("its last line is missing"))?;
        if line.starts_with(LAST.as_bytes()) {
            let Last { end } = lines.parse(&line)?;
            if end.sha256 != hex::encode(sum.finalize()) {
                return Err(damaged("its SHA-256 is another one than its last line says"));
            }
            break end;
        }
        let row: Row = lines.parse(&line)?;
        summary.add(&row, &line);
        if !chunk.fits(&row) {
            chunk.write(session).await?;
        }
        chunk.push(row, line.len());
    };
    chunk.write(session).await?;
    if totals.rows != summary.rows() {
        return Err(damaged("it has other rows than its last line counts"));
    }
    if lines.next()?.is_some() {
        return Err(damaged("it goes on after its last line"));
    }
    if let Some(registry) = manifest.registry {
        on!(session, connection => sqlx::query(IDENTITY).persistent(false).bind(registry).execute(connection).await.map(drop))?;
    }
    on!(session, connection => sqlx::query(HEAD).persistent(false).bind(manifest.seq).execute(connection).await.map(drop))?;
    Ok(summary)
}

/// The lines of a stream, and the hash of those that were read.
struct Lines<'f, R> {
    from: &'f mut R,
    hash: Sha256,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line without its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line).map_err(Error::Stream)?;
        self.number += 1;
        self.hash.update(&line);
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(Error::BadBackup(format!("its line {} is cut off", self.number))),
        }
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, line: &[u8]) -> Result<T, Error> {
        let parsed = serde_json::from_slice(line);
        parsed.map_err(|error| Error::BadBackup(format!("its line {} cannot be read: {error}", self.number)))
    }
}

/// Rows of one kind that wait to be written together.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: usize,
}

impl Chunk {
    fn fits(&self, row: &Row) -> bool {
        let same = self.rows.first().is_none_or(|first| first.kind() == row.kind());
        same && self.rows.len() < CHUNK_ROWS && self.bytes < CHUNK_BYTES
    }

    fn push(&mut self, row: Row, bytes: usize) {
        self.rows.push(row);
        self.bytes += bytes;
    }

    async fn write(&mut self, session: &mut Session) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let Some(kind) = rows.first().map(Row::kind) else { return Ok(()) };
        match session {
            Session::Sqlite(connection) => {
                insert::<Sqlite>(rows, kind, "", false)
                    .build()
                    .persistent(false)
                    .execute(connection)
                    .await
                    .map(drop)?;
            }
            Session::Postgres(connection) => {
                let mut query = insert::<Postgres>(rows, kind, "::JSON", true);
                query.build().persistent(false).execute(connection).await.map(drop)?;
            }
        }
        Ok(())
    }
}

/// The facts that a restored change invalidates on other nodes. They may have looked for what was not there yet.
fn receipt(subject: &str) -> String {
    json!({"unit": "restore", "id": null, "scopes": [subject], "ids": [], "contexts": true}).to_string()
}

/// A statement that inserts rows of one kind. `json` makes a text JSON; `receipts` go with changes.
fn insert<DB: Database>(rows: Vec<Row>, kind: usize, json: &'static str, receipts: bool) -> QueryBuilder<DB>
where
    for<'v> i64: Encode<'v, DB> + Type<DB>,
    for<'v> bool: Encode<'v, DB> + Type<DB>,
    for<'v> String: Encode<'v, DB> + Type<DB>,
    for<'v> Option<String>: Encode<'v, DB> + Type<DB>,
    for<'v> Vec<u8>: Encode<'v, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(INSERTS[kind]);
    query.push(if kind == CHANGES && receipts { ", receipt) " } else { ") " });
    query.push_values(rows, |mut values, row| match row {
        Row::Change(row) => {
            let receipt = receipts.then(|| receipt(&row.subject));
            values.push_bind(row.seq).push_bind(row.time).push_bind(row.actor).push_bind(row.request_id);
            values.push_bind(row.kind).push_bind(row.subject).push_bind(row.before).push_bind(row.after);
            if let Some(receipt) = receipt {
                values.push_bind(receipt);
            }
        }
        Row::Context(row) => {
            values.push_bind(row.name).push_bind(row.recorded).push_bind(row.last_id);
        }
        Row::Content(row) => {
            values.push_bind(row.fingerprint).push_bind(row.schema_type).push_bind(row.shape).push_bind(row.text);
            for text in [row.refs, row.metadata, row.rule_set] {
                values.push_bind(text).push_unseparated(json);
            }
        }
        Row::Id(row) => {
            values.push_bind(row.context).push_bind(row.id).push_bind(row.fingerprint);
            values.push_bind(row.schema_type).push_bind(row.subject).push_bind(row.version).push_bind(row.written);
        }
        Row::Version(row) => {
            values.push_bind(row.subject).push_bind(row.version).push_bind(row.context).push_bind(row.id);
            values.push_bind(row.deleted).push_bind(row.time).push_bind(row.written);
        }
        Row::Use(row) => {
            values.push_bind(row.subject).push_bind(row.version);
            values.push_bind(row.target_subject).push_bind(row.target_version);
        }
        Row::Scope(row) => {
            values.push_bind(row.subject).push_bind(row.context).push_bind(row.revision);
            values.push_bind(row.config).push_unseparated(json).push_bind(row.mode);
        }
    });
    if kind == CONTEXTS {
        // The default one is there from the start.
        query.push(" ON CONFLICT (name) DO UPDATE SET recorded = excluded.recorded, last_id = excluded.last_id");
    }
    query
}

const CHANGES: usize = 0;
const CONTEXTS: usize = 1;

/// The insert statements by kind of row, up to the last column that both databases have.
const INSERTS: [&str; KINDS.len()] = [
    "INSERT INTO changes (seq, time, actor, request_id, kind, subject, before, after",
    "INSERT INTO contexts (name, recorded, last_id",
    "INSERT INTO contents (fingerprint, schema_type, shape, text, refs, metadata, rule_set",
    "INSERT INTO schema_ids (context, id, fingerprint, schema_type, subject, version, written",
    "INSERT INTO versions (subject, version, context, id, deleted, time, written",
    "INSERT INTO uses (subject, version, target_subject, target_version",
    "INSERT INTO scopes (subject, context, revision, config, mode",
];
