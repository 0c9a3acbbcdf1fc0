//! Subjects of the scope that no file describes.

use std::collections::{HashMap, HashSet};

use avow_client::rest::Version;

use super::document::{Action, Entry, State, Step};
use super::planner::Planner;
use super::remote_state::{self, SubjectState};
use super::tree::Tree;
use crate::listing::{Wanted, of_subject};
use crate::remote::{Remote, ask_all};
use crate::{Error, refs, subjects};

/// What is done with subjects of the scope that no file describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prune {
    /// They are named.
    Report,
    /// They are soft-deleted.
    Delete,
}

/// What came of looking for them.
#[derive(Default)]
pub(super) struct Pruned {
    pub(super) entries: Vec<Entry>,
    pub(super) steps: Vec<Step>,
}

pub(super) async fn find(
    planner: &Planner<'_>,
    tree: &Tree,
    states: &mut HashMap<String, SubjectState>,
) -> Result<Pruned, Error> {
    let (remote, scope) = (planner.remote, &planner.project.scope);
    if scope.is_empty() {
        return match planner.prune {
            Prune::Report => Ok(Pruned::default()),
            Prune::Delete => Err(Error::Usage(
                "--prune deletes within a scope, and avow.toml declares none; write which subjects belong to the \
                 project, as in `[scope]` and `subjects = [\"orders-*\"]`"
                    .to_owned(),
            )),
        };
    }
    let mut strays = all(remote).await?;
    strays.retain(|subject| subjects::matches(scope, subject) && tree.of_subject(subject).is_none());
    if planner.prune == Prune::Report {
        let entry = |subject| Entry { subject, states: vec![State::Unmanaged], ..Entry::default() };
        return Ok(Pruned { entries: strays.into_iter().map(entry).collect(), steps: Vec::new() });
    }
    let looked = ask_all(planner.terminal, &strays, |at| remote_state::look(remote, &strays[at])).await?;
    let versions = ask_all(planner.terminal, &strays, |at| of_subject(remote, &strays[at], Wanted::default())).await?;
    let going: HashSet<&String> = strays.iter().collect();
    let mut pruned = Pruned::default();
    for at in order(remote, &strays, &versions) {
        let subject = &strays[at];
        let mut entry = Entry {
            subject: subject.clone(),
            states: vec![State::Delete],
            latest: looked[at].seen.versions.last().copied(),
            versions: looked[at].seen.versions.clone(),
            ..Entry::default()
        };
        for (version, referrers) in versions[at].iter().zip(refs::of_all(remote, &versions[at]).await?) {
            for referrer in referrers.iter().filter(|it| !going.contains(&local(remote, &it.subject))) {
                let (number, by) = (version.version, &referrer.subject);
                entry.refusals.push(format!("version {number} is referred to by {by}@{}", referrer.version));
            }
        }
        pruned.entries.push(entry);
        pruned.steps.push(Step { subject: subject.clone(), action: Action::DeleteSubject });
        states.insert(subject.clone(), looked[at].clone());
    }
    Ok(pruned)
}

/// The subjects of the context, as they are called within it.
pub(super) async fn all(remote: &Remote) -> Result<Vec<String>, Error> {
    let all = remote.client.subjects().await.map_err(remote.failed())?;
    let mut subjects: Vec<String> = all.iter().map(|subject| local(remote, subject)).collect();
    // Others live in other contexts.
    subjects.retain(|subject| !subject.starts_with(":."));
    subjects.sort();
    subjects.dedup();
    Ok(subjects)
}

/// A subject as it is called within the context that is asked.
fn local(remote: &Remote, subject: &str) -> String {
    let prefix = remote.client.context().map(|context| format!(":{context}:")).unwrap_or_default();
    subject.strip_prefix(&prefix).unwrap_or(subject).to_owned()
}

/// Who refers to others goes before them.
fn order(remote: &Remote, subjects: &[String], versions: &[Vec<Version>]) -> Vec<usize> {
    let uses = |at: usize| -> HashSet<String> {
        let references = versions[at].iter().flat_map(|version| &version.schema.references);
        references.map(|it| local(remote, &it.subject)).filter(|it| *it != subjects[at]).collect()
    };
    let mut left: Vec<(usize, HashSet<String>)> = (0..subjects.len()).map(|at| (at, uses(at))).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let used: HashSet<&String> = left.iter().flat_map(|(_, uses)| uses).collect();
        // Those that refer to one another in a circle are left to the registry.
        let next = left.iter().position(|(at, _)| !used.contains(&subjects[*at])).unwrap_or(0);
        order.push(left.remove(next).0);
    }
    order
}
