//! Deciding and committing: optimistic, guarded by the read set, and retried when that changed.

use super::{Caller, Error, Registry, View};
use crate::domain::{Context, Kind, SchemaId, SchemaType, Subject};
use crate::store::{self, Effect, Guard, IdChoice, LogEntry, Outcome, Part, Unit};
use serde::Serialize;
use std::hash::{BuildHasher, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// The number of decisions on outdated facts before the caller is asked to retry.
const ATTEMPTS: usize = 64;

/// Queues in which the writers of one subject of this process wait for each other.
///
/// An optimisation that avoids wasted decisions: guards make writes safe.
#[derive(Debug)]
pub(super) struct Queues {
    lines: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Queues {
    pub(super) fn new() -> Self {
        Self { lines: (0..1024).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }

    async fn wait(&self, subject: &Subject) -> MutexGuard<'_, ()> {
        let line = self.hasher.hash_one(subject) % self.lines.len() as u64;
        self.lines[usize::try_from(line).unwrap_or_default()].lock().await
    }
}

/// A use case that may write. A decision has no effect, so it can be repeated.
pub(super) trait UseCase: Sync {
    /// The answer for the caller.
    type Output: Send + 'static;

    /// The scope it is about, under which the log files it.
    fn subject(&self) -> &Subject;

    /// Refuses a caller who may not do it. It is asked again with every decision.
    fn authorize(&self, view: &mut View<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Decides on what the view shows.
    fn decide(&self, view: &mut View<'_>) -> impl Future<Output = Result<Decision<Self::Output>, Error>> + Send;
}

/// The decision of a use case.
pub(super) enum Decision<T> {
    /// No write.
    Done(T),
    /// One write; the answer depends on the id it gets.
    Write(Change, Finish<T>),
    /// An atomic write to several scopes; the answer depends on their ids.
    WriteAll(Vec<(Subject, Change)>, FinishAll<T>),
}

/// The answer, given the id of a new version.
type Finish<T> = Box<dyn FnOnce(Option<SchemaId>) -> T + Send>;

/// The answer, given the ids of all new versions.
type FinishAll<T> = Box<dyn FnOnce(&[Option<SchemaId>]) -> T + Send>;

/// A change as use cases describe it.
#[derive(Debug)]
pub(super) struct Change {
    /// The kind of change in the log.
    pub(super) kind: Kind,
    /// Guards beside those of the view.
    pub(super) guards: Vec<Guard>,
    /// The effects.
    pub(super) effects: Vec<Effect>,
    /// The state before, for the log.
    pub(super) before: Option<String>,
    /// The state after, for the log.
    pub(super) after: Option<String>,
}

/// A state as recorded in the log.
pub(super) fn to_json(state: &impl Serialize) -> String {
    serde_json::to_string(state).expect("states have text keys and only values that JSON can represent")
}

impl<T: Send + 'static> Decision<T> {
    /// A write whose answer is known beforehand.
    pub(super) fn write(change: Change, value: T) -> Self {
        Self::Write(change, Box::new(|_| value))
    }
}

/// The outcome of a use case that may write.
#[derive(Debug)]
pub enum Settled<'r, T> {
    /// It was decided without writing, on what this view shows.
    Read(T, Box<View<'r>>),
    /// It was written.
    Written(T),
}

impl<T> Settled<'_, T> {
    /// The answer in either case.
    pub fn into_inner(self) -> T {
        match self {
            Self::Read(value, _) | Self::Written(value) => value,
        }
    }
}

impl Registry {
    /// Decides and commits, and decides again while concurrent changes invalidate the decision.
    ///
    /// The first decision is taken on `view`, which may have been read from before.
    pub(super) async fn settle<'r, U: UseCase>(
        &'r self,
        view: View<'r>,
        case: &U,
        caller: &Caller,
    ) -> Result<Settled<'r, U::Output>, Error> {
        let subject = case.subject();
        let _turn = self.queues.wait(subject).await;
        // A writer ahead in the queue may have changed what was read before.
        let mut first = Some(view).filter(View::is_current);
        for _ in 0..ATTEMPTS {
            let mut view = first.take().unwrap_or_else(|| self.view(&caller.authority));
            let decision = match case.authorize(&mut view).await {
                Ok(()) => case.decide(&mut view).await,
                Err(denied) => Err(denied),
            };
            // A write is guarded by its read set; any other decision has to rest on facts that were true at one
            // moment, when the caller arrived or later.
            if !matches!(decision, Ok(Decision::Write(..) | Decision::WriteAll(..))) {
                if !caller.consistency.has_asked() {
                    self.catch_up_at(&caller.consistency).await;
                    if !view.is_current() {
                        continue;
                    }
                }
                if !self.is_of_one_moment(view.read_set()).await? {
                    continue;
                }
            }
            let (changes, finish): (_, FinishAll<U::Output>) = match decision? {
                Decision::Done(value) => return Ok(Settled::Read(value, Box::new(view))),
                Decision::Write(change, finish) => {
                    let finish = Box::new(|ids: &[Option<SchemaId>]| finish(ids.first().copied().flatten()));
                    (vec![(subject.clone(), change)], finish)
                }
                Decision::WriteAll(changes, finish) => (changes, finish),
            };
            let mut guards = view.guards();
            let mut parts = Vec::with_capacity(changes.len());
            let mut new = None;
            for (subject, change) in changes {
                guards.extend(change.guards);
                new = new.or_else(|| change.effects.iter().find_map(Added::by));
                let entry = LogEntry {
                    time: caller.now,
                    actor: caller.authority.actor(),
                    request_id: caller.request_id.clone(),
                    kind: change.kind.as_str(),
                    subject,
                    before: change.before,
                    after: change.after,
                };
                parts.push(Part { effects: change.effects, entry });
            }
            let outcome = self.store.write(Unit { guards, parts }).await;
            match outcome.map_err(|error| too_long(error, subject))? {
                Outcome::Committed { seq, ids } => {
                    caller.consistency.wrote(seq);
                    return Ok(Settled::Written(finish(&ids)));
                }
                // Another node was faster; its change has to be seen before it can be taken into account.
                Outcome::Conflict => drop(self.store.catch_up().await?),
                refused => return Err(refusal(&refused, new)),
            }
        }
        Err(Error::Contended { subject: subject.clone() })
    }
}

/// The limits of an index depend on how well a text compresses, so only the database knows.
fn too_long(error: store::Error, subject: &Subject) -> Error {
    match error {
        store::Error::TooLong(_) => Error::InvalidSubject(subject.as_str().chars().take(100).collect()),
        error => error.into(),
    }
}

/// The version that a refusal of an effect is about.
struct Added {
    context: Context,
    id: IdChoice,
    schema_type: SchemaType,
}

impl Added {
    fn by(effect: &Effect) -> Option<Self> {
        let Effect::AddVersion(new) = effect else { return None };
        Some(Self { context: new.subject.context(), id: new.id, schema_type: new.key.schema_type })
    }
}

fn refusal(outcome: &Outcome, new: Option<Added>) -> Error {
    match (outcome, new) {
        (Outcome::IdTaken, Some(Added { id: IdChoice::Explicit(id), context, .. })) => Error::IdTaken { id, context },
        (Outcome::IdsExhausted, Some(Added { context, .. })) => Error::IdsExhausted(context),
        (_, new) => same_fingerprint(new.map(|new| new.schema_type).unwrap_or_default()),
    }
}

/// Refuses a content whose fingerprint belongs to another content already.
pub(super) fn same_fingerprint(schema_type: SchemaType) -> Error {
    let details = "another schema with the same fingerprint is stored; change the doc of this one".to_owned();
    Error::InvalidSchema { schema_type, details }
}
