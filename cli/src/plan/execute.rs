//! Carrying a plan out: at once where the registry takes plans, step by step elsewhere; never what is out of date.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::document::{Action, Document, Step, named};
use super::remote_state::{self, Observed, scope};
use super::{avow_api, settings};
use crate::Error;
use crate::remote::{Remote, ask_all};
use crate::terminal::Terminal;
use avow_client::rest::ConfigUpdate;

/// What was done so far, and whether all of it was done at once.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) done: Vec<Step>,
    /// What is left of it; also what somebody did before.
    pub(super) left: Vec<Step>,
    pub(super) atomic: bool,
}

/// Executes the remaining steps. `progress` records how far it got, even if it fails or is interrupted.
pub(super) async fn execute(
    remote: &Remote,
    document: &Document,
    terminal: &Terminal,
    progress: &RefCell<Progress>,
) -> Result<(), Error> {
    // The place in the log comes first: whatever changes after it is noticed.
    let since = avow_api::send(remote, Vec::new(), None, true).await?.map(|answer| answer.seq);
    let (left, now) = pending(remote, document, terminal).await?;
    progress.borrow_mut().left = left.iter().map(|step| (*step).clone()).collect();
    let Some(mut since) = since else { return one_by_one(remote, &left, terminal, progress).await };
    let portions = avow_api::portions(remote, &left, &now);
    progress.borrow_mut().atomic = portions.len() <= 1;
    for (at, portion) in portions.into_iter().enumerate() {
        if at > 0 {
            // What the portion before did is not a reason to stop.
            since = avow_api::send(remote, Vec::new(), None, true).await?.map_or(since, |answer| answer.seq);
        }
        let size = portion.len();
        avow_api::send(remote, portion, Some(since), false).await.map_err(|error| match error {
            Error::Conflict(reason) => Error::Conflict(format!("the plan is out of date: {reason}")),
            other => other,
        })?;
        progress.borrow_mut().note(size);
    }
    Ok(())
}

impl Progress {
    fn note(&mut self, steps: usize) {
        let done: Vec<_> = self.left.drain(..steps).collect();
        self.done.extend(done);
    }
}

/// The steps that are not done yet, and what the registry holds now. That something else was done is an error.
async fn pending<'d>(
    remote: &Remote,
    document: &'d Document,
    terminal: &Terminal,
) -> Result<(Vec<&'d Step>, BTreeMap<String, Observed>), Error> {
    let subjects: Vec<&String> = document.seen.keys().collect();
    let looked = ask_all(terminal, &subjects, |at| remote_state::look(remote, subjects[at])).await?;
    let now: BTreeMap<String, Observed> =
        subjects.iter().map(|it| (*it).clone()).zip(looked.into_iter().map(|held| held.seen)).collect();
    let mut left = Vec::new();
    let mut moved = Vec::new();
    for (subject, before) in &document.seen {
        let steps: Vec<&Step> = document.steps.iter().filter(|step| step.subject == *subject).collect();
        match since_then(remote, &steps, before, &now[subject]).await? {
            Ok(steps) => left.extend(steps),
            Err(reason) => moved.push(format!("{}: {reason}", named(subject))),
        }
    }
    if !moved.is_empty() {
        let moved = moved.join("\n  ");
        return Err(Error::Conflict(format!(
            "the plan is out of date, and nothing was changed; make a new one with `avow plan`\n  {moved}"
        )));
    }
    let left = document.steps.iter().filter(|step| left.iter().any(|it| std::ptr::eq(*it, *step))).collect();
    Ok((left, now))
}

/// The steps of one subject that are left, or what was done there meanwhile.
async fn since_then<'d>(
    remote: &Remote,
    steps: &[&'d Step],
    before: &Observed,
    now: &Observed,
) -> Result<Result<Vec<&'d Step>, String>, Error> {
    let mut left = Vec::new();
    let (mut versions, mut config, mut mode) =
        (before.versions == now.versions && before.id == now.id, before.config == now.config, before.mode == now.mode);
    for step in steps {
        let is_done = match &step.action {
            Action::Register { becomes, .. } => !versions && is_registered(remote, step, *becomes, now).await?,
            Action::DeleteSubject => now.versions.is_empty(),
            Action::SetConfig { config: to } => settings::satisfied(to, now.config.as_ref()),
            Action::SetMode { mode: to } => now.mode.as_ref() == Some(to),
        };
        if !is_done {
            left.push(*step);
            continue;
        }
        // What is different is what was to be done.
        match &step.action {
            Action::Register { .. } | Action::DeleteSubject => versions = true,
            Action::SetConfig { .. } => config = true,
            Action::SetMode { .. } => mode = true,
        }
    }
    let listed = |seen: &Observed| match &seen.versions[..] {
        [] => "none".to_owned(),
        versions => versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let shown = |config: &Option<serde_json::Map<String, serde_json::Value>>| match config {
        Some(config) => serde_json::Value::Object(config.clone()).to_string(),
        None => "none".to_owned(),
    };
    Ok(if !versions && before.versions == now.versions {
        Err("its latest version is another schema".to_owned())
    } else if !versions {
        Err(format!("its versions are {} instead of {}", listed(now), listed(before)))
    } else if !config {
        Err(format!("its config is {} instead of {}", shown(&now.config), shown(&before.config)))
    } else if !mode {
        let shown = |mode: &Option<String>| mode.clone().unwrap_or_else(|| "none".to_owned());
        Err(format!("its mode is {} instead of {}", shown(&now.mode), shown(&before.mode)))
    } else {
        Ok(left)
    })
}

/// Whether the latest version is what the step registers.
async fn is_registered(remote: &Remote, step: &Step, becomes: i32, now: &Observed) -> Result<bool, Error> {
    let Some(schema) = step.action.new_schema()?.filter(|_| now.versions.last() == Some(&becomes)) else {
        return Ok(false);
    };
    match remote.client.look_up(&step.subject, &schema).await {
        Ok(found) => Ok(found.version == becomes),
        // Not there; or it refers to what is not there.
        Err(error) if error.is_not_found() || error.is_invalid() => Ok(false),
        Err(error) => Err(remote.failed()(error)),
    }
}

async fn one_by_one(
    remote: &Remote,
    left: &[&Step],
    terminal: &Terminal,
    progress: &RefCell<Progress>,
) -> Result<(), Error> {
    for (at, step) in left.iter().enumerate() {
        terminal.progress(format_args!("{} of {}: {}", at + 1, left.len(), step.subject));
        let outcome = take(remote, step).await;
        terminal.done();
        outcome?;
        progress.borrow_mut().note(1);
    }
    Ok(())
}

async fn take(remote: &Remote, step: &Step) -> Result<(), Error> {
    let (client, subject) = (&remote.client, step.subject.as_str());
    match &step.action {
        Action::Register { becomes, .. } => {
            let Some(schema) = step.action.new_schema()? else { return Ok(()) };
            let registered = client.register(subject, &schema).await.map_err(remote.failed())?;
            let version = match registered.version {
                Some(version) => version,
                None => client.look_up(subject, &schema).await.map_err(remote.failed())?.version,
            };
            // Others refer to the number that it was to get.
            if version == *becomes {
                return Ok(());
            }
            Err(Error::Conflict(format!(
                "`{subject}` got version {version} instead of {becomes}: another client registered first"
            )))
        }
        Action::SetConfig { config } => {
            let set =
                |update: ConfigUpdate, (name, value): (&String, &serde_json::Value)| update.set(name, value.clone());
            let update = config.iter().fold(ConfigUpdate::default(), set);
            client.set_config(scope(subject), &update).await.map(drop).map_err(remote.failed())
        }
        Action::SetMode { mode } => {
            client.set_mode(scope(subject), mode.as_str()).await.map(drop).map_err(remote.failed())
        }
        Action::DeleteSubject => match client.delete_subject(subject).await {
            Err(error) if error.is_not_found() => Ok(()),
            deleted => deleted.map(drop).map_err(remote.failed()),
        },
    }
}
