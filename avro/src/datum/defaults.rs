//! Defaults as data: Java encodes a default before it hands it out, and not every accepted default can be encoded.

use super::{DecodeError, DecodeErrorKind, MOST_DEPTH};
use crate::json::Value;
use crate::model::{Field, Id, Inner, Kind, Primitive};

/// Checks that the default of a field can be encoded.
pub(super) fn check(schema: &Inner, field: &Field, default: &Value) -> Result<(), DecodeError> {
    let is_null_first = match &schema[field.kind].kind {
        Kind::Primitive(Primitive::Null) => true,
        Kind::Union(branches) => {
            branches.first().is_some_and(|first| matches!(schema[*first].kind, Kind::Primitive(Primitive::Null)))
        }
        _ => false,
    };
    if *default == Value::Null && is_null_first {
        return Ok(());
    }
    encode(schema, field.kind, default, 0)
}

fn encode(schema: &Inner, id: Id, value: &Value, depth: usize) -> Result<(), DecodeError> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    let wrong = |what: &str| fails(format!("{what}: {value}"));
    match &schema[id].kind {
        Kind::Record(record) => {
            for field in &record.fields {
                let member = value.as_object().and_then(|object| object.get(&field.name)).or(field.default.as_ref());
                let member = member.ok_or_else(|| fails(format!("No default value for: {}", field.name)))?;
                encode(schema, field.kind, member, depth + 1)?;
            }
            Ok(())
        }
        Kind::Enum(kind) => {
            let symbol = value.as_str().unwrap_or("null");
            if value.as_str().is_some() && kind.symbols.iter().any(|known| known == symbol) {
                return Ok(());
            }
            let symbols = kind.symbols.join(", ");
            Err(fails(format!("enum value '{symbol}' is not in the enum symbol set: [{symbols}]")))
        }
        // What is no array or object has no members, and is taken as an empty one.
        Kind::Array(items) => match value {
            Value::Array(values) => values.iter().try_for_each(|value| encode(schema, *items, value, depth + 1)),
            _ => Ok(()),
        },
        Kind::Map(values) => match value {
            Value::Object(object) => object.iter().try_for_each(|(_, value)| encode(schema, *values, value, depth + 1)),
            _ => Ok(()),
        },
        Kind::Union(branches) => {
            let branch = branches.iter().find(|branch| is_compatible(&schema[**branch].kind, value));
            let branch = branch.ok_or_else(|| wrong("Not compatible default value for union"))?;
            encode(schema, *branch, value, depth + 1)
        }
        Kind::Fixed(_) if value.as_str().is_none() => Err(wrong("Non-string default value for fixed")),
        Kind::Primitive(primitive) if !is_compatible(&Kind::Primitive(*primitive), value) => Err(match primitive {
            Primitive::Null => wrong("Non-null default value for null type"),
            Primitive::Boolean => wrong("Non-boolean default for boolean"),
            Primitive::Bytes | Primitive::String => {
                wrong(&format!("Non-string default value for {}", primitive.name()))
            }
            Primitive::Int | Primitive::Long | Primitive::Float | Primitive::Double => {
                wrong(&format!("Non-numeric default value for {}", primitive.name()))
            }
        }),
        Kind::Fixed(_) | Kind::Primitive(_) | Kind::Unresolved(_) => Ok(()),
    }
}

/// Java's choice of a branch: every record, enum, array and map seems to fit every value.
fn is_compatible(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Record(_) | Kind::Enum(_) | Kind::Array(_) | Kind::Map(_) => true,
        Kind::Fixed(_) | Kind::Primitive(Primitive::Bytes | Primitive::String) => value.as_str().is_some(),
        Kind::Primitive(Primitive::Null) => *value == Value::Null,
        Kind::Primitive(Primitive::Boolean) => matches!(value, Value::Bool(_)),
        Kind::Primitive(_) => matches!(value, Value::Number(_)),
        Kind::Union(_) | Kind::Unresolved(_) => false,
    }
}

fn fails(message: String) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Default, message)
}
