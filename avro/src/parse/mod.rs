//! Acceptance exactly as Java Avro 1.12.1 decides it (avro-compat 6.1, contract 4.1).

mod defaults;
mod names;
mod number;
mod resolve;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::json::{self, Object, Value};
use crate::model::{Enum, Fixed, Id, Inner, Kind, Name, Node, Primitive, Record, Schema};
use crate::{ParseError, print, same};
use types::{aliases, properties};

/// How much the parser insists on (contract 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strictness {
    /// Newly registered schemas: ASCII names, defaults validated.
    #[default]
    Strict,
    /// Stored schemas and look-ups: Unicode names; namespaces, aliases and defaults unchecked.
    Lenient,
    /// The library default of Java Avro: Unicode names, defaults validated.
    Java,
}

/// Bounds on what one document, with its references, may ask of the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document and its references together.
    pub bytes: usize,
    /// Named types of the document and its references together.
    pub names: usize,
    /// Types and fields of the document and its references together.
    pub nodes: usize,
    /// Nesting of JSON values, in what is read and in what would be printed; 1000 as in the reference.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, names: 100_000, nodes: 1_000_000, depth: 1000 }
    }
}

/// Parses a document.
///
/// `references` are the texts of the documents it refers to, in dependency order; all share one table of names.
/// They are parsed leniently, because they were accepted once.
pub fn parse(text: &str, references: &[&str], strictness: Strictness) -> Result<Schema, ParseError> {
    parse_with(text, references, strictness, &Limits::default())
}

/// Parses a document within explicit bounds.
pub fn parse_with(
    text: &str,
    references: &[&str],
    strictness: Strictness,
    limits: &Limits,
) -> Result<Schema, ParseError> {
    let bytes = references.iter().map(|reference| reference.len()).sum::<usize>() + text.len();
    if bytes > limits.bytes {
        return Err(ParseError::TooLarge { limit: limits.bytes });
    }
    let mut parser = Parser::new(Strictness::Lenient, limits);
    let mut reference_roots = Vec::new();
    for reference in references {
        let root = parser.document(reference)?;
        reference_roots.extend(parser.nodes[root.0 as usize].kind.named().map(|named| named.name.full().to_owned()));
    }
    parser.finish(text, reference_roots, strictness)
}

impl Schema {
    /// Parses `text` in the place of this document: same references, same strictness.
    pub(crate) fn reparse(&self, text: &str) -> Result<Self, ParseError> {
        let limits = Limits::default();
        let mut parser = Parser::new(Strictness::Lenient, &limits);
        parser.nodes = self.inner.nodes[..self.inner.own_from.0 as usize].to_vec();
        for (at, node) in (0..).zip(&parser.nodes) {
            if let Some(named) = node.kind.named() {
                parser.table.entry(named.name.full().to_owned()).or_insert(Id(at));
            }
        }
        parser.finish(text, self.inner.reference_roots.clone(), self.inner.strictness)
    }
}

struct Parser<'l> {
    nodes: Vec<Node>,
    /// The types known so far; the first definition of a name stays.
    table: HashMap<String, Id>,
    strictness: Strictness,
    limits: &'l Limits,
    fields: usize,
}

impl<'l> Parser<'l> {
    fn new(strictness: Strictness, limits: &'l Limits) -> Self {
        Self { nodes: Vec::new(), table: HashMap::new(), strictness, limits, fields: 0 }
    }

    fn finish(
        mut self,
        text: &str,
        reference_roots: Vec<String>,
        strictness: Strictness,
    ) -> Result<Schema, ParseError> {
        let own_from = self.next_id();
        self.strictness = strictness;
        let root = self.document(text)?;
        let inner = Inner { nodes: self.nodes, root, own_from, reference_roots, strictness };
        if print::nests_deeper_than(&inner, self.limits.depth) {
            return Err(ParseError::TooDeep { limit: self.limits.depth });
        }
        Ok(Schema { inner: Arc::new(inner) })
    }

    fn document(&mut self, text: &str) -> Result<Id, ParseError> {
        let document = json::read(text, self.limits)?.ok_or(ParseError::Empty)?;
        let first = self.next_id();
        let root = self.schema(&document.value)?;
        let root = self.resolve(first, root)?;
        if document.rest.is_empty() { Ok(root) } else { Err(ParseError::Dangling(document.rest.to_owned())) }
    }

    /// Finds the type called `name`: in the enclosing namespace, then among the types without one.
    fn find(&mut self, name: &str, space: Option<&str>) -> Result<Id, ParseError> {
        if let Some(primitive) = Primitive::from_name(name) {
            return self.add(Kind::Primitive(primitive), Vec::new());
        }
        let full = match space {
            Some(space) if !name.contains('.') => format!("{space}.{name}"),
            _ => name.to_owned(),
        };
        match self.table.get(&full).or_else(|| self.table.get(name)) {
            Some(id) => Ok(*id),
            None => self.add(Kind::Unresolved(full), Vec::new()),
        }
    }

    /// Adds a named type and makes its name known, which for a record is after its fields.
    fn define(&mut self, mut kind: Kind, object: &Object, reserved: &[&str]) -> Result<Id, ParseError> {
        let (Kind::Record(Record { named, .. }) | Kind::Enum(Enum { named, .. }) | Kind::Fixed(Fixed { named, .. })) =
            &mut kind
        else {
            return self.add(kind, Vec::new());
        };
        let mut seen = HashSet::new();
        for alias in aliases(object)? {
            let alias = Name::new(&alias, named.name.space());
            if self.strictness != Strictness::Lenient {
                names::check(alias.short(), self.strictness)?;
            }
            if seen.insert(alias.clone()) {
                named.aliases.push(alias);
            }
        }
        if self.strictness != Strictness::Lenient {
            names::check_namespace(&named.name, self.strictness)?;
        }
        let full = named.name.full().to_owned();
        let id = self.add(kind, properties(object, reserved))?;
        let first = *self.table.entry(full.clone()).or_insert(id);
        if first != id && !same::equal(&self.nodes, first, id) {
            return Err(ParseError::Redefined(full));
        }
        if self.table.len() > self.limits.names {
            return Err(ParseError::TooManyNames { limit: self.limits.names });
        }
        Ok(id)
    }

    fn add(&mut self, kind: Kind, properties: Vec<(String, Value)>) -> Result<Id, ParseError> {
        let id = self.next_id();
        self.nodes.push(Node { kind, properties });
        if self.nodes.len() + self.fields > self.limits.nodes {
            return Err(ParseError::TooManyNodes { limit: self.limits.nodes });
        }
        Ok(id)
    }

    fn next_id(&self) -> Id {
        Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
    }

    fn check_union(&self, kinds: &[Id]) -> Result<(), ParseError> {
        let mut seen = HashSet::new();
        for id in kinds {
            let kind = &self.nodes[id.0 as usize].kind;
            match kind {
                Kind::Union(_) => {
                    let branches: Vec<_> = kinds.iter().map(|id| print::brief(&self.nodes, *id)).collect();
                    return Err(ParseError::NestedUnion(format!("[{}]", branches.join(","))));
                }
                // Two unknown names may still turn out to be one.
                Kind::Unresolved(_) => {}
                kind if seen.insert(kind.branch_name()) => {}
                kind => return Err(ParseError::DuplicateBranch(kind.branch_name().to_owned())),
            }
        }
        Ok(())
    }
}
