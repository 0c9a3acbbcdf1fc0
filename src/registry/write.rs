//! Deciding and committing: optimistic, guarded by what was read, taken again when that changed.

use super::{Caller, Error, Registry, View};
use crate::domain::{Context, Kind, SchemaId, SchemaType, Subject};
use crate::store::{self, Effect, Entry, Guard, IdChoice, Outcome, Part, Unit};
use serde::Serialize;
use std::hash::{BuildHasher, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// Decisions taken on outdated facts before the caller is told to come back.
const ATTEMPTS: usize = 64;

/// Lines in which the writers of one subject of this process wait for each other.
///
/// Only a courtesy that spares them decisions in vain: what makes writes safe is their guards.
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

/// A use case that may write. Deciding has no effect, so it may be done again.
pub(super) trait UseCase: Sync {
    /// What the caller gets.
    type Output: Send + 'static;

    /// The scope it is about, under which the log files it.
    fn subject(&self) -> &Subject;

    /// Refuses a caller who may not do it. It is asked again with every decision.
    fn authorize(&self, view: &mut View<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Decides on what the view shows.
    fn decide(&self, view: &mut View<'_>) -> impl Future<Output = Result<Decision<Self::Output>, Error>> + Send;
}

/// What a use case decided.
pub(super) enum Decision<T> {
    /// Nothing is to be written.
    Done(T),
    /// This is to be written; the answer follows from the id it gets.
    Write(Change, Finish<T>),
    /// Changes of several scopes are to be written together, or none of them; the answer follows from their ids.
    WriteAll(Vec<(Subject, Change)>, FinishAll<T>),
}

/// Makes the answer once the id of a new version is known.
type Finish<T> = Box<dyn FnOnce(Option<SchemaId>) -> T + Send>;

/// Makes the answer once the ids of all new versions are known.
type FinishAll<T> = Box<dyn FnOnce(&[Option<SchemaId>]) -> T + Send>;

/// A change as use cases state it.
#[derive(Debug)]
pub(super) struct Change {
    /// What the log calls it.
    pub(super) kind: Kind,
    /// Guards beside those of the view.
    pub(super) guards: Vec<Guard>,
    /// What it does.
    pub(super) effects: Vec<Effect>,
    /// The state before, for the log.
    pub(super) before: Option<String>,
    /// The state after, for the log.
    pub(super) after: Option<String>,
}

/// A state as the log tells it.
pub(super) fn to_json(state: &impl Serialize) -> String {
    serde_json::to_string(state).expect("states of our own have text keys and nothing that JSON cannot hold")
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
    /// The answer, however it came about.
    pub fn into_inner(self) -> T {
        match self {
            Self::Read(value, _) | Self::Written(value) => value,
        }
    }
}

impl Registry {
    /// Decides and commits, deciding again while others change what the decision rested on.
    ///
    /// The first decision is taken on `view`, which may have read something already.
    pub(super) async fn settle<'r, U: UseCase>(
        &'r self,
        view: View<'r>,
        case: &U,
        caller: &Caller,
    ) -> Result<Settled<'r, U::Output>, Error> {
        let subject = case.subject();
        let _turn = self.queues.wait(subject).await;
        // Whoever was before us in the line may have changed what was read before we stood in it.
        let mut first = Some(view).filter(View::is_current);
        for _ in 0..ATTEMPTS {
            let mut view = first.take().unwrap_or_else(|| self.view(&caller.authority));
            let decision = match case.authorize(&mut view).await {
                Ok(()) => case.decide(&mut view).await,
                Err(denied) => Err(denied),
            };
            // A write is guarded by what was read; whatever else was decided has to rest on what was true when the caller came
            // or later, and at one moment.
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
                let entry = Entry {
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
                // Another node was faster; its change has to be known before it can be taken into account.
                Outcome::Conflict => drop(self.store.catch_up().await?),
                refused => return Err(refusal(&refused, new)),
            }
        }
        Err(Error::Contended { subject: subject.clone() })
    }
}

/// The limits of an index depend on how well a text can be compressed, so only the database can tell.
fn too_long(error: store::Error, subject: &Subject) -> Error {
    match error {
        store::Error::TooLong(_) => Error::InvalidSubject(subject.as_str().chars().take(100).collect()),
        error => error.into(),
    }
}

/// What a refusal says of the version that an effect adds.
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

/// Refuses a content whose fingerprint another content has already.
pub(super) fn same_fingerprint(schema_type: SchemaType) -> Error {
    let details = "another schema with the same fingerprint is stored; change the doc of this one".to_owned();
    Error::InvalidSchema { schema_type, details }
}
