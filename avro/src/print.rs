//! The stored text: Java Avro's compact serialisation (contract 4.3).

use std::borrow::Cow;
use std::fmt::Write;

use avow_budget::{Budget, Exceeded, Held};

use crate::json::{escape, quote};
use crate::model::{Field, Id, Inner, Kind, Named, Node, Nodes, Order, Properties, Schema};
use crate::name::{Name, Space};
use crate::positions::FastSet;

/// Why an unlimited budget is no obstacle.
pub(crate) const UNLIMITED: &str = "an unlimited budget does not end";

impl Schema {
    /// The stored text: compact, keys in Java's order; top-level types of the references stay names.
    ///
    /// A type that is only nested in a reference is written out at its first use, as the reference registry does.
    pub fn text_within(&self, budget: &Budget) -> Result<String, Exceeded> {
        let known = self.inner.reference_roots.iter().collect();
        print(&self.inner.nodes, self.inner.root, known, budget)
    }

    /// The text with every type written out at its first use (`format=resolved`).
    pub fn resolved_text_within(&self, budget: &Budget) -> Result<String, Exceeded> {
        print(&self.inner.nodes, self.inner.root, FastSet::default(), budget)
    }

    /// [`Schema::text_within`] without a budget.
    pub fn text(&self) -> String {
        self.text_within(&Budget::unlimited()).expect(UNLIMITED)
    }

    /// [`Schema::resolved_text_within`] without a budget.
    pub fn resolved_text(&self) -> String {
        self.resolved_text_within(&Budget::unlimited()).expect(UNLIMITED)
    }
}

/// Prints one type with everything below it; names that are still unknown stay names.
pub(crate) fn brief(nodes: &Nodes, id: Id, budget: &Budget) -> Result<String, Exceeded> {
    print(nodes, id, FastSet::default(), budget)
}

/// The beginning of a type's text: a little more than `length` bytes where it is longer.
pub(crate) fn beginning(nodes: &Nodes, id: Id, length: usize, budget: &Budget) -> Result<String, Exceeded> {
    print_up_to(nodes, id, FastSet::default(), length, budget)
}

/// Whether the printed text would nest deeper than `limit`, which can happen without the document doing so:
/// a type is written where it is used first, not where it is defined.
pub(crate) fn nests_deeper_than(schema: &Inner, limit: usize, budget: &Budget) -> Result<bool, Exceeded> {
    // Each node adds at most the three levels of a field.
    if schema.nodes.len() * 3 < limit {
        return Ok(false);
    }
    let mut known = FastSet::default();
    let mut pending = vec![(schema.root, 0)];
    while let Some((id, depth)) = pending.pop() {
        budget.step()?;
        if depth > limit {
            return Ok(true);
        }
        let start = pending.len();
        match &schema[id].kind {
            Kind::Array(inner) | Kind::Map(inner) => pending.push((*inner, depth + 1)),
            Kind::Union(branches) => pending.extend(branches.iter().map(|branch| (*branch, depth + 1))),
            Kind::Record(record) if known.insert(&record.named.name) => {
                pending.extend(record.fields.iter().map(|field| (field.kind, depth + 3)));
            }
            _ => {}
        }
        // In the order of printing: a type nests where it is met first.
        pending[start..].reverse();
    }
    Ok(false)
}

fn print(nodes: &Nodes, id: Id, known: FastSet<&Name>, budget: &Budget) -> Result<String, Exceeded> {
    print_up_to(nodes, id, known, usize::MAX, budget)
}

fn print_up_to(
    nodes: &Nodes,
    id: Id,
    known: FastSet<&Name>,
    length: usize,
    budget: &Budget,
) -> Result<String, Exceeded> {
    let mut printer = Printer { nodes, known, pending: Vec::new() };
    printer.pending.push(Piece::Type { id, space: None });
    let mut out = Output::new(budget);
    while let Some(piece) = printer.pending.pop().filter(|_| out.text.len() <= length) {
        match piece {
            Piece::Text(text) => out.push(&text)?,
            Piece::Type { id, space } => {
                let start = printer.pending.len();
                printer.unfold(id, space);
                printer.pending[start..].reverse();
                budget.spend((printer.pending.len() - start) as u64)?;
            }
        }
    }
    Ok(out.text)
}

/// A text that is written within a budget: a step and a byte of memory for each of its bytes.
pub(crate) struct Output<'b> {
    pub(crate) text: String,
    budget: &'b Budget,
    held: Held<'b>,
}

impl<'b> Output<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self { text: String::new(), budget, held: budget.scope() }
    }

    pub(crate) fn push(&mut self, text: &str) -> Result<(), Exceeded> {
        self.budget.spend(text.len() as u64)?;
        self.held.hold(text.len())?;
        self.text.push_str(text);
        Ok(())
    }
}

/// Writes text with a stack of its own: types may be nested as deep as there are types.
struct Printer<'n> {
    nodes: &'n Nodes,
    /// Full names that are written as names from now on.
    known: FastSet<&'n Name>,
    pending: Vec<Piece<'n>>,
}

enum Piece<'n> {
    Text(Cow<'static, str>),
    Type { id: Id, space: Option<&'n Space> },
}

impl<'n> Printer<'n> {
    fn unfold(&mut self, id: Id, space: Option<&'n Space>) {
        let node = &self.nodes[id];
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
            Kind::Unresolved(name) => self.text(escape(&name.full())),
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
                push_list(&mut text, kind.symbols.iter());
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
    fn is_new(&mut self, named: &'n Named, space: Option<&Space>) -> bool {
        let is_new = self.known.insert(&named.name);
        if !is_new {
            self.text(escape(&named.name.inside(space)));
        }
        is_new
    }
}

fn head(kind: &str, named: &Named, space: Option<&Space>) -> String {
    let mut text = format!("{{\"type\":\"{kind}\",\"name\":{}", escape(named.name.simple()));
    let own = named.name.space();
    if own != space {
        text += ",\"namespace\":";
        text += &escape(named.name.space_text());
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
        push_list(&mut text, field.aliases.iter());
    }
    text + &properties(&field.properties) + "}"
}

fn push_doc(text: &mut String, doc: Option<&str>) {
    if let Some(doc) = doc {
        *text += ",\"doc\":";
        *text += &escape(doc);
    }
}

fn properties(properties: &Properties) -> String {
    let mut text = String::new();
    for (key, value) in properties {
        text.push(',');
        quote(&mut text, key).expect("writing to a string cannot fail");
        write!(text, ":{value}").expect("writing to a string cannot fail");
    }
    text
}

pub(crate) fn push_list(text: &mut String, items: impl Iterator<Item = impl AsRef<str>>) {
    text.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        quote(text, item.as_ref()).expect("writing to a string cannot fail");
    }
    text.push(']');
}
