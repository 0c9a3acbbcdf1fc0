//! The contents of a registry, replayed from a dump of its topic `_schemas`: as Confluent and Karapace write it.
//!
//! A line holds a key and a value: one after the other, as console consumers print them, or as the members `key` and
//! `value` (or `payload`) of an object, as JSON or as text with JSON in it.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use avow_client::rest::Schema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::{Contents, CopiedVersion, context_of};
use crate::Error;

/// A line that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Skipped {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(subject) = &self.subject {
            write!(f, ", `{subject}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

pub(super) fn read(path: &Path) -> Result<Contents, Error> {
    let file = BufReader::new(File::open(path).map_err(Error::reading(path))?);
    let mut replay = Replay::default();
    let mut is_empty = true;
    for (at, line) in file.lines().enumerate() {
        let line = line.map_err(Error::reading(path))?;
        // Console consumers print how many messages they read.
        if !line.contains('{') {
            continue;
        }
        let (subject, outcome) = match take(&line) {
            Some((key, value)) => {
                let subject = key["subject"].as_str().map(str::to_owned);
                (subject, replay.apply(&key, value))
            }
            None => (None, Err("it is not a key and a value in JSON".to_owned())),
        };
        match outcome {
            Ok(()) => is_empty = false,
            Err(reason) => replay.contents.skipped.push(Skipped { line: at + 1, subject, reason }),
        }
    }
    if is_empty {
        let path = path.display();
        return Err(Error::Input(format!("`{path}` holds no records; give a line of key and value for each")));
    }
    Ok(replay.contents)
}

/// Takes a line apart.
fn take(line: &str) -> Option<(Value, Option<Value>)> {
    let line = &line[line.find('{')?..];
    let mut documents = serde_json::Deserializer::from_str(line).into_iter::<Value>();
    let first = documents.next()?.ok()?;
    if first.get("keytype").is_some() {
        let rest = line[documents.byte_offset()..].trim_start_matches(|c| c != '{' && c != 'n');
        let value = if rest.is_empty() { Value::Null } else { serde_json::from_str(rest.trim()).ok()? };
        return Some((first, Some(value).filter(|value| !value.is_null())));
    }
    let inner = |name: &str| match first.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    let value = inner("value").or_else(|| inner("payload")).filter(|value| !value.is_null());
    Some((inner("key")?, value))
}

#[derive(Default)]
struct Replay {
    contents: Contents,
    /// Texts by context and id, with how many versions have them.
    texts: HashMap<(String, u32), (String, usize)>,
}

impl Replay {
    /// Applies a record; the error says why it cannot be.
    fn apply(&mut self, key: &Value, value: Option<Value>) -> Result<(), String> {
        let incomplete = || "the record lacks a subject, a version, an id or a schema".to_owned();
        let subject = key["subject"].as_str().map(|it| it.strip_prefix(":.:").unwrap_or(it).to_owned());
        let contents = &mut self.contents;
        match key["keytype"].as_str().unwrap_or_default() {
            "SCHEMA" => {
                let version = key["version"].as_i64().and_then(|version| i32::try_from(version).ok());
                let place = subject.zip(version).ok_or_else(incomplete)?;
                return self.schema(place, value);
            }
            "DELETE_SUBJECT" => {
                let last = value.and_then(|value| value["version"].as_i64());
                let (subject, last) = subject.zip(last).ok_or_else(incomplete)?;
                let versions = contents.versions.iter_mut();
                versions.filter(|((it, number), _)| *it == subject && i64::from(*number) <= last).for_each(
                    |(_, held)| {
                        held.deleted = true;
                    },
                );
            }
            "CLEAR_SUBJECT" => {
                let scope = subject.unwrap_or_default();
                let is_within =
                    |it: &str| it == scope || is_context(&scope) && format!(":{}:", context_of(it)) == scope;
                let is_gone = |it: &str, held: &CopiedVersion| held.deleted && (scope.is_empty() || is_within(it));
                let gone = contents.versions.iter().filter(|((it, _), held)| is_gone(it, held));
                let gone: Vec<_> = gone.map(|(place, _)| place.clone()).collect();
                for place in gone {
                    self.remove(&place);
                }
            }
            "CONFIG" => {
                let scope = subject.unwrap_or_default();
                match value.and_then(|value| value.as_object().cloned()) {
                    Some(config) => contents.configs.insert(scope, settings(config)),
                    None => contents.configs.remove(&scope),
                };
            }
            "MODE" => {
                let scope = subject.unwrap_or_default();
                match value.and_then(|value| Some(value["mode"].as_str()?.to_ascii_uppercase())) {
                    Some(mode) => contents.modes.insert(scope, mode),
                    None => contents.modes.remove(&scope),
                };
            }
            "NOOP" | "CONTEXT" => {}
            other => return Err(format!("records of the kind `{other}` are not known here")),
        }
        Ok(())
    }

    fn schema(&mut self, place: (String, i32), value: Option<Value>) -> Result<(), String> {
        let Some(value) = value else {
            self.remove(&place);
            return Ok(());
        };
        let id = value["id"].as_i64().and_then(|id| u32::try_from(id).ok()).ok_or("the record has no id")?;
        let schema: Schema = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        let of = (context_of(&place.0), id);
        self.contents.note_highest(of.0.clone(), id);
        // Registries themselves ignore a record that gives an id another meaning.
        if self.texts.get(&of).is_some_and(|(text, holders)| *holders > 0 && *text != schema.text) {
            return Err(format!("version {} gives id {id} another schema than an earlier line", place.1));
        }
        self.remove(&place);
        self.texts.entry(of).or_insert_with(|| (schema.text.clone(), 0)).1 += 1;
        let deleted = value["deleted"].as_bool().unwrap_or_default();
        self.contents.versions.insert(place, CopiedVersion { id, schema, deleted });
        Ok(())
    }

    fn remove(&mut self, place: &(String, i32)) {
        let Some(held) = self.contents.versions.remove(place) else { return };
        let of = (context_of(&place.0), held.id);
        if let Some((_, holders)) = self.texts.get_mut(&of) {
            *holders -= 1;
            if *holders == 0 {
                self.texts.remove(&of);
            }
        }
    }
}

fn is_context(scope: &str) -> bool {
    scope.starts_with(":.") && scope.ends_with(':')
}

fn settings(mut config: Map<String, Value>) -> Map<String, Value> {
    config.remove("subject");
    config.retain(|_, value| !value.is_null());
    if let Some(Value::String(level)) = config.get_mut("compatibilityLevel") {
        level.make_ascii_uppercase();
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind_of_dump() {
        let key = serde_json::json!({"keytype": "NOOP", "magic": 0});
        for line in [
            r#"{"keytype":"NOOP","magic":0}	null"#,
            r#"{"keytype":"NOOP","magic":0}"#,
            r#"CreateTime:17	{"keytype":"NOOP","magic":0}|null"#,
            r#"{"key":{"keytype":"NOOP","magic":0},"value":null}"#,
            r#"{"topic":"_schemas","key":"{\"keytype\":\"NOOP\",\"magic\":0}","payload":null}"#,
        ] {
            assert_eq!(take(line), Some((key.clone(), None)), "{line}");
        }
        let line = r#"{"keytype":"MODE","magic":0}	{"mode":"READONLY"}"#;
        assert_eq!(take(line).and_then(|it| it.1), Some(serde_json::json!({"mode": "READONLY"})));
        for line in ["", "no", "{", "[1]", "{\"a\":1}"] {
            assert_eq!(take(line), None, "{line}");
        }
    }
}
