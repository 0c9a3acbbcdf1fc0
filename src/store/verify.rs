//! Scrubbing: does every stored content still hash to its fingerprint, and does everything add up?

use super::read::{ContentRow, content_from, fingerprint_from};
use super::{Error, open};
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Contents that were hashed.
    pub contents: u64,
    /// Versions that were counted.
    pub versions: u64,
    /// Changes in the log.
    pub changes: u64,
    /// One sentence for each thing that is wrong.
    pub faults: Vec<String>,
}

/// Faults that are listed one by one; a file with more is lost anyway.
const LISTED: usize = 100;

/// Sums that must come out zero, and what it means when they do not.
const SUMS: [(&str, &str); 5] = [
    (
        "SELECT count(*) FROM versions v LEFT JOIN schemas s ON s.context = v.context AND s.id = v.id WHERE s.id IS NULL",
        "versions have an id that means nothing",
    ),
    (
        "SELECT count(*) FROM schemas s LEFT JOIN contents c ON c.fingerprint = s.fingerprint WHERE c.fingerprint IS NULL",
        "ids have lost their content",
    ),
    (
        "SELECT count(*) FROM schemas s LEFT JOIN contexts c ON c.name = s.context WHERE coalesce(c.last_id, -1) < s.id",
        "ids lie above the counter of their context and would be handed out again",
    ),
    ("SELECT (SELECT seq FROM log_head) - (SELECT count(*) FROM changes)", "changes are missing from the log"),
    (
        "SELECT count(*) FROM versions v LEFT JOIN scopes s ON s.subject = v.subject WHERE s.subject IS NULL",
        "versions belong to a subject without a revision",
    ),
];

/// Reads the whole database at `url` and checks it. Changes nothing; a server may be running on it.
pub async fn verify(url: &str) -> Result<Report, Error> {
    let options = open::options(url)?.create_if_missing(false).pragma("query_only", "ON");
    let mut connection = options.connect().await?;
    let mut report = Report::default();
    let integrity: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
    report.faults.extend(integrity.into_iter().filter(|line| line != "ok").take(LISTED));
    hash_contents(&mut connection, &mut report).await?;
    for (sql, meaning) in SUMS {
        let wrong: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        if wrong != 0 {
            report.faults.push(format!("{wrong} {meaning}"));
        }
    }
    let count = async |connection: &mut SqliteConnection, sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(connection).await.map(i64::unsigned_abs)
    };
    report.versions = count(&mut connection, "SELECT count(*) FROM versions").await?;
    report.changes = count(&mut connection, "SELECT count(*) FROM changes").await?;
    connection.close().await?;
    Ok(report)
}

async fn hash_contents(connection: &mut SqliteConnection, report: &mut Report) -> Result<(), Error> {
    const SQL: &str = "SELECT fingerprint, text, refs, metadata, rule_set FROM contents";
    type Row = (Vec<u8>, String, Json<Vec<Reference>>, Json<Metadata>, Json<RuleSet>);
    type Json<T> = Option<sqlx::types::Json<T>>;
    use crate::domain::{Metadata, Reference, RuleSet};
    let mut rows = sqlx::query_as::<_, Row>(SQL).fetch(connection);
    while let Some((fingerprint, text, refs, metadata, rule_set)) = rows.try_next().await? {
        let row: ContentRow = (text, refs, metadata, rule_set);
        let stored = fingerprint_from(&fingerprint)?;
        let computed = content_from(row).fingerprint();
        report.contents += 1;
        if stored != computed && report.faults.len() < LISTED {
            report.faults.push(format!("the content {stored} now hashes to {computed}: its text was altered"));
        }
    }
    Ok(())
}
