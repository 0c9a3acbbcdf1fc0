//! Kinds of fields, and scalars that read each other's bytes.

use crate::types::{FieldType, TypeEntry, is_scalar};

/// What a field holds, as far as bytes show.
pub(super) enum Kind {
    Scalar(ScalarGroup),
    Message,
    Map((String, String)),
}

impl Kind {
    pub(super) fn of(type_name: &str, entry: Option<TypeEntry<'_>>) -> Self {
        match FieldType::of(type_name) {
            Ok(FieldType::Map { key, value }) => Self::Map((key.to_owned(), value.to_owned())),
            _ if entry.is_some_and(|entry| entry.is_enum()) => Self::Scalar(ScalarGroup::Number),
            _ if is_scalar(type_name) => Self::Scalar(ScalarGroup::of(type_name)),
            _ => Self::Message,
        }
    }
}

/// Scalars that read each other's bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarGroup {
    Number,
    ZigZag,
    StringOrBytes,
    Fixed32,
    Fixed64,
    Float,
    Double,
}

impl ScalarGroup {
    fn of(name: &str) -> Self {
        match name {
            "sint32" | "sint64" => Self::ZigZag,
            "string" | "bytes" => Self::StringOrBytes,
            "fixed32" | "sfixed32" => Self::Fixed32,
            "fixed64" | "sfixed64" => Self::Fixed64,
            "float" => Self::Float,
            "double" => Self::Double,
            _ => Self::Number,
        }
    }
}
