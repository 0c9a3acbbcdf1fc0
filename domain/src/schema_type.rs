//! The languages that schemas are written in.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The `schemaType` of a content. The same text in two languages is two contents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SchemaType {
    /// Also the type of everything that was stored before there were others.
    #[default]
    Avro,
    Json,
    Protobuf,
}

impl SchemaType {
    pub const ALL: [Self; 3] = [Self::Avro, Self::Json, Self::Protobuf];

    /// The name in requests, answers and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        }
    }

    /// The type with a name; case matters.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schema_type| schema_type.as_str() == name)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that `skip_serializing_if` wants")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for SchemaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for schema_type in SchemaType::ALL {
            assert_eq!(SchemaType::parse(schema_type.as_str()), Some(schema_type));
            let json = serde_json::to_string(&schema_type).expect("a string");
            assert_eq!(json, format!("\"{schema_type}\""));
        }
        assert_eq!(SchemaType::parse("avro"), None);
    }
}
