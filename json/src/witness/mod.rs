//! Instances that prove a finding: valid under the writer's schema, invalid under the reader's.
//!
//! Candidates come from both models; an independent validator decides. No proof, no witness.

mod cost;
mod fixes;
mod sampler;

use avow_budget::{Budget, Exceeded};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::schema::{Schema, Verdict, check};
use crate::{Difference, DifferenceKind, Policy};
use fixes::fixes;
use sampler::{Nodes, Sampler};

pub use fixes::Fix;

/// Instances that one search tries.
const INSTANCE_LIMIT: usize = 200;
/// What trying one instance is charged, beside its size.
const TRIAL_STEPS: u64 = 200;
/// Keywords that a validator may have to look at for one instance. Beyond it, nothing is searched.
const VALIDATION_COST_LIMIT: u64 = 50_000;
/// Backtracking steps of one match inside the validator.
const BACKTRACK_LIMIT: usize = 10_000;

/// Data that the writer's schema allows and the reader's does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The instance, as JSON.
    pub instance: String,
    /// The place in the instance that the reader refuses, as a JSON pointer.
    pub place: String,
    /// What the validator says about it.
    pub error: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// There is data that the reader refuses.
    Breaking,
    /// The rules refuse the pair, but no such data was found; or they accept it, and data was found.
    Warning,
}

/// A finding for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable identifier: `json/` and the kind in lower case.
    pub rule: String,
    /// None for [`NOT_READABLE`].
    pub kind: Option<DifferenceKind>,
    pub severity: Severity,
    pub path: String,
    pub witness: Option<Witness>,
    /// Changes to the reader's schema that were tried and help.
    pub fixes: Vec<Fix>,
}

/// The rule for data that cannot be read although the rules of the reference accept the pair.
pub const NOT_READABLE: &str = "json/not-readable";

/// All rules: one for every kind of difference that is not always allowed, and [`NOT_READABLE`].
pub fn rules() -> impl Iterator<Item = String> {
    let kinds = DifferenceKind::ALL.iter().filter(|kind| !kind.is_compatible(Policy::Strict));
    kinds.map(|kind| rule(kind.as_str())).chain([NOT_READABLE.to_owned()])
}

fn rule(kind: &str) -> String {
    format!("json/{}", kind.to_ascii_lowercase().replace('_', "-"))
}

/// The findings of a check, each with an instance that proves it where one is found.
pub fn explain(reader: &Schema, writer: &Schema, policy: Policy, budget: &Budget) -> Result<Vec<Finding>, Exceeded> {
    let verdict: Verdict = check(reader, writer, policy, budget)?;
    if verdict.is_compatible() {
        return Ok(Vec::new());
    }
    let witnesses = search(reader, writer, usize::MAX, budget)?;
    let mut findings = Vec::new();
    for (index, difference) in verdict.findings().enumerate() {
        let witness = witnesses.iter().find(|witness| proves(witness, difference)).cloned();
        findings.push(Finding {
            rule: rule(difference.kind.as_str()),
            kind: Some(difference.kind),
            severity: if witness.is_some() { Severity::Breaking } else { Severity::Warning },
            path: difference.path.clone(),
            witness,
            fixes: match index {
                0..fixes::FINDING_LIMIT => fixes(difference, reader, writer, policy, budget)?,
                _ => Vec::new(),
            },
        });
    }
    Ok(findings)
}

/// Data that cannot be read although the rules of the reference accept the pair. `None` says only that the search ended.
pub fn soundness(
    reader: &Schema,
    writer: &Schema,
    policy: Policy,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    if !check(reader, writer, policy, budget)?.is_compatible() {
        return Ok(None);
    }
    let witness = search(reader, writer, 1, budget)?.pop();
    Ok(witness.map(|witness| Finding {
        rule: NOT_READABLE.to_owned(),
        kind: None,
        severity: Severity::Warning,
        path: format!("#{}", witness.place),
        witness: Some(witness),
        fixes: Vec::new(),
    }))
}

/// The instance is refused at the place that the difference is about.
fn proves(witness: &Witness, difference: &Difference) -> bool {
    let place = instance_place(&difference.path);
    witness.place.strip_prefix(&place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The JSON pointer into an instance for the path of a difference, which leads through keywords.
fn instance_place(path: &str) -> String {
    let mut place = String::new();
    let mut segments = path.trim_start_matches("#/").split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "properties" => place.extend(segments.next().into_iter().flat_map(|name| ["/", name])),
            "items" => {
                let index = segments.next_if(|index| index.parse::<usize>().is_ok());
                place.extend(["/", index.unwrap_or("0")]);
            }
            "allOf" | "anyOf" | "oneOf" => drop(segments.next()),
            _ => {}
        }
    }
    place
}

/// Up to `limit` witnesses, at different places.
fn search(reader: &Schema, writer: &Schema, limit: usize, budget: &Budget) -> Result<Vec<Witness>, Exceeded> {
    let mut found: Vec<Witness> = Vec::new();
    for schema in [reader, writer] {
        if cost::of(schema.side(), budget)? > VALIDATION_COST_LIMIT {
            return Ok(found);
        }
    }
    let (Some(accepts), Some(reads)) = (validator(writer), validator(reader)) else {
        return Ok(found);
    };
    let nodes = Nodes { writer: Some(writer.side().root), reader: Some(reader.side().root) };
    let mut sampler = Sampler::new(writer.side().model, reader.side().model, budget);
    let mut instances = sampler.instances(nodes)?;
    instances.truncate(INSTANCE_LIMIT);
    for instance in instances {
        let text = instance.to_string();
        budget.spend(TRIAL_STEPS + text.len() as u64)?;
        if !accepts.is_valid(&instance) {
            continue;
        }
        let Err(error) = reads.validate(&instance) else {
            continue;
        };
        let place = error.instance_path().to_string();
        if found.iter().all(|known| known.place != place) {
            found.push(Witness { place, error: error.masked().to_string(), instance: text });
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// A validator for the schema; `None` if it does not take the schema, or would have to fetch something.
fn validator(schema: &Schema) -> Option<Validator> {
    let value: Value = serde_json::from_str(schema.text()).ok()?;
    let has_dialect = value.get("$schema").is_some();
    let mut options = jsonschema::options().offline();
    if !has_dialect {
        options = options.with_draft(Draft::Draft7);
    }
    let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT).size_limit(1 << 20);
    options.with_pattern_options(patterns).build(&value).ok()
}
