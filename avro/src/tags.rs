//! Inline tags: the property `confluent:tags` on records and fields (contract 12.3).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use avow_budget::Budget;

use crate::json::{self, Value};
use crate::model::{Id, Kind, Schema};
use crate::name::{Name, Space};

const PROPERTY: &str = "confluent:tags";

/// The kinds of tagged things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A record, whose path is its full name.
    Record,
    /// A field, whose path is the record's full name, a dot and the field's name.
    Field,
}

/// The tags of one record or field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tagged {
    /// The kind.
    pub entity: Entity,
    /// Where it is; the namespace may be left out to mean any.
    pub path: String,
    /// The tags.
    pub tags: Vec<String>,
}

/// A path that leads to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPath(
    /// The path.
    pub String,
);

impl fmt::Display for UnknownPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "No matching path '{}' found in the schema", self.0)
    }
}

impl std::error::Error for UnknownPath {}

impl Schema {
    /// The inline tags of every record and field, each record once; references included.
    pub fn find_tags(&self) -> Vec<Tagged> {
        let mut found = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut pending = vec![self.inner.root];
        while let Some(id) = pending.pop() {
            let node = &self.inner[id];
            let mut below: Vec<Id> = match &node.kind {
                Kind::Array(inner) | Kind::Map(inner) => vec![*inner],
                Kind::Union(branches) => branches.clone(),
                Kind::Record(record) if seen.insert(id) => {
                    let full = &record.named.name;
                    let tags = tags_of(node.property(PROPERTY));
                    if !tags.is_empty() {
                        found.push(Tagged { entity: Entity::Record, path: full.to_string(), tags });
                    }
                    for field in &record.fields {
                        let property = field.properties.iter().find(|(key, _)| **key == *PROPERTY);
                        let tags = tags_of(property.map(|(_, value)| value));
                        if !tags.is_empty() {
                            found.push(Tagged { entity: Entity::Field, path: format!("{full}.{}", field.name), tags });
                        }
                    }
                    record.fields.iter().map(|field| field.kind).collect()
                }
                _ => Vec::new(),
            };
            below.reverse();
            pending.append(&mut below);
        }
        found
    }

    /// The stored text with some tags added, then some removed; a property without tags goes.
    ///
    /// The result is a document to be parsed like any other.
    pub fn with_tags(&self, add: &[Tagged], remove: &[Tagged]) -> Result<String, UnknownPath> {
        let text = self.text();
        let budget = Budget::unlimited();
        let Ok(Some(document)) = json::read(&text, usize::MAX, &budget) else {
            return Ok(text);
        };
        let mut root = document.value;
        for tagged in add {
            change(&mut root, tagged, |tags| {
                let new: Vec<_> = tagged.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
                tags.extend(new);
            })?;
        }
        for tagged in remove {
            change(&mut root, tagged, |tags| tags.retain(|tag| !tagged.tags.contains(tag)))?;
        }
        Ok(root.to_string())
    }
}

fn tags_of(property: Option<&Value<'_>>) -> Vec<String> {
    match property {
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn change(root: &mut Value<'_>, tagged: &Tagged, edit: impl FnOnce(&mut Vec<String>)) -> Result<(), UnknownPath> {
    let found = find(root, tagged).ok_or_else(|| UnknownPath(tagged.path.clone()))?;
    let Some(Value::Object(object)) = found.iter().try_fold(root, |value, step| match (value, step) {
        (Value::Array(items), Step::Index(at)) => items.get_mut(*at),
        (Value::Object(object), Step::Key(key)) => object.get_mut(key),
        _ => None,
    }) else {
        return Err(UnknownPath(tagged.path.clone()));
    };
    let mut tags = tags_of(object.get(PROPERTY));
    edit(&mut tags);
    if tags.is_empty() {
        object.remove(PROPERTY);
    } else {
        object.insert(
            PROPERTY.to_owned(),
            Value::Array(tags.into_iter().map(|tag| Value::String(Cow::Owned(tag))).collect()),
        );
    }
    Ok(())
}

#[derive(Clone)]
enum Step {
    Index(usize),
    Key(&'static str),
}

/// Finds the first record or field of that path, breadth first as the reference does.
fn find(root: &Value<'_>, tagged: &Tagged) -> Option<Vec<Step>> {
    let mut pending = VecDeque::from([(Vec::new(), root, None::<Space>)]);
    let below = |path: &[Step], step: &[Step]| [path, step].concat();
    while let Some((path, value, space)) = pending.pop_front() {
        match value {
            Value::Array(branches) => {
                for (at, branch) in branches.iter().enumerate() {
                    pending.push_back((below(&path, &[Step::Index(at)]), branch, space.clone()));
                }
            }
            Value::Object(object) => {
                for key in ["items", "values"] {
                    if let Some(inner) = object.get(key) {
                        pending.push_back((below(&path, &[Step::Key(key)]), inner, space.clone()));
                    }
                }
                let (Some(name), Some(Value::Array(fields))) =
                    (object.get("name").and_then(Value::as_str), object.get("fields"))
                else {
                    continue;
                };
                let own_space = object.get("namespace").and_then(Value::as_str);
                let own_space = own_space.map(|own| (!own.is_empty()).then(|| Space::new(own)));
                let name = Name::new(name, own_space.unwrap_or(space).as_ref());
                let is_meant = |suffix: &str| {
                    [&*name.full(), name.simple()]
                        .iter()
                        .any(|name| tagged.path.strip_prefix(*name).is_some_and(|rest| rest == suffix))
                };
                if tagged.entity == Entity::Record && is_meant("") {
                    return Some(path);
                }
                for (at, field) in fields.iter().enumerate() {
                    let field = field.as_object()?;
                    let steps = [Step::Key("fields"), Step::Index(at)];
                    let suffix = format!(".{}", field.get("name").and_then(Value::as_str).unwrap_or_default());
                    if tagged.entity == Entity::Field && is_meant(&suffix) {
                        return Some(below(&path, &steps));
                    }
                    if let Some(kind) = field.get("type") {
                        let path = below(&below(&path, &steps), &[Step::Key("type")]);
                        pending.push_back((path, kind, name.space().cloned()));
                    }
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Entity, Tagged, UnknownPath};
    use crate::{Schema, Strictness, parse};

    fn tagged(entity: Entity, path: &str, tags: &[&str]) -> Tagged {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        Tagged { entity, path: path.to_owned(), tags }
    }

    fn order() -> Schema {
        let text = r#"{"type":"record","name":"a.Order","confluent:tags":["T"],"fields":[{"name":"items","type":["null",{"type":"array","items":{"type":"record","name":"Item","fields":[{"name":"price","type":"int","confluent:tags":["PII"]}]}}]}]}"#;
        parse(text, &[], Strictness::Strict).expect("a schema")
    }

    #[test]
    fn finds_tags_anywhere() {
        let expected = [tagged(Entity::Record, "a.Order", &["T"]), tagged(Entity::Field, "a.Item.price", &["PII"])];
        assert_eq!(order().find_tags(), expected);
    }

    #[test]
    fn adds_and_removes() {
        let text = order()
            .with_tags(
                &[tagged(Entity::Field, "Item.price", &["PII", "New"]), tagged(Entity::Record, "Item", &["R"])],
                &[tagged(Entity::Record, "a.Order", &["T"]), tagged(Entity::Field, "a.Item.price", &["PII"])],
            )
            .expect("known paths");
        let changed = parse(&text, &[], Strictness::Strict).expect("a schema");
        let expected = [tagged(Entity::Record, "a.Item", &["R"]), tagged(Entity::Field, "a.Item.price", &["New"])];
        assert_eq!(changed.find_tags(), expected);
    }

    #[test]
    fn refuses_unknown_paths() {
        for path in ["a.Nobody", ".a.Order", "b.Order", "a.Order.items"] {
            let error = order().with_tags(&[tagged(Entity::Record, path, &["T"])], &[]);
            assert_eq!(error, Err(UnknownPath(path.to_owned())));
        }
    }
}
