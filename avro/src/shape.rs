//! The shape: a hash that structurally equal documents share (contract 4.6 b).

use avow_budget::{Budget, Exceeded};
use md5::{Digest, Md5};

use crate::equality;
use crate::json::{Number, Value};
use crate::model::{Field, Id, Inner, Kind, Named, Node, Order, Properties, Schema};
use crate::name::Name;
use crate::positions::{FastMap, FastSet};
use crate::print::UNLIMITED;

impl Schema {
    /// A hash that two documents share exactly when they are structurally equal.
    ///
    /// Types that come from references count by their full name only.
    pub fn shape_within(&self, budget: &Budget) -> Result<[u8; 16], Exceeded> {
        Shape::new(&self.inner, self.inner.own_from, budget).hash()
    }

    /// The shape of the document with its references inlined.
    pub fn resolved_shape_within(&self, budget: &Budget) -> Result<[u8; 16], Exceeded> {
        Shape::new(&self.inner, Id::node(0), budget).hash()
    }

    /// [`Schema::shape_within`] without a budget.
    pub fn shape(&self) -> [u8; 16] {
        self.shape_within(&Budget::unlimited()).expect(UNLIMITED)
    }

    /// [`Schema::resolved_shape_within`] without a budget.
    pub fn resolved_shape(&self) -> [u8; 16] {
        self.resolved_shape_within(&Budget::unlimited()).expect(UNLIMITED)
    }
}

/// Feeds a hash with a text that spells out everything which equality looks at, each list with its length.
struct Shape<'n> {
    inner: &'n Inner,
    /// Types before this one are only named.
    inlined_from: Id,
    named: FastMap<&'n Name, Id>,
    spelled_out: FastSet<Id>,
    budget: &'n Budget,
}

impl<'n> Shape<'n> {
    fn new(inner: &'n Inner, inlined_from: Id, budget: &'n Budget) -> Self {
        Self { inner, inlined_from, named: FastMap::default(), spelled_out: FastSet::default(), budget }
    }

    fn hash(mut self) -> Result<[u8; 16], Exceeded> {
        let mut hash = Md5::new();
        let mut pending = vec![self.inner.root];
        while let Some(id) = pending.pop() {
            let start = pending.len();
            self.add(id, &mut hash, &mut pending)?;
            pending[start..].reverse();
        }
        Ok(hash.finalize().into())
    }

    fn add(&mut self, id: Id, hash: &mut Md5, pending: &mut Vec<Id>) -> Result<(), Exceeded> {
        self.budget.step()?;
        let node: &'n Node = &self.inner[id];
        if let Some(named) = node.kind.named() {
            self.budget.spend(named.name.full_length() as u64)?;
            text(hash, "name", &named.name.full());
            let first = *self.named.entry(&named.name).or_insert(id);
            // A name may have two definitions that differ in doc and aliases; each is part of the shape.
            let is_known = first != id && equality::identical(&self.inner.nodes, first, id, self.budget)?;
            if id < self.inlined_from || is_known || !self.spelled_out.insert(id) {
                return Ok(());
            }
            self.budget.spend(named.aliases.iter().map(Name::full_length).sum::<usize>() as u64)?;
        }
        let start = pending.len();
        text(hash, "type", node.kind.type_name());
        properties(hash, &node.properties);
        match &node.kind {
            Kind::Primitive(_) | Kind::Unresolved(_) => {}
            Kind::Array(inner) | Kind::Map(inner) => pending.push(*inner),
            Kind::Union(branches) => {
                count(hash, branches.len());
                pending.extend(branches);
            }
            Kind::Record(record) => {
                meta(hash, &record.named);
                count(hash, record.fields.len());
                for field in &record.fields {
                    add_field(hash, field);
                    pending.push(field.kind);
                }
            }
            Kind::Enum(kind) => {
                meta(hash, &kind.named);
                self.budget.spend(kind.symbols.len() as u64)?;
                strings(hash, kind.symbols.iter().map(String::as_str));
                optional(hash, "default", kind.default.as_deref());
            }
            Kind::Fixed(kind) => {
                meta(hash, &kind.named);
                count(hash, kind.size as usize);
            }
        }
        self.budget.spend((pending.len() - start) as u64)
    }
}

fn meta(hash: &mut Md5, named: &Named) {
    optional(hash, "doc", named.doc.as_deref());
    let mut aliases: Vec<_> = named.aliases.iter().map(Name::full).collect();
    aliases.sort_unstable();
    strings(hash, aliases.iter().map(AsRef::as_ref));
}

fn add_field(hash: &mut Md5, field: &Field) {
    text(hash, "field", &field.name);
    optional(hash, "doc", field.doc.as_deref());
    match &field.default {
        None => text(hash, "default", "none"),
        Some(default) => add_value(hash, default),
    }
    if field.order != Order::Ascending {
        text(hash, "order", field.order.name());
    }
    let mut aliases: Vec<&str> = field.aliases.iter().map(AsRef::as_ref).collect();
    aliases.sort_unstable();
    strings(hash, aliases.into_iter());
    properties(hash, &field.properties);
}

fn properties(hash: &mut Md5, properties: &Properties) {
    let mut sorted: Vec<_> = properties.iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    count(hash, sorted.len());
    for (key, value) in sorted {
        text(hash, "key", key);
        add_value(hash, value);
    }
}

/// Recursion is as deep as the document, which the reader has bounded.
fn add_value(hash: &mut Md5, value: &Value<'_>) {
    match value {
        Value::Array(items) => {
            text(hash, "array", "");
            count(hash, items.len());
            for item in items {
                add_value(hash, item);
            }
        }
        Value::Object(object) => {
            let mut sorted: Vec<_> = object.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            text(hash, "object", "");
            count(hash, sorted.len());
            for (key, value) in sorted {
                text(hash, "key", key);
                add_value(hash, value);
            }
        }
        Value::String(string) => text(hash, "string", string),
        // Equal numbers are printed alike, and `1` unlike `1.0`; only NaN has a text that a string may have too.
        Value::Number(number @ Number::Double(_)) => text(hash, "double", &number.to_string()),
        other => text(hash, "value", &other.to_string()),
    }
}

fn strings<'t>(hash: &mut Md5, strings: impl ExactSizeIterator<Item = &'t str>) {
    count(hash, strings.len());
    strings.for_each(|string| text(hash, "", string));
}

fn optional(hash: &mut Md5, tag: &str, value: Option<&str>) {
    match value {
        None => text(hash, "no", tag),
        Some(value) => text(hash, tag, value),
    }
}

fn text(hash: &mut Md5, tag: &str, text: &str) {
    hash.update(tag);
    hash.update([0]);
    count(hash, text.len());
    hash.update(text);
}

fn count(hash: &mut Md5, count: usize) {
    hash.update((count as u64).to_le_bytes());
}
