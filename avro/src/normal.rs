//! The normal form of `normalize=true` (contract 4.4): an ordered text, parsed and printed again.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

use avow_budget::Budget;

use crate::json::{Value, escape};
use crate::logical::Logical;
use crate::model::{Field, Id, Inner, Kind, Named, Node, Order, Schema};
use crate::name::Name;
use crate::positions::FastSet;
use crate::print::{Output, push_list};
use crate::typed::Rebuilder;
use crate::{ParseError, typed};

impl Schema {
    /// The normal form. It can fail: the reference cannot rebuild every schema that it accepts.
    pub fn normalized_within(&self, budget: &Budget) -> Result<Self, ParseError> {
        let mut normal = Normal {
            inner: &self.inner,
            known: self.inner.reference_roots.iter().collect(),
            pending: Vec::new(),
            rebuilder: Rebuilder::new(&self.inner, budget),
            budget,
        };
        let ordered = normal.write()?;
        self.reparse(&ordered, budget)
    }

    /// [`Schema::normalized_within`] without a budget.
    pub fn normalized(&self) -> Result<Self, ParseError> {
        self.normalized_within(&Budget::unlimited())
    }
}

struct Normal<'n> {
    inner: &'n Inner,
    known: FastSet<&'n Name>,
    pending: Vec<Piece>,
    rebuilder: Rebuilder<'n>,
    budget: &'n Budget,
}

enum Piece {
    Text(Cow<'static, str>),
    Type(Id),
}

impl<'n> Normal<'n> {
    fn write(&mut self) -> Result<String, ParseError> {
        let mut out = Output::new(self.budget);
        self.pending.push(Piece::Type(self.inner.root));
        while let Some(piece) = self.pending.pop() {
            match piece {
                Piece::Text(text) => out.push(&text)?,
                Piece::Type(id) => {
                    let start = self.pending.len();
                    self.unfold(id)?;
                    self.pending[start..].reverse();
                }
            }
        }
        Ok(out.text)
    }

    fn unfold(&mut self, id: Id) -> Result<(), ParseError> {
        let node = &self.inner[id];
        if let Some(named) = node.kind.named() {
            let aliases: usize = named.aliases.iter().map(Name::full_length).sum();
            self.budget.spend((named.name.full_length() + aliases) as u64)?;
            if !self.known.insert(&named.name) {
                self.text(escape(&named.name.full()));
                return Ok(());
            }
        }
        let properties = self.properties(node)?;
        match &node.kind {
            Kind::Primitive(primitive) if properties.is_empty() => self.text(format!("\"{}\"", primitive.name())),
            Kind::Primitive(primitive) => self.text(format!("{{\"type\":\"{}\"{properties}}}", primitive.name())),
            Kind::Array(items) => {
                self.text("{\"type\":\"array\",\"items\":");
                self.pending.push(Piece::Type(*items));
                self.text(properties + "}");
            }
            Kind::Map(values) => {
                self.text("{\"type\":\"map\",\"values\":");
                self.pending.push(Piece::Type(*values));
                self.text(properties + "}");
            }
            Kind::Union(branches) => {
                self.text("[");
                for (at, branch) in branches.iter().enumerate() {
                    if at > 0 {
                        self.text(",");
                    }
                    self.pending.push(Piece::Type(*branch));
                }
                self.text("]");
            }
            // An `error` becomes a `record` here, as in the reference.
            Kind::Record(record) => {
                self.text(head("record", &record.named) + ",\"fields\":[");
                for (at, field) in record.fields.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    self.text(format!("{comma}{{\"name\":{},\"type\":", escape(&field.name)));
                    self.pending.push(Piece::Type(field.kind));
                    let tail = self.after_type(field)?;
                    self.text(tail);
                }
                self.text(format!("]{properties}}}"));
            }
            Kind::Enum(kind) => {
                let mut text = head("enum", &kind.named) + ",\"symbols\":";
                push_list(&mut text, kind.symbols.iter());
                if let Some(default) = &kind.default {
                    text += ",\"default\":";
                    text += &escape(default);
                }
                self.text(text + &properties + "}");
            }
            Kind::Fixed(kind) => {
                self.text(format!("{},\"size\":{}{properties}}}", head("fixed", &kind.named), kind.size));
            }
            Kind::Unresolved(_) => {}
        }
        Ok(())
    }

    fn after_type(&mut self, field: &'n Field) -> Result<String, ParseError> {
        let mut text = String::new();
        if let Some(doc) = &field.doc {
            text += ",\"doc\":";
            text += &escape(doc);
        }
        if let Some(default) = &field.default
            && let Some(default) = self.rebuilder.rebuild(default, Some(field.kind))?
        {
            write!(text, ",\"default\":{default}").expect("writing to a string cannot fail");
        }
        if field.order != Order::Ascending {
            write!(text, ",\"order\":\"{}\"", field.order.name()).expect("writing to a string cannot fail");
        }
        let mut aliases: Vec<_> = field.aliases.iter().map(AsRef::as_ref).collect();
        push_aliases(&mut text, &mut aliases);
        self.push_properties(&mut text, field.properties.iter().map(|(key, value)| (&**key, value)))?;
        Ok(text + "}")
    }

    fn text(&mut self, text: impl Into<Cow<'static, str>>) {
        self.pending.push(Piece::Text(text.into()));
    }

    fn properties(&mut self, node: &'n Node) -> Result<String, ParseError> {
        let mut text = String::new();
        let logical = node.logical();
        if let Some(logical) = &logical {
            write!(text, ",\"logicalType\":{}", escape(logical.name())).expect("writing to a string cannot fail");
        }
        if let Some(Logical::Decimal { precision, scale }) = logical {
            write!(text, ",\"precision\":{precision}").expect("writing to a string cannot fail");
            if scale != 0 {
                write!(text, ",\"scale\":{scale}").expect("writing to a string cannot fail");
            }
        }
        let is_regenerated = |key: &str| match logical {
            None => false,
            Some(Logical::Named(_)) => key == "logicalType",
            Some(Logical::Decimal { .. }) => matches!(key, "logicalType" | "precision" | "scale"),
        };
        let rest = node.properties.iter().map(|(key, value)| (&**key, value));
        self.push_properties(&mut text, rest.filter(|(key, _)| !is_regenerated(key)))?;
        Ok(text)
    }

    fn push_properties(
        &mut self,
        text: &mut String,
        properties: impl Iterator<Item = (&'n str, &'n Value<'static>)>,
    ) -> Result<(), ParseError> {
        for (key, value) in sorted(properties) {
            let value = self.rebuilder.rebuild(value, None)?.ok_or_else(typed::lost)?;
            write!(text, ",{}:{value}", escape(key)).expect("writing to a string cannot fail");
        }
        Ok(())
    }
}

fn head(kind: &str, named: &Named) -> String {
    let mut text = format!("{{\"name\":{},\"type\":\"{kind}\"", escape(&named.name.full()));
    if let Some(doc) = named.doc.as_deref().filter(|doc| !doc.is_empty()) {
        text += ",\"doc\":";
        text += &escape(doc);
    }
    // An alias of the null namespace inside a namespace is marked by its leading dot.
    let aliases: Vec<_> = named.aliases.iter().map(|alias| alias.seen_from(named.name.space())).collect();
    let mut aliases: Vec<_> = aliases.iter().map(AsRef::as_ref).collect();
    push_aliases(&mut text, &mut aliases);
    text
}

fn push_aliases(text: &mut String, aliases: &mut [&str]) {
    if !aliases.is_empty() {
        aliases.sort_unstable_by(|a, b| as_java(a, b));
        *text += ",\"aliases\":";
        push_list(text, aliases.iter().copied());
    }
}

type Entry<'v> = (&'v str, &'v Value<'static>);

pub(crate) fn sorted<'v>(entries: impl Iterator<Item = Entry<'v>>) -> Vec<Entry<'v>> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable_by(|(a, _), (b, _)| as_java(a, b));
    entries
}

/// Java orders strings by UTF-16 units.
fn as_java(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}
