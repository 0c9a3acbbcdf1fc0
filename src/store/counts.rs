//! Counts of the stored subjects, versions and ids.

use super::{Error, Store};
use crate::domain::{SchemaType, Seq};

/// The counts as of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The moment.
    pub seq: Seq,
    /// Subjects with a live version.
    pub live_subjects: i64,
    /// Subjects of which all versions are soft-deleted.
    pub deleted_subjects: i64,
    /// Live versions.
    pub live_versions: i64,
    /// Soft-deleted versions.
    pub deleted_versions: i64,
    /// Ids with a content, by the type of it.
    pub schema_ids: [(SchemaType, i64); SchemaType::ALL.len()],
    /// The highest id that any context has assigned or imported.
    pub highest_id: i64,
}

type Row = (i64, i64, i64, i64, i64, i64, i64, i64, i64);

impl Store {
    /// Counts what is stored. Reads all versions, so the cost grows with their number.
    pub async fn counts(&self) -> Result<Counts, Error> {
        const SQL: &str = "SELECT (SELECT seq FROM log_head WHERE one = 1),
                count(CASE WHEN live > 0 THEN 1 END), count(CASE WHEN live = 0 THEN 1 END),
                CAST(coalesce(sum(live), 0) AS BIGINT), CAST(coalesce(sum(held - live), 0) AS BIGINT),
                (SELECT count(*) FROM schema_ids WHERE schema_type = 'AVRO'),
                (SELECT count(*) FROM schema_ids WHERE schema_type = 'JSON'),
                (SELECT count(*) FROM schema_ids WHERE schema_type = 'PROTOBUF'),
                (SELECT coalesce(max(last_id), 0) FROM contexts)
            FROM (SELECT count(*) AS held, count(CASE WHEN deleted = FALSE THEN 1 END) AS live
                  FROM versions GROUP BY subject) AS by_subject";
        let row: Row = read!(self, fetch_one, sqlx::query_as(SQL))?;
        let (seq, live_subjects, deleted_subjects, live_versions, deleted_versions, avro, json, protobuf, highest_id) =
            row;
        let schema_ids = [(SchemaType::Avro, avro), (SchemaType::Json, json), (SchemaType::Protobuf, protobuf)];
        let seq = Seq(seq.unsigned_abs());
        Ok(Counts { seq, live_subjects, deleted_subjects, live_versions, deleted_versions, schema_ids, highest_id })
    }
}
