//! A candidate before its history: every finding of every version, each reported once.

use std::rc::Rc;

use avow_avro::Schema;

use super::candidate::Candidate;
use super::finding::{located, wire};
use super::offline::{Prior, Scope};
use crate::report::{Finding, Outcome, State, Version};
use crate::source::SchemaFile;
use avow_domain::{Direction, Level};
use avow_schema::diff::{MeaningChange, meaning_changes};
use avow_schema::source::Node;

/// What a subject was, as far as its level asks for it.
#[derive(Debug)]
pub(super) struct History {
    pub(super) level: Level,
    /// Newest first.
    pub(super) versions: Vec<Past>,
    /// What a version is called in a sentence.
    pub(super) noun: &'static str,
}

/// An earlier version.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) version: Version,
    pub(super) text: String,
    pub(super) schema: Schema,
}

/// Evaluates a candidate; without a history its subject is new.
pub(super) fn evaluate(candidate: &Candidate, prior: &Prior, scope: Scope) -> Outcome {
    let history = match prior {
        Prior::History(history) => Some(history),
        Prior::New | Prior::Incomparable(_) => None,
    };
    let mut outcome = Outcome {
        file: Rc::clone(&candidate.file),
        subject: Some(candidate.assignment.subject.clone()),
        level: history.map(|history| history.level),
        against: Vec::new(),
        state: State::Checked,
        findings: Vec::new(),
    };
    let Some(schema) = candidate.schema() else {
        outcome.state = State::Invalid;
        outcome.level = None;
        outcome.findings.extend(candidate.fault());
        return outcome;
    };
    if let Prior::Incomparable(reason) = prior {
        outcome.state = State::Invalid;
        outcome.findings.push(Finding::incomparable(&candidate.file, reason));
        return outcome;
    }
    let Some((history, newest)) = history.and_then(|history| Some((history, history.versions.first()?))) else {
        outcome.state = State::New;
        return outcome;
    };
    outcome.against = history.versions.iter().map(|past| past.version.clone()).collect();
    // What it refers to may have changed all the same.
    let stands_alone = candidate.resolved.as_ref().is_ok_and(|resolved| resolved.needs.is_empty());
    let stored = schema.text();
    let is_same = newest.text == candidate.file.text || newest.schema.text() == stored;
    if is_same && stands_alone && !scope.is_overridden() {
        outcome.state = State::Unchanged;
        return outcome;
    }
    outcome.findings.extend(misreadings(&candidate.file, schema, &newest.schema, scope));
    for direction in history.level.directions() {
        let mut found: Vec<Finding> = Vec::new();
        for past in &history.versions {
            for finding in explain(schema, &past.schema, *direction) {
                let at = found.iter().position(|known| known.fingerprint == finding.fingerprint).unwrap_or(found.len());
                if at == found.len() {
                    found.push(located(wire(finding, *direction), &candidate.file, &stored));
                }
                found[at].versions.push(past.version.clone());
            }
        }
        for finding in &mut found {
            let oldest_first: Vec<_> = finding.versions.iter().rev().collect();
            finding.who = Some(direction.affected(history.noun, &oldest_first));
        }
        outcome.findings.extend(found);
    }
    outcome
}

/// What readers take for another value than was written; decoders do not notice.
pub(super) fn misreadings(file: &SchemaFile, new: &Schema, old: &Schema, scope: Scope) -> Vec<Finding> {
    let Some(severity) = scope.meaning else { return Vec::new() };
    let nodes = Node::parse(&old.text()).zip(Node::parse(&new.text()));
    let found = nodes.map(|(old, new)| meaning_changes(&old, &new)).unwrap_or_default();
    let finding = |change: MeaningChange| {
        let span = file.find(Some(&change.pointer), Some("logicalType"));
        Finding::meaning_changed(file, severity, span, change)
    };
    found.into_iter().map(finding).collect()
}

fn explain(new: &Schema, old: &Schema, direction: Direction) -> Vec<avow_avro::Finding> {
    match direction {
        Direction::Backward => avow_avro::explain(new, old, avow_avro::Candidate::Reader),
        Direction::Forward => avow_avro::explain(old, new, avow_avro::Candidate::Writer),
    }
}
