//! What the registry is told and what it answers.
//!
//! Answers are read tolerantly: older registries leave out `guid` and `schemaType`, others add fields of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Words of the registry's, with room for those that it learns after this was written.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// One that this crate does not know.
            Other(Box<str>),
        }

        impl $name {
            /// The word the registry uses.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $(_ if word.eq_ignore_ascii_case($word) => Self::$variant,)*
                    _ => Self::Other(word.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The language a schema is written in.
    #[derive(Default)]
    SchemaType {
        /// Apache Avro; also what a registry means that does not say.
        #[default]
        Avro = "AVRO",
        /// JSON Schema.
        Json = "JSON",
        /// Protocol Buffers.
        Protobuf = "PROTOBUF",
    }
}

words! {
    /// Which versions of a subject have to be able to read which.
    Level {
        /// Nothing is checked.
        None = "NONE",
        /// The new version reads data of the latest.
        Backward = "BACKWARD",
        /// The new version reads data of all.
        BackwardTransitive = "BACKWARD_TRANSITIVE",
        /// The latest version reads data of the new one.
        Forward = "FORWARD",
        /// All versions read data of the new one.
        ForwardTransitive = "FORWARD_TRANSITIVE",
        /// Both ways, with the latest.
        Full = "FULL",
        /// Both ways, with all.
        FullTransitive = "FULL_TRANSITIVE",
    }
}

words! {
    /// What may be written.
    Mode {
        /// Everything but explicit ids.
        ReadWrite = "READWRITE",
        /// Nothing.
        ReadOnly = "READONLY",
        /// An older name of read-only.
        ReadOnlyOverride = "READONLY_OVERRIDE",
        /// Only schemas with explicit ids.
        Import = "IMPORT",
        /// Only what another registry forwards.
        Forward = "FORWARD",
    }
}

/// A named type that a schema takes from a version of another subject.
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

/// What is written beside a schema.
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
    /// Who runs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_at: Option<String>,
}

/// One rule, as the registry writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rule {
    /// Its name.
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
    /// What the engine runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// Switched off.
    pub disabled: bool,
    /// Everything else that the registry said of it.
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

    /// What it refers to.
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

    /// Insists on the number of the version.
    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// Insists on the id; registries take that in import mode only.
    pub fn id(mut self, id: u32) -> Self {
        self.id = Some(id);
        self
    }

    /// Registering twice does what registering once does.
    pub(super) fn may_be_sent_twice(&self) -> bool {
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

/// A schema as the registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Schema {
    /// The text.
    #[serde(rename = "schema")]
    pub text: String,
    /// The language it is written in.
    pub schema_type: SchemaType,
    /// What it refers to.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub references: Vec<Reference>,
    /// What is written beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Rules on its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// Its id over all registries; older registries have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// When it was written, in milliseconds of Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// The version is deleted softly.
    #[serde(deserialize_with = "or_default")]
    pub deleted: bool,
    /// Tags that were asked for and found.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub schema_tags: Vec<Value>,
}

/// A schema that was asked for by its id or GUID.
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

/// What came of registering.
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

/// A verdict on a schema.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Compatibility {
    /// It may follow.
    pub is_compatible: bool,
    /// Why not, if asked for and known.
    #[serde(default, deserialize_with = "or_default")]
    pub messages: Vec<String>,
}

/// What is configured, for a subject, a context or all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Config {
    /// Which versions have to be able to read which.
    #[serde(alias = "compatibility", skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// The metadata property by which versions are compared only among themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// A policy of checking, such as `STRICT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// The subject this one stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether new schemas are brought into normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    /// Metadata that new schemas get unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata that new schemas get whatever they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Rules that new schemas get unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules that new schemas get whatever they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
    /// Settings that this crate does not know.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A change of what is configured: what is not mentioned stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfigUpdate(Map<String, Value>);

impl ConfigUpdate {
    /// Sets which versions have to be able to read which.
    pub fn compatibility(self, level: impl Into<Level>) -> Self {
        self.set("compatibility", level.into().as_str())
    }

    /// Sets the metadata property by which versions are compared only among themselves.
    pub fn compatibility_group(self, property: &str) -> Self {
        self.set("compatibilityGroup", property)
    }

    /// Sets whether new schemas are brought into normal form.
    pub fn normalize(self, normalize: bool) -> Self {
        self.set("normalize", normalize)
    }

    /// Sets the subject this one stands for.
    pub fn alias(self, subject: &str) -> Self {
        self.set("alias", subject)
    }

    /// Sets anything, by the name it has in the body of `PUT /config`.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Clears a setting, by the name it has in the body of `PUT /config`, so that the next wider scope decides.
    pub fn clear(self, name: &str) -> Self {
        self.set(name, Value::Null)
    }
}

/// The registry a client talks to, by the ids its operators gave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ClusterId {
    /// A text that no other registry has; Avow's has one.
    #[serde(default)]
    pub id: Option<String>,
    /// Where it stores, and what it is called.
    pub scope: ClusterScope,
}

impl ClusterId {
    /// What tells this registry from any other; none if nothing of what it says does.
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

/// What software a registry is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerVersion {
    /// Its version.
    pub version: String,
    /// The commit it was built from.
    pub commit_id: String,
}

/// A topic's tie to a subject.
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
    /// What the topic is known by elsewhere.
    pub resource_id: Option<String>,
    /// `topic`.
    pub resource_type: Option<String>,
    /// `key` or `value`.
    pub association_type: Option<String>,
    /// `STRONG` or `WEAK`.
    pub lifecycle: Option<String>,
}

/// Reads `null` as nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
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
        let config: Config = serde_json::from_value(json!({"compatibilityLevel": "full", "x": 1})).unwrap();
        assert_eq!(config.compatibility_level, Some(Level::Full));
        assert_eq!(config.more["x"], 1);
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
        let update = ConfigUpdate::default().compatibility(Level::Full).clear("alias");
        assert_eq!(serde_json::to_value(update).unwrap(), json!({"compatibility": "FULL", "alias": null}));
    }

    #[test]
    fn a_rule_keeps_what_is_not_known_of_it() {
        let rule = json!({"name": "r", "type": "CEL", "disabled": false, "params": {"a": "b"}, "doc": "why"});
        let read: Rule = serde_json::from_value(rule.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), rule);
    }
}
