//! The two texts of a schema: as it is stored, and its normal form.

use std::fmt::Write;
use std::sync::Arc;

use crate::stack::deep;
use crate::value::Json;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Document,
    Sorted,
}

/// The compact text, keys in document order: what the registry stores and serves.
pub(crate) fn compact(json: &Json) -> String {
    let mut text = String::new();
    write(json, Keys::Document, &mut text);
    text
}

/// The same with the keys of every object sorted by UTF-16 code unit.
pub(crate) fn normal(json: &Json) -> String {
    let mut text = String::new();
    write(json, Keys::Sorted, &mut text);
    text
}

/// A text that is equal for exactly those values that the reference takes for equal.
pub(crate) fn identity(json: &Json) -> String {
    match json {
        Json::Number(number) if !number.is_integer_literal() => format!("{number}d"),
        Json::Array(_) | Json::Object(_) => normal(json),
        _ => compact(json),
    }
}

fn write(json: &Json, keys: Keys, text: &mut String) {
    match json {
        Json::Null => text.push_str("null"),
        Json::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => write!(text, "{number}").expect("a string takes any text"),
        Json::String(value) => write_string(value, text),
        Json::Array(items) => deep(|| {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, keys, text);
            }
            text.push(']');
        }),
        Json::Object(object) => deep(|| {
            let mut members: Vec<(&Arc<str>, &Json)> = object.iter().collect();
            if keys == Keys::Sorted {
                members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            }
            text.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write(value, keys, text);
            }
            text.push('}');
        }),
    }
}

pub(crate) fn write_string(value: &str, text: &mut String) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => write!(text, "\\u{:04X}", u32::from(c)).expect("a string takes any text"),
            c => text.push(c),
        }
    }
    text.push('"');
}
