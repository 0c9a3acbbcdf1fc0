//! Messages as values: bytes to fields, by a layout.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use avow_budget::{Budget, Exceeded};

use super::layout::{FieldLayout, Layouts, ValueKind};
use crate::descriptor::FieldKind;
use crate::wire::{self, Malformed, WireValue};

/// Levels of messages inside messages that are read.
const MAX_DEPTH: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Any integer, and booleans and enum values as their numbers.
    Integer(i128),
    Float(f64),
    Bytes(Vec<u8>),
    Message(Message),
}

/// The fields of a message. Bytes of another kind than the field's are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    pub(super) fields: BTreeMap<u32, Vec<Value>>,
    /// Numbers that the reader has no field for.
    pub(super) unknown: BTreeSet<u32>,
}

/// Why bytes cannot be read, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    Malformed,
    InvalidUtf8,
    MissingRequired(String),
    Exceeded(Exceeded),
}

impl From<Malformed> for ReadError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<Exceeded> for ReadError {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => f.write_str("the bytes are no message"),
            Self::InvalidUtf8 => f.write_str("a string is not UTF-8"),
            Self::MissingRequired(name) => write!(f, "the required field {name} is missing"),
            Self::Exceeded(exceeded) => exceeded.fmt(f),
        }
    }
}

/// Reads a message by its full name.
pub(super) fn read(bytes: &[u8], name: &str, layouts: &Layouts<'_>, budget: &Budget) -> Result<Message, ReadError> {
    let mut message = Message::default();
    merge(&mut message, bytes, name, layouts, budget, 0)?;
    check_required(&message, name, layouts)?;
    Ok(message)
}

fn merge(
    message: &mut Message,
    bytes: &[u8],
    name: &str,
    layouts: &Layouts<'_>,
    budget: &Budget,
    depth: usize,
) -> Result<(), ReadError> {
    let layout = layouts.get(name).filter(|_| depth < MAX_DEPTH).ok_or(ReadError::Malformed)?;
    for field in wire::fields(bytes) {
        budget.step()?;
        let (number, wire_value) = field?;
        let values = match layout.fields.get(&number) {
            Some(field) => {
                let present = message.fields.get_mut(&number);
                read_values(wire_value, field, present, layouts, budget, depth)?.map(|values| (field, values))
            }
            None => None,
        };
        let Some((field, values)) = values else {
            if !layout.fields.contains_key(&number) {
                message.unknown.insert(number);
            }
            continue;
        };
        if let Some(oneof) = field.oneof {
            let others =
                layout.fields.iter().filter(|(other, member)| member.oneof == Some(oneof) && **other != number);
            for (other, _) in others {
                message.fields.remove(other);
            }
        }
        let present = message.fields.entry(number).or_default();
        if !field.repeated {
            present.clear();
        }
        present.extend(values);
    }
    Ok(())
}

/// The values that a field on the wire holds, or none where its bytes are of another kind.
fn read_values(
    wire_value: WireValue<'_>,
    field: &FieldLayout,
    present: Option<&mut Vec<Value>>,
    layouts: &Layouts<'_>,
    budget: &Budget,
    depth: usize,
) -> Result<Option<Vec<Value>>, ReadError> {
    Ok(match (&field.kind, wire_value) {
        (ValueKind::Message(inner), WireValue::Bytes(bytes)) => {
            // A message that comes twice is merged.
            let mut message = match present.filter(|_| !field.repeated).and_then(Vec::pop) {
                Some(Value::Message(message)) => message,
                _ => Message::default(),
            };
            merge(&mut message, bytes, inner, layouts, budget, depth + 1)?;
            Some(vec![Value::Message(message)])
        }
        (ValueKind::CheckedString, WireValue::Bytes(bytes)) => {
            std::str::from_utf8(bytes).map_err(|_| ReadError::InvalidUtf8)?;
            Some(vec![Value::Bytes(bytes.to_vec())])
        }
        // Strings of proto2 are not checked; what is no UTF-8 is replaced.
        (ValueKind::Scalar(FieldKind::String), WireValue::Bytes(bytes)) => {
            Some(vec![Value::Bytes(String::from_utf8_lossy(bytes).into_owned().into_bytes())])
        }
        (ValueKind::Scalar(FieldKind::Bytes), WireValue::Bytes(bytes)) => Some(vec![Value::Bytes(bytes.to_vec())]),
        (kind, WireValue::Bytes(packed)) if field.repeated => read_packed(kind, packed)?,
        (kind, value) => scalar(kind, value).map(|value| vec![value]),
    })
}

fn read_packed(kind: &ValueKind, mut packed: &[u8]) -> Result<Option<Vec<Value>>, ReadError> {
    let mut values = Vec::new();
    while !packed.is_empty() {
        let value = match fixed_size(kind) {
            None => WireValue::Varint(wire::read_varint(&mut packed)?),
            Some(size) => {
                let (bytes, rest) = packed.split_at_checked(size).ok_or(ReadError::Malformed)?;
                packed = rest;
                match <[u8; 4]>::try_from(bytes) {
                    Ok(bytes) => WireValue::Fixed32(u32::from_le_bytes(bytes)),
                    Err(_) => {
                        WireValue::Fixed64(u64::from_le_bytes(bytes.try_into().map_err(|_| ReadError::Malformed)?))
                    }
                }
            }
        };
        values.extend(scalar(kind, value));
    }
    Ok((!matches!(kind, ValueKind::CheckedString)).then_some(values))
}

pub(super) fn fixed_size(kind: &ValueKind) -> Option<usize> {
    match kind {
        ValueKind::Scalar(FieldKind::Fixed32 | FieldKind::Sfixed32 | FieldKind::Float) => Some(4),
        ValueKind::Scalar(FieldKind::Fixed64 | FieldKind::Sfixed64 | FieldKind::Double) => Some(8),
        _ => None,
    }
}

/// A number of a field's type; integers that are too wide lose their high bits.
#[expect(clippy::cast_possible_truncation, reason = "the specification asks for it")]
fn scalar(kind: &ValueKind, value: WireValue<'_>) -> Option<Value> {
    let integer = match (kind, value) {
        (ValueKind::Enum { numbers, closed }, WireValue::Varint(value)) => {
            let number = value as i32;
            if *closed && !numbers.contains(&number) {
                return None;
            }
            i128::from(number)
        }
        (ValueKind::Scalar(kind), WireValue::Varint(value)) => match kind {
            FieldKind::Int32 => i128::from(value as i32),
            FieldKind::Int64 => i128::from(value.cast_signed()),
            FieldKind::Uint32 => i128::from(value as u32),
            FieldKind::Uint64 => i128::from(value),
            FieldKind::Bool => i128::from(value != 0),
            FieldKind::Sint32 => i128::from(wire::un_zig_zag(u64::from(value as u32)) as i32),
            FieldKind::Sint64 => i128::from(wire::un_zig_zag(value)),
            _ => return None,
        },
        (ValueKind::Scalar(kind), WireValue::Fixed32(value)) => match kind {
            FieldKind::Fixed32 => i128::from(value),
            FieldKind::Sfixed32 => i128::from(value.cast_signed()),
            FieldKind::Float => return Some(Value::Float(f64::from(f32::from_bits(value)))),
            _ => return None,
        },
        (ValueKind::Scalar(kind), WireValue::Fixed64(value)) => match kind {
            FieldKind::Fixed64 => i128::from(value),
            FieldKind::Sfixed64 => i128::from(value.cast_signed()),
            FieldKind::Double => return Some(Value::Float(f64::from_bits(value))),
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Integer(integer))
}

fn check_required(message: &Message, name: &str, layouts: &Layouts<'_>) -> Result<(), ReadError> {
    let Some(layout) = layouts.get(name) else { return Ok(()) };
    for (number, field) in &layout.fields {
        let values = message.fields.get(number);
        if field.required && values.is_none() {
            return Err(ReadError::MissingRequired(field.name.clone()));
        }
        if let ValueKind::Message(inner) = &field.kind {
            for value in values.into_iter().flatten() {
                if let Value::Message(message) = value {
                    check_required(message, inner, layouts)?;
                }
            }
        }
    }
    Ok(())
}

/// A message as text, fields by their names.
pub(super) fn print(message: &Message, name: &str, layouts: &Layouts<'_>) -> String {
    let mut out = String::new();
    for (number, values) in &message.fields {
        let field = layouts.get(name).and_then(|layout| layout.fields.get(number));
        for value in values {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(field.map_or("?", |field| &field.name));
            match (value, field.map(|field| &field.kind)) {
                (Value::Message(inner), Some(ValueKind::Message(inner_name))) => {
                    let _ = write!(out, " {{ {} }}", print(inner, inner_name, layouts));
                }
                (Value::Integer(value), Some(ValueKind::Scalar(FieldKind::Bool))) => {
                    let _ = write!(out, ": {}", *value != 0);
                }
                (Value::Integer(value), _) => {
                    let _ = write!(out, ": {value}");
                }
                (Value::Float(value), _) => {
                    let _ = write!(out, ": {value}");
                }
                (Value::Bytes(bytes), _) => {
                    let _ = write!(out, ": \"{}\"", bytes.escape_ascii());
                }
                (Value::Message(_), _) => {}
            }
        }
    }
    out
}
