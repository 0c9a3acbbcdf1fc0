//! The writer as the reader's aliases rename it, which Java does before it resolves anything.

use std::cell::RefCell;

use avow_budget::Budget;

use super::resolve::Stop;
use super::{DecodeError, DecodeErrorKind, MOST_DEPTH};
use crate::fingerprint::Fingerprints;
use crate::fits::{self, Fits, Occasion};
use crate::model::{Id, Inner, Kind, Node};
use crate::name::Name;
use crate::positions::{FastMap, FastSet, first_duplicate};
use crate::{equality, model, print};

/// Renames the writer's types and fields; `None` when there is nothing to rename.
pub(super) fn apply(reader: &Inner, writer: &Inner, budget: &Budget) -> Result<Option<Inner>, Stop> {
    let Some(once) = rename(reader, writer, budget)? else { return Ok(None) };
    // Java's datum reader applies the aliases, and the decoder that it makes applies them again.
    Ok(Some(rename(reader, &once, budget)?.unwrap_or(once)))
}

fn rename(reader: &Inner, writer: &Inner, budget: &Budget) -> Result<Option<Inner>, Stop> {
    let aliases = Aliases::of(reader, budget)?;
    if aliases.types.is_empty() && aliases.fields.is_empty() {
        return Ok(None);
    }
    if equality::equal_across(&writer.nodes, writer.root, &reader.nodes, reader.root, budget)? {
        return Ok(None);
    }
    let mut held = budget.scope();
    held.hold(writer.bytes)?;
    budget.spend((writer.bytes / size_of::<Node>()) as u64)?;
    let mut renamed = Inner {
        nodes: writer.nodes.clone(),
        root: writer.root,
        own_from: writer.own_from,
        reference_roots: Vec::new(),
        strictness: writer.strictness,
        fingerprints: Fingerprints::default(),
        bytes: writer.bytes,
    };
    for node in renamed.nodes.since_mut(Id::node(0)) {
        let Some(named) = node.kind.named_mut() else { continue };
        if let Some(name) = aliases.types.get(&named.name) {
            named.name = (*name).clone();
        }
        if let Kind::Record(record) = &mut node.kind
            && let Some(names) = aliases.of_record(&record.named.name)
        {
            budget.spend(record.fields.len() as u64)?;
            for field in &mut record.fields {
                if let Some(name) = names.get(&*field.name) {
                    field.name = (*name).into();
                }
            }
        }
    }
    check(&renamed, budget)?;
    Ok(Some(renamed))
}

struct Aliases<'s> {
    types: FastMap<&'s Name, &'s Name>,
    /// By the full name of the record: the reader's field name for an alias.
    fields: FastMap<&'s Name, FastMap<&'s str, &'s str>>,
    /// The records that share the fields' aliases of another name.
    records: FastMap<&'s Name, &'s Name>,
}

impl<'s> Aliases<'s> {
    fn of(reader: &'s Inner, budget: &Budget) -> Result<Self, Stop> {
        let mut aliases = Self { types: FastMap::default(), fields: FastMap::default(), records: FastMap::default() };
        let mut pending = vec![reader.root];
        let mut seen = FastSet::default();
        let mut records = Vec::new();
        while let Some(id) = pending.pop() {
            budget.step()?;
            let kind = &reader[id].kind;
            if kind.named().is_some() && !seen.insert(id) {
                continue;
            }
            if let Some(named) = kind.named() {
                budget.spend(named.aliases.len() as u64)?;
                for alias in &named.aliases {
                    aliases.types.insert(alias, &named.name);
                }
            }
            match kind {
                Kind::Record(record) => {
                    for field in &record.fields {
                        budget.spend(1 + field.aliases.len() as u64)?;
                        for alias in &field.aliases {
                            let names = aliases.fields.entry(&record.named.name).or_default();
                            names.insert(alias, &field.name);
                        }
                    }
                    records.push(record);
                    pending.extend(record.fields.iter().rev().map(|field| field.kind));
                }
                Kind::Array(inner) | Kind::Map(inner) => pending.push(*inner),
                Kind::Union(branches) => pending.extend(branches.iter().rev()),
                _ => {}
            }
        }
        for record in records {
            if aliases.fields.contains_key(&record.named.name) {
                for alias in &record.named.aliases {
                    aliases.records.insert(alias, &record.named.name);
                }
            }
        }
        Ok(aliases)
    }

    /// The reader's field names by alias, for the writer's record of a name.
    fn of_record(&self, name: &Name) -> Option<&FastMap<&'s str, &'s str>> {
        let name = self.records.get(name).copied().unwrap_or(name);
        self.fields.get(name)
    }
}

/// Checks the renamed writer as Java does, which builds a schema of it.
fn check(writer: &Inner, budget: &Budget) -> Result<(), Stop> {
    let finished = Finished::default();
    let fits = Fits::new(&writer.nodes, &finished, budget);
    Check { writer, entered: FastSet::default(), finished: &finished, fits, budget }.visit(writer.root, 0)
}

struct Check<'s> {
    writer: &'s Inner,
    entered: FastSet<Id>,
    finished: &'s Finished,
    fits: Fits<'s, Finished>,
    budget: &'s Budget,
}

/// The records whose fields were checked. The names inside a default stay what they were.
#[derive(Default)]
struct Finished(RefCell<FastSet<Id>>);

impl Occasion for Finished {
    fn is_finished(&self, record: Id) -> bool {
        self.0.borrow().contains(&record)
    }

    fn target(&self, _: &Name) -> Option<Id> {
        None
    }

    const CHECKS_RANGES: bool = false;
}

impl Check<'_> {
    /// Recursion is as deep as [`MOST_DEPTH`].
    fn visit(&mut self, id: Id, depth: usize) -> Result<(), Stop> {
        if depth > MOST_DEPTH {
            return Err(Stop::TooLarge);
        }
        self.budget.step()?;
        let writer = self.writer;
        match &writer[id].kind {
            Kind::Array(inner) | Kind::Map(inner) => self.visit(*inner, depth + 1),
            Kind::Union(branches) => {
                for branch in branches {
                    self.visit(*branch, depth + 1)?;
                }
                let name = |at: usize| writer[branches[at]].kind.branch_name();
                match first_duplicate(branches.len(), name) {
                    Some((_, at)) => Err(fails(format!("Duplicate in union:{}", name(at)))),
                    None => Ok(()),
                }
            }
            Kind::Record(record) if self.entered.insert(id) => {
                for field in &record.fields {
                    self.visit(field.kind, depth + 1)?;
                    let Some(default) = &field.default else { continue };
                    match self.fits.fits(field.kind, default) {
                        Ok(true) => {}
                        Ok(false) => {
                            let kind = print::brief(&writer.nodes, field.kind, self.budget)?;
                            let name = &field.name;
                            return Err(fails(format!("Invalid default for field {name}: {default} not a {kind}")));
                        }
                        Err(fits::Stop::UnfinishedRecord) => {
                            return Err(fails("Schema fields not set yet".to_owned()));
                        }
                        Err(fits::Stop::Exceeded(exceeded)) => return Err(exceeded.into()),
                    }
                }
                if let Some(message) = model::duplicate_field(&writer.nodes, record) {
                    return Err(fails(message));
                }
                self.finished.0.borrow_mut().insert(id);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn fails(message: String) -> Stop {
    Stop::Fails(DecodeError::new(DecodeErrorKind::Aliases, message))
}
