//! Changes to one schema that make a finding go away: each is applied and checked before it is offered.

use std::sync::Arc;

use avow_budget::{Budget, Exceeded};

use crate::printer;
use crate::schema::{ParseError, Schema, check};
use crate::value::{Json, Object};
use crate::{Difference, DifferenceKind, Policy};

/// Findings of one explanation that fixes are tried for.
pub(super) const FINDING_LIMIT: usize = 20;

/// A change to the reader's schema after which the finding is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do, as an instruction.
    pub title: String,
    /// The whole schema after the change.
    pub schema: String,
    /// Whether no other finding is left.
    pub resolves_all: bool,
}

/// The fixes of `difference` that work.
pub(super) fn fixes(
    difference: &Difference,
    reader: &Schema,
    writer: &Schema,
    policy: Policy,
    budget: &Budget,
) -> Result<Vec<Fix>, Exceeded> {
    let path: Vec<&str> = difference.path.trim_start_matches("#/").split('/').filter(|part| !part.is_empty()).collect();
    let mut fixes = Vec::new();
    for (title, value) in candidates(difference, &path, writer.document().json()) {
        let Some(changed) = with(reader.document().json(), &path, value) else {
            continue;
        };
        let schema = printer::compact(&changed);
        budget.spend(schema.len() as u64 / 16)?;
        let candidate = match Schema::parse(&schema, &[], budget) {
            Ok(candidate) => candidate,
            Err(ParseError::Exceeded(exceeded)) => return Err(exceeded),
            Err(_) => continue,
        };
        let verdict = check(&candidate, writer, policy, budget)?;
        if verdict.findings().all(|left| left != difference) {
            fixes.push(Fix { title, schema, resolves_all: verdict.is_compatible() });
        }
    }
    Ok(fixes)
}

/// What may be put at the path; `None` takes away what is there.
fn candidates(difference: &Difference, path: &[&str], writer: &Json) -> Vec<(String, Option<Json>)> {
    let Some(name) = path.last() else {
        return Vec::new();
    };
    let mut candidates = Vec::new();
    match difference.kind {
        DifferenceKind::OptionalPropertyAddedToOpenContentModel => {
            candidates.push((format!("Let `{name}` have any value: `{{}}`"), Some(Json::Object(Arc::default()))));
        }
        DifferenceKind::RequiredPropertyAddedToOpenContentModel
        | DifferenceKind::RequiredPropertyAddedToUnopenContentModel
        | DifferenceKind::RequiredAttributeAdded => {}
        _ => match at(writer, path) {
            Some(old) => {
                let text = printer::compact(old);
                let title = if text.len() <= 60 {
                    format!("Keep `{name}` as it was: `{text}`")
                } else {
                    format!("Keep `{name}` as it was")
                };
                candidates.push((title, Some(old.clone())));
            }
            None => candidates.push((format!("Leave `{name}` out"), None)),
        },
    }
    candidates
}

fn at<'a>(json: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, segment| match json {
        Json::Object(object) => object.get(*segment),
        Json::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// `json` with `value` at `path`; `None` if the path leads nowhere.
fn with(json: &Json, path: &[&str], value: Option<Json>) -> Option<Json> {
    let (first, rest) = path.split_first()?;
    match json {
        Json::Object(object) => {
            let mut changed = Object::clone(object);
            match (rest.is_empty(), value) {
                (true, Some(value)) => drop(changed.insert((*first).into(), value)),
                (true, None) => drop(changed.shift_remove(*first)?),
                (false, value) => {
                    let inner = with(object.get(*first)?, rest, value)?;
                    changed.insert((*first).into(), inner);
                }
            }
            Some(Json::Object(Arc::new(changed)))
        }
        Json::Array(items) => {
            let index: usize = first.parse().ok()?;
            let item = items.get(index)?;
            let inner = if rest.is_empty() { value? } else { with(item, rest, value)? };
            let mut changed = Vec::clone(items);
            changed[index] = inner;
            Some(Json::Array(Arc::new(changed)))
        }
        _ => None,
    }
}
