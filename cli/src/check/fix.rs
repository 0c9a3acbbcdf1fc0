//! `--fix`: makes the first change that was proven to help, and looks again.

use super::candidate::Candidate;
use super::evaluate::evaluate;
use super::offline::{Prior, Scope};
use crate::Error;
use crate::project::Resolver;
use crate::report::{Finding, Outcome};
use crate::terminal::Terminal;
use avow_schema::source::{Edit, apply};

/// Changes made to one file; each makes at least one finding go away.
const MOST_CHANGES: usize = 100;

/// Fixes what can be fixed in the file of a candidate, and returns what is left.
pub(super) fn fix(
    resolver: &Resolver<'_>,
    candidate: &mut Candidate,
    prior: &Prior,
    scope: Scope,
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let mut outcome = evaluate(candidate, prior, scope);
    let mut is_changed = false;
    for _ in 0..MOST_CHANGES {
        let Some((title, edits)) = outcome.findings.iter().find_map(first) else { break };
        let changed = candidate.changed(resolver, apply(&candidate.file.text, edits))?;
        let after = evaluate(&changed, prior, scope);
        // The text as it is written may mean something else than the stored one; then hands off.
        if changed.schema().is_none() || after.findings.len() >= outcome.findings.len() {
            break;
        }
        terminal.say(format_args!("{}: {title}", changed.file.name()));
        (*candidate, outcome, is_changed) = (changed, after, true);
    }
    if is_changed {
        candidate.file.write(&candidate.file.text)?;
    }
    Ok(outcome)
}

fn first(finding: &Finding) -> Option<(String, &[Edit])> {
    let fix = finding.fixes.iter().find(|fix| !fix.edits.is_empty())?;
    Some((fix.title.clone(), &fix.edits))
}
