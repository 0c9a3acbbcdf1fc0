//! The search for subjects. Avow's own.

use serde::{Deserialize, Serialize};

/// A page of subjects.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectPage {
    /// Ascending by their qualified names.
    pub subjects: Vec<SubjectSummary>,
    /// The `cursor` of the next page; absent on the last one. A page may hold fewer subjects than asked for, or none, and
    /// still not be the last: the work of one request is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A subject in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SubjectSummary {
    /// The qualified name.
    pub subject: String,
    pub context: String,
    /// The number of live versions.
    pub versions: i64,
    /// The number of soft-deleted versions.
    pub deleted_versions: i64,
    /// Whether no version is live.
    pub deleted: bool,
    pub latest: LatestVersion,
    /// The compatibility level in force.
    #[cfg_attr(feature = "openapi", schema(example = "BACKWARD"))]
    pub level: String,
    /// The scope that sets the level: `subject`, `context`, `everywhere` or `server`.
    #[cfg_attr(feature = "openapi", schema(example = "context"))]
    pub level_from: String,
    /// The mode in force.
    #[cfg_attr(feature = "openapi", schema(example = "READWRITE"))]
    pub mode: String,
    /// The version that defines what was looked for by `field` or `type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_version: Option<i32>,
}

/// The newest live version; the newest of all where none is live.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LatestVersion {
    pub version: i32,
    pub id: i32,
    pub guid: String,
    #[cfg_attr(feature = "openapi", schema(example = "AVRO"))]
    pub schema_type: String,
    /// When the version was last written, in milliseconds since the epoch.
    pub ts: i64,
}
