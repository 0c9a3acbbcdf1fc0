//! All that a registry holds, wherever it was read from.

use std::collections::{BTreeMap, BTreeSet};

use avow_client::rest::{Metadata, RuleSet, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::topic::Skipped;
use avow_domain::Subject;

/// A version of a subject.
#[derive(Debug, Clone)]
pub(super) struct CopiedVersion {
    pub(super) id: u32,
    pub(super) schema: Schema,
    pub(super) deleted: bool,
}

/// What a registry holds. Scopes of settings are subjects, `:.context:`, and nothing for the whole registry.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) versions: BTreeMap<(String, i32), CopiedVersion>,
    pub(super) configs: BTreeMap<String, Map<String, Value>>,
    pub(super) modes: BTreeMap<String, String>,
    /// Lines of a dump that could not be replayed.
    pub(super) skipped: Vec<Skipped>,
    /// By context: the highest id ever given out, as far as it is known.
    pub(super) highest: BTreeMap<String, u32>,
}

pub(super) fn context_of(subject: &str) -> String {
    Subject::parse(subject).context().as_str().to_owned()
}

/// What a schema is, without where it is. Registries differ in how they write nothing.
fn identity(schema: &Schema) -> Value {
    let metadata = schema.metadata.as_ref().filter(|it| **it != Metadata::default());
    let rules = schema.rule_set.as_ref().filter(|it| **it != RuleSet::default());
    json!([schema.schema_type, schema.references, metadata, rules])
}

/// How much two schemas are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    Identical,
    /// The same document, written otherwise; registries bring what they take into a form of their own.
    Rewritten,
    Different,
}

pub(super) fn compare(a: &Schema, b: &Schema) -> Likeness {
    if identity(a) != identity(b) {
        Likeness::Different
    } else if a.text == b.text {
        Likeness::Identical
    } else {
        let document = |text: &str| serde_json::from_str::<Value>(text).ok().map(plain);
        let same = document(&a.text).is_some_and(|it| Some(it) == document(&b.text));
        if same { Likeness::Rewritten } else { Likeness::Different }
    }
}

/// A document without the freedom of writing names: `n.R` is `R` in the namespace `n`.
fn plain(document: Value) -> Value {
    match document {
        Value::Object(mut object) => {
            if let Some((space, name)) = object.get("name").and_then(Value::as_str).and_then(|it| it.rsplit_once('.')) {
                let (space, name) = (space.to_owned(), name.to_owned());
                object.insert("namespace".to_owned(), space.into());
                object.insert("name".to_owned(), name.into());
            }
            object.into_iter().map(|(key, value)| (key, plain(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}

impl Contents {
    /// What ids mean.
    pub(super) fn ids(&self) -> BTreeMap<(String, u32), &Schema> {
        self.versions.iter().map(|((subject, _), held)| ((context_of(subject), held.id), &held.schema)).collect()
    }

    pub(super) fn references(&self) -> usize {
        self.versions.values().map(|held| held.schema.references.len()).sum()
    }

    pub(super) fn subjects(&self) -> usize {
        let mut subjects: Vec<_> = self.versions.keys().map(|(subject, _)| subject).collect();
        subjects.dedup();
        subjects.len()
    }

    /// Everything that has settings.
    pub(super) fn scopes(&self) -> BTreeSet<String> {
        self.configs.keys().chain(self.modes.keys()).cloned().collect()
    }

    pub(super) fn note_highest(&mut self, context: String, id: u32) {
        let highest = self.highest.entry(context).or_default();
        *highest = id.max(*highest);
    }

    /// A hash of the versions that are also in `these`, with their ids and texts.
    pub(super) fn digest(&self, these: &Self) -> String {
        let mut hash = Sha256::new();
        for (key, held) in self.versions.iter().filter(|(key, _)| these.versions.contains_key(*key)) {
            let line = json!([key.0, key.1, held.id, held.deleted, identity(&held.schema), held.schema.text]);
            hash.update(line.to_string());
            hash.update(b"\n");
        }
        hex::encode(hash.finalize())
    }
}

/// What stands in the way of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Conflict(pub(super) String);

/// What cannot be copied because something else is there.
pub(super) fn conflicts(source: &Contents, target: &Contents) -> Vec<Conflict> {
    let mut found = Vec::new();
    let (wanted, there) = (source.ids(), target.ids());
    for ((context, id), schema) in &wanted {
        if let Some(other) = there.get(&(context.clone(), *id))
            && compare(schema, other) == Likeness::Different
        {
            found.push(Conflict(format!("id {id} of context `{context}` means another schema at the target")));
        }
    }
    for ((subject, version), held) in &source.versions {
        if let Some(other) = target.versions.get(&(subject.clone(), *version))
            && other.id != held.id
        {
            let (there, here) = (other.id, held.id);
            found.push(Conflict(format!("{subject}@{version} has id {there} at the target, and {here} at the source")));
        }
    }
    let is_missing =
        |subject: &str| source.versions.keys().any(|key| key.0 == subject && !target.versions.contains_key(key));
    for (subject, config) in &target.configs {
        // A path with this subject leads elsewhere, for reading and for writing.
        if config.contains_key("alias") && is_missing(subject) {
            found.push(Conflict(format!(
                "`{subject}` is an alias at the target; unset it, and set it again afterwards"
            )));
        }
    }
    found
}
