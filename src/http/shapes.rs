//! What answers look like (contract 2). Fields stand in the order of the wire; what is empty is left out.

use crate::domain::{Config, Level, Metadata, Reference, RuleSet};
use crate::registry::{Described, Tagged};
use serde::Serialize;
use utoipa::ToSchema;

/// A schema as a version of a subject.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schema {
    subject: String,
    version: i32,
    id: i32,
    /// The MD5 of the schema's identity, as a UUID.
    guid: String,
    schema_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<SchemaReference>)]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
    schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
}

/// A schema by its id or guid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaString {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    guid: String,
    schema_type: &'static str,
    schema: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<SchemaReference>)]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
}

/// The answer to a registration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registered {
    id: i32,
    version: i32,
    guid: String,
    schema_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<SchemaReference>)]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
    schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
}

/// A listed schema, with the aliases that led to it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExtendedSchema {
    #[serde(flatten)]
    schema: Schema,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

/// A schema's named use of another subject's version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SchemaReference {
    /// The full name of the type that is used.
    name: String,
    /// The subject that defines it.
    subject: String,
    /// Its version; -1 in requests for the latest.
    version: i32,
}

/// A schema as requests to register, look up and check carry it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RegisterSchemaRequest {
    /// The schema as a JSON text; without it the latest version's.
    #[schema(example = "{\"type\":\"record\",\"name\":\"Order\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}")]
    schema: Option<String>,
    /// `AVRO`.
    schema_type: Option<String>,
    references: Option<Vec<SchemaReference>>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
    /// 0 to have one assigned, -1 to have it noted in the metadata too, or the number expected.
    version: Option<i32>,
    /// An id of your own, in IMPORT mode.
    id: Option<i32>,
}

/// One version of one subject.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubjectVersion {
    pub(super) subject: String,
    pub(super) version: i32,
}

/// One id in one context.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContextId {
    pub(super) context: String,
    pub(super) id: i32,
}

/// Whether a schema is compatible.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Compatibility {
    pub(super) is_compatible: bool,
    /// What is wrong; with `verbose=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messages: Option<Vec<String>>,
}

/// Settings as they are read: the level is `compatibilityLevel`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct ReadConfig(pub(super) Config);

/// Settings as they are written: the level is `compatibility`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrittenConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_for_deks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_fields: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_new_schemas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_rules: Option<bool>,
    /// Avow's own: whether a pair is refused that the rules accept although data would not decode.
    #[serde(skip_serializing_if = "Option::is_none")]
    refuse_warnings: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "FULL")]
    compatibility: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    default_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    override_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    default_rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    override_rule_set: Option<RuleSet>,
}

/// A mode.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModeShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "READWRITE")]
    pub(super) mode: Option<String>,
}

const AVRO: &str = "AVRO";

impl Schema {
    pub(super) fn new(described: &Described, text: String) -> Self {
        Self {
            subject: described.subject.to_string(),
            version: described.version.get(),
            id: described.id.get(),
            guid: described.fingerprint.to_string(),
            schema_type: AVRO,
            references: described.content.references.clone(),
            metadata: described.content.metadata.clone(),
            rule_set: described.content.rule_set.clone(),
            schema: text,
            ts: described.stored.map(|(time, _)| time.0),
            deleted: described.stored.map(|(_, deleted)| deleted),
        }
    }

    /// The same with each reference's subject qualified by the schema's context (contract 4.5).
    pub(super) fn with_qualified_references(mut self, described: &Described) -> Self {
        qualify(&mut self.references, described);
        self
    }
}

impl SchemaString {
    pub(super) fn new(described: &Described, text: String) -> Self {
        let schema = Schema::new(described, text);
        Self {
            subject: Some(schema.subject),
            version: Some(schema.version),
            guid: schema.guid,
            schema_type: AVRO,
            schema: schema.schema,
            references: schema.references,
            metadata: schema.metadata,
            rule_set: schema.rule_set,
            max_id: None,
            ts: schema.ts,
            deleted: schema.deleted,
        }
    }

    /// The same without saying where it is registered.
    pub(super) fn anywhere(self) -> Self {
        Self { subject: None, version: None, ..self }
    }

    /// The same with each reference's subject qualified by the schema's context (contract 4.5).
    pub(super) fn with_qualified_references(mut self, described: &Described) -> Self {
        qualify(&mut self.references, described);
        self
    }
}

fn qualify(references: &mut [Reference], described: &Described) {
    let context = described.subject.context();
    for reference in references {
        reference.subject = reference.target(&context).to_string();
    }
}

impl Registered {
    pub(super) fn new(described: &Described, text: String) -> Self {
        let schema = Schema::new(described, text);
        Self {
            id: schema.id,
            version: schema.version,
            guid: schema.guid,
            schema_type: AVRO,
            references: schema.references,
            metadata: schema.metadata,
            rule_set: schema.rule_set,
            schema: schema.schema,
            ts: schema.ts,
            deleted: schema.deleted,
        }
    }
}

impl From<Tagged> for ExtendedSchema {
    fn from(Tagged { listed, aliases }: Tagged) -> Self {
        let schema = Schema {
            subject: listed.subject.to_string(),
            version: listed.version.get(),
            id: listed.id.get(),
            guid: listed.fingerprint.to_string(),
            schema_type: AVRO,
            references: listed.content.references,
            metadata: listed.content.metadata,
            rule_set: listed.content.rule_set,
            schema: listed.content.text,
            ts: Some(listed.time.0),
            deleted: Some(listed.deleted),
        };
        Self { schema, aliases }
    }
}

impl From<Config> for WrittenConfig {
    fn from(config: Config) -> Self {
        Self {
            alias: config.alias,
            alias_for_deks: config.alias_for_deks,
            normalize: config.normalize,
            validate_fields: config.validate_fields,
            validate_new_schemas: config.validate_new_schemas,
            validate_rules: config.validate_rules,
            refuse_warnings: config.refuse_warnings,
            compatibility: config.compatibility_level,
            compatibility_policy: config.compatibility_policy,
            compatibility_group: config.compatibility_group,
            default_metadata: config.default_metadata,
            override_metadata: config.override_metadata,
            default_rule_set: config.default_rule_set,
            override_rule_set: config.override_rule_set,
        }
    }
}
