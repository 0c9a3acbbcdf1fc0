//! Avro's JSON encoding of data.

use std::borrow::Cow;

use avow_budget::Budget;

use super::{Datum, MOST_DEPTH};
use crate::json::{self, Number, Object, Value};
use crate::model::{Id, Inner, Kind, Primitive};

/// Writes a datum. Recursion is as deep as the datum, which its maker has bounded.
pub(super) fn write(schema: &Inner, datum: &Datum) -> String {
    value(schema, schema.root, datum).to_string()
}

fn value(schema: &Inner, id: Id, datum: &Datum) -> Value<'static> {
    let latin = |bytes: &[u8]| Value::String(bytes.iter().copied().map(char::from).collect::<String>().into());
    match (datum, &schema[id].kind) {
        (Datum::Boolean(value), _) => Value::Bool(*value),
        (Datum::Int(value), _) => Value::Number(Number::Int(*value)),
        (Datum::Long(value), _) => Value::Number(Number::Long(*value)),
        (Datum::Float(value), _) => {
            let text = json::decimal::of_float(*value);
            Value::Number(Number::Double(text.parse().unwrap_or(f64::from(*value))))
        }
        (Datum::Double(value), _) => Value::Number(Number::Double(*value)),
        (Datum::Bytes(bytes) | Datum::Fixed(bytes), _) => latin(bytes),
        (Datum::String(text), _) => Value::String(Cow::Owned(text.clone())),
        (Datum::Enum(at), Kind::Enum(kind)) => Value::String(Cow::Owned(kind.symbols[*at].clone())),
        (Datum::Array(items), Kind::Array(kind)) => {
            Value::Array(items.iter().map(|item| value(schema, *kind, item)).collect())
        }
        (Datum::Map(entries), Kind::Map(kind)) => {
            object(entries.iter().map(|(key, entry)| (key.clone(), value(schema, *kind, entry))))
        }
        (Datum::Record(fields), Kind::Record(record)) => {
            let named = record.fields.iter().zip(fields);
            object(named.map(|(field, datum)| (field.name.to_string(), value(schema, field.kind, datum))))
        }
        (Datum::Union(at, datum), Kind::Union(branches)) => match &schema[branches[*at]].kind {
            Kind::Primitive(Primitive::Null) => Value::Null,
            kind => object([(kind.branch_name().to_string(), value(schema, branches[*at], datum))]),
        },
        _ => Value::Null,
    }
}

fn object(entries: impl IntoIterator<Item = (String, Value<'static>)>) -> Value<'static> {
    let mut object = Object::default();
    for (key, value) in entries {
        object.insert(key, value);
    }
    Value::Object(object)
}

/// Reads a datum; `None` when the text is none of the schema.
pub(super) fn read(schema: &Inner, text: &str) -> Option<Datum> {
    let budget = Budget::unlimited();
    let document = json::read(text, MOST_DEPTH, &budget).ok()??;
    datum(schema, schema.root, &document.value)
}

/// Recursion is as deep as the text, which the reader has bounded.
fn datum(schema: &Inner, id: Id, value: &Value<'_>) -> Option<Datum> {
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>();
    Some(match (&schema[id].kind, value) {
        (Kind::Primitive(Primitive::Null), Value::Null) => Datum::Null,
        (Kind::Primitive(Primitive::Boolean), Value::Bool(value)) => Datum::Boolean(*value),
        (Kind::Primitive(Primitive::Int), Value::Number(Number::Int(value))) => Datum::Int(*value),
        (Kind::Primitive(Primitive::Long), Value::Number(number)) => Datum::Long(number.to_string().parse().ok()?),
        #[expect(clippy::cast_possible_truncation, reason = "a float is written with a float's digits")]
        (Kind::Primitive(Primitive::Float), value) => Datum::Float(floating(value)? as f32),
        (Kind::Primitive(Primitive::Double), value) => Datum::Double(floating(value)?),
        (Kind::Primitive(Primitive::Bytes), Value::String(text)) => Datum::Bytes(latin(text)?),
        (Kind::Primitive(Primitive::String), Value::String(text)) => Datum::String(text.clone().into_owned()),
        (Kind::Fixed(_), Value::String(text)) => Datum::Fixed(latin(text)?),
        (Kind::Enum(kind), Value::String(text)) => Datum::Enum(kind.symbols.iter().position(|symbol| symbol == text)?),
        (Kind::Array(items), Value::Array(values)) => {
            Datum::Array(values.iter().map(|value| datum(schema, *items, value)).collect::<Option<_>>()?)
        }
        (Kind::Map(values), Value::Object(object)) => {
            let entry = |(key, value): (&str, &Value<'_>)| Some((key.to_owned(), datum(schema, *values, value)?));
            Datum::Map(object.iter().map(entry).collect::<Option<_>>()?)
        }
        (Kind::Record(record), Value::Object(object)) => {
            let field = |field: &crate::model::Field| datum(schema, field.kind, object.get(&field.name)?);
            Datum::Record(record.fields.iter().map(field).collect::<Option<_>>()?)
        }
        (Kind::Union(branches), value) => {
            let (name, value) = match value {
                Value::Null => ("null", value),
                Value::Object(object) => object.iter().next()?,
                _ => return None,
            };
            let at = branches.iter().position(|branch| schema[*branch].kind.branch_name().to_text() == name)?;
            Datum::Union(at, Box::new(datum(schema, branches[at], value)?))
        }
        _ => return None,
    })
}

fn floating(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}
