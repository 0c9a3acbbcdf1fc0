//! From a text to a schema, and back.

use super::text::digest;
use super::{Definitions, JsonSchema, proto};
use avow_budget::{Budget, Exceeded};
use avow_domain::SchemaType;
use avow_json::Document;

/// The formats that can be parsed, in the order of the reference's list.
pub const SUPPORTED: [SchemaType; 3] = [SchemaType::Json, SchemaType::Protobuf, SchemaType::Avro];

/// A parsed schema of any format.
#[derive(Debug)]
pub enum ParsedSchema {
    Avro(avow_avro::Schema),
    Json(JsonSchema),
    Protobuf(avow_proto::Schema),
}

/// A document that a schema may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The name of a type, the URI of `$ref`, or the path of an import.
    pub name: &'a str,
    pub text: &'a str,
    /// The subject and version of a direct reference.
    pub origin: Option<(&'a str, i32)>,
}

/// Which of the rules for new schemas a parse of Avro applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// All of them: for new schemas.
    Strict,
    /// Those that reading data rests on: for what is stored already, and for look-ups.
    Lenient,
}

/// What is checked of a JSON Schema or Protobuf schema once it is parsed. Avro is checked by its parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// For imports, and for what is stored.
    None,
    /// It is a schema of its format, and what it names exists.
    Basic,
    /// Names and numbers are right, too (`validateFields`).
    Full,
}

/// A form that a schema's text can be asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Stored,
    /// Avro with every reference inlined.
    Resolved,
    /// The descriptor of a Protobuf schema, in base64.
    Serialized,
    /// A Protobuf schema without custom options, extension ranges and `extend` blocks.
    IgnoreExtensions,
}

impl Format {
    /// The format of a name. Unknown names mean the stored text.
    pub fn parse(name: &str) -> Self {
        let known = [
            ("resolved", Self::Resolved),
            ("serialized", Self::Serialized),
            ("ignore_extensions", Self::IgnoreExtensions),
        ];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(Self::Stored, |(_, format)| format)
    }

    /// Whether texts of a type have this form beside the stored one.
    pub fn applies_to(self, schema_type: SchemaType) -> bool {
        match self {
            Self::Stored => false,
            Self::Resolved => schema_type == SchemaType::Avro,
            Self::Serialized | Self::IgnoreExtensions => schema_type == SchemaType::Protobuf,
        }
    }
}

/// Why a text is no schema of its format. The sentences are the reference registry's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchema {
    /// It cannot be read.
    #[error("{0}")]
    Parse(String),
    /// It can be read, and what it says is wrong.
    #[error("{0}")]
    Validate(String),
    #[error("{0}; send a smaller schema")]
    TooCostly(#[from] Exceeded),
}

/// Parses `text` as a schema of the format.
///
/// `references` is everything it refers to, directly or not, each after what it refers to itself.
pub fn parse(
    schema_type: SchemaType,
    text: &str,
    references: &[Reference<'_>],
    strictness: Strictness,
    budget: &Budget,
) -> Result<ParsedSchema, InvalidSchema> {
    let bytes = references.iter().map(|reference| reference.text.len()).sum::<usize>() + text.len();
    budget.spend(bytes as u64)?;
    Ok(match schema_type {
        SchemaType::Avro => {
            // Avro refers to types by their own names, whatever the references are called.
            let references: Vec<&str> = references.iter().map(|reference| reference.text).collect();
            ParsedSchema::Avro(avow_avro::parse(text, &references, strictness.into())?)
        }
        SchemaType::Json => ParsedSchema::Json(JsonSchema::parse(text, references, budget)?),
        SchemaType::Protobuf => ParsedSchema::Protobuf(proto::parse(text, references, budget)?),
    })
}

/// The names that a text defines, whether or not what it refers to is at hand.
pub fn definitions(schema_type: SchemaType, text: &str) -> Definitions {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let budget = Budget::unlimited();
    match schema_type {
        SchemaType::Avro => avow_avro::definitions(text),
        SchemaType::Json => Document::parse(text, &budget).map_or_else(
            |_| Definitions::default(),
            |document| Definitions {
                types: owned(document.definitions().collect()),
                fields: owned(document.properties().into_iter().collect()),
            },
        ),
        SchemaType::Protobuf => {
            let defined = avow_proto::Schema::parse(text, &[], &budget).map(|schema| schema.definitions());
            let mut found = Definitions::default();
            for definition in defined.unwrap_or_default() {
                found.types.push(definition.full_name);
                // The values of an enum are no fields.
                found.fields.extend(definition.members.into_iter().filter(|_| !definition.is_enum));
            }
            found
        }
    }
}

impl ParsedSchema {
    pub fn schema_type(&self) -> SchemaType {
        match self {
            Self::Avro(_) => SchemaType::Avro,
            Self::Json(_) => SchemaType::Json,
            Self::Protobuf(_) => SchemaType::Protobuf,
        }
    }

    pub fn validate(&self, validation: Validation, budget: &Budget) -> Result<(), InvalidSchema> {
        match self {
            Self::Avro(_) => Ok(()),
            Self::Json(schema) => schema.validate(validation),
            Self::Protobuf(schema) => proto::validate(schema, validation, budget),
        }
    }

    /// The text that is stored and served.
    pub fn text(&self) -> String {
        match self {
            Self::Avro(schema) => schema.text(),
            Self::Json(schema) => schema.document().text().to_owned(),
            Self::Protobuf(schema) => schema.text().to_owned(),
        }
    }

    /// The text in a format; the stored one where the format does not apply.
    pub fn formatted(&self, format: Format, budget: &Budget) -> Result<String, InvalidSchema> {
        match (self, format) {
            (Self::Avro(schema), Format::Resolved) => Ok(schema.resolved_text()),
            (Self::Protobuf(schema), Format::Serialized) => Ok(schema.serialized(budget)?),
            (Self::Protobuf(schema), Format::IgnoreExtensions) => Ok(schema.without_extensions()),
            _ => Ok(self.text()),
        }
    }

    /// The normal form, with the same references.
    pub fn normalized(&self, references: &[Reference<'_>], budget: &Budget) -> Result<Self, InvalidSchema> {
        match self {
            Self::Avro(schema) => Ok(Self::Avro(schema.normalized()?)),
            Self::Json(schema) => {
                Ok(Self::Json(JsonSchema::parse(&schema.document().normalized(), references, budget)?))
            }
            Self::Protobuf(schema) => Ok(Self::Protobuf(schema.to_normalized(budget)?)),
        }
    }

    /// A hash that is equal for structurally equal texts. In JSON the order of keys does not count.
    pub fn shape(&self) -> [u8; 16] {
        match self {
            Self::Avro(schema) => schema.shape(),
            Self::Json(schema) => digest(&schema.document().normalized()),
            Self::Protobuf(schema) => digest(schema.text()),
        }
    }

    /// The same hash with every reference inlined, in formats that can inline them.
    pub fn resolved_shape(&self) -> [u8; 16] {
        match self {
            Self::Avro(schema) => schema.resolved_shape(),
            Self::Json(_) | Self::Protobuf(_) => self.shape(),
        }
    }

    /// The names of the fields at the top, which `confluent:reserved` is about.
    pub fn top_level_fields(&self) -> Vec<&str> {
        match self {
            Self::Avro(schema) => schema.field_names().collect(),
            Self::Json(schema) => schema.document().top_level_fields().collect(),
            Self::Protobuf(schema) => schema.top_level_fields().into_iter().collect(),
        }
    }

    /// The inline tags, without repetitions.
    pub fn tags(&self, budget: &Budget) -> Result<Vec<String>, Exceeded> {
        match self {
            Self::Avro(schema) => {
                let mut tags: Vec<String> = schema.find_tags().into_iter().flat_map(|tagged| tagged.tags).collect();
                tags.sort_unstable();
                tags.dedup();
                Ok(tags)
            }
            Self::Json(schema) => Ok(schema.document().tags().into_iter().map(str::to_owned).collect()),
            Self::Protobuf(schema) => schema.tags(budget),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Policy, Role, Witness, check, explain};
    use avow_budget::Limits;

    fn parsed(schema_type: SchemaType, text: &str) -> ParsedSchema {
        parse(schema_type, text, &[], Strictness::Strict, &Budget::unlimited()).expect("a schema")
    }

    #[test]
    fn a_reference_costs_as_much_as_its_text() {
        let budget = |steps| Budget::new(Limits { steps, bytes: 0 });
        let (text, reference) =
            (r#"{"type":"record","name":"R","fields":[]}"#, r#"{"type":"fixed","name":"F","size":1}"#);
        let steps = (text.len() + reference.len()) as u64;
        let references = [Reference { name: "f", text: reference, origin: None }];
        let parsed = |steps| {
            parse(SchemaType::Avro, text, &references, Strictness::Strict, &budget(steps)).map(|schema| schema.text())
        };
        assert_eq!(parsed(steps), Ok(text.to_owned()));
        assert_eq!(
            parsed(steps - 1).expect_err("too little"),
            InvalidSchema::TooCostly(Exceeded::Steps { limit: steps - 1 })
        );
    }

    #[test]
    fn a_refusal_says_at_which_step_it_comes() {
        let refusal = |schema_type, text: &str| {
            let budget = Budget::unlimited();
            parse(schema_type, text, &[], Strictness::Strict, &budget)
                .and_then(|schema| schema.validate(Validation::Basic, &budget))
                .expect_err(text)
        };
        assert!(matches!(refusal(SchemaType::Json, "{"), InvalidSchema::Parse(_)));
        assert!(matches!(refusal(SchemaType::Json, r#"{"type":"foo"}"#), InvalidSchema::Validate(_)));
        assert!(matches!(refusal(SchemaType::Protobuf, "message {"), InvalidSchema::Parse(_)));
        assert!(matches!(refusal(SchemaType::Protobuf, "message M { optional X x = 1; }"), InvalidSchema::Validate(_)));
        let nul = r#"message M { optional string s = 1 [default = "\x00"]; }"#;
        assert!(matches!(refusal(SchemaType::Protobuf, nul), InvalidSchema::Parse(_)));
    }

    #[test]
    fn the_order_of_keys_is_no_part_of_the_shape_of_json() {
        let shape = |text| parsed(SchemaType::Json, text).shape();
        assert_eq!(shape(r#"{"type":"string","title":"t"}"#), shape(r#"{"title":"t","type":"string"}"#));
        assert_ne!(shape(r#"{"type":"string"}"#), shape(r#"{"type":"number"}"#));
    }

    #[test]
    fn names_are_found_in_every_format() {
        let json = r#"{"$defs":{"D":{"properties":{"inner":true}}},"properties":{"outer":{"confluent:tags":["PII"]}}}"#;
        let proto =
            "package p; message M { optional int32 a = 1; message N { optional int32 b = 1; } } enum E { X = 0; }";
        for (schema_type, text, types, fields, top) in [
            (SchemaType::Json, json, &["D"][..], &["inner", "outer"][..], &["outer"][..]),
            (SchemaType::Protobuf, proto, &["p.M", "p.E", "p.M.N"], &["a", "b"], &["a"]),
        ] {
            let found = definitions(schema_type, text);
            assert_eq!((&found.types[..], &found.fields[..]), (&owned(types)[..], &owned(fields)[..]), "{text}");
            assert_eq!(parsed(schema_type, text).top_level_fields(), top);
        }
        assert_eq!(parsed(SchemaType::Json, json).tags(&Budget::unlimited()), Ok(owned(&["PII"])));
        assert_eq!(definitions(SchemaType::Protobuf, "{"), Definitions::default());
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn findings_of_every_format_have_proofs_and_fixes() {
        let budget = Budget::unlimited();
        let json = (r#"{"type":"string","maxLength":10}"#, r#"{"type":"string","maxLength":5}"#);
        let proto = ("message M { optional int32 f = 1; }", "message M { optional sint32 f = 1; }");
        for (schema_type, (old, new), id) in [
            (SchemaType::Json, json, "json/max-length-decreased"),
            (SchemaType::Protobuf, proto, "proto/field-scalar-kind-changed"),
        ] {
            let (old, new) = (parsed(schema_type, old), parsed(schema_type, new));
            let verdict = check(&new, &old, Policy::Strict, &budget).expect("no limit");
            let found = explain(&new, &old, Policy::Strict, Role::Reader, &budget).expect("no limit");
            assert_eq!(verdict.rules().map(crate::Rule::id).collect::<Vec<_>>(), [id]);
            assert_eq!(found.iter().map(|finding| finding.rule.id()).collect::<Vec<_>>(), [id]);
            assert_eq!(found[0].confluent, Some(verdict.findings[0].registry_text(Role::Reader)));
            assert!(matches!(found[0].witness, Some(Witness::Instance { .. } | Witness::Message { .. })), "{found:?}");
            assert!(found[0].fixes.iter().any(|fix| fix.resolves_all), "{found:?}");
        }
    }

    #[test]
    fn schemas_of_different_types_are_incompatible() {
        let budget = Budget::unlimited();
        let text = r#"{"type":"string"}"#;
        let (new, old) = (parsed(SchemaType::Json, text), parsed(SchemaType::Avro, text));
        let verdict = check(&new, &old, Policy::Strict, &budget).expect("no limit");
        assert_eq!(verdict.findings[0].registry_text(Role::Reader), "Incompatible because of different schema type");
        let found = explain(&new, &old, Policy::Strict, Role::Reader, &budget).expect("no limit");
        assert_eq!(found[0].rule.id(), "schema-type-changed");
    }
}
