//! Asking a registry: an Avow registry in one request, any other for the versions that the level asks for.

use avow_api::{CompatibilityResult, CompatibilityResults};
use avow_avro::Strictness;
use avow_client::rest::{Method, NewSchema, Reference as ClientReference};
use serde_json::{Value, json};
use std::rc::Rc;

use super::candidate::Candidate;
use super::evaluate::{self, History, Past, evaluate};
use super::finding::located;
use super::offline::{Histories, Prior, Scope};
use crate::Error;
use crate::project::Documents;
use crate::remote::{Remote, ask_all};
use crate::report::{Finding, Outcome, REFUSED, Severity, State, Version};
use crate::terminal::Terminal;
use avow_domain::Level;

/// The versions that the levels ask for.
pub(super) async fn histories(
    remote: &Remote,
    candidates: &[Candidate],
    scope: Scope,
    terminal: &Terminal,
) -> Result<Histories, Error> {
    let histories = ask_all(terminal, candidates, |at| history(remote, &candidates[at], scope)).await?;
    Ok(histories.into_iter().map(Prior::from).collect())
}

async fn history(remote: &Remote, candidate: &Candidate, scope: Scope) -> Result<Option<History>, Error> {
    let subject = &candidate.assignment.subject;
    let metadata = candidate.assignment.beside.metadata.as_ref();
    let Some(live) = remote.live_versions(subject, metadata, scope.level, |level| scope.depth(level)).await? else {
        return Ok(None);
    };
    let mut versions = Vec::with_capacity(live.versions.len());
    for version in live.versions.into_iter().rev() {
        let mut documents = Documents::default();
        remote.gather(&version.references, &mut documents).await?;
        let resolved = documents.resolve(&version.schema, Strictness::Lenient).map_err(|broken| {
            let number = version.version;
            Error::Input(format!("version {number} of `{subject}` cannot be read: {}", broken.sentence()))
        })?;
        let text = version.schema;
        versions.push(Past { version: Version::Number(version.version), text, schema: resolved.schema });
    }
    Ok(Some(History { level: live.level, versions, noun: "version" }))
}

/// Evaluates candidates with the registry's own answer where it gives one, else against its versions.
pub(super) async fn outcomes(
    remote: &Remote,
    candidates: &[Candidate],
    scope: Scope,
    terminal: &Terminal,
) -> Result<Vec<Outcome>, Error> {
    // What comes out of the project is not in the registry yet, and no registry can check against what it does not have.
    let is_asked = |candidate: &Candidate| {
        let is_known = |name: &String| candidate.registered.defines(name);
        candidate.resolved.as_ref().is_ok_and(|it| it.needs.iter().all(is_known))
            && !scope.is_overridden()
            && scope.history.is_none()
    };
    let (batch, rest): (Vec<usize>, Vec<usize>) = (0..candidates.len()).partition(|at| is_asked(&candidates[*at]));
    let mut outcomes: Vec<Option<Outcome>> = candidates.iter().map(|_| None).collect();
    let mut open = rest;
    match ask_batch(remote, candidates, &batch).await? {
        Some(answers) => {
            for (at, mut outcome) in batch.into_iter().zip(answers) {
                misreadings(remote, &candidates[at], &mut outcome, scope).await?;
                outcomes[at] = Some(outcome);
            }
        }
        None => open.extend(batch),
    }
    let evaluated = ask_all(terminal, &open, async |at: usize| {
        let candidate = &candidates[open[at]];
        let history = match candidate.schema() {
            Some(_) => history(remote, candidate, scope).await?,
            None => None,
        };
        let mut outcome = evaluate(candidate, &Prior::from(history), scope);
        if !scope.is_overridden() {
            forgive_registered(remote, candidate, &mut outcome).await?;
        }
        Ok(outcome)
    });
    for (outcome, at) in evaluated.await?.into_iter().zip(&open) {
        outcomes[*at] = Some(outcome);
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// Adds what readers misread, which the registry does not say.
async fn misreadings(remote: &Remote, candidate: &Candidate, outcome: &mut Outcome, scope: Scope) -> Result<(), Error> {
    let Some(schema) = candidate.schema().filter(|_| outcome.state == State::Checked && scope.meaning.is_some()) else {
        return Ok(());
    };
    if !candidate.file.text.contains("logicalType") {
        return Ok(());
    }
    let latest = history(remote, candidate, Scope { versions: Some(1), ..scope }).await?;
    if let Some(newest) = latest.as_ref().and_then(|history| history.versions.first()) {
        let found = evaluate::misreadings(&candidate.file, schema, &newest.schema, scope);
        outcome.findings.splice(0..0, found);
    }
    Ok(())
}

/// Registering again what is there already changes nothing, whatever the level says meanwhile.
async fn forgive_registered(remote: &Remote, candidate: &Candidate, outcome: &mut Outcome) -> Result<(), Error> {
    if outcome.state != State::Checked || outcome.findings.is_empty() {
        return Ok(());
    }
    match remote.client.look_up(&candidate.assignment.subject, &offered(candidate)).await {
        Ok(_) => {
            outcome.state = State::Unchanged;
            outcome.findings.clear();
            Ok(())
        }
        // Not there; or it refers to what is not there yet.
        Err(error) if error.is_not_found() || error.is_invalid() => Ok(()),
        Err(error) => Err(remote.failed()(error)),
    }
}

fn offered(candidate: &Candidate) -> NewSchema {
    candidate.references.iter().fold(NewSchema::avro(candidate.file.text.as_str()), |schema, reference| {
        schema.reference(ClientReference::new(&reference.name, &reference.subject, reference.version))
    })
}

const BATCH: &str = "/avow/v1/compatibility";

/// What one request may hold; our server takes 1,000 checks and, by default, 1 MiB.
const MOST_CHECKS: usize = 1_000;
const MOST_BYTES: usize = 800 * 1024;

/// Asks an Avow registry; `None` if this registry has no such endpoint.
async fn ask_batch(remote: &Remote, candidates: &[Candidate], batch: &[usize]) -> Result<Option<Vec<Outcome>>, Error> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for part in parts(candidates, batch) {
        let checks: Vec<Value> = part.iter().map(|at| question(&candidates[*at], remote.client.context())).collect();
        let body = json!({ "checks": checks });
        let answer = remote.client.send_json(Method::POST, BATCH, [], Some(&body)).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_unsupported() => return Ok(None),
            Err(error) => return Err(remote.failed()(error)),
        };
        let unreadable = |reason: String| Error::Unavailable { url: remote.url(), reason };
        let CompatibilityResults { results } = serde_json::from_value(answer)
            .map_err(|error| unreadable(format!("its answer cannot be read: {error}")))?;
        if results.len() != part.len() {
            return Err(unreadable(format!("{} answers to {} questions", results.len(), part.len())));
        }
        outcomes.extend(part.iter().zip(results).map(|(at, answer)| outcome(&candidates[*at], answer)));
    }
    Ok(Some(outcomes))
}

fn question(candidate: &Candidate, context: Option<&str>) -> Value {
    let subject = &candidate.assignment.subject;
    let subject = match context {
        Some(context) if !subject.starts_with(":.") => format!(":{context}:{subject}"),
        _ => subject.clone(),
    };
    let mut question = json!({"subject": subject, "schema": candidate.file.text});
    if !candidate.references.is_empty() {
        question["references"] = json!(candidate.references);
    }
    if let Some(metadata) = &candidate.assignment.beside.metadata {
        question["metadata"] = json!(metadata);
    }
    question
}

/// Candidates in portions that one request may hold.
fn parts(candidates: &[Candidate], batch: &[usize]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for at in batch {
        // Escaping may double the text.
        let size = 2 * candidates[*at].file.text.len() + 1_000;
        match parts.last_mut() {
            Some(part) if part.len() < MOST_CHECKS && bytes + size <= MOST_BYTES => {
                part.push(*at);
                bytes += size;
            }
            _ => {
                parts.push(vec![*at]);
                bytes = size;
            }
        }
    }
    parts
}

fn outcome(candidate: &Candidate, answer: CompatibilityResult) -> Outcome {
    let file = &candidate.file;
    let mut outcome = Outcome {
        file: Rc::clone(file),
        subject: Some(candidate.assignment.subject.clone()),
        level: answer.level.as_deref().and_then(Level::parse),
        against: answer.versions.into_iter().flatten().map(Version::Number).collect(),
        state: State::Checked,
        findings: Vec::new(),
    };
    if let Some(refusal) = answer.error {
        outcome.state = State::Invalid;
        let span = file.find(None, None);
        outcome.findings.push(Finding::new(file, REFUSED, Severity::Invalid, span, refusal.message));
        return outcome;
    }
    if answer.registered.is_some() {
        outcome.state = State::Unchanged;
        return outcome;
    }
    let stored = candidate.schema().map(avow_avro::Schema::text).unwrap_or_default();
    outcome.findings.extend(answer.findings.into_iter().map(|finding| located(finding, file, &stored)));
    if outcome.findings.is_empty() {
        // Reserved fields and the like: the registry refuses, and the Avro core has nothing to say about it.
        let beside = answer.messages.into_iter().filter(|message| !message.starts_with('{'));
        outcome.findings.extend(
            beside.map(|message| Finding::new(file, REFUSED, Severity::Breaking, file.find(None, None), message)),
        );
    }
    if outcome.against.is_empty() && outcome.findings.is_empty() {
        outcome.state = State::New;
    }
    outcome
}
