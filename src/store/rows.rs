//! Every row of a database, as of one snapshot: the input of backups and scrubs.
//!
//! The lines of a backup are these rows as JSON, in a form that both databases can read.

use super::Error;
use super::session::{Session, on};
use crate::domain::{Change, SchemaType, Seq, Subject, Timestamp};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

/// A row of any table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Row {
    Change(ChangeRow),
    Context(ContextRow),
    Content(ContentRow),
    Id(IdRow),
    Version(VersionRow),
    Use(UseRow),
    Scope(ScopeRow),
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ChangeRow {
    pub(super) seq: i64,
    pub(super) time: i64,
    pub(super) actor: String,
    pub(super) request_id: String,
    pub(super) kind: String,
    pub(super) subject: String,
    #[serde(with = "raw")]
    pub(super) before: Option<String>,
    #[serde(with = "raw")]
    pub(super) after: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ContextRow {
    pub(super) name: String,
    pub(super) recorded: bool,
    pub(super) last_id: i64,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ContentRow {
    #[serde(with = "uuid_bytes", rename = "guid")]
    pub(super) fingerprint: Vec<u8>,
    #[serde(default = "oldest_type")]
    pub(super) schema_type: String,
    #[serde(with = "uuid_bytes")]
    pub(super) shape: Vec<u8>,
    pub(super) text: String,
    #[serde(with = "raw")]
    pub(super) refs: Option<String>,
    #[serde(with = "raw")]
    pub(super) metadata: Option<String>,
    #[serde(with = "raw")]
    pub(super) rule_set: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub(super) struct IdRow {
    pub(super) context: String,
    pub(super) id: i64,
    #[serde(with = "uuid_bytes", rename = "guid")]
    pub(super) fingerprint: Vec<u8>,
    #[serde(default = "oldest_type", rename = "schemaType")]
    pub(super) schema_type: String,
    pub(super) subject: String,
    pub(super) version: i64,
    pub(super) written: i64,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionRow {
    pub(super) subject: String,
    pub(super) version: i64,
    pub(super) context: String,
    pub(super) id: i64,
    pub(super) deleted: bool,
    pub(super) time: i64,
    pub(super) written: i64,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct UseRow {
    pub(super) subject: String,
    pub(super) version: i64,
    pub(super) target_subject: String,
    pub(super) target_version: i64,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeRow {
    pub(super) subject: String,
    pub(super) context: String,
    pub(super) revision: i64,
    #[serde(with = "raw")]
    pub(super) config: Option<String>,
    pub(super) mode: Option<String>,
}

/// The type of contents in backups that are older than the other types.
fn oldest_type() -> String {
    SchemaType::default().as_str().to_owned()
}

/// The log.
const CHANGES: &str = "SELECT seq, time, actor, request_id, kind, subject, before, after FROM changes ORDER BY seq";
const CONTEXTS: &str = "SELECT name, recorded, last_id FROM contexts ORDER BY name";
const CONTENTS: &str = "SELECT fingerprint, schema_type, shape, text, CAST(refs AS TEXT) AS refs,
    CAST(metadata AS TEXT) AS metadata, CAST(rule_set AS TEXT) AS rule_set FROM contents
    ORDER BY fingerprint, schema_type";
const IDS: &str =
    "SELECT context, id, fingerprint, schema_type, subject, version, written FROM schema_ids ORDER BY context, id";
const VERSIONS: &str =
    "SELECT subject, version, context, id, deleted, time, written FROM versions ORDER BY subject, version";
const USES: &str = "SELECT subject, version, target_subject, target_version FROM uses
    ORDER BY target_subject, target_version, subject, version";
const SCOPES: &str =
    "SELECT subject, context, revision, CAST(config AS TEXT) AS config, mode FROM scopes ORDER BY subject";

/// The kinds of rows, in the order they are read.
pub(super) const KINDS: [&str; 7] = ["changes", "contexts", "contents", "ids", "versions", "uses", "scopes"];

impl Row {
    /// The index among the kinds.
    pub(super) fn kind(&self) -> usize {
        match self {
            Self::Change(_) => 0,
            Self::Context(_) => 1,
            Self::Content(_) => 2,
            Self::Id(_) => 3,
            Self::Version(_) => 4,
            Self::Use(_) => 5,
            Self::Scope(_) => 6,
        }
    }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        Self {
            seq: Seq(row.seq.unsigned_abs()),
            time: Timestamp(row.time),
            actor: row.actor,
            request_id: row.request_id,
            kind: row.kind,
            subject: Subject::parse(&row.subject),
            before: row.before,
            after: row.after,
        }
    }
}

/// Hands every row to `sink`: the log first, in its order, then the state, what is referred to before what refers.
pub(super) async fn read_all(
    session: &mut Session,
    mut sink: impl FnMut(Row) -> Result<(), Error>,
) -> Result<(), Error> {
    /// The rows of one table.
    macro_rules! table {
        ($sql:expr, $row:path) => {
            on!(&mut *session, connection => {
                let mut rows = sqlx::query_as($sql).persistent(false).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    sink($row(row))?;
                }
            });
        };
    }
    table!(CHANGES, Row::Change);
    table!(CONTEXTS, Row::Context);
    table!(CONTENTS, Row::Content);
    table!(IDS, Row::Id);
    table!(VERSIONS, Row::Version);
    table!(USES, Row::Use);
    table!(SCOPES, Row::Scope);
    Ok(())
}

/// Stored JSON as JSON, byte for byte.
mod raw {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};
    use serde_json::value::RawValue;

    #[expect(clippy::ref_option, reason = "the signature serde wants")]
    pub(super) fn serialize<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        if text.as_deref().is_some_and(|text| text.contains('\n')) {
            return Err(S::Error::custom("stored JSON has a line break, which the registry never writes"));
        }
        let raw = text.as_deref().map(serde_json::from_str::<&RawValue>).transpose().map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
        Ok(raw.map(|raw| raw.get().to_owned()))
    }
}

/// Sixteen bytes as a UUID.
mod uuid_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Uuid::from_slice(bytes).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Uuid::try_parse(&text).map(|uuid| uuid.into_bytes().to_vec()).map_err(de::Error::custom)
    }
}
