//! What a registry will say to a plan: by the code of `avow check`, and where it can be asked by a rehearsal.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use avow_avro::Strictness;
use serde_json::json;

use super::avow_api;
use super::document::{Document, Entry};
use crate::Error;
use crate::check::{self, Candidate};
use crate::project::{Assignment, Documents, Resolved};
use crate::remote::Remote;
use crate::report::{Outcome, Severity};
use crate::source::SchemaFile;
use crate::terminal::Terminal;
use avow_domain::{Level, Reference};
use avow_schema::lint::When;

/// A new version of a subject that has some.
pub(super) struct Proposal {
    pub(super) subject: String,
    pub(super) file: Rc<SchemaFile>,
    pub(super) assignment: Assignment,
    pub(super) strictness: Strictness,
    pub(super) resolved: Resolved,
    pub(super) references: Vec<Reference>,
    /// What of its references the registry has already.
    pub(super) registered: Documents,
    /// The level to check by, where the plan changes it.
    pub(super) level: Option<Level>,
}

/// Notes what every new version breaks.
pub(super) async fn evaluate(
    remote: &Remote,
    terminal: &Terminal,
    proposals: &[Proposal],
    entries: &mut [Entry],
    meaning: Option<When>,
) -> Result<(), Error> {
    let mut by_level: BTreeMap<Option<&'static str>, Vec<&Proposal>> = BTreeMap::new();
    for proposal in proposals {
        by_level.entry(proposal.level.map(Level::as_str)).or_default().push(proposal);
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        places.insert(entry.subject.clone(), at);
    }
    for (level, proposals) in by_level {
        let candidates: Vec<Candidate> = proposals.iter().map(|proposal| candidate(proposal)).collect();
        let level = level.and_then(Level::parse);
        let outcomes = check::verdicts(remote, &candidates, level, meaning, terminal).await?;
        for (proposal, outcome) in proposals.iter().zip(outcomes) {
            if let Some(at) = places.get(&proposal.subject) {
                note(&mut entries[*at], &outcome);
            }
        }
    }
    Ok(())
}

fn candidate(proposal: &Proposal) -> Candidate {
    let Resolved { schema, needs } = &proposal.resolved;
    Candidate {
        file: Rc::clone(&proposal.file),
        assignment: proposal.assignment.clone(),
        strictness: proposal.strictness,
        resolved: Ok(Resolved { schema: schema.clone(), needs: needs.clone() }),
        references: proposal.references.clone(),
        registered: proposal.registered.clone(),
        listed: proposal.registered.clone(),
    }
}

fn note(entry: &mut Entry, outcome: &Outcome) {
    entry.level = outcome.level.map(|level| level.as_str().to_owned());
    entry.against = outcome.against.iter().map(|version| json!(version)).collect();
    for finding in &outcome.findings {
        entry.findings.push(json!(finding));
        let title = finding.title.clone();
        match finding.severity {
            Severity::Warning => entry.notes.push(title),
            _ => entry.refusals.push(title),
        }
    }
    if !entry.refusals.is_empty() {
        entry.notes.push(format!("`avow check {}` shows who is affected and how to fix it", outcome.file.name()));
    }
}

/// Asks an Avow registry what it would say to all of it, and notes what it refuses.
pub(super) async fn rehearse(remote: &Remote, document: &mut Document) -> Result<(), Error> {
    if document.steps.is_empty() || document.subjects.iter().any(|entry| !entry.refusals.is_empty()) {
        return Ok(());
    }
    let steps: Vec<_> = document.steps.iter().collect();
    let mut portions = avow_api::portions(remote, &steps, &document.seen);
    // The later portions of a large plan rest on what the earlier ones do.
    let (Some(operations), true) = (portions.pop(), portions.is_empty()) else { return Ok(()) };
    let Some(answer) = avow_api::send(remote, operations, None, true).await? else { return Ok(()) };
    for (step, result) in document.steps.iter().zip(answer.results) {
        let Some(refusal) = result.error else { continue };
        if let Some(entry) = document.subjects.iter_mut().find(|entry| entry.subject == step.subject) {
            entry.refusals.push(refusal.message);
        }
    }
    document.recount();
    Ok(())
}
