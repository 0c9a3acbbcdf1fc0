//! Equality of types as `Schema.equals` of Java Avro has it.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::json::Value;
use crate::model::{Field, Id, Kind, Named, Node};

/// Tells whether Java calls the types equal. Doc, aliases and enum defaults do not count; properties do.
pub(crate) fn equal(nodes: &[Node], a: Id, b: Id) -> bool {
    compare((nodes, a), (nodes, b), false)
}

/// Tells whether Java calls types of two schemas equal.
pub(crate) fn equal_across(a_nodes: &[Node], a: Id, b_nodes: &[Node], b: Id) -> bool {
    compare((a_nodes, a), (b_nodes, b), false)
}

/// Tells whether the types are equal in doc, aliases and enum defaults as well.
pub(crate) fn identical(nodes: &[Node], a: Id, b: Id) -> bool {
    compare((nodes, a), (nodes, b), true)
}

fn compare((a_nodes, a): (&[Node], Id), (b_nodes, b): (&[Node], Id), with_meta: bool) -> bool {
    let is_one_schema = std::ptr::eq(a_nodes, b_nodes);
    let mut open = vec![(a, b)];
    // Records lead back to themselves; a pair that is being compared counts as equal.
    let mut seen = HashSet::new();
    while let Some((a, b)) = open.pop() {
        if (is_one_schema && a == b) || !seen.insert((a, b)) {
            continue;
        }
        let (a, b) = (&a_nodes[a.0 as usize], &b_nodes[b.0 as usize]);
        if !equal_properties(&a.properties, &b.properties) {
            return false;
        }
        let same = match (&a.kind, &b.kind) {
            (Kind::Primitive(a), Kind::Primitive(b)) => a == b,
            (Kind::Array(a), Kind::Array(b)) | (Kind::Map(a), Kind::Map(b)) => {
                open.push((*a, *b));
                true
            }
            (Kind::Union(a), Kind::Union(b)) => {
                open.extend(a.iter().copied().zip(b.iter().copied()));
                a.len() == b.len()
            }
            (Kind::Enum(a), Kind::Enum(b)) => {
                equal_named(&a.named, &b.named, with_meta)
                    && a.symbols == b.symbols
                    && (!with_meta || a.default == b.default)
            }
            (Kind::Fixed(a), Kind::Fixed(b)) => equal_named(&a.named, &b.named, with_meta) && a.size == b.size,
            (Kind::Record(a), Kind::Record(b)) => {
                open.extend(a.fields.iter().zip(&b.fields).map(|(a, b)| (a.kind, b.kind)));
                equal_named(&a.named, &b.named, with_meta)
                    && a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(a, b)| equal_field(a, b, with_meta))
            }
            // An unknown name is a type of its own, equal to nothing.
            _ => false,
        };
        if !same {
            return false;
        }
    }
    true
}

fn equal_named(a: &Named, b: &Named, with_meta: bool) -> bool {
    a.name == b.name && (!with_meta || (a.doc == b.doc && equal_sets(&a.aliases, &b.aliases)))
}

fn equal_field(a: &Field, b: &Field, with_meta: bool) -> bool {
    a.name == b.name
        && a.default == b.default
        && a.order == b.order
        && equal_properties(&a.properties, &b.properties)
        && (!with_meta || (a.doc == b.doc && equal_sets(&a.aliases, &b.aliases)))
}

fn equal_sets<T: Eq + Hash>(a: &[T], b: &[T]) -> bool {
    a == b || (a.len() == b.len() && a.iter().collect::<HashSet<_>>() == b.iter().collect())
}

fn equal_properties(a: &[(String, Value)], b: &[(String, Value)]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let b_by_key: HashMap<_, _> = b.iter().map(|(key, value)| (key, value)).collect();
    a.iter().all(|(key, value)| b_by_key.get(key).is_some_and(|other| *other == value))
}
