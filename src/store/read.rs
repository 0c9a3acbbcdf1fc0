//! Reads of single things: a scope with its versions, a content, the versions with an id, the users of a version.

use super::{Error, LogEpoch, Store};
use crate::domain::{
    Config, Content, ContentKey, Context, Fingerprint, Mode, ReferencedVersion, Revision, SchemaId, SchemaType, Seq,
    Subject, Timestamp, Version, VersionSelector,
};
use sqlx::types::Json;

/// A scope with all of its versions, as of one moment.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The moment.
    pub seq: Seq,
    /// The epoch of the log at that moment.
    pub epoch: LogEpoch,
    /// The guard of writes.
    pub revision: Revision,
    /// The scope's own settings, without inherited ones.
    pub config: Option<Config>,
    /// The scope's own mode, without inherited ones.
    pub mode: Option<Mode>,
    /// The versions, soft-deleted ones included, in ascending order.
    pub versions: Vec<StoredVersion>,
}

impl Scope {
    /// The versions that are not soft-deleted, ascending.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &StoredVersion> {
        self.versions.iter().filter(|stored| !stored.deleted)
    }

    /// The newest live version.
    pub fn latest(&self) -> Option<&StoredVersion> {
        self.live().next_back()
    }

    /// The version with a number, soft-deleted or not.
    pub fn version(&self, version: Version) -> Option<&StoredVersion> {
        let index = self.versions.binary_search_by_key(&version, |stored| stored.version).ok()?;
        self.versions.get(index)
    }

    /// The selected version; with `deleted`, a number may select a soft-deleted one.
    pub fn select(&self, selector: VersionSelector, deleted: bool) -> Option<&StoredVersion> {
        match selector {
            VersionSelector::Latest => self.latest(),
            VersionSelector::Number(version) => self.version(version).filter(|stored| deleted || !stored.deleted),
        }
    }
}

/// A stored version; the content is fetched by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredVersion {
    pub version: Version,
    pub id: SchemaId,
    pub key: ContentKey,
    /// The structural fingerprint, equal for structurally equal texts.
    pub shape: [u8; 16],
    /// Whether its content has references.
    pub refers: bool,
    /// Whether it is soft-deleted.
    pub deleted: bool,
    /// When it was last written.
    pub time: Timestamp,
    /// The change that last wrote it.
    pub written: Seq,
}

/// A version with an id.
#[derive(Debug, Clone)]
pub struct Holder {
    pub subject: Subject,
    /// The version itself.
    pub stored: StoredVersion,
}

/// A version that refers to another one.
#[derive(Debug, Clone)]
pub struct Referrer {
    /// The referrer.
    pub version: ReferencedVersion,
    /// Under which id.
    pub id: SchemaId,
    /// Whether it is soft-deleted.
    pub deleted: bool,
}

/// A row of `scopes` joined with one of its versions.
type ScopeRow = (
    i64,
    Option<i64>,
    Option<Json<Config>>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
    Option<bool>,
    Option<bool>,
    Option<i64>,
    Option<i64>,
);

type HolderRow = (String, i64, i64, Vec<u8>, String, Vec<u8>, bool, bool, i64, i64);

impl Store {
    /// Reads a scope; one that was never written to is empty at revision 0.
    pub async fn scope(&self, subject: &Subject) -> Result<Scope, Error> {
        const SQL: &str = "SELECT h.seq, s.revision, s.config, s.mode, v.version, v.id, c.fingerprint,
                c.schema_type, c.shape, c.refs IS NOT NULL, v.deleted, v.time, v.written
            FROM log_head h
            LEFT JOIN scopes s ON s.subject = $1
            LEFT JOIN versions v ON v.subject = $1
            LEFT JOIN schema_ids i ON i.context = v.context AND i.id = v.id
            LEFT JOIN contents c ON c.fingerprint = i.fingerprint AND c.schema_type = i.schema_type
            ORDER BY v.version";
        let epoch = self.change_tracker.epoch();
        let rows: Vec<ScopeRow> = read!(self, fetch_all, sqlx::query_as(SQL).bind(subject.as_str()))?;
        let mut rows = rows.into_iter().peekable();
        let Some((seq, revision, config, mode, ..)) = rows.peek() else {
            return Err(Error::Invalid("the log head is missing".to_owned()));
        };
        let mode = match mode {
            Some(name) => Some(Mode::parse(name).ok_or_else(|| Error::Invalid(format!("the mode `{name}`")))?),
            None => None,
        };
        let mut scope = Scope {
            seq: Seq(seq.unsigned_abs()),
            epoch,
            revision: Revision(revision.unwrap_or(0)),
            config: config.as_ref().map(|config| config.0.clone()),
            mode,
            versions: Vec::with_capacity(rows.len()),
        };
        for (.., version, id, fingerprint, schema_type, shape, refers, deleted, time, written) in rows {
            let (Some(version), Some(id), Some(fingerprint), Some(schema_type), Some(shape)) =
                (version, id, fingerprint, schema_type, shape)
            else {
                continue;
            };
            scope.versions.push(StoredVersion {
                version: version_from(version)?,
                id: id_from(id)?,
                key: key_from(&fingerprint, &schema_type)?,
                shape: bytes_from(&shape)?,
                refers: refers.unwrap_or_default(),
                deleted: deleted.unwrap_or_default(),
                time: Timestamp(time.unwrap_or_default()),
                written: Seq(written.unwrap_or_default().unsigned_abs()),
            });
        }
        Ok(scope)
    }

    /// The content under a key; `None` where nothing was ever stored under it.
    pub async fn content(&self, key: ContentKey) -> Result<Option<Content>, Error> {
        const SQL: &str = "SELECT schema_type, text, refs, metadata, rule_set FROM contents
            WHERE fingerprint = $1 AND schema_type = $2";
        let row: Option<ContentRow> = read!(
            self,
            fetch_optional,
            sqlx::query_as(SQL).bind(key.fingerprint.0.as_slice()).bind(key.schema_type.as_str())
        )?;
        row.map(content_from).transpose()
    }

    /// The contents with a fingerprint: one of each type at the most.
    pub async fn contents_of(&self, fingerprint: Fingerprint) -> Result<Vec<Content>, Error> {
        const SQL: &str = "SELECT schema_type, text, refs, metadata, rule_set FROM contents
            WHERE fingerprint = $1 ORDER BY schema_type";
        let rows: Vec<ContentRow> = read!(self, fetch_all, sqlx::query_as(SQL).bind(fingerprint.0.as_slice()))?;
        rows.into_iter().map(content_from).collect()
    }

    /// One of the versions with an id: a live one if there is one, then the newest.
    ///
    /// An id whose only version was replaced by an import counts as soft-deleted in the version it was assigned to.
    pub async fn holder(&self, context: &Context, id: SchemaId) -> Result<(Seq, Option<Holder>), Error> {
        const SQL: &str = "SELECT coalesce(v.subject, i.subject), coalesce(v.version, i.version), i.id, c.fingerprint,
                c.schema_type, c.shape, c.refs IS NOT NULL, coalesce(v.deleted, TRUE), coalesce(v.time, 0), i.written
            FROM schema_ids i
            JOIN contents c ON c.fingerprint = i.fingerprint AND c.schema_type = i.schema_type
            LEFT JOIN versions v ON v.context = i.context AND v.id = i.id
            WHERE i.context = $1 AND i.id = $2
            ORDER BY v.deleted, v.written DESC, v.subject, v.version DESC LIMIT 1";
        // The position comes first: an answer may be newer than it claims, never older.
        let seq = self.head().await?;
        let row: Option<HolderRow> =
            read!(self, fetch_optional, sqlx::query_as(SQL).bind(context.as_str()).bind(i64::from(id.get())))?;
        Ok((seq, row.map(holder_from).transpose()?))
    }

    /// Every version in the context that has the newest id of a content.
    pub async fn holders_of(&self, context: &Context, key: ContentKey) -> Result<Vec<Holder>, Error> {
        const SQL: &str =
            "SELECT v.subject, v.version, v.id, c.fingerprint, c.schema_type, c.shape, c.refs IS NOT NULL,
                v.deleted, v.time, v.written
            FROM (SELECT context, id, fingerprint, schema_type FROM schema_ids
                  WHERE fingerprint = $1 AND schema_type = $2 AND context = $3
                  ORDER BY written DESC, id DESC LIMIT 1) i
            JOIN versions v ON v.context = i.context AND v.id = i.id
            JOIN contents c ON c.fingerprint = i.fingerprint AND c.schema_type = i.schema_type
            ORDER BY v.subject, v.written, v.version";
        let rows: Vec<HolderRow> = read!(
            self,
            fetch_all,
            sqlx::query_as(SQL)
                .bind(key.fingerprint.0.as_slice())
                .bind(key.schema_type.as_str())
                .bind(context.as_str())
        )?;
        rows.into_iter().map(holder_from).collect()
    }

    /// Every id of the contents with a fingerprint, in any context, ordered by context and id.
    pub async fn ids_of(&self, fingerprint: Fingerprint) -> Result<Vec<(Context, SchemaId)>, Error> {
        const SQL: &str = "SELECT context, id FROM schema_ids WHERE fingerprint = $1 ORDER BY context, id";
        let rows: Vec<(String, i64)> = read!(self, fetch_all, sqlx::query_as(SQL).bind(fingerprint.0.as_slice()))?;
        rows.into_iter().map(|(context, id)| Ok((Context::stored(context), id_from(id)?))).collect()
    }

    /// The newest id of a content in a context.
    pub async fn id_of(&self, context: &Context, key: ContentKey) -> Result<Option<SchemaId>, Error> {
        const SQL: &str = "SELECT id FROM schema_ids WHERE context = $1 AND fingerprint = $2 AND schema_type = $3
            ORDER BY written DESC, id DESC LIMIT 1";
        let id: Option<i64> = read!(
            self,
            fetch_optional,
            sqlx::query_scalar(SQL)
                .bind(context.as_str())
                .bind(key.fingerprint.0.as_slice())
                .bind(key.schema_type.as_str())
        )?;
        id.map(id_from).transpose()
    }

    /// The highest id ever assigned or imported in a context; 0 if none was.
    pub async fn last_id(&self, context: &Context) -> Result<i32, Error> {
        const SQL: &str = "SELECT last_id FROM contexts WHERE name = $1";
        let id: Option<i64> = read!(self, fetch_optional, sqlx::query_scalar(SQL).bind(context.as_str()))?;
        Ok(id_from(id.unwrap_or(0))?.get())
    }

    /// The recorded contexts beside the default one, in ascending order, as of a moment no later than the answer.
    pub async fn contexts(&self) -> Result<(Seq, Vec<Context>), Error> {
        const SQL: &str = "SELECT name FROM contexts WHERE recorded = TRUE AND name <> '.' ORDER BY name";
        let seq = self.head().await?;
        let names: Vec<String> = read!(self, fetch_all, sqlx::query_scalar(SQL))?;
        Ok((seq, names.into_iter().map(Context::stored).collect()))
    }

    /// The referrers of a version, ordered by context and id.
    pub async fn referrers(&self, target: &ReferencedVersion) -> Result<Vec<Referrer>, Error> {
        const SQL: &str = "SELECT v.subject, v.version, v.id, v.deleted FROM uses u
            JOIN versions v ON v.subject = u.subject AND v.version = u.version
            WHERE u.target_subject = $1 AND u.target_version = $2
            ORDER BY v.context, v.id, v.subject, v.version";
        let rows: Vec<(String, i64, i64, bool)> = read!(
            self,
            fetch_all,
            sqlx::query_as(SQL).bind(target.subject.as_str()).bind(i64::from(target.version.get()))
        )?;
        rows.into_iter()
            .map(|(subject, version, id, deleted)| {
                let version = ReferencedVersion { subject: Subject::parse(&subject), version: version_from(version)? };
                Ok(Referrer { version, id: id_from(id)?, deleted })
            })
            .collect()
    }
}

/// The columns of `contents` that make a content.
pub(super) type ContentRow = (
    String,
    String,
    Option<Json<Vec<crate::domain::Reference>>>,
    Option<Json<crate::domain::Metadata>>,
    Option<Json<crate::domain::RuleSet>>,
);

pub(super) fn content_from((schema_type, text, references, metadata, rule_set): ContentRow) -> Result<Content, Error> {
    Ok(Content {
        schema_type: schema_type_from(&schema_type)?,
        text,
        references: references.map(|json| json.0).unwrap_or_default(),
        metadata: metadata.map(|json| json.0),
        rule_set: rule_set.map(|json| json.0),
    })
}

fn holder_from(row: HolderRow) -> Result<Holder, Error> {
    let (subject, version, id, fingerprint, schema_type, shape, refers, deleted, time, written) = row;
    let stored = StoredVersion {
        version: version_from(version)?,
        id: id_from(id)?,
        key: key_from(&fingerprint, &schema_type)?,
        shape: bytes_from(&shape)?,
        refers,
        deleted,
        time: Timestamp(time),
        written: Seq(written.unsigned_abs()),
    };
    Ok(Holder { subject: Subject::parse(&subject), stored })
}

pub(super) fn version_from(number: i64) -> Result<Version, Error> {
    Version::new(number).ok_or_else(|| Error::Invalid(format!("the version {number}")))
}

pub(super) fn id_from(number: i64) -> Result<SchemaId, Error> {
    SchemaId::new(number).ok_or_else(|| Error::Invalid(format!("the id {number}")))
}

pub(super) fn key_from(fingerprint: &[u8], schema_type: &str) -> Result<ContentKey, Error> {
    let fingerprint = Fingerprint(bytes_from(fingerprint)?);
    Ok(ContentKey { fingerprint, schema_type: schema_type_from(schema_type)? })
}

fn schema_type_from(name: &str) -> Result<SchemaType, Error> {
    SchemaType::parse(name).ok_or_else(|| Error::Invalid(format!("the schema type `{name}`")))
}

fn bytes_from(bytes: &[u8]) -> Result<[u8; 16], Error> {
    bytes.try_into().map_err(|_| Error::Invalid(format!("a hash of {} bytes", bytes.len())))
}
