//! Rows of a subject list, in the order of their names, a page at a time.

use super::read::{id_from, key_from, version_from};
use super::{Error, Store};
use crate::domain::{Config, ContentKey, Mode, SchemaId, Subject, Timestamp, Version};
use sqlx::types::Json;

/// A subject as a list shows it.
#[derive(Debug, Clone)]
pub struct ListedSubject {
    pub subject: Subject,
    /// The number of live versions.
    pub live: i64,
    /// The number of soft-deleted versions.
    pub deleted: i64,
    /// The newest live version; the newest of all where none is.
    pub version: Version,
    pub id: SchemaId,
    pub key: ContentKey,
    /// When it was last written.
    pub time: Timestamp,
    /// Settings of the subject's own.
    pub config: Option<Config>,
    /// A mode of its own.
    pub mode: Option<Mode>,
}

type Row = (String, i64, i64, i64, i64, i64, Vec<u8>, String, Option<Json<Config>>, Option<String>);

impl Store {
    /// The first subjects whose names lie from `first` to `last`, ascending.
    pub async fn subjects_between(&self, first: &str, last: &str, limit: i64) -> Result<Vec<ListedSubject>, Error> {
        const SQL: &str = "SELECT p.subject, p.live, p.versions, v.version, v.id, v.time, i.fingerprint, i.schema_type,
                s.config, s.mode
            FROM (SELECT subject, count(CASE WHEN deleted THEN NULL ELSE 1 END) AS live, count(*) AS versions,
                         max(CASE WHEN deleted THEN NULL ELSE version END) AS latest, max(version) AS newest
                  FROM versions WHERE subject BETWEEN $1 AND $2 GROUP BY subject ORDER BY subject LIMIT $3) p
            JOIN versions v ON v.subject = p.subject AND v.version = coalesce(p.latest, p.newest)
            JOIN schema_ids i ON i.context = v.context AND i.id = v.id
            LEFT JOIN scopes s ON s.subject = p.subject
            ORDER BY p.subject";
        let rows: Vec<Row> = read!(self, fetch_all, sqlx::query_as(SQL).bind(first).bind(last).bind(limit))?;
        rows.into_iter().map(listed).collect()
    }
}

fn listed(row: Row) -> Result<ListedSubject, Error> {
    let (subject, live, versions, version, id, time, fingerprint, schema_type, config, mode) = row;
    let mode = mode.map(|name| Mode::parse(&name).ok_or_else(|| Error::Invalid(format!("the mode `{name}`"))));
    Ok(ListedSubject {
        subject: Subject::parse(&subject),
        live,
        deleted: versions - live,
        version: version_from(version)?,
        id: id_from(id)?,
        key: key_from(&fingerprint, &schema_type)?,
        time: Timestamp(time),
        config: config.map(|config| config.0),
        mode: mode.transpose()?,
    })
}
