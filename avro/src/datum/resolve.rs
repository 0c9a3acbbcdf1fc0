//! Which of the reader's types decodes which of the writer's: Java's `Resolver`, step by step.

use std::sync::Arc;

use avow_budget::{Budget, Exceeded, Held};

use super::{DecodeError, DecodeErrorKind, MOST_DEPTH, aliases, defaults};
use crate::model::{Id, Inner, Kind, Named, Primitive, Record};
use crate::positions::{FastMap, FastSet, Positions};

/// Why there is no plan.
pub(super) enum Stop {
    /// Java throws before it has read a byte.
    Fails(DecodeError),
    /// The schemas are beyond what this module looks at.
    TooLarge,
    Exceeded(Exceeded),
}

impl From<Exceeded> for Stop {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// The place of an [`Action`] in its [`Resolution`](super::Resolution).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActionId(usize);

/// The action of a decoder where the writer wrote one type and the reader wants another.
#[derive(Debug)]
pub struct Action {
    /// The writer's type.
    pub writer: Id,
    /// The reader's type.
    pub reader: Id,
    /// The action.
    pub step: Step,
}

/// The ways in which a decoder treats what was written.
#[derive(Debug)]
pub enum Step {
    /// Takes a primitive or fixed type as it is, or promotes it to the reader's.
    Read,
    /// Fails.
    Error(DecodeError),
    /// For each of the writer's symbols the reader's symbol that it becomes; `None` fails.
    Enum(Vec<Option<usize>>),
    /// Decodes the items of an array or the values of a map.
    Items(ActionId),
    /// Decodes a record.
    Record {
        /// For each of the writer's fields the reader's field that it fills, and how; `None` skips it.
        fields: Vec<Option<(usize, ActionId)>>,
        /// The reader's fields that nothing was written for, with their encoded defaults.
        ///
        /// Such a default is `None` when it has no end, or none worth writing down.
        defaults: Vec<(usize, Option<Vec<u8>>)>,
    },
    /// Reads which branch of the writer's union follows; for each of them what to do then.
    Branches(Vec<ActionId>),
    /// Decodes into a branch of the reader's union; nothing more was written.
    Branch {
        /// The branch.
        at: usize,
        /// How to decode into it.
        inner: ActionId,
    },
}

#[derive(Debug)]
pub(super) struct Plan {
    actions: Vec<Action>,
    pub(super) root: ActionId,
}

impl Plan {
    pub(super) fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.0]
    }

    pub(super) fn get(&self, id: ActionId) -> Option<&Action> {
        self.actions.get(id.0)
    }
}

/// From this number of branches on, a branch of the same name is looked up before any other is tried.
const MANY: usize = 8;

/// More actions than this are not worth working out.
const MOST_ACTIONS: usize = 200_000;

pub(super) fn plan(reader: &Inner, writer: &Inner, budget: &Budget) -> Result<Plan, Stop> {
    let renamed = aliases::apply(reader, writer, budget)?;
    let writer = renamed.as_ref().unwrap_or(writer);
    let mut resolver = Resolver {
        reader,
        writer,
        actions: Vec::new(),
        records: FastMap::default(),
        alike: FastSet::default(),
        fields: FastMap::default(),
        symbols: FastMap::default(),
        names: FastMap::default(),
        texts: [FastMap::default(), FastMap::default()],
        defaults: defaults::Encoder::new(reader, budget),
        budget,
        held: budget.scope(),
    };
    let root = resolver.resolve(writer.root, reader.root, 0)?;
    Ok(Plan { actions: resolver.actions, root })
}

struct Resolver<'s> {
    reader: &'s Inner,
    writer: &'s Inner,
    actions: Vec<Action>,
    /// Pairs of records, entered before their fields so that recursion ends.
    records: FastMap<u64, ActionId>,
    /// Pairs of records that were found alike.
    alike: FastSet<u64>,
    /// The reader's fields and symbols by name.
    fields: FastMap<Id, Positions>,
    symbols: FastMap<Id, Positions>,
    /// The branches of the reader's unions by name, where they are many.
    names: FastMap<Id, Positions>,
    /// The texts of the writer's and of the reader's types in messages.
    texts: [FastMap<Id, Arc<str>>; 2],
    defaults: defaults::Encoder<'s>,
    budget: &'s Budget,
    held: Held<'s>,
}

impl<'s> Resolver<'s> {
    fn add(&mut self, writer: Id, reader: Id, step: Step) -> Result<ActionId, Stop> {
        if self.actions.len() >= MOST_ACTIONS {
            return Err(Stop::TooLarge);
        }
        self.held.hold(size_of::<Action>())?;
        self.actions.push(Action { writer, reader, step });
        Ok(ActionId(self.actions.len() - 1))
    }

    fn error(
        &mut self,
        kind: DecodeErrorKind,
        writer: Id,
        reader: Id,
        missing: Option<&str>,
    ) -> Result<ActionId, Stop> {
        let found = self.type_text(0, writer)?;
        let expected = self.type_text(1, reader)?;
        let error = DecodeError::mismatch(kind, found, expected, missing);
        self.add(writer, reader, Step::Error(error))
    }

    /// The text of a type of one of the sides, shared by all messages.
    fn type_text(&mut self, side: usize, id: Id) -> Result<Arc<str>, Stop> {
        if let Some(text) = self.texts[side].get(&id) {
            return Ok(Arc::clone(text));
        }
        let text = type_text([self.writer, self.reader][side], id);
        self.budget.spend(text.len() as u64)?;
        self.held.hold(text.len())?;
        let text: Arc<str> = text.into();
        self.texts[side].insert(id, Arc::clone(&text));
        Ok(text)
    }

    fn resolve(&mut self, writer: Id, reader: Id, depth: usize) -> Result<ActionId, Stop> {
        if depth > MOST_DEPTH {
            return Err(Stop::TooLarge);
        }
        self.budget.step()?;
        let (writers, readers) = (self.writer, self.reader);
        match (&writers[writer].kind, &readers[reader].kind) {
            (Kind::Union(branches), kind) => {
                let twins = match kind {
                    Kind::Union(twins) if self.are_equivalent(writer, reader)? => Some(twins),
                    _ => None,
                };
                let mut actions = Vec::with_capacity(branches.len());
                for (at, branch) in branches.iter().enumerate() {
                    actions.push(match twins.and_then(|twins| twins.get(at)) {
                        Some(twin) => {
                            let inner = self.resolve(*branch, *twin, depth + 1)?;
                            self.add(*branch, reader, Step::Branch { at, inner })?
                        }
                        None => self.resolve(*branch, reader, depth + 1)?,
                    });
                }
                self.add(writer, reader, Step::Branches(actions))
            }
            (_, Kind::Union(branches)) => match self.matching_branch(writer, reader, branches, depth)? {
                Some(at) => {
                    let inner = self.resolve(writer, branches[at], depth + 1)?;
                    self.add(writer, reader, Step::Branch { at, inner })
                }
                None => self.error(DecodeErrorKind::Branch, writer, reader, None),
            },
            (Kind::Array(items), Kind::Array(expected)) | (Kind::Map(items), Kind::Map(expected)) => {
                let items = self.resolve(*items, *expected, depth + 1)?;
                self.add(writer, reader, Step::Items(items))
            }
            (Kind::Fixed(found), Kind::Fixed(expected)) => {
                if found.named.name.simple() == expected.named.name.simple() && found.size == expected.size {
                    self.add(writer, reader, Step::Read)
                } else {
                    self.error(DecodeErrorKind::Names, writer, reader, None)
                }
            }
            (Kind::Enum(found), Kind::Enum(expected)) => {
                if found.named.name.simple() != expected.named.name.simple() {
                    return self.error(DecodeErrorKind::Names, writer, reader, None);
                }
                let symbol_at = |at: usize| expected.symbols[at].as_str();
                let positions =
                    self.symbols.entry(reader).or_insert_with(|| Positions::of(expected.symbols.len(), symbol_at));
                let position = |symbol: &'s String| positions.get(&symbol.as_str(), symbol_at);
                let default = expected.default.as_ref().and_then(position);
                self.budget.spend(found.symbols.len() as u64)?;
                self.held.hold(found.symbols.len() * size_of::<Option<usize>>())?;
                let known = found.symbols.iter().map(|symbol| position(symbol).or(default)).collect();
                self.add(writer, reader, Step::Enum(known))
            }
            (Kind::Record(found), Kind::Record(expected)) => self.record(writer, found, reader, expected, depth),
            (Kind::Primitive(found), Kind::Primitive(expected)) if promotes(*found, *expected) => {
                self.add(writer, reader, Step::Read)
            }
            _ => self.error(DecodeErrorKind::Types, writer, reader, None),
        }
    }

    fn record(
        &mut self,
        writer: Id,
        found: &'s Record,
        reader: Id,
        expected: &'s Record,
        depth: usize,
    ) -> Result<ActionId, Stop> {
        if let Some(known) = self.records.get(&writer.pair(reader)) {
            return Ok(*known);
        }
        if depth > MOST_DEPTH {
            return Err(Stop::TooLarge);
        }
        let action = self.add(writer, reader, Step::Record { fields: Vec::new(), defaults: Vec::new() })?;
        self.records.insert(writer.pair(reader), action);
        self.budget.spend((found.fields.len() + expected.fields.len()) as u64)?;
        let name_at = |at: usize| &*expected.fields[at].name;
        let mut written = vec![false; expected.fields.len()];
        for field in &found.fields {
            let wanted = self.fields.entry(reader).or_insert_with(|| Positions::of(expected.fields.len(), name_at));
            let read = match wanted.get(&&*field.name, name_at) {
                Some(at) => {
                    written[at] = true;
                    Some((at, self.resolve(field.kind, expected.fields[at].kind, depth + 1)?))
                }
                None => None,
            };
            self.held.hold(size_of_val(&read))?;
            if let Step::Record { fields, .. } = &mut self.actions[action.0].step {
                fields.push(read);
            }
        }
        let mut missing = None;
        for (at, field) in expected.fields.iter().enumerate() {
            if written[at] {
                continue;
            }
            match &field.default {
                Some(default) if missing.is_none() => {
                    let datum = match self.defaults.encode(field, default)? {
                        Ok(datum) => datum,
                        Err(error) => {
                            let place = format!("{}.{}", expected.named.name.simple(), field.name);
                            return Err(Stop::Fails(DecodeError { field: Some(place), ..error }));
                        }
                    };
                    self.held.hold(datum.as_ref().map_or(0, Vec::len))?;
                    if let Step::Record { defaults, .. } = &mut self.actions[action.0].step {
                        defaults.push((at, datum));
                    }
                }
                Some(_) => {}
                // Java stops at the first such field and names the last.
                None => missing = Some(&field.name),
            }
        }
        if let Some(name) = missing {
            let error = self.error(DecodeErrorKind::MissingField, writer, reader, Some(name))?;
            self.records.insert(writer.pair(reader), error);
            return Ok(error);
        }
        Ok(action)
    }

    /// Java's choice of a branch: the equal full name, else a record that could be read, else a promotion.
    fn matching_branch(
        &mut self,
        writer: Id,
        union: Id,
        branches: &'s [Id],
        depth: usize,
    ) -> Result<Option<usize>, Stop> {
        let (writers, readers) = (self.writer, self.reader);
        let kind = &writers[writer].kind;
        let mut by_structure: Option<usize> = None;
        if branches.len() > MANY && kind.named().is_some() {
            let name_at = |at: usize| readers[branches[at]].kind.branch_name();
            let names = self.names.entry(union).or_insert_with(|| Positions::of(branches.len(), name_at));
            if let Some(at) = names.get(&kind.branch_name(), name_at)
                && std::mem::discriminant(kind) == std::mem::discriminant(&readers[branches[at]].kind)
            {
                return Ok(Some(at));
            }
        }
        self.budget.spend(branches.len() as u64)?;
        for (at, branch) in branches.iter().enumerate() {
            let candidate = &readers[*branch].kind;
            match (kind, candidate) {
                (Kind::Record(_), Kind::Record(_))
                | (Kind::Enum(_), Kind::Enum(_))
                | (Kind::Fixed(_), Kind::Fixed(_)) => {
                    let (Some(Named { name, .. }), Some(named)) = (kind.named(), candidate.named()) else { continue };
                    if *name == named.name {
                        return Ok(Some(at));
                    }
                    let is_better = by_structure.is_none() || name.simple() == named.name.simple();
                    if let (Kind::Record(found), Kind::Record(expected)) = (kind, candidate) {
                        self.budget.step()?;
                        let action = self.record(writer, found, *branch, expected, depth + 1)?;
                        if is_better && !self.has_error(action) {
                            by_structure = Some(at);
                        }
                    }
                }
                (Kind::Primitive(a), Kind::Primitive(b)) if a == b => return Ok(Some(at)),
                (Kind::Array(_), Kind::Array(_)) | (Kind::Map(_), Kind::Map(_)) => return Ok(Some(at)),
                _ => {}
            }
        }
        if by_structure.is_some() {
            return Ok(by_structure);
        }
        let Kind::Primitive(found) = kind else { return Ok(None) };
        let promoted = branches.iter().position(|branch| match &self.reader[*branch].kind {
            Kind::Primitive(expected) => promotes(*found, *expected),
            _ => false,
        });
        Ok(promoted)
    }

    fn has_error(&self, action: ActionId) -> bool {
        match &self.actions[action.0].step {
            Step::Record { fields, .. } => fields.iter().flatten().any(|(_, field)| self.is_error(*field)),
            _ => self.is_error(action),
        }
    }

    fn is_error(&self, action: ActionId) -> bool {
        match &self.actions[action.0].step {
            Step::Error(_) => true,
            Step::Branch { inner, .. } => self.is_error(*inner),
            _ => false,
        }
    }

    /// Whether two unions are so alike that their branches are paired by position.
    fn are_equivalent(&mut self, writer: Id, reader: Id) -> Result<bool, Stop> {
        let mut open = vec![(writer, reader)];
        let mut seen = FastSet::default();
        while let Some((writer, reader)) = open.pop() {
            self.budget.step()?;
            let pair = writer.pair(reader);
            if self.alike.contains(&pair) || !seen.insert(pair) {
                continue;
            }
            let (found, expected) = (&self.writer[writer].kind, &self.reader[reader].kind);
            let has_equal_name = || match (found.named(), expected.named()) {
                (Some(found), Some(expected)) => found.name.simple() == expected.name.simple(),
                _ => false,
            };
            let is_alike = match (found, expected) {
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
                    has_equal_name() && a.symbols.len() == b.symbols.len() && {
                        self.budget.spend(a.symbols.len() as u64)?;
                        a.symbols == b.symbols
                    }
                }
                (Kind::Fixed(a), Kind::Fixed(b)) => has_equal_name() && a.size == b.size,
                (Kind::Record(a), Kind::Record(b)) => {
                    self.budget.spend(a.fields.len() as u64)?;
                    open.extend(a.fields.iter().zip(&b.fields).map(|(a, b)| (a.kind, b.kind)));
                    has_equal_name()
                        && a.fields.len() == b.fields.len()
                        && a.fields.iter().zip(&b.fields).all(|(a, b)| a.name == b.name)
                }
                _ => false,
            };
            if !is_alike {
                return Ok(false);
            }
        }
        self.held.hold(seen.len() * size_of::<u64>())?;
        self.alike.extend(seen);
        Ok(true)
    }
}

fn promotes(writer: Primitive, reader: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    writer == reader
        || matches!(
            (writer, reader),
            (Int, Long | Float | Double) | (Long, Float | Double) | (Float, Double) | (String, Bytes) | (Bytes, String)
        )
}

/// The name of a type as Java's messages have it: unions list their branches by short name.
fn type_text(schema: &Inner, id: Id) -> String {
    match &schema[id].kind {
        Kind::Union(branches) => {
            let name = |branch: &Id| match &schema[*branch].kind {
                kind @ (Kind::Record(_) | Kind::Enum(_) | Kind::Fixed(_)) => {
                    kind.named().map_or("", |named| named.name.simple())
                }
                kind => kind.type_name(),
            };
            let branches: Vec<_> = branches.iter().map(name).collect();
            format!("union[{}]", branches.join(", "))
        }
        kind => kind.branch_name().to_text().into_owned(),
    }
}
