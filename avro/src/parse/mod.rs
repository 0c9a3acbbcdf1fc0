//! Acceptance exactly as Java Avro 1.12.1 decides it (avro-compat 6.1, contract 4.1).

mod defaults;
mod names;
mod number;
mod resolve;
mod types;

use std::sync::Arc;

use avow_budget::{Budget, Exceeded, Held};

use crate::fingerprint::Fingerprints;
use crate::json;
use crate::model::{BranchName, Id, Inner, Kind, Node, Nodes, Primitive, Properties, Schema};
use crate::name::{Name, Space};
use crate::positions::{FastMap, Positions, first_duplicate};
use crate::{ParseError, equality, print};

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

/// Parses a document with the default limits and no budget: for text that is trusted, or bounded elsewhere.
///
/// `references` are the texts of the documents it refers to, in dependency order; all share one table of names.
/// They are parsed leniently, because they were accepted once.
pub fn parse(text: &str, references: &[&str], strictness: Strictness) -> Result<Schema, ParseError> {
    parse_with(text, references, strictness, &Limits::default())
}

/// Parses a document within explicit limits and no budget.
pub fn parse_with(
    text: &str,
    references: &[&str],
    strictness: Strictness,
    limits: &Limits,
) -> Result<Schema, ParseError> {
    parse_within(text, references, strictness, limits, &Budget::unlimited())
}

/// Parses a document within limits and a budget: a step for each byte, type, field and comparison of a default.
pub fn parse_within(
    text: &str,
    references: &[&str],
    strictness: Strictness,
    limits: &Limits,
    budget: &Budget,
) -> Result<Schema, ParseError> {
    let bytes = references.iter().map(|reference| reference.len()).sum::<usize>() + text.len();
    if bytes > limits.bytes {
        return Err(ParseError::TooLarge { limit: limits.bytes });
    }
    let mut parser = Parser::new(Strictness::Lenient, limits, budget);
    let mut reference_roots = Vec::new();
    for reference in references {
        let root = parser.document(reference)?;
        reference_roots.extend(parser.nodes[root].kind.named().map(|named| named.name.clone()));
    }
    parser.finish(text, reference_roots, strictness)
}

impl Schema {
    /// Parses `text` in the place of this document: same references, same strictness.
    pub(crate) fn reparse(&self, text: &str, budget: &Budget) -> Result<Self, ParseError> {
        let limits = Limits::default();
        let mut parser = Parser::new(Strictness::Lenient, &limits, budget);
        parser.nodes = self.inner.nodes.up_to(self.inner.own_from);
        for index in 0..parser.nodes.len() {
            if parser.nodes[node_id(index)].kind.named().is_some() {
                parser.table.insert(index, |index| key(&parser.nodes, index));
            }
        }
        parser.finish(text, self.inner.reference_roots.clone(), self.inner.strictness)
    }
}

struct Parser<'l> {
    nodes: Nodes,
    /// The types known so far, by full name; the first definition of a name stays.
    table: Positions,
    /// For each further definition of a name the first, which it is equal to.
    redefinitions: FastMap<Id, Id>,
    /// Nodes that stand for names which are not known yet.
    unresolved: Vec<Id>,
    strictness: Strictness,
    limits: &'l Limits,
    budget: &'l Budget,
    /// The memory of the model.
    held: Held<'l>,
    /// Types, fields and uses of primitive types.
    parts: usize,
}

/// The name of a named node, to find it by.
fn key(nodes: &Nodes, index: usize) -> Option<(Option<&Space>, &str)> {
    nodes[node_id(index)].kind.named().map(|named| named.name.key())
}

fn node_id(index: usize) -> Id {
    Id::node(u32::try_from(index).unwrap_or(u32::MAX))
}

impl<'l> Parser<'l> {
    fn new(strictness: Strictness, limits: &'l Limits, budget: &'l Budget) -> Self {
        Self {
            nodes: Nodes::default(),
            table: Positions::default(),
            redefinitions: FastMap::default(),
            unresolved: Vec::new(),
            strictness,
            limits,
            budget,
            held: budget.scope(),
            parts: 0,
        }
    }

    fn finish(mut self, text: &str, reference_roots: Vec<Name>, strictness: Strictness) -> Result<Schema, ParseError> {
        let own_from = self.nodes.next_id();
        self.strictness = strictness;
        let root = self.document(text)?;
        let inner = Inner {
            nodes: self.nodes,
            root,
            own_from,
            reference_roots,
            strictness,
            fingerprints: Fingerprints::default(),
            bytes: self.held.bytes(),
        };
        if print::nests_deeper_than(&inner, self.limits.depth, self.budget)? {
            return Err(ParseError::TooDeep { limit: self.limits.depth });
        }
        Ok(Schema { inner: Arc::new(inner) })
    }

    fn document(&mut self, text: &str) -> Result<Id, ParseError> {
        let document = json::read(text, self.limits.depth, self.budget)?.ok_or(ParseError::Empty)?;
        let first = self.nodes.next_id();
        let root = self.schema(&document.value)?;
        let root = self.resolve(first, root)?;
        if document.rest.is_empty() { Ok(root) } else { Err(ParseError::Dangling(document.rest.to_owned())) }
    }

    /// Finds the type called `name`: in the enclosing namespace, then among the types without one.
    fn find(&mut self, name: &str, space: Option<&Space>) -> Result<Id, ParseError> {
        if let Some(primitive) = Primitive::from_name(name) {
            self.count_part()?;
            return Ok(Id::primitive(primitive, u32::try_from(self.parts).unwrap_or(u32::MAX)));
        }
        let own_space = name.rsplit_once('.').map(|(space, simple)| (Space::new(space), simple));
        let (space, simple) = match &own_space {
            Some((space, simple)) => (Some(space), *simple),
            None => (space, name),
        };
        let known = match self.lookup((space, simple)) {
            None if own_space.is_none() => self.lookup((None, simple)),
            known => known,
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let id = self.add(Kind::Unresolved(Name::in_space(space.cloned(), simple)), Vec::new())?;
        self.unresolved.push(id);
        Ok(id)
    }

    fn lookup(&self, name: (Option<&Space>, &str)) -> Option<Id> {
        self.table.get(&Some(name), |index| key(&self.nodes, index)).map(node_id)
    }

    /// Adds a named type and makes its name known, which for a record is after its fields.
    fn define(&mut self, kind: Kind, properties: Properties) -> Result<Id, ParseError> {
        if self.strictness != Strictness::Lenient
            && let Some(named) = kind.named()
        {
            names::check_namespace(&named.name, self.strictness)?;
        }
        let id = self.add(kind, properties)?;
        let index = id.index().expect("a named type has a node");
        if let Some(first) = self.table.insert(index, |index| key(&self.nodes, index)).map(node_id) {
            if !equality::equal(&self.nodes, first, id, &self.redefinitions, self.budget)? {
                let name = self.nodes[id].kind.branch_name().to_text().into_owned();
                return Err(ParseError::Redefined(name));
            }
            self.redefinitions.insert(id, first);
        }
        if self.table.len() > self.limits.names {
            return Err(ParseError::TooManyNames { limit: self.limits.names });
        }
        Ok(id)
    }

    fn add(&mut self, kind: Kind, properties: Properties) -> Result<Id, ParseError> {
        self.held.hold(size_of::<Node>() + Positions::ITEM_BYTES)?;
        self.count_part()?;
        Ok(self.nodes.push(Node { kind, properties }))
    }

    fn count_part(&mut self) -> Result<(), ParseError> {
        self.budget.step()?;
        self.parts += 1;
        if self.parts > self.limits.nodes {
            return Err(ParseError::TooManyNodes { limit: self.limits.nodes });
        }
        Ok(())
    }

    /// A copy of a text that stays in the model.
    fn keep(&mut self, text: &str) -> Result<Box<str>, Exceeded> {
        self.held.hold(text.len() + size_of::<Box<str>>())?;
        Ok(text.into())
    }

    fn check_union(&self, kinds: &[Id]) -> Result<(), ParseError> {
        let kind_of = |at: usize| &self.nodes[kinds[at]].kind;
        let nested = (0..kinds.len()).find(|at| matches!(kind_of(*at), Kind::Union(_)));
        // Two unknown names may still turn out to be one.
        let duplicate = first_duplicate(kinds.len(), |at| match kind_of(at) {
            Kind::Unresolved(_) => (BranchName::Unnamed(""), at),
            kind => (kind.branch_name(), 0),
        });
        match (nested, duplicate) {
            (Some(nested), duplicate) if duplicate.is_none_or(|(_, at)| nested <= at) => {
                let mut held = self.budget.scope();
                let mut branches = Vec::with_capacity(kinds.len());
                for id in kinds {
                    let branch = print::brief(&self.nodes, *id, self.budget)?;
                    held.hold(branch.len())?;
                    branches.push(branch);
                }
                Err(ParseError::NestedUnion(format!("[{}]", branches.join(","))))
            }
            (_, Some((_, at))) => Err(ParseError::DuplicateBranch(kind_of(at).branch_name().to_text().into_owned())),
            (_, None) => Ok(()),
        }
    }
}
