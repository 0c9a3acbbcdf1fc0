//! Plans: many changes written together, or none. Avow's own.

use crate::lenient::{self, Fields};
use crate::{ConfigUpdate, ErrorBody, Finding, RegisterSchemaRequest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Changes to make, in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({
    "operations": [{"op": "register", "subject": "payments-value", "schema": "\"string\""}], "dryRun": true
})))]
#[serde(rename_all = "camelCase", default)]
pub struct Plan {
    /// At most 1,000. A later one sees what the earlier ones do, so a schema may refer to one that comes before it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub operations: Vec<Operation>,
    /// Whether to report what would be done without doing it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub dry_run: bool,
    /// The position in the change log that the plan was made at; it is refused once anything it names has changed since.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// One operation of a plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Operation {
    /// `register`, `setConfig`, `deleteConfig`, `setMode`, `deleteMode`, `deleteVersion` or `deleteSubject`. Deletions are
    /// soft ones.
    #[serde(deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(example = "register"))]
    pub op: String,
    /// For settings and modes also `:.ctx:`, or nothing for the context of the path.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The schema to register, without `id`.
    #[serde(flatten)]
    pub schema: RegisterSchemaRequest,
    /// Whether to normalise the schema first.
    #[serde(deserialize_with = "lenient::or_default")]
    pub normalize: bool,
    /// The settings to change.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigUpdate>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Whether to set the mode although there are subjects, or to register without a check.
    #[serde(deserialize_with = "lenient::or_default")]
    pub force: bool,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
}

impl Fields for Operation {}

/// The state that the plan was made for; in any other it is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Expectation {
    /// The latest live version; 0 for none.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub latest: Option<i32>,
    /// The revision, from an earlier answer.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Fields for Expectation {}

/// The outcome of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanResult {
    /// Why nothing was done; only where something was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether anything was written.
    pub applied: bool,
    /// The position in the change log that it was decided at; send it as `seq` of a later plan.
    pub seq: u64,
    /// The outcome of each operation, in their order.
    pub results: Vec<OperationResult>,
}

/// The outcome of one operation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperationResult {
    pub subject: String,
    /// `created`, `changed`, `deleted`, `unchanged` or `refused`.
    #[cfg_attr(feature = "openapi", schema(example = "created"))]
    pub state: String,
    /// The new version, or the one that the schema is already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// The latest live version before the plan; 0 for none.
    pub latest: i32,
    /// The revision before the plan.
    pub revision: i64,
    /// Settings or mode before; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub before: Option<Box<RawValue>>,
    /// Settings or mode after; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub after: Option<Box<RawValue>>,
    /// The versions that were deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<i32>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// The incompatibilities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}
