//! Equality of types as `Schema.equals` of Java Avro has it.

use std::hash::Hash;

use avow_budget::{Budget, Exceeded};

use crate::json::Value;
use crate::model::{Field, Id, Kind, Named, Nodes, Properties};
use crate::positions::{FastMap, FastSet, Positions};

/// Whether Java calls two types of a schema equal. Doc, aliases and enum defaults do not count; properties do.
///
/// `known` leads from types to others that they were found equal to.
pub(crate) fn equal(nodes: &Nodes, a: Id, b: Id, known: &FastMap<Id, Id>, budget: &Budget) -> Result<bool, Exceeded> {
    compare((nodes, a), (nodes, b), false, Some(known), budget)
}

/// Whether Java calls types of two schemas equal.
pub(crate) fn equal_across(a_nodes: &Nodes, a: Id, b_nodes: &Nodes, b: Id, budget: &Budget) -> Result<bool, Exceeded> {
    compare((a_nodes, a), (b_nodes, b), false, None, budget)
}

/// Whether two types of a schema are equal in doc, aliases and enum defaults as well.
pub(crate) fn identical(nodes: &Nodes, a: Id, b: Id, budget: &Budget) -> Result<bool, Exceeded> {
    compare((nodes, a), (nodes, b), true, Some(&FastMap::default()), budget)
}

/// `known` is given where both types are of one schema.
fn compare(
    (a_nodes, a): (&Nodes, Id),
    (b_nodes, b): (&Nodes, Id),
    with_meta: bool,
    known: Option<&FastMap<Id, Id>>,
    budget: &Budget,
) -> Result<bool, Exceeded> {
    let mut held = budget.scope();
    let mut open = vec![(a, b)];
    // Records lead back to themselves; a pair that is being compared counts as equal.
    let mut seen = FastSet::default();
    while let Some((a, b)) = open.pop() {
        budget.step()?;
        let first = |id: Id| known.and_then(|known| known.get(&id)).copied().unwrap_or(id);
        if (known.is_some() && first(a) == first(b)) || !seen.insert(a.pair(b)) {
            continue;
        }
        held.hold(size_of::<u64>() * 2)?;
        let (a, b) = (&a_nodes[a], &b_nodes[b]);
        budget.spend((a.properties.len() + parts(&a.kind)) as u64)?;
        if !equal_properties(&a.properties, &b.properties) {
            return Ok(false);
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
            return Ok(false);
        }
    }
    Ok(true)
}

fn parts(kind: &Kind) -> usize {
    match kind {
        Kind::Record(record) => record.fields.len() + record.named.aliases.len(),
        Kind::Union(branches) => branches.len(),
        Kind::Enum(kind) => kind.symbols.len() + kind.named.aliases.len(),
        _ => 0,
    }
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
    a == b || (a.len() == b.len() && a.iter().collect::<FastSet<_>>() == b.iter().collect())
}

fn equal_properties(a: &Properties, b: &Properties) -> bool {
    if a.len() != b.len() || a.is_empty() {
        return a.len() == b.len();
    }
    let by_key = Positions::of(b.len(), |at| &*b[at].0);
    let other = |key: &str| by_key.get(&key, |at| &*b[at].0).map(|at| &b[at].1);
    a.iter().all(|(key, value): &(Box<str>, Value<'_>)| other(key) == Some(value))
}
