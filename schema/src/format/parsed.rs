//! From a text to a schema, and back.

use super::{Definitions, Tagged, UnknownPath};
use avow_budget::{Budget, Exceeded};
use avow_domain::SchemaType;

/// The formats that can be parsed.
pub const SUPPORTED: [SchemaType; 1] = [SchemaType::Avro];

/// A parsed schema of any format.
#[derive(Debug, Clone)]
pub enum ParsedSchema {
    Avro(avow_avro::Schema),
}

/// The rules for new schemas that a parse applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// All of them: for new schemas.
    Strict,
    /// Those that reading data rests on: for what is stored already, and for look-ups.
    Lenient,
}

/// Why a text is no schema of its format. The sentences are the reference registry's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchema {
    #[error("this registry does not parse {0}")]
    Unsupported(SchemaType),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}; send a smaller schema")]
    TooCostly(#[from] Exceeded),
}

/// Parses `text` as a schema of the format.
///
/// `references` are the names and texts of everything it refers to, directly or not, each after what it refers to itself.
pub fn parse(
    schema_type: SchemaType,
    text: &str,
    references: &[(&str, &str)],
    strictness: Strictness,
    budget: &Budget,
) -> Result<ParsedSchema, InvalidSchema> {
    let bytes = references.iter().map(|(_, text)| text.len()).sum::<usize>() + text.len();
    budget.spend(bytes as u64)?;
    match schema_type {
        SchemaType::Avro => {
            // Avro refers to types by their own names, whatever the references are called.
            let references: Vec<&str> = references.iter().map(|(_, text)| *text).collect();
            Ok(ParsedSchema::Avro(avow_avro::parse(text, &references, strictness.into())?))
        }
        SchemaType::Json | SchemaType::Protobuf => Err(InvalidSchema::Unsupported(schema_type)),
    }
}

/// The names that a text defines, whether or not what it refers to is at hand.
pub fn definitions(schema_type: SchemaType, text: &str) -> Definitions {
    match schema_type {
        SchemaType::Avro => avow_avro::definitions(text),
        SchemaType::Json | SchemaType::Protobuf => Definitions::default(),
    }
}

impl ParsedSchema {
    pub fn schema_type(&self) -> SchemaType {
        match self {
            Self::Avro(_) => SchemaType::Avro,
        }
    }

    /// The text that is stored and served.
    pub fn text(&self) -> String {
        match self {
            Self::Avro(schema) => schema.text(),
        }
    }

    /// The text with every reference inlined.
    pub fn resolved_text(&self) -> String {
        match self {
            Self::Avro(schema) => schema.resolved_text(),
        }
    }

    /// The normal form.
    pub fn normalized(&self) -> Result<Self, InvalidSchema> {
        match self {
            Self::Avro(schema) => Ok(Self::Avro(schema.normalized()?)),
        }
    }

    /// A hash that is equal for structurally equal texts.
    pub fn shape(&self) -> [u8; 16] {
        match self {
            Self::Avro(schema) => schema.shape(),
        }
    }

    /// The same hash with every reference inlined.
    pub fn resolved_shape(&self) -> [u8; 16] {
        match self {
            Self::Avro(schema) => schema.resolved_shape(),
        }
    }

    /// The names of the fields at the root, which `confluent:reserved` is about.
    pub fn top_level_fields(&self) -> Vec<&str> {
        match self {
            Self::Avro(schema) => schema.field_names().collect(),
        }
    }

    /// The inline tags.
    pub fn tags(&self) -> Vec<Tagged> {
        match self {
            Self::Avro(schema) => schema.find_tags(),
        }
    }

    /// The text with inline tags added and removed.
    pub fn with_tags(&self, add: &[Tagged], remove: &[Tagged]) -> Result<String, UnknownPath> {
        match self {
            Self::Avro(schema) => schema.with_tags(add, remove),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use avow_budget::Limits;

    #[test]
    fn an_unsupported_format_is_refused_and_defines_nothing() {
        for schema_type in SchemaType::ALL.into_iter().filter(|known| !SUPPORTED.contains(known)) {
            let parsed = parse(schema_type, "{}", &[], Strictness::Strict, &Budget::unlimited());
            assert_eq!(parsed.map(|schema| schema.text()), Err(InvalidSchema::Unsupported(schema_type)));
            assert_eq!(definitions(schema_type, r#"{"type":"record","name":"R"}"#), Definitions::default());
        }
    }

    #[test]
    fn a_reference_costs_as_much_as_its_text() {
        let budget = |steps| Budget::new(Limits { steps, bytes: 0 });
        let (text, reference) =
            (r#"{"type":"record","name":"R","fields":[]}"#, r#"{"type":"fixed","name":"F","size":1}"#);
        let steps = (text.len() + reference.len()) as u64;
        let parsed = |steps| {
            parse(SchemaType::Avro, text, &[("f", reference)], Strictness::Strict, &budget(steps))
                .map(|schema| schema.text())
        };
        assert_eq!(parsed(steps), Ok(text.to_owned()));
        assert_eq!(parsed(steps - 1), Err(InvalidSchema::TooCostly(Exceeded::Steps { limit: steps - 1 })));
    }
}
