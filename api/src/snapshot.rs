//! Snapshots: the schemas of many ids at once, for clients that work offline. Avow's own.

use crate::{Metadata, RuleSet};
use serde::{Deserialize, Serialize};

/// A page of the schemas behind the ids of a context.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotPage {
    /// The identity of the registry. In another one the ids mean something else.
    #[cfg_attr(feature = "openapi", schema(example = "0b5c8f2a41d97e"))]
    pub registry: String,
    pub context: String,
    /// The position in the change log that the page is true at: `GET /avow/v1/changes` lists later changes.
    pub seq: u64,
    /// By id.
    pub schemas: Vec<SnapshotSchema>,
    /// The `cursor` of the next page; absent on the last one. A page may hold fewer schemas than asked for, or none, and
    /// still not be the last: the work of one request is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A schema with all that is needed to parse it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSchema {
    pub id: i32,
    pub guid: String,
    #[cfg_attr(feature = "openapi", schema(example = "AVRO"))]
    pub schema_type: String,
    pub schema: String,
    /// All that it refers to, directly or not, in the order in which it has to be parsed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ReferencedSchema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
}

/// A version that is referred to, with its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReferencedSchema {
    pub name: String,
    pub subject: String,
    pub version: i32,
    pub schema: String,
}
