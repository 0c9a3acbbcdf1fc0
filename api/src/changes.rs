//! The change log, and subjects as they were. Avow's own.

use crate::Config;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A change as an event of `CloudEvents` 1.0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeEvent {
    #[cfg_attr(feature = "openapi", schema(example = "1.0"))]
    pub specversion: String,
    /// The position in the log; send it as `after` to continue.
    #[cfg_attr(feature = "openapi", schema(example = "17"))]
    pub id: String,
    #[cfg_attr(feature = "openapi", schema(example = "/avow/v1/changes"))]
    pub source: String,
    /// `avow.` and the kind of change.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(example = "avow.register"))]
    pub kind: String,
    /// The scope it is about; absent for the default context's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// RFC 3339.
    pub time: String,
    #[cfg_attr(feature = "openapi", schema(example = "application/json"))]
    pub datacontenttype: String,
    pub data: ChangeData,
}

/// The change itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangeData {
    /// The position in the log: gapless, in commit order.
    pub seq: u64,
    /// `register`, `soft-delete`, `restore`, `hard-delete`, `config`, `mode`, `forget-context` or `id-floor`.
    pub kind: String,
    /// The scope it is about: a subject, `:.context:` or, empty, the default context.
    pub subject: String,
    /// The principal that made the change; empty for an anonymous caller.
    pub actor: String,
    pub request_id: String,
    /// The state before; `null` where there was none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub before: Option<Box<RawValue>>,
    /// The state after; `null` where there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub after: Option<Box<RawValue>>,
}

/// A subject as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectState {
    pub subject: String,
    /// The newest change of the whole registry at that moment.
    pub seq: u64,
    /// Soft-deleted ones included, ascending.
    pub versions: Vec<VersionState>,
    /// The subject's own settings, where it had some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Config>,
    /// The subject's own mode, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// A version as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionState {
    pub version: i32,
    pub id: i32,
    /// The content: `GET /avow/v1/contents/{guid}`.
    pub guid: String,
    pub deleted: bool,
    /// When the version was last written, in milliseconds since the epoch.
    pub ts: i64,
    /// The change that last wrote it.
    pub seq: u64,
}
