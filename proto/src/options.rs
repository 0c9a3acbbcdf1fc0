//! Options of one element: full names, merged spellings, normal values.

use std::collections::{BTreeMap, HashMap};

use avow_budget::{Budget, Exceeded};

use crate::Error;
use crate::number;
use crate::syntax::{Opt, OptValue};
use crate::types::TypeTable;

/// The options in normal form: sorted by full name, `(a).b = 1` and `(a).c = 2` as one `(a) = {b: 1, c: 2}`.
pub(crate) fn normalize(
    options: &[Opt],
    table: &TypeTable<'_>,
    scope: &str,
    budget: &Budget,
) -> Result<Vec<Opt>, Error> {
    let mut named = Vec::with_capacity(options.len());
    for option in options {
        budget.step()?;
        let full_name = match option.custom {
            true => table.resolve_extension(scope, &option.name, budget)?,
            false => None,
        };
        named.push(match full_name {
            Some(name) => aggregate(Opt { name, ..option.clone() }),
            None => option.clone(),
        });
    }
    named.sort_by(|a, b| a.name.cmp(&b.name));

    let mut merged: Vec<Opt> = Vec::with_capacity(named.len());
    for option in named {
        match merged.last_mut() {
            Some(last) if last.name == option.name && table.extension_is_repeated(&option.name) == Some(false) => {
                merge(last, option, budget)?;
            }
            _ => merged.push(option),
        }
    }
    let values = Values { table, scope, budget };
    for option in &mut merged {
        values.normalize_top(&mut option.value)?;
    }
    Ok(merged)
}

/// All options by name, with several spellings of one merged. The order of names is that of their first use.
pub(crate) fn merge_all(options: &[Opt], budget: &Budget) -> Result<Vec<Opt>, Exceeded> {
    let mut merged: Vec<Opt> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    for option in options {
        let name = option.name.strip_prefix('.').unwrap_or(&option.name).to_owned();
        let option = aggregate(Opt { name: name.clone(), ..option.clone() });
        if let Some(&at) = index.get(&name) {
            merge(&mut merged[at], option, budget)?;
        } else {
            index.insert(name, merged.len());
            merged.push(option);
        }
    }
    Ok(merged)
}

/// `(a).b = 1` as `(a) = {b: 1}`.
fn aggregate(option: Opt) -> Opt {
    let value = match option.value {
        OptValue::Nested(nested) => nested_map(*nested),
        value => value,
    };
    Opt { value, ..option }
}

fn nested_map(option: Opt) -> OptValue {
    let Opt { name, value, .. } = aggregate(option);
    OptValue::Map(vec![(name, value)])
}

/// Adds `more` to an option of the same name. Two aggregates become one, anything else is replaced.
fn merge(option: &mut Opt, more: Opt, budget: &Budget) -> Result<(), Exceeded> {
    let more = aggregate(more);
    match (&mut option.value, more.value) {
        (OptValue::Map(entries), OptValue::Map(added)) => {
            for (key, value) in added {
                budget.spend(1 + entries.len() as u64)?;
                match entries.iter_mut().find(|(name, _)| *name == key) {
                    Some((_, present)) => {
                        *present = union(std::mem::replace(present, OptValue::List(Vec::new())), value, budget)?;
                    }
                    None => entries.push((key, value)),
                }
            }
        }
        (present, value) => *present = value,
    }
    option.custom = more.custom;
    Ok(())
}

/// The distinct values of both, as a list.
fn union(first: OptValue, second: OptValue, budget: &Budget) -> Result<OptValue, Exceeded> {
    let list = |value: OptValue| match value {
        OptValue::List(values) => values,
        value => vec![value],
    };
    let mut values: Vec<OptValue> = Vec::new();
    for value in list(first).into_iter().chain(list(second)) {
        budget.spend(1 + values.len() as u64)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(OptValue::List(values))
}

struct Values<'t> {
    table: &'t TypeTable<'t>,
    scope: &'t str,
    budget: &'t Budget,
}

impl Values<'_> {
    /// Normalizes the value of an option; a list directly under its name stays a list.
    fn normalize_top(&self, value: &mut OptValue) -> Result<(), Exceeded> {
        match value {
            OptValue::List(values) => values.iter_mut().try_for_each(|value| self.normalize(value)),
            OptValue::Nested(option) => self.normalize_top(&mut option.value),
            value => self.normalize(value),
        }
    }

    fn normalize(&self, value: &mut OptValue) -> Result<(), Exceeded> {
        self.budget.step()?;
        match value {
            OptValue::Number(text) => *text = number::normalize(text, self.budget)?,
            OptValue::Map(entries) => *entries = self.normalize_map(std::mem::take(entries))?,
            OptValue::List(values) => {
                values.iter_mut().try_for_each(|value| self.normalize(value))?;
                if let [single] = values.as_mut_slice() {
                    *value = std::mem::replace(single, OptValue::List(Vec::new()));
                }
            }
            OptValue::Nested(option) => self.normalize_top(&mut option.value)?,
            OptValue::Text(_) | OptValue::Bool(_) | OptValue::Word(_) => {}
        }
        Ok(())
    }

    /// Entries sorted by key, extension names in full, empty lists left out.
    fn normalize_map(&self, entries: Vec<(String, OptValue)>) -> Result<Vec<(String, OptValue)>, Exceeded> {
        let mut normal = BTreeMap::new();
        for (key, mut value) in entries {
            if matches!(&value, OptValue::List(values) if values.is_empty()) {
                continue;
            }
            let extension = key.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let full_name = match extension {
                Some(name) => self.table.resolve_extension(self.scope, name, self.budget)?,
                None => None,
            };
            self.normalize(&mut value)?;
            normal.entry(full_name.map_or(key, |name| format!("[{name}]"))).or_insert(value);
        }
        Ok(normal.into_iter().collect())
    }
}
