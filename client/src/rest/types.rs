//! The requests and responses of the HTTP API.
//!
//! Responses are read leniently: older registries leave out `guid` and `schemaType`, others add fields.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::enums::SchemaType;

/// A reference to a type that a version of another subject defines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// In Avro: the full name of the type.
    pub name: String,
    /// The subject that has it.
    pub subject: String,
    /// The version that has it; -1 is the latest one when registering.
    pub version: i32,
}

impl Reference {
    /// A reference to `name` as `version` of `subject` defines it.
    pub fn new(name: impl Into<String>, subject: impl Into<String>, version: i32) -> Self {
        Self { name: name.into(), subject: subject.into(), version }
    }
}

/// The metadata of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Metadata {
    /// Tags by the path of what they are on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub tags: BTreeMap<String, BTreeSet<String>>,
    /// Anything, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub properties: BTreeMap<String, String>,
    /// Names of the properties that are stored encrypted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "or_default")]
    pub sensitive: BTreeSet<String>,
}

impl Metadata {
    /// Adds a property.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, path: impl Into<String>, tag: impl Into<String>) -> Self {
        self.tags.entry(path.into()).or_default().insert(tag.into());
        self
    }
}

/// Rules that clients run on the data of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RuleSet {
    /// Rules between versions.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub migration_rules: Vec<Rule>,
    /// Rules on values.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub domain_rules: Vec<Rule>,
    /// Rules on bytes, such as encryption.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub encoding_rules: Vec<Rule>,
    /// Where the rules are run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_at: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rule {
    pub name: String,
    /// The engine that runs it, such as `CEL` or `ENCRYPT`.
    #[serde(rename = "type")]
    pub engine: String,
    /// When: `WRITE`, `READ`, `WRITEREAD`, `UPGRADE`, `DOWNGRADE`, `UPDOWN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `TRANSFORM` or `CONDITION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The expression that the engine evaluates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// Switched off.
    pub disabled: bool,
    /// Other fields of the rule.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A schema to register, look up or check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSchema {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    schema_type: SchemaType,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_set: Option<RuleSet>,
    schema: String,
}

impl NewSchema {
    /// A schema in Avro.
    pub fn avro(text: impl Into<String>) -> Self {
        Self::of_type(SchemaType::Avro, text)
    }

    /// A schema in any language.
    pub fn of_type(schema_type: SchemaType, text: impl Into<String>) -> Self {
        Self {
            version: None,
            id: None,
            schema_type,
            references: Vec::new(),
            metadata: None,
            rule_set: None,
            schema: text.into(),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.schema
    }

    /// The references of the schema.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Adds a reference.
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.push(reference);
        self
    }

    /// Sets the metadata; empty ones are not the same as none.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets the rules.
    pub fn rule_set(mut self, rules: RuleSet) -> Self {
        self.rule_set = Some(rules);
        self
    }

    /// Sets an explicit version number.
    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets an explicit id, which registries accept in import mode only.
    pub fn id(mut self, id: u32) -> Self {
        self.id = Some(id);
        self
    }

    /// Whether registering twice has the effect of registering once.
    pub(super) fn is_idempotent(&self) -> bool {
        self.version.is_none()
    }
}

impl From<&Schema> for NewSchema {
    fn from(schema: &Schema) -> Self {
        Self {
            references: schema.references.clone(),
            metadata: schema.metadata.clone(),
            rule_set: schema.rule_set.clone(),
            ..Self::of_type(schema.schema_type.clone(), schema.text.clone())
        }
    }
}

/// A schema as the registry stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Schema {
    /// The text.
    #[serde(rename = "schema")]
    pub text: String,
    /// The format of the schema.
    pub schema_type: SchemaType,
    /// The references of the schema.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub references: Vec<Reference>,
    /// The metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Rules on its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// The GUID: the same in all contexts and registries. Older registries have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// When it was written, in milliseconds of Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether the version is soft-deleted.
    #[serde(deserialize_with = "or_default")]
    pub deleted: bool,
    /// Tags that were asked for and found.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub schema_tags: Vec<Value>,
}

/// A schema that was requested by its id or GUID.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Identified {
    /// The schema.
    #[serde(flatten)]
    pub schema: Schema,
    /// A subject that has it.
    pub subject: Option<String>,
    /// The version under which it does.
    pub version: Option<i32>,
    /// The highest id given out so far, if asked for.
    pub max_id: Option<u32>,
}

/// A version of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// The schema.
    #[serde(flatten)]
    pub schema: Schema,
    /// The subject, with its context unless that is the default one.
    pub subject: String,
    /// The number.
    pub version: i32,
    /// The id of the schema.
    pub id: u32,
}

/// The result of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// The id of the schema, there before or new.
    pub id: u32,
    /// The number of the version; older registries do not say.
    pub version: Option<i32>,
    /// The schema as it was stored; its text is empty if the registry does not say.
    #[serde(flatten)]
    pub schema: Schema,
}

/// A subject and one of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[non_exhaustive]
pub struct SubjectVersion {
    /// The subject.
    pub subject: String,
    /// The number of the version.
    pub version: i32,
}

/// An id, and the context in which it is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[non_exhaustive]
pub struct ContextId {
    /// The context.
    pub context: String,
    /// The id.
    pub id: u32,
}

/// The identity of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ClusterId {
    /// A text that no other registry has; Avow's has one.
    #[serde(default)]
    pub id: Option<String>,
    /// The clusters of the registry.
    pub scope: ClusterScope,
}

impl ClusterId {
    /// The identity of the registry; `None` if its response identifies none.
    pub fn identity(&self) -> Option<String> {
        if let Some(id) = self.id.as_ref().filter(|id| !id.is_empty()) {
            return Some(id.clone());
        }
        // The name of the group of nodes alone is the same nearly everywhere.
        self.scope.clusters.get("kafka-cluster")?;
        let clusters = self.scope.clusters.iter().map(|(kind, id)| format!("{kind}={id}"));
        Some(clusters.collect::<Vec<_>>().join(","))
    }
}

/// See [`ClusterId`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ClusterScope {
    /// Ids by what they are the id of.
    #[serde(default)]
    pub clusters: BTreeMap<String, String>,
}

/// The version of a registry's software.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerVersion {
    pub version: String,
    /// The commit it was built from.
    pub commit_id: String,
}

/// An association of a topic with a subject.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Association {
    /// The subject.
    pub subject: String,
    /// The topic.
    pub resource_name: Option<String>,
    /// The cluster of the topic.
    pub resource_namespace: Option<String>,
    /// The external id of the topic.
    pub resource_id: Option<String>,
    /// `topic`.
    pub resource_type: Option<String>,
    /// `key` or `value`.
    pub association_type: Option<String>,
    /// `STRONG` or `WEAK`.
    pub lifecycle: Option<String>,
}

/// Reads `null` as the default.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_old_registry_says_little() {
        let by_id: Identified = serde_json::from_value(json!({"schema": "\"int\""})).unwrap();
        assert_eq!((by_id.schema.text.as_str(), &by_id.schema.schema_type), ("\"int\"", &SchemaType::Avro));
        let registered: Registered = serde_json::from_value(json!({"id": 7})).unwrap();
        assert_eq!((registered.id, registered.version, registered.schema.guid), (7, None, None));
    }

    #[test]
    fn nulls_and_unknown_words_are_read() {
        let version: Version = serde_json::from_value(json!({
            "subject": "s", "version": 1, "id": 2, "schema": "", "schemaType": "XML", "references": null,
            "metadata": null, "ruleSet": null, "deleted": null, "new": {"in": 9}
        }))
        .unwrap();
        assert_eq!(version.schema.schema_type, SchemaType::Other("XML".into()));
    }

    #[test]
    fn a_request_says_what_it_must_and_no_more() {
        let schema = NewSchema::avro("\"int\"");
        assert_eq!(serde_json::to_value(&schema).unwrap(), json!({"schemaType": "AVRO", "schema": "\"int\""}));
        let schema = schema
            .reference(Reference::new("n.A", "a", 1))
            .metadata(Metadata::default().property("owner", "ann").tag("n.R.f", "PII"));
        assert_eq!(
            serde_json::to_value(&schema).unwrap(),
            json!({
                "schemaType": "AVRO", "references": [{"name": "n.A", "subject": "a", "version": 1}],
                "metadata": {"tags": {"n.R.f": ["PII"]}, "properties": {"owner": "ann"}}, "schema": "\"int\""
            })
        );
    }

    #[test]
    fn a_rule_keeps_what_is_not_known_of_it() {
        let rule = json!({"name": "r", "type": "CEL", "disabled": false, "params": {"a": "b"}, "doc": "why"});
        let read: Rule = serde_json::from_value(rule.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), rule);
    }
}
