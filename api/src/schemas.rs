//! Schemas in requests and answers (contract 2.1, 2.5, 2.6). What is empty is left out.

use crate::lenient::{self, Fields};
use crate::{Metadata, RuleSet};
use serde::{Deserialize, Serialize};

/// A schema's named use of another subject's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaReference {
    /// The full name of the type that is used, the URI in `$ref`, or the path that is imported.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(example = "com.example.Address"))]
    pub name: String,
    /// The subject that defines it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(example = "address"))]
    pub subject: String,
    /// The version number; -1 in requests for the latest.
    // No version is 0, so a reference without one is refused where references are resolved.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub version: i32,
}

impl Fields for SchemaReference {}

impl From<avow_domain::Reference> for SchemaReference {
    fn from(avow_domain::Reference { name, subject, version }: avow_domain::Reference) -> Self {
        Self { name, subject, version }
    }
}

impl From<SchemaReference> for avow_domain::Reference {
    fn from(SchemaReference { name, subject, version }: SchemaReference) -> Self {
        Self { name, subject, version }
    }
}

/// A schema to register, look up or check.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({
    "schema": r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#
})))]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterSchemaRequest {
    /// The text of the schema; without it the latest version's.
    #[serde(deserialize_with = "lenient::schema_text", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// `AVRO`, which is the default, `JSON` or `PROTOBUF`.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "AVRO"))]
    pub schema_type: Option<String>,
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<SchemaReference>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// 0, the default, to have a number assigned, -1 to have it written into the metadata too, or the number expected.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// The id to import under, in IMPORT mode.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
}

impl Fields for RegisterSchemaRequest {}

/// A schema wherever it is registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SchemaContent {
    /// The MD5 of the schema's identity, as a UUID.
    pub guid: String,
    #[cfg_attr(feature = "openapi", schema(example = "AVRO"))]
    pub schema_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<SchemaReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    pub schema: String,
}

/// A version of a subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schema {
    pub subject: String,
    pub version: i32,
    pub id: i32,
    #[serde(flatten)]
    pub content: SchemaContent,
    /// When the version was last written, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A schema by its id or guid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SchemaString {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    #[serde(flatten)]
    pub content: SchemaContent,
    /// The highest id of the context, with `fetchMaxId=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_id: Option<i32>,
    /// When the version was last written, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// The answer to a registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registered {
    pub id: i32,
    pub version: i32,
    #[serde(flatten)]
    pub content: SchemaContent,
    /// When the version was last written, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A listed schema with the aliases that led to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListedSchema {
    #[serde(flatten)]
    pub schema: Schema,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// One version of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectVersion {
    pub subject: String,
    pub version: i32,
}

/// One id in one context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContextId {
    pub context: String,
    pub id: i32,
}
