//! A schema with its references.

use std::sync::OnceLock;

use avow_avro::{Strictness, parse};
use serde::{Deserialize, Serialize};

use crate::format::{JsonSchema, SchemaText, Unusable};
use crate::rest::{Reference, RuleSet, SchemaType};
use crate::wire::{Guid, SchemaKey};

/// A schema of a registry, with the texts of its references. Immutable.
#[derive(Debug)]
pub struct LoadedSchema {
    pub(crate) content: Content,
    /// Parsed when first needed, so that a snapshot of a thousand schemas costs nothing at the start.
    parsed: OnceLock<Result<Parsed, String>>,
}

/// A parsed schema of the formats that this client reads.
#[derive(Debug)]
enum Parsed {
    Avro(avow_avro::Schema),
    Json(JsonSchema),
    #[cfg(feature = "protobuf")]
    Protobuf(avow_proto::Schema),
}

/// The cost of parsing or comparing schemas of JSON Schema or Protobuf, which may come from strangers.
#[cfg(any(feature = "json-schema", feature = "protobuf"))]
pub(crate) const SCHEMA_LIMITS: avow_budget::Limits = avow_budget::Limits { steps: 20_000_000, bytes: 256 << 20 };

/// The content of a [`LoadedSchema`], also in a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "guid_text")]
    pub(crate) guid: Option<Guid>,
    pub(crate) schema_type: SchemaType,
    #[serde(rename = "schema")]
    pub(crate) text: String,
    /// Dependencies first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<ResolvedReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule_set: Option<RuleSet>,
}

/// A direct or indirect reference with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResolvedReference {
    #[serde(flatten)]
    pub(crate) reference: Reference,
    #[serde(rename = "schema")]
    pub(crate) text: String,
}

impl LoadedSchema {
    pub(crate) fn new(content: Content) -> Self {
        Self { content, parsed: OnceLock::new() }
    }

    /// The id in the context of the registry; `None` if the schema was requested by its GUID.
    pub fn id(&self) -> Option<u32> {
        self.content.id
    }

    /// The GUID, if the registry has one.
    pub fn guid(&self) -> Option<Guid> {
        self.content.guid
    }

    /// The text as stored in the registry.
    pub fn text(&self) -> &str {
        &self.content.text
    }

    /// The format of the schema.
    pub fn schema_type(&self) -> &SchemaType {
        &self.content.schema_type
    }

    /// The parsed Avro schema, or a message why there is none.
    pub fn avro(&self) -> Result<&avow_avro::Schema, String> {
        self.parsed_avro().map_err(|unusable| unusable.to_string())
    }

    pub(crate) fn parsed_avro(&self) -> Result<&avow_avro::Schema, Unusable> {
        match self.parsed() {
            Ok(Parsed::Avro(schema)) => Ok(schema),
            other => Err(self.unusable(other.err(), SchemaType::Avro)),
        }
    }

    pub(crate) fn parsed_json(&self) -> Result<&JsonSchema, Unusable> {
        match self.parsed() {
            Ok(Parsed::Json(schema)) => Ok(schema),
            other => Err(self.unusable(other.err(), SchemaType::Json)),
        }
    }

    #[cfg(feature = "protobuf")]
    pub(crate) fn parsed_protobuf(&self) -> Result<&avow_proto::Schema, Unusable> {
        match self.parsed() {
            Ok(Parsed::Protobuf(schema)) => Ok(schema),
            other => Err(self.unusable(other.err(), SchemaType::Protobuf)),
        }
    }

    /// Names and texts of all references, dependencies first.
    pub(crate) fn named_references(&self) -> Vec<(&str, &str)> {
        named(&self.content.references)
    }

    fn unusable(&self, invalid: Option<&String>, expected: SchemaType) -> Unusable {
        match (&self.content.schema_type, invalid) {
            (found, Some(why)) if *found == expected => Unusable::Invalid(why.clone()),
            (found, _) => Unusable::OtherFormat { found: found.clone(), expected },
        }
    }

    fn parsed(&self) -> Result<&Parsed, &String> {
        let parsed = self.parsed.get_or_init(|| {
            let (text, references) = (&self.content.text, self.named_references());
            match &self.content.schema_type {
                SchemaType::Avro => {
                    let texts: Vec<_> = references.iter().map(|(_, text)| *text).collect();
                    parse(text, &texts, Strictness::Lenient).map(Parsed::Avro).map_err(|error| error.to_string())
                }
                SchemaType::Json => JsonSchema::parse(text, &references).map(Parsed::Json),
                #[cfg(feature = "protobuf")]
                SchemaType::Protobuf => {
                    <avow_proto::Schema as SchemaText>::parse(text, &references).map(Parsed::Protobuf)
                }
                other => Err(format!("this client does not read the format {other}")),
            }
        });
        parsed.as_ref()
    }

    /// The rules to run on reading; this crate runs none.
    pub fn rules_on_reading(&self) -> Vec<&str> {
        self.rules("READ")
    }

    /// The rules to run on writing; this crate runs none.
    pub fn rules_on_writing(&self) -> Vec<&str> {
        self.rules("WRITE")
    }

    fn rules(&self, direction: &str) -> Vec<&str> {
        let rules = self.content.rule_set.iter().flat_map(|set| set.domain_rules.iter().chain(&set.encoding_rules));
        rules
            .filter(|rule| !rule.disabled)
            .filter(|rule| rule.mode.as_deref().is_none_or(|mode| mode == "WRITEREAD" || mode == direction))
            .map(|rule| rule.name.as_str())
            .collect()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = SchemaKey> {
        self.content.id.map(SchemaKey::Id).into_iter().chain(self.content.guid.map(SchemaKey::Guid))
    }
}

/// Names and texts of references.
pub(crate) fn named(references: &[ResolvedReference]) -> Vec<(&str, &str)> {
    references.iter().map(|referenced| (referenced.reference.name.as_str(), referenced.text.as_str())).collect()
}

mod guid_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::wire::Guid;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(guid: &Option<Guid>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&guid.map(|guid| guid.to_string()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Guid>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(rules: &serde_json::Value) -> LoadedSchema {
        let content = serde_json::json!({"schemaType": "AVRO", "schema": "\"int\"", "ruleSet": rules});
        LoadedSchema::new(serde_json::from_value(content).unwrap())
    }

    #[test]
    fn rules_count_in_their_direction_unless_switched_off() {
        let rule = |name: &str, mode: &str| serde_json::json!({"name": name, "type": "ENCRYPT", "mode": mode});
        let schema = schema(&serde_json::json!({
            "domainRules": [rule("both", "WRITEREAD"), {"name": "off", "mode": "READ", "disabled": true}],
            "encodingRules": [rule("in", "READ"), rule("out", "WRITE"), {"name": "unsaid", "type": "X"}],
            "migrationRules": [rule("up", "UPGRADE")]
        }));
        assert_eq!(schema.rules_on_reading(), ["both", "in", "unsaid"]);
        assert_eq!(schema.rules_on_writing(), ["both", "out", "unsaid"]);
    }

    #[test]
    fn another_language_is_not_parsed() {
        let content = serde_json::json!({"schemaType": "JSON", "schema": "{}"});
        let schema = LoadedSchema::new(serde_json::from_value(content).unwrap());
        assert_eq!(schema.avro().unwrap_err(), "its format is JSON, not AVRO");
    }
}
