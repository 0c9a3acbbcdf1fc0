//! Lists of subjects, schemas and settings below a context, filtered and limited by the database.

use super::read::{ContentRow, content_from, id_from, key_from, version_from};
use super::{Error, Store};
use crate::domain::{Config, Content, ContentKey, Context, SchemaId, Subject, Timestamp, Version};
use sqlx::types::Json;

/// The subjects that a listing covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectFilter {
    /// Names with a prefix, in every context.
    Everywhere(String),
    /// Names with a prefix, in one context.
    In(Context, String),
}

impl SubjectFilter {
    /// The part of the filter whose qualified names begin with a prefix; `None` where there is none.
    pub fn within(&self, prefix: &str) -> Option<Self> {
        if prefix.is_empty() {
            return Some(self.clone());
        }
        let subject = Subject::parse(prefix);
        let (context, name) = (subject.context(), subject.name());
        let own = match self {
            Self::Everywhere(own) => own,
            Self::In(known, own) if *known == context => own,
            Self::In(..) => return None,
        };
        let longer = if own.starts_with(name) { own } else { name };
        (own.starts_with(name) || name.starts_with(own.as_str())).then(|| Self::In(context, longer.to_owned()))
    }
}

/// What a listing does with what is soft-deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedFilter {
    /// Excludes them.
    Live,
    /// Includes them.
    All,
    /// Lists only them.
    Only,
}

/// One row of the listing of schemas.
#[derive(Debug, Clone)]
pub struct ListedSchema {
    pub subject: Subject,
    pub version: Version,
    pub id: SchemaId,
    pub key: ContentKey,
    pub content: Content,
    /// Whether it is soft-deleted.
    pub deleted: bool,
    /// The time of the last write.
    pub time: Timestamp,
}

type SchemaRow = (
    String,
    i64,
    i64,
    Vec<u8>,
    bool,
    i64,
    String,
    String,
    Option<Json<Vec<crate::domain::Reference>>>,
    Option<Json<crate::domain::Metadata>>,
    Option<Json<crate::domain::RuleSet>>,
);

/// The filter as the parameters `$1`..`$3` of the statements below: context (or none), first and last name.
fn bounds(filter: &SubjectFilter) -> (Option<&str>, &str, String) {
    let (context, prefix) = match filter {
        SubjectFilter::Everywhere(prefix) => (None, prefix),
        SubjectFilter::In(context, prefix) => (Some(context.as_str()), prefix),
    };
    // The greatest character ends the range of names that start with the prefix.
    (context, prefix, format!("{prefix}\u{10FFFF}"))
}

impl Store {
    /// Lists subjects by their qualified names, in ascending order. A subject is deleted when all its versions are.
    pub async fn list_subjects(
        &self,
        filter: &SubjectFilter,
        deleted: DeletedFilter,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT subject FROM versions
            WHERE ($1 IS NULL OR context = $1)
              AND ($2 = '' OR (CASE WHEN context = '.' THEN subject ELSE substr(subject, length(context) + 3) END)
                              BETWEEN $2 AND $3)
            GROUP BY subject
            HAVING ($4 = 1) OR ($4 = 0 AND min(CASE WHEN deleted THEN 1 ELSE 0 END) = 0)
                            OR ($4 = 2 AND min(CASE WHEN deleted THEN 1 ELSE 0 END) = 1)
            ORDER BY subject LIMIT $5 OFFSET $6";
        let (context, first, last) = bounds(filter);
        let deleted = match deleted {
            DeletedFilter::Live => 0_i64,
            DeletedFilter::All => 1,
            DeletedFilter::Only => 2,
        };
        Ok(read!(
            self,
            fetch_all,
            sqlx::query_scalar(SQL)
                .bind(context)
                .bind(first)
                .bind(last.as_str())
                .bind(deleted)
                .bind(limit)
                .bind(offset)
        )?)
    }

    /// Lists schemas by subject and version: all of each subject, or the newest.
    ///
    /// `rule_type` keeps those whose rule set mentions it; the caller filters exactly.
    pub async fn list_schemas(
        &self,
        filter: &SubjectFilter,
        with_deleted: bool,
        latest_only: bool,
        rule_type: Option<&str>,
        (offset, limit): (i64, i64),
    ) -> Result<Vec<ListedSchema>, Error> {
        const SQL: &str = "SELECT v.subject, v.version, v.id, c.fingerprint, v.deleted, v.time,
                c.schema_type, c.text, c.refs, c.metadata, c.rule_set
            FROM versions v
            JOIN schema_ids i ON i.context = v.context AND i.id = v.id
            JOIN contents c ON c.fingerprint = i.fingerprint AND c.schema_type = i.schema_type
            WHERE ($1 IS NULL OR v.context = $1)
              AND ($2 = '' OR (CASE WHEN v.context = '.' THEN v.subject ELSE substr(v.subject, length(v.context) + 3) END)
                              BETWEEN $2 AND $3)
              AND ($4 OR v.deleted = FALSE)
              AND ($5 = FALSE OR v.version = (SELECT max(w.version) FROM versions w
                                              WHERE w.subject = v.subject AND ($4 OR w.deleted = FALSE)))
              AND ($6 IS NULL OR c.rule_set IS NOT NULL)
            ORDER BY v.subject, v.version LIMIT $7 OFFSET $8";
        let (context, first, last) = bounds(filter);
        let rows: Vec<SchemaRow> = read!(
            self,
            fetch_all,
            sqlx::query_as(SQL)
                .bind(context)
                .bind(first)
                .bind(last.as_str())
                .bind(with_deleted)
                .bind(latest_only)
                .bind(rule_type)
                .bind(limit)
                .bind(offset)
        )?;
        rows.into_iter()
            .map(|(subject, version, id, fingerprint, deleted, time, schema_type, text, refs, metadata, rule_set)| {
                let key = key_from(&fingerprint, &schema_type)?;
                let row: ContentRow = (schema_type, text, refs, metadata, rule_set);
                Ok(ListedSchema {
                    subject: Subject::parse(&subject),
                    version: version_from(version)?,
                    id: id_from(id)?,
                    key,
                    content: content_from(row)?,
                    deleted,
                    time: Timestamp(time),
                })
            })
            .collect()
    }

    /// Lists the scopes below a context, or below all, that have settings of their own.
    pub async fn list_configured(&self, context: Option<&Context>) -> Result<Vec<(Subject, Option<Config>)>, Error> {
        const SQL: &str = "SELECT subject, config FROM scopes
            WHERE ($1 IS NULL OR context = $1) AND (config IS NOT NULL OR mode IS NOT NULL) ORDER BY subject";
        let rows: Vec<(String, Option<Json<Config>>)> =
            read!(self, fetch_all, sqlx::query_as(SQL).bind(context.map(Context::as_str)))?;
        Ok(rows.into_iter().map(|(subject, config)| (Subject::parse(&subject), config.map(|json| json.0))).collect())
    }
}
