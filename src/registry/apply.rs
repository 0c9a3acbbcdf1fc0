//! Applying a plan: changes of many subjects, decided one after another and written together, or not at all.

use super::configs::{Remove, Update};
use super::delete::{DeleteSubject, DeleteVersion};
use super::modes::{RemoveMode, SetMode};
use super::register::Register;
use super::stats::Registration;
use super::write::{Change, Decision, UseCase};
use super::{Caller, Draft, Error, Explained, RegisterOptions, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{ConfigUpdate, Context, Revision, SchemaId, Seq, Subject, Timestamp, Version, VersionSelector};
use crate::store::{Effect, IdChoice, NewVersion, Scope};
use std::collections::BTreeSet;

/// The steps of a plan, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The steps.
    pub operations: Vec<Operation>,
    /// The log position that the plan was made at: it is stale once anything it is about has changed since.
    pub since: Option<Seq>,
    /// Whether to report the outcome without writing anything.
    pub dry_run: bool,
}

/// A step of a plan.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The subject, or for settings and modes also a whole context.
    pub subject: Subject,
    /// The action.
    pub action: Action,
    /// The preconditions.
    pub expectation: Expectation,
}

/// An action on a scope. It does nothing if the scope is in that state already.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names of the variants and fields say it")]
pub enum Action {
    Register { draft: Box<Draft>, options: RegisterOptions },
    SetConfig(Box<ConfigUpdate>),
    DeleteConfig,
    SetMode { mode: String, force: bool },
    DeleteMode,
    DeleteVersion(Version),
    DeleteSubject,
}

/// The state that the plan expects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The number of the latest live version; 0 for none.
    pub latest: Option<i32>,
    /// The revision of the scope.
    pub revision: Option<Revision>,
}

/// The outcome of a plan.
#[derive(Debug)]
pub struct Applied {
    /// The outcomes of the operations, in order.
    pub steps: Vec<StepOutcome>,
    /// The log position of the decision, which a later plan can be checked against.
    pub seq: Seq,
    /// Whether the plan was written; otherwise none of it was.
    pub written: bool,
}

/// The outcome of one operation.
#[derive(Debug)]
pub struct StepOutcome {
    /// The scope; aliases are resolved.
    pub subject: Subject,
    /// The latest live version before the plan; 0 for none.
    pub latest: i32,
    /// The revision of the scope before the plan.
    pub revision: Revision,
    /// The result.
    pub state: StepResult,
}

/// The result of an operation.
#[derive(Debug)]
pub enum StepResult {
    /// A new version; its id is known once it is written.
    Created(Version, Option<SchemaId>),
    /// No change: the registration found this version with this id.
    Unchanged(Option<(Version, SchemaId)>),
    /// The settings or the mode before and after, as JSON; `None` where there are none of its own.
    Changed(Option<String>, Option<String>),
    /// These versions are soft-deleted.
    Deleted(Vec<Version>),
    /// The refusal, and its findings.
    Refused(Error, Vec<Explained>),
}

impl Applied {
    /// The first operation that was refused.
    pub fn refusal(&self) -> Option<(usize, &StepOutcome, &Error)> {
        self.steps.iter().enumerate().find_map(|(index, step)| match &step.state {
            StepResult::Refused(error, _) => Some((index, step, error)),
            _ => None,
        })
    }
}

/// The number of log entries that are searched for what made a plan stale.
const LOOKED_THROUGH: u32 = 10_000;

impl Registry {
    /// Applies every step of a plan, or none if any is refused.
    pub async fn apply(&self, plan: &Plan, caller: &Caller) -> Result<Applied, Error> {
        let Some(first) = plan.operations.first() else {
            return Ok(Applied { steps: Vec::new(), seq: self.store.head().await?, written: false });
        };
        let case = Apply { plan, first: &first.subject, now: caller.now };
        let applied = self.settle(self.view(&caller.authority), &case, caller).await?.into_inner();
        if !plan.dry_run {
            self.count(plan, &applied);
        }
        Ok(applied)
    }

    fn count(&self, plan: &Plan, applied: &Applied) {
        let refused = applied.refusal().is_some();
        for (operation, step) in plan.operations.iter().zip(&applied.steps) {
            let Action::Register { draft, .. } = &operation.action else { continue };
            let result = match &step.state {
                StepResult::Refused(error, _) => Registration::refused(error),
                StepResult::Created(..) if !refused => Registration::Created,
                StepResult::Unchanged(_) if !refused => Registration::Existing,
                _ => continue,
            };
            self.stats.registered(draft.schema_type().unwrap_or_default(), result);
        }
    }
}

struct Apply<'a> {
    plan: &'a Plan,
    first: &'a Subject,
    now: Timestamp,
}

/// The decision on an operation: its outcome, and the change to write.
type Decided = Result<(StepResult, Option<Change>), Error>;

impl UseCase for Apply<'_> {
    type Output = Applied;

    fn subject(&self) -> &Subject {
        self.first
    }

    /// Asks of every operation what does not depend on the state of its subject; deciding asks for the rest.
    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        self.plan.operations.iter().try_for_each(|operation| {
            let verb = match operation.action {
                _ if self.plan.dry_run => Verb::Read,
                Action::Register { .. } => Verb::Read,
                Action::SetConfig(_) | Action::DeleteConfig | Action::SetMode { .. } | Action::DeleteMode => {
                    Verb::Configure
                }
                Action::DeleteVersion(_) | Action::DeleteSubject => Verb::Delete,
            };
            view.require(verb, Target::of(operation.subject.clone()))
        })
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Applied>, Error> {
        // Read the position first: the facts may be newer than it claims, never older.
        let seq = view.registry().store.head().await?;
        let mut steps = self.look(view).await?;
        self.hold_expectations(view, &mut steps).await?;
        let stale = steps.iter().any(|step| matches!(step.state, StepResult::Refused(..)));
        let mut changes = Vec::new();
        let mut registered = BTreeSet::new();
        for (operation, step) in self.plan.operations.iter().zip(&mut steps) {
            if stale {
                break;
            }
            let again = matches!(operation.action, Action::Register { .. }) && !registered.insert(step.subject.clone());
            let decided = match again {
                true => Err(Error::BadRequest(format!(
                    "a plan registers one schema under a subject; send the next one for {} in another plan",
                    step.subject
                ))),
                false => decide(view, &step.subject, &operation.action, self.plan.dry_run).await,
            };
            match decided {
                Ok((state, change)) => {
                    step.state = state;
                    if let Some(mut change) = change {
                        view.assume(&mut change, self.now).await?;
                        changes.push((step.subject.clone(), change));
                    }
                }
                // One denial refuses the whole plan.
                Err(error @ (Error::Denied { .. } | Error::Unauthenticated)) => return Err(error),
                Err(error) if error.status() >= 500 => return Err(error),
                Err(error) => {
                    let findings = match (&operation.action, &error) {
                        (Action::Register { draft, options }, Error::Incompatible { .. }) => {
                            let registry = view.registry();
                            let explained = registry.explain(view, &step.subject, None, draft, options.normalize).await;
                            explained.map(|explained| explained.findings).unwrap_or_default()
                        }
                        _ => Vec::new(),
                    };
                    step.state = StepResult::Refused(error, findings);
                }
            }
        }
        let applied = Applied { steps, seq, written: false };
        if self.plan.dry_run || changes.is_empty() || applied.refusal().is_some() {
            return Ok(Decision::Done(applied));
        }
        let finish = move |ids: &[Option<SchemaId>]| {
            let mut written = applied;
            let changed = written.steps.iter_mut().filter(|step| !matches!(step.state, StepResult::Unchanged(_)));
            for (step, id) in changed.zip(ids) {
                if let StepResult::Created(_, known) = &mut step.state {
                    *known = *id;
                }
            }
            Applied { written: true, ..written }
        };
        Ok(Decision::WriteAll(changes, Box::new(finish)))
    }
}

impl Apply<'_> {
    /// Reads every scope of the plan before any step is applied.
    async fn look(&self, view: &mut View<'_>) -> Result<Vec<StepOutcome>, Error> {
        let mut steps = Vec::with_capacity(self.plan.operations.len());
        for operation in &self.plan.operations {
            let subject = match operation.action {
                Action::Register { .. } | Action::DeleteVersion(_) | Action::DeleteSubject => {
                    view.registry().aliased(view, operation.subject.clone()).await?
                }
                _ => operation.subject.clone(),
            };
            let scope = view.scope(&subject).await?;
            let (latest, revision) = (latest(&scope), scope.revision);
            steps.push(StepOutcome { subject, latest, revision, state: StepResult::Unchanged(None) });
        }
        Ok(steps)
    }

    /// Refuses the operations whose preconditions are not met any more.
    async fn hold_expectations(&self, view: &View<'_>, steps: &mut [StepOutcome]) -> Result<(), Error> {
        for (operation, step) in self.plan.operations.iter().zip(&mut *steps) {
            let Expectation { latest, revision } = operation.expectation;
            let reason = if let Some(latest) = latest.filter(|latest| *latest != step.latest) {
                format!("its latest version is {}, not {}", named(step.latest), named(latest))
            } else if let Some(revision) = revision.filter(|revision| *revision != step.revision) {
                format!("its revision is {}, not {}", step.revision.0, revision.0)
            } else {
                continue;
            };
            step.state = StepResult::Refused(stale(&step.subject, reason), Vec::new());
        }
        let Some(since) = self.plan.since else { return Ok(()) };
        let filed = view.registry().store.filed_after(since, LOOKED_THROUGH).await?;
        let reached = filed.last().map_or(since, |(seq, ..)| *seq);
        for step in steps {
            let scopes = effective::chain(&step.subject);
            let touching: Vec<String> = filed
                .iter()
                .filter(|(_, _, subject)| scopes.contains(subject))
                .map(|(seq, kind, subject)| match subject == &step.subject {
                    true => format!("{kind} ({})", seq.0),
                    false => format!("{kind} of `{subject}` ({})", seq.0),
                })
                .collect();
            let reason = if !touching.is_empty() {
                format!("since change {} there was {}", since.0, shortened(&touching))
            } else if filed.len() >= LOOKED_THROUGH as usize {
                format!("more than {LOOKED_THROUGH} changes were made since change {}, up to {}", since.0, reached.0)
            } else {
                continue;
            };
            step.state = StepResult::Refused(stale(&step.subject, reason), Vec::new());
        }
        Ok(())
    }
}

/// The first few of a list.
fn shortened(entries: &[String]) -> String {
    const SHOWN: usize = 5;
    match entries.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        None => entries.join(", "),
        Some(more) => format!("{} and {more} more", entries[..SHOWN].join(", ")),
    }
}

fn stale(subject: &Subject, reason: String) -> Error {
    Error::Stale { scope: effective::shown(subject), reason }
}

fn named(version: i32) -> String {
    if version == 0 { "none".to_owned() } else { version.to_string() }
}

fn latest(scope: &Scope) -> i32 {
    scope.latest().map_or(0, |stored| stored.version.get())
}

/// Decides one operation on what the view shows, the operations before it included.
async fn decide(view: &mut View<'_>, subject: &Subject, action: &Action, dry_run: bool) -> Decided {
    let registry = view.registry();
    let decided = match action {
        Action::Register { draft, options } => return register(view, subject, draft, *options, dry_run).await,
        Action::SetConfig(update) => changed(permitted(&Update::new(subject, update)?, view, dry_run).await),
        Action::DeleteConfig => changed(permitted(&Remove { subject }, view, dry_run).await),
        Action::SetMode { mode, force } => {
            let case = SetMode::new(registry, subject, Some(mode), *force)?;
            if case.clears_a_context() {
                let text = "the mode IMPORT makes room in the whole context; set it with `force`, or not in a plan";
                return Err(Error::BadRequest(text.to_owned()));
            }
            changed(permitted(&case, view, dry_run).await)
        }
        Action::DeleteMode => changed(permitted(&RemoveMode::new(registry, subject, false)?, view, dry_run).await),
        Action::DeleteVersion(version) => {
            let selector = VersionSelector::Number(*version);
            let case = DeleteVersion { subject, selector, permanent: false };
            deleted(permitted(&case, view, dry_run).await, |version| vec![version])
        }
        Action::DeleteSubject => {
            let case = DeleteSubject { subject, permanent: false };
            deleted(permitted(&case, view, dry_run).await, |versions| versions)
        }
    };
    match decided {
        // No change.
        Err(Error::SubjectNotFound(_)) if matches!(action, Action::DeleteConfig | Action::DeleteMode) => {
            Ok((StepResult::Unchanged(None), None))
        }
        Err(Error::VersionSoftDeleted(..) | Error::SubjectSoftDeleted(_)) => Ok((StepResult::Unchanged(None), None)),
        decided => decided,
    }
}

/// Decides for callers that may write, or at least read the outcome.
async fn permitted<U: UseCase>(case: &U, view: &mut View<'_>, dry_run: bool) -> Result<Decision<U::Output>, Error> {
    match dry_run {
        true => view.require(Verb::Read, Target::of(case.subject().clone()))?,
        false => case.authorize(view).await?,
    }
    case.decide(view).await
}

fn changed<T>(decision: Result<Decision<T>, Error>) -> Decided {
    Ok(match decision? {
        // Alone it would be an entry in the log; as a part of a plan it does nothing.
        Decision::Write(change, _) if change.before != change.after => {
            (StepResult::Changed(change.before.clone(), change.after.clone()), Some(change))
        }
        _ => (StepResult::Unchanged(None), None),
    })
}

fn deleted<T>(decision: Result<Decision<T>, Error>, versions: impl FnOnce(T) -> Vec<Version>) -> Decided {
    Ok(match decision? {
        Decision::Write(change, finish) => (StepResult::Deleted(versions(finish(None))), Some(change)),
        _ => (StepResult::Unchanged(None), None),
    })
}

async fn register(
    view: &mut View<'_>,
    subject: &Subject,
    draft: &Draft,
    options: RegisterOptions,
    dry_run: bool,
) -> Decided {
    let registry = view.registry();
    if draft.id >= 0 {
        return Err(Error::BadRequest(
            "a plan cannot give ids of its own; register such schemas one by one".to_owned(),
        ));
    }
    if dry_run {
        view.require_references(&subject.context(), &draft.references)?;
    }
    match permitted(&Register::new(registry, subject, draft, options)?, view, dry_run).await? {
        Decision::Done(described) => Ok((StepResult::Unchanged(Some((described.version, described.id))), None)),
        Decision::WriteAll(..) => unreachable!("a registration is one change"),
        Decision::Write(change, _) => {
            let new = change.effects.iter().find_map(|effect| match effect {
                Effect::AddVersion(new) => Some(new),
                _ => None,
            });
            let new = new.expect("a registration that writes adds a version");
            storable(registry, new).await?;
            Ok((StepResult::Created(new.version, None), Some(change)))
        }
    }
}

/// Refuses early what would make the write of the whole plan fail.
async fn storable(registry: &Registry, new: &NewVersion) -> Result<(), Error> {
    let stored = registry.store.content(new.key).await?;
    if stored.is_some_and(|stored| stored.text != new.content.text) {
        return Err(super::write::same_fingerprint(new.key.schema_type));
    }
    let context: Context = new.subject.context();
    let spent = registry.store.last_id(&context).await? == i32::MAX;
    if spent && new.id == IdChoice::OfContent && registry.store.id_of(&context, new.key).await?.is_none() {
        return Err(Error::IdsExhausted(context));
    }
    Ok(())
}
