//! Rules about documentation and other properties.

use super::Strictness;
use super::names::fits;
use super::{Document, Hit};
use crate::source::{Item, Member, Node, Shape};

pub fn undocumented(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for item in &document.items {
        let (node, path) = match item {
            Item::Type(it) if matches!(it.shape, Shape::Named { what: "record" | "error" | "enum", .. }) => {
                (it.node, &it.path)
            }
            Item::Field(field) => (field.node, &field.path),
            Item::Type(_) => continue,
        };
        if node.get_text("doc").is_none_or(|doc| doc.trim().is_empty()) {
            hits.push(Hit::new(node, None, path, format!("`{path}` has no doc")));
        }
    }
    hits
}

const SENSITIVE: &str =
    "*email*,*phone*,*password*,*secret*,*ssn*,*birth*,*iban*,*passport*,*credit_card*,*creditCard*";

pub fn untagged(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let pattern = strictness.pattern.as_deref().unwrap_or(SENSITIVE);
    let mut hits = Vec::new();
    for item in &document.items {
        let Item::Field(field) = item else { continue };
        let tags = field.node.get("confluent:tags").map(Node::elements).unwrap_or_default();
        if tags.is_empty() && fits(pattern, field.name) {
            hits.push(Hit::new(field.node, None, &field.path, format!("`{}` has no tag", field.path)));
        }
    }
    hits
}

const OF_TYPES: [&str; 14] = [
    "type",
    "name",
    "namespace",
    "doc",
    "aliases",
    "fields",
    "symbols",
    "default",
    "items",
    "values",
    "size",
    "logicalType",
    "precision",
    "scale",
];
const OF_FIELDS: [&str; 6] = ["name", "type", "doc", "default", "order", "aliases"];

pub fn misspelt(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for item in &document.items {
        let (node, path, known): (_, _, &[&str]) = match item {
            Item::Type(it) => (it.node, &it.path, &OF_TYPES),
            Item::Field(field) => (field.node, &field.path, &OF_FIELDS),
        };
        for Member { key, key_span, .. } in node.members() {
            if known.contains(&key.as_str()) {
                continue;
            }
            if let Some(meant) = known.iter().find(|known| is_near(key, known)) {
                let title = format!("`{key}` looks like `{meant}`");
                hits.push(Hit { span: key_span.clone(), path: path.clone(), title });
            }
        }
    }
    hits
}

/// Attributes that Avro ignores where they are.
pub fn misplaced(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut hit = |node: &Node, path: &str, advice: String| {
        hits.push(Hit::new(node, None, path, advice));
    };
    for item in &document.items {
        match item {
            Item::Field(field) => {
                let kind = field.kind.compact();
                for key in ["logicalType", "precision", "scale", "items", "values", "symbols", "size"] {
                    let Some(node) = field.node.get(key) else { continue };
                    let value = node.compact();
                    let title = match field.kind.text() {
                        Some(_) => format!(
                            "`{key}` is an attribute of the type, not of the field: \"type\": {{\"type\": {kind}, \"{key}\": {value}}}"
                        ),
                        None => format!("`{key}` is an attribute of the type, not of the field: move it into \"type\""),
                    };
                    hit(node, &field.path, title);
                }
                let aliases = field.node.get("aliases").map(Node::elements).unwrap_or_default();
                for alias in aliases.iter().filter(|alias| alias.text() == Some(field.name)) {
                    hit(alias, &field.path, format!("`{}` is an alias of itself", field.path));
                }
            }
            Item::Type(it) => {
                let misplaced: &[(&str, &str)] = match &it.shape {
                    Shape::Named { what: "enum", .. } => {
                        &[("fields", "a record"), ("items", "an array"), ("size", "a fixed")]
                    }
                    Shape::Named { what: "fixed", .. } => {
                        &[("default", "a field"), ("fields", "a record"), ("symbols", "an enum")]
                    }
                    Shape::Named { .. } => &[("default", "a field"), ("symbols", "an enum"), ("size", "a fixed")],
                    Shape::Array => &[("default", "a field"), ("doc", "a named type or a field"), ("values", "a map")],
                    Shape::Map => &[("default", "a field"), ("doc", "a named type or a field"), ("items", "an array")],
                    Shape::Primitive => &[("default", "a field"), ("doc", "a named type or a field")],
                    Shape::Name { .. } | Shape::Union => &[],
                };
                for (key, owner) in misplaced {
                    if let Some(node) = it.node.get(key) {
                        let kind = it.node.get_text("type").unwrap_or_default();
                        hit(node, &it.path, format!("`{key}` belongs to {owner}; in the type {kind} it is ignored"));
                    }
                }
            }
        }
    }
    hits
}

/// Whether a word is another but for its case, or one slip of the fingers away from it.
fn is_near(word: &str, known: &str) -> bool {
    if word.eq_ignore_ascii_case(known) {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    if b.len() < 4 {
        return false;
    }
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    match (a, b) {
        ([x1, x2], [y1, y2]) => x1 == y2 && x2 == y1,
        (a, b) => a.len() <= 1 && b.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn slips_of_the_fingers() {
        for (word, known, expected) in [
            ("defualt", "default", true),
            ("logicaltype", "logicalType", true),
            ("namspace", "namespace", true),
            ("symbolss", "symbols", true),
            ("typo", "type", true),
            ("docs", "doc", false),
            ("owner", "order", false),
            ("connect.name", "name", false),
        ] {
            assert_eq!(is_near(word, known), expected, "{word}");
        }
    }
}
