//! The contents of ids, in bulk and in order.

use super::read::{id_from, key_from};
use super::{Error, Store};
use crate::domain::{ContentKey, Context, Identity, SchemaId, Subject};

/// An id and a subject that has it, or had it last.
#[derive(Debug, Clone)]
pub struct HeldId {
    /// The id.
    pub id: SchemaId,
    /// The subject.
    pub subject: Subject,
    /// The content behind the id.
    pub key: ContentKey,
}

impl Store {
    /// The identity of this registry.
    pub async fn identity(&self) -> Result<Identity, Error> {
        const SQL: &str = "SELECT value FROM facts WHERE name = 'registry'";
        let number: Option<i64> = read!(self, fetch_optional, sqlx::query_scalar(SQL))?;
        number.map(Identity).ok_or_else(|| Error::Invalid("nothing says which registry this is".to_owned()))
    }

    /// The ids of a context after `(id, subject)`, ascending; once for every subject that has it.
    pub async fn held_ids(
        &self,
        context: &Context,
        (id, subject): (i32, &str),
        limit: i64,
    ) -> Result<Vec<HeldId>, Error> {
        const SQL: &str = "SELECT i.id, coalesce(v.subject, i.subject), i.fingerprint, i.schema_type
            FROM schema_ids i LEFT JOIN versions v ON v.context = i.context AND v.id = i.id
            WHERE i.context = $1 AND i.id >= $2 AND (i.id > $2 OR coalesce(v.subject, i.subject) > $3)
            ORDER BY i.id, 2 LIMIT $4";
        let rows: Vec<(i64, String, Vec<u8>, String)> = read!(
            self,
            fetch_all,
            sqlx::query_as(SQL).bind(context.as_str()).bind(i64::from(id)).bind(subject).bind(limit)
        )?;
        let held = rows.into_iter().map(|(id, subject, fingerprint, schema_type)| {
            let (subject, key) = (Subject::parse(&subject), key_from(&fingerprint, &schema_type)?);
            Ok(HeldId { id: id_from(id)?, subject, key })
        });
        held.collect()
    }
}
