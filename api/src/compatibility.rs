//! Compatibility checks: Confluent's, and Avow's own for many schemas at once.

use crate::lenient::{self, Fields};
use crate::{ErrorBody, Finding, RegisterSchemaRequest};
use serde::{Deserialize, Serialize};

/// Whether a schema is compatible.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Compatibility {
    pub is_compatible: bool,
    /// The incompatibilities; with `verbose=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<String>>,
    /// The findings with affected parties, proof and fixes; with `explain=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
}

/// Questions to be answered in one call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({
    "checks": [{"reader": {"schema": "\"string\""}, "writer": {"schema": "\"int\""}}]
})))]
pub struct CompatibilityBatch {
    /// At most 1,000.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub checks: Vec<CompatibilityCheck>,
}

/// One question of a batch: either `subject` with a schema, or `reader` and `writer`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CompatibilityCheck {
    /// The subject whose history the schema would join.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// One version of it, or `latest`; without it the history, as registration would check it.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether to normalise the schema first.
    #[serde(deserialize_with = "lenient::or_default")]
    pub normalize: bool,
    #[serde(flatten)]
    pub schema: RegisterSchemaRequest,
    /// With `writer`: can this schema read what that one writes?
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub reader: Option<RegisterSchemaRequest>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub writer: Option<RegisterSchemaRequest>,
}

impl Fields for CompatibilityCheck {}

/// The answers, in the order of the questions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompatibilityResults {
    pub results: Vec<CompatibilityResult>,
}

/// The answer to one question of a batch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompatibilityResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Absent where the question could not be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_compatible: Option<bool>,
    /// The subject's level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The versions that the level asks for, newest first; none if the subject is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<i32>>,
    /// The version that the subject has of the schema already; registering it again would change nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why the question could not be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}
