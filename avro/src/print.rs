//! The stored text: Java Avro's compact serialisation (contract 4.3).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use crate::json::{Value, escape, quote};
use crate::model::{Field, Id, Inner, Kind, Named, Node, Order, Schema};

impl Schema {
    /// Returns the stored text: compact, keys in Java's order; top-level types of the references stay names.
    ///
    /// A type that is only nested in a reference is written out at its first use, as the reference registry does.
    pub fn text(&self) -> String {
        let known = self.inner.reference_roots.iter().map(String::as_str).collect();
        print(&self.inner.nodes, self.inner.root, known)
    }

    /// Returns the text with every type written out at its first use (`format=resolved`).
    pub fn resolved_text(&self) -> String {
        print(&self.inner.nodes, self.inner.root, HashSet::new())
    }
}

/// Prints one type with everything below it; names that are still unknown stay names.
pub(crate) fn brief(nodes: &[Node], id: Id) -> String {
    print(nodes, id, HashSet::new())
}

/// Tells whether the printed text would nest deeper than `limit`, which can happen without the document doing so:
/// a type is written where it is used first, not where it is defined.
pub(crate) fn nests_deeper_than(schema: &Inner, limit: usize) -> bool {
    let mut known = HashSet::new();
    let mut pending = vec![(schema.root, 0)];
    while let Some((id, depth)) = pending.pop() {
        if depth > limit {
            return true;
        }
        let start = pending.len();
        match &schema[id].kind {
            Kind::Array(inner) | Kind::Map(inner) => pending.push((*inner, depth + 1)),
            Kind::Union(branches) => pending.extend(branches.iter().map(|branch| (*branch, depth + 1))),
            Kind::Record(record) if known.insert(record.named.name.full()) => {
                pending.extend(record.fields.iter().map(|field| (field.kind, depth + 3)));
            }
            _ => {}
        }
        // In the order of printing: a type nests where it is met first.
        pending[start..].reverse();
    }
    false
}

fn print(nodes: &[Node], id: Id, known: HashSet<&str>) -> String {
    let mut printer = Printer::new(nodes, known);
    printer.run(id);
    printer.out
}

/// Writes text with a stack of its own: types may be nested as deep as there are types.
struct Printer<'n> {
    nodes: &'n [Node],
    /// Full names that are written as names from now on.
    known: HashSet<&'n str>,
    out: String,
    pending: Vec<Piece<'n>>,
}

enum Piece<'n> {
    Text(Cow<'static, str>),
    Type { id: Id, space: Option<&'n str> },
}

impl<'n> Printer<'n> {
    fn new(nodes: &'n [Node], known: HashSet<&'n str>) -> Self {
        Self { nodes, known, out: String::new(), pending: Vec::new() }
    }

    fn run(&mut self, root: Id) {
        self.pending.push(Piece::Type { id: root, space: None });
        while let Some(piece) = self.pending.pop() {
            match piece {
                Piece::Text(text) => self.out.push_str(&text),
                Piece::Type { id, space } => {
                    let start = self.pending.len();
                    self.unfold(id, space);
                    self.pending[start..].reverse();
                }
            }
        }
    }

    fn unfold(&mut self, id: Id, space: Option<&'n str>) {
        let node = &self.nodes[id.0 as usize];
        match &node.kind {
            Kind::Primitive(primitive) => {
                let name = primitive.name();
                if node.properties.is_empty() {
                    self.text(primitive.quoted());
                } else {
                    self.text(format!("{{\"type\":\"{name}\"{}}}", properties(&node.properties)));
                }
            }
            Kind::Array(items) => {
                self.text("{\"type\":\"array\",\"items\":");
                self.pending.push(Piece::Type { id: *items, space });
                self.text(properties(&node.properties) + "}");
            }
            Kind::Map(values) => {
                self.text("{\"type\":\"map\",\"values\":");
                self.pending.push(Piece::Type { id: *values, space });
                self.text(properties(&node.properties) + "}");
            }
            Kind::Union(branches) => {
                self.text("[");
                for (at, branch) in branches.iter().enumerate() {
                    if at > 0 {
                        self.text(",");
                    }
                    self.pending.push(Piece::Type { id: *branch, space });
                }
                self.text("]");
            }
            Kind::Unresolved(name) => self.text(escape(name)),
            Kind::Record(record) => {
                if !self.is_new(&record.named, space) {
                    return;
                }
                let kind = if record.is_error { "error" } else { "record" };
                self.text(head(kind, &record.named, space) + ",\"fields\":[");
                for (at, field) in record.fields.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    self.text(format!("{comma}{{\"name\":{},\"type\":", escape(&field.name)));
                    self.pending.push(Piece::Type { id: field.kind, space: record.named.name.space() });
                    self.text(after_type(field));
                }
                self.text(format!("]{}}}", tail(node, &record.named)));
            }
            Kind::Enum(kind) => {
                if !self.is_new(&kind.named, space) {
                    return;
                }
                let mut text = head("enum", &kind.named, space) + ",\"symbols\":";
                push_list(&mut text, kind.symbols.iter().map(String::as_str));
                if let Some(default) = &kind.default {
                    text += ",\"default\":";
                    text += &escape(default);
                }
                self.text(format!("{text}{}}}", tail(node, &kind.named)));
            }
            Kind::Fixed(kind) => {
                if !self.is_new(&kind.named, space) {
                    return;
                }
                let head = head("fixed", &kind.named, space);
                self.text(format!("{head},\"size\":{}{}}}", kind.size, tail(node, &kind.named)));
            }
        }
    }

    fn text(&mut self, text: impl Into<Cow<'static, str>>) {
        self.pending.push(Piece::Text(text.into()));
    }

    /// Writes the name of a type that was written out before; otherwise remembers that it is now.
    fn is_new(&mut self, named: &'n Named, space: Option<&str>) -> bool {
        let is_new = self.known.insert(named.name.full());
        if !is_new {
            self.text(escape(named.name.inside(space)));
        }
        is_new
    }
}

fn head(kind: &str, named: &Named, space: Option<&str>) -> String {
    let mut text = format!("{{\"type\":\"{kind}\",\"name\":{}", escape(named.name.short()));
    let own = named.name.space();
    if own != space {
        text += ",\"namespace\":";
        text += &escape(own.unwrap_or_default());
    }
    push_doc(&mut text, named.doc.as_deref());
    text
}

fn tail(node: &Node, named: &Named) -> String {
    let mut text = properties(&node.properties);
    if !named.aliases.is_empty() {
        text += ",\"aliases\":";
        push_list(&mut text, named.aliases.iter().map(|alias| alias.inside(named.name.space())));
    }
    text
}

fn after_type(field: &Field) -> String {
    let mut text = String::new();
    push_doc(&mut text, field.doc.as_deref());
    if let Some(default) = &field.default {
        write!(text, ",\"default\":{default}").expect("writing to a string cannot fail");
    }
    if field.order != Order::Ascending {
        write!(text, ",\"order\":\"{}\"", field.order.name()).expect("writing to a string cannot fail");
    }
    if !field.aliases.is_empty() {
        text += ",\"aliases\":";
        push_list(&mut text, field.aliases.iter().map(String::as_str));
    }
    text + &properties(&field.properties) + "}"
}

fn push_doc(text: &mut String, doc: Option<&str>) {
    if let Some(doc) = doc {
        *text += ",\"doc\":";
        *text += &escape(doc);
    }
}

fn properties(properties: &[(String, Value)]) -> String {
    let mut text = String::new();
    for (key, value) in properties {
        text.push(',');
        quote(&mut text, key).expect("writing to a string cannot fail");
        write!(text, ":{value}").expect("writing to a string cannot fail");
    }
    text
}

pub(crate) fn push_list<'t>(text: &mut String, items: impl Iterator<Item = &'t str>) {
    text.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        quote(text, item).expect("writing to a string cannot fail");
    }
    text.push(']');
}
