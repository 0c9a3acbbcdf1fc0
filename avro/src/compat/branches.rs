//! The search for the branch of a reader's union, by name where there are many.

use avow_budget::{Budget, Exceeded};

use crate::model::{Id, Inner, Kind};
use crate::name::Name;
use crate::positions::{FastMap, FastSet};

/// Which branches of the reader's unions are tried.
pub(crate) struct Branches<'s> {
    reader: &'s Inner,
    writer: &'s Inner,
    budget: &'s Budget,
    unions: FastMap<Id, Union<'s>>,
    /// Whether branches that cannot match are passed over.
    pub(super) skips_hopeless: bool,
}

/// The branches of a union by the names that they answer to.
#[derive(Default)]
struct Union<'s> {
    unnamed: Vec<Id>,
    by_full_name: FastMap<&'s Name, Id>,
    by_simple_name: FastMap<&'s str, Vec<Id>>,
    by_alias: FastMap<&'s Name, Vec<Id>>,
}

/// From this product of sizes on, unions are searched by name. Below it every branch is looked at, as Java does, which
/// shows in one thing only: a location that was first met in a search stays relative to it (avro-compat 5.3).
const LARGE: usize = 1 << 16;

impl<'s> Branches<'s> {
    pub(super) fn new(reader: &'s Inner, writer: &'s Inner, budget: &'s Budget) -> Result<Self, Exceeded> {
        let mut branches = Self { reader, writer, budget, unions: FastMap::default(), skips_hopeless: false };
        if size(reader).saturating_mul(size(writer)) > LARGE {
            branches.skip_hopeless()?;
        }
        Ok(branches)
    }

    /// Passes over branches that cannot match, unless Java could give up in one of them.
    pub(super) fn skip_hopeless(&mut self) -> Result<(), Exceeded> {
        self.skips_hopeless = !has_ambiguous_fields(self.reader, self.writer, self.budget)?;
        Ok(())
    }

    /// A branch to try for a type that is no union: the one at a position, until there is none.
    pub(super) fn get(&mut self, union: Id, writer: Id, at: usize) -> Option<Id> {
        let reader = self.reader;
        let Kind::Union(branches) = &reader[union].kind else { return None };
        if !self.skips_hopeless || branches.len() <= 2 {
            return branches.get(at).copied();
        }
        let index = self.unions.entry(union).or_insert_with(|| {
            let mut index = Union::default();
            for id in branches {
                match reader[*id].kind.named() {
                    None => index.unnamed.push(*id),
                    Some(named) => {
                        index.by_full_name.insert(&named.name, *id);
                        index.by_simple_name.entry(named.name.simple()).or_default().push(*id);
                        for alias in &named.aliases {
                            index.by_alias.entry(alias).or_default().push(*id);
                        }
                    }
                }
            }
            index
        });
        let Some(named) = self.writer[writer].kind.named() else {
            return index.unnamed.get(at).copied();
        };
        // The branch of the same full name is the likeliest.
        let by_full_name = index.by_full_name.get(&named.name).map(std::slice::from_ref);
        let by_simple_name = index.by_simple_name.get(named.name.simple()).map(Vec::as_slice);
        let by_alias = index.by_alias.get(&named.name).map(Vec::as_slice);
        let mut at = at;
        for found in [by_full_name, by_simple_name, by_alias].into_iter().flatten() {
            match found.get(at) {
                Some(id) => return Some(*id),
                None => at -= found.len(),
            }
        }
        None
    }
}

fn size(schema: &Inner) -> usize {
    let parts = |kind: &Kind| match kind {
        Kind::Record(record) => record.fields.len(),
        Kind::Union(branches) => branches.len(),
        _ => 0,
    };
    schema.nodes.iter().map(|(_, node)| 1 + parts(&node.kind)).sum()
}

/// Whether any field of the reader's has several fields to choose from in any record of the writer's.
///
/// For each field with aliases, its names are looked up in an index from field names to the records that have one; a record
/// that comes up twice is ambiguous.
fn has_ambiguous_fields(reader: &Inner, writer: &Inner, budget: &Budget) -> Result<bool, Exceeded> {
    let mut names: FastMap<&str, Vec<Id>> = FastMap::default();
    let records = |schema: &'_ Inner| -> Vec<Id> {
        schema.nodes.iter().filter(|(_, node)| matches!(node.kind, Kind::Record(_))).map(|(id, _)| id).collect()
    };
    let mut aliased = Vec::new();
    for id in records(reader) {
        let Kind::Record(record) = &reader[id].kind else { continue };
        budget.spend(record.fields.len() as u64)?;
        aliased.extend(record.fields.iter().filter(|field| !field.aliases.is_empty()));
    }
    if aliased.is_empty() {
        return Ok(false);
    }
    for field in &aliased {
        budget.spend(1 + field.aliases.len() as u64)?;
        names.entry(&field.name).or_default();
        names.extend(field.aliases.iter().map(|alias| (&**alias, Vec::new())));
    }
    for id in records(writer) {
        let Kind::Record(record) = &writer[id].kind else { continue };
        budget.spend(record.fields.len() as u64)?;
        for field in &record.fields {
            if let Some(records) = names.get_mut(&*field.name) {
                records.push(id);
            }
        }
    }
    let mut asked = FastSet::default();
    for field in aliased {
        let own = std::iter::once(&field.name).chain(&field.aliases);
        let mut lists: Vec<(&str, &Vec<Id>)> =
            own.map(|name| (&**name, &names[&**name])).filter(|(_, records)| !records.is_empty()).collect();
        lists.sort_unstable_by_key(|(name, records)| (records.len(), *name));
        let Some(((_, longest), shorter)) = lists.split_last() else { continue };
        if shorter.is_empty() || !asked.insert(lists.iter().map(|(name, _)| *name).collect::<Vec<_>>()) {
            continue;
        }
        let mut seen = FastSet::default();
        for record in shorter.iter().flat_map(|(_, records)| *records) {
            budget.step()?;
            if !seen.insert(*record) || longest.binary_search(record).is_ok() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
