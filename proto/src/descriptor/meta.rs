//! The reference's own metadata options: documentation, parameters, tags and rules.

use crate::Error;
use crate::syntax::OptValue;
use crate::wire::{self, Malformed, WireValue};

const RULE_FIELDS: [&str; 4] = ["name", "doc", "expr", "sql"];

/// The encoded metadata, or none where it is empty.
pub(super) fn encode(value: &OptValue) -> Result<Option<Vec<u8>>, Error> {
    if !matches!(value, OptValue::Map(_) | OptValue::Nested(_)) {
        return Err(Error::invalid("Unexpected custom option kind"));
    }
    let mut out = Vec::new();
    if let Some(doc) = value.get("doc") {
        write_text(&mut out, 1, text(doc)?);
    }
    for param in items(value.get("params")) {
        let (key, value) = (param.get("key").map(text).transpose()?, param.get("value").map(text).transpose()?);
        let (Some(key), Some(value)) = (key, value) else {
            return Err(Error::invalid("a parameter has a key and a value"));
        };
        let mut entry = Vec::new();
        wire::write_bytes(&mut entry, 1, key.as_bytes());
        wire::write_bytes(&mut entry, 2, value.as_bytes());
        wire::write_bytes(&mut out, 2, &entry);
    }
    for tag in items(value.get("tags")) {
        wire::write_bytes(&mut out, 3, text(tag)?.as_bytes());
    }
    for rule in items(value.get("rules")) {
        let mut encoded = Vec::new();
        for (number, name) in (1..).zip(RULE_FIELDS) {
            if let Some(value) = rule.get(name) {
                write_text(&mut encoded, number, text(value)?);
            }
        }
        if !encoded.is_empty() {
            wire::write_bytes(&mut out, 4, &encoded);
        }
    }
    Ok((!out.is_empty()).then_some(out))
}

fn write_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        wire::write_bytes(out, number, text.as_bytes());
    }
}

fn text(value: &OptValue) -> Result<&str, Error> {
    value.as_text().ok_or_else(|| Error::invalid("metadata is made of strings"))
}

/// The values of a list, or the one value that stands for it.
pub(crate) fn items(value: Option<&OptValue>) -> &[OptValue] {
    match value {
        None => &[],
        Some(OptValue::List(values)) => values,
        Some(single) => std::slice::from_ref(single),
    }
}

/// Metadata as an aggregate value, or none where it is empty.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<OptValue>, Malformed> {
    let mut doc = String::new();
    let mut params: Vec<(String, String)> = Vec::new();
    let (mut tags, mut rules) = (Vec::new(), Vec::new());
    for field in wire::fields(bytes) {
        match field? {
            (1, WireValue::Bytes(bytes)) => doc = lossy(bytes),
            (2, WireValue::Bytes(bytes)) => {
                let [key, value] = strings(bytes)?;
                match params.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, present)) => *present = value,
                    None => params.push((key, value)),
                }
            }
            (3, WireValue::Bytes(bytes)) => tags.push(OptValue::Text(lossy(bytes))),
            (4, WireValue::Bytes(bytes)) => {
                let texts: [String; 4] = strings(bytes)?;
                let entries = RULE_FIELDS.into_iter().zip(texts).filter(|(_, text)| !text.is_empty());
                let entries: Vec<_> = entries.map(|(name, text)| (name.to_owned(), OptValue::Text(text))).collect();
                if !entries.is_empty() {
                    rules.push(OptValue::Map(entries));
                }
            }
            _ => {}
        }
    }
    let mut entries = Vec::new();
    if !doc.is_empty() {
        entries.push(("doc".to_owned(), OptValue::Text(doc)));
    }
    for (name, list) in [("params", params.into_iter().map(param).collect()), ("tags", tags), ("rules", rules)] {
        if !list.is_empty() {
            entries.push((name.to_owned(), OptValue::List(list)));
        }
    }
    Ok((!entries.is_empty()).then_some(OptValue::Map(entries)))
}

/// A parameter; the reference writes the value first for two keys.
fn param((key, value): (String, String)) -> OptValue {
    let value_first = matches!(key.as_str(), "precision" | "scale");
    let mut entries = vec![("key".to_owned(), OptValue::Text(key)), ("value".to_owned(), OptValue::Text(value))];
    if value_first {
        entries.reverse();
    }
    OptValue::Map(entries)
}

/// The string fields 1 to `N` of a message.
fn strings<const N: usize>(bytes: &[u8]) -> Result<[String; N], Malformed> {
    let mut texts = [const { String::new() }; N];
    for field in wire::fields(bytes) {
        if let (number @ 1.., WireValue::Bytes(bytes)) = field?
            && let Some(text) = texts.get_mut(number as usize - 1)
        {
            *text = lossy(bytes);
        }
    }
    Ok(texts)
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
