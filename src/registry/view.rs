//! Views: the reads of a use case, each with its position in the log.

use super::overlay::Overlay;
use super::stats::{CacheKind, Registration};
use super::{Authority, Error, Needs, Registry};
use crate::domain::access::{Target, Verb};
use crate::domain::{Context, Reference, SchemaId, SchemaType, Seq, Subject};
use crate::store::{Guard, Holder, LogEpoch, Scope, Slot};
use std::sync::Arc;

/// The reads of one use case. Reading a scope twice gives the same result twice.
#[derive(Debug)]
pub struct View<'r> {
    registry: &'r Registry,
    authority: Authority,
    needs: Needs,
    scopes: Vec<ReadScope>,
    contexts: Option<Arc<[Context]>>,
    read_set: ReadSet,
    metric: Option<(SchemaType, Registration)>,
    overlay: Overlay,
}

/// A scope that was read.
#[derive(Debug)]
struct ReadScope {
    subject: Subject,
    scope: Arc<Scope>,
    /// Whether a write must find it unchanged.
    guarded: bool,
}

/// The read set of an answer: facts, each with the position it was read at.
#[derive(Debug, Clone, Default)]
pub struct ReadSet {
    facts: Vec<(Slot, Seq)>,
    /// The epoch of the log they were read from.
    epoch: LogEpoch,
    /// Whether any fact is more than the content of an id: then the answer needs the newest changes before it is used.
    changes: bool,
}

impl ReadSet {
    /// Whether none of the facts has changed since.
    pub fn is_current(&self, registry: &Registry) -> bool {
        let change_tracker = registry.store.change_tracker();
        self.facts.iter().all(|(slot, seq)| change_tracker.is_current(*slot, (self.epoch, *seq)))
    }

    /// Whether an answer with this read set has to wait for the newest changes.
    pub fn has_to_wait(&self) -> bool {
        self.changes
    }

    /// The positions of the oldest and the newest of the facts.
    pub fn span(&self) -> Option<(Seq, Seq)> {
        let positions = || self.facts.iter().map(|(_, seq)| *seq);
        Some((positions().min()?, positions().max()?))
    }

    fn add_meaning(&mut self, id: Slot, seq: Seq) {
        self.facts.push((id, seq));
    }

    fn add(&mut self, slot: Slot, seq: Seq) {
        self.facts.push((slot, seq));
        self.changes = true;
    }
}

/// A scope that was never written to; not worth a cache entry.
struct Absent(Arc<Scope>);

enum LoadFailure {
    Absent(Absent),
    Store(Arc<Error>),
}

impl<'r> View<'r> {
    pub(super) fn new(registry: &'r Registry, authority: Authority) -> Self {
        Self {
            registry,
            authority,
            needs: Needs::default(),
            scopes: Vec::new(),
            contexts: None,
            read_set: ReadSet { epoch: registry.store.change_tracker().epoch(), ..ReadSet::default() },
            metric: None,
            overlay: Overlay::default(),
        }
    }

    /// The registry that is read.
    pub fn registry(&self) -> &'r Registry {
        self.registry
    }

    /// On whose authority is read.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Refuses where a verb is not allowed on a target; else an answer that rests on this view needs it.
    pub fn require(&mut self, verb: Verb, target: Target) -> Result<(), Error> {
        self.authority.require(verb, &target)?;
        self.needs.add(verb, target);
        Ok(())
    }

    /// Notes that an answer that rests on this view needs a verb on a target.
    pub fn need(&mut self, verb: Verb, target: Target) {
        self.needs.add(verb, target);
    }

    /// Refuses where a schema refers to what may not be read, so that nobody sees more by referring to it.
    pub(super) fn require_references(&mut self, context: &Context, references: &[Reference]) -> Result<(), Error> {
        for reference in references {
            // What cannot be a target is refused with a better reason later.
            if let target @ Target::Subject(_) = Target::of(reference.target(context)) {
                self.require(Verb::Read, target)?;
            }
        }
        Ok(())
    }

    /// Whether a subject may be read. If it may, an answer that rests on this view needs it; if not, the answer leaves
    /// something out.
    pub(super) fn reads(&mut self, subject: &Subject) -> bool {
        if self.authority.reads(subject) {
            self.needs.add(Verb::Read, Target::of(subject.clone()));
            return true;
        }
        self.needs.leave_out();
        false
    }

    /// Whether everything may be read. If it may, an answer that rests on this view is for those alone who may, too; if
    /// not, it is for the caller alone.
    pub(super) fn reads_everything(&mut self) -> bool {
        if self.authority.reads_everything() {
            self.needs.add_everything();
            return true;
        }
        self.needs.leave_out();
        false
    }

    /// Notes that an answer that rests on this view leaves something out.
    pub(super) fn leave_out(&mut self) {
        self.needs.leave_out();
    }

    /// What is kept under a scope; empty where nothing is.
    pub async fn scope(&mut self, subject: &Subject) -> Result<Arc<Scope>, Error> {
        self.look(subject, true).await
    }

    /// The same without a guard, for callers that guard it in another way and tolerate other changes of the scope.
    pub(super) async fn read_unguarded(&mut self, subject: &Subject) -> Result<Arc<Scope>, Error> {
        self.look(subject, false).await
    }

    async fn look(&mut self, subject: &Subject, guarded: bool) -> Result<Arc<Scope>, Error> {
        if let Some(seen) = self.scopes.iter_mut().find(|seen| seen.subject == *subject) {
            seen.guarded |= guarded;
            return Ok(Arc::clone(&seen.scope));
        }
        let scope = self.registry.scope(subject).await?;
        self.read_set.add(self.registry.store.change_tracker().scope(subject), scope.seq);
        self.scopes.push(ReadScope { subject: subject.clone(), scope: Arc::clone(&scope), guarded });
        Ok(scope)
    }

    /// The recorded contexts beside the default one, ascending.
    pub async fn contexts(&mut self) -> Result<Arc<[Context]>, Error> {
        if let Some(contexts) = &self.contexts {
            return Ok(Arc::clone(contexts));
        }
        let (seq, contexts) = self.registry.store.contexts().await?;
        let contexts: Arc<[Context]> = contexts.into();
        self.read_set.add(self.registry.store.change_tracker().contexts(), seq);
        self.contexts = Some(Arc::clone(&contexts));
        Ok(contexts)
    }

    /// A version with an id, live ones first.
    pub async fn holder(&mut self, context: &Context, id: SchemaId) -> Result<Option<Holder>, Error> {
        let (seq, holder) = self.registry.store.holder(context, id).await?;
        self.read_set.add_meaning(self.registry.store.change_tracker().id(context, id), seq);
        Ok(holder)
    }

    /// A scope as it was read, with the pending changes.
    pub(super) fn seen(&self, subject: &Subject) -> Option<&Scope> {
        self.scopes.iter().find(|seen| seen.subject == *subject).map(|seen| &*seen.scope)
    }

    /// The same, mutable, for pending changes.
    pub(super) fn seen_mut(&mut self, subject: &Subject) -> Option<&mut Scope> {
        self.scopes.iter_mut().find(|seen| seen.subject == *subject).map(|seen| Arc::make_mut(&mut seen.scope))
    }

    /// Adds a context to the list as a pending change.
    pub(super) async fn record(&mut self, context: &Context) -> Result<(), Error> {
        let contexts = self.contexts().await?;
        if !contexts.contains(context) {
            self.contexts = Some(contexts.iter().chain([context]).cloned().collect());
        }
        Ok(())
    }

    pub(super) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    pub(super) fn overlay_mut(&mut self) -> &mut Overlay {
        &mut self.overlay
    }

    /// The union of both views.
    pub fn and(mut self, other: Self) -> Self {
        self.read_set.facts.extend(other.read_set.facts);
        self.read_set.changes |= other.read_set.changes;
        self.needs.extend(other.needs);
        self
    }

    /// The guard that no scope that was read has changed.
    pub(super) fn guards(&self) -> Vec<Guard> {
        let guarded = self.scopes.iter().filter(|seen| seen.guarded);
        guarded.map(|seen| Guard::Revision(seen.subject.clone(), seen.scope.revision)).collect()
    }

    /// Whether nothing that was read has changed since.
    pub(super) fn is_current(&self) -> bool {
        self.read_set.is_current(self.registry)
    }

    /// Sets the registration outcome that every answer of this view counts as.
    pub(super) fn count_as(&mut self, schema_type: SchemaType, registration: Registration) {
        self.metric = Some((schema_type, registration));
    }

    /// The read set so far.
    pub fn read_set(&self) -> &ReadSet {
        &self.read_set
    }

    /// What an answer computed from this view rests on, what it counts as each time it is given, and what it needs.
    pub fn into_parts(self) -> (ReadSet, Option<(SchemaType, Registration)>, Needs) {
        (self.read_set, self.metric, self.needs)
    }
}

impl Registry {
    /// The current state of a scope: cached if unchanged since, else loaded from the store, once for all waiters.
    async fn scope(&self, subject: &Subject) -> Result<Arc<Scope>, Error> {
        let slot = self.store.change_tracker().scope(subject);
        if let Some(scope) = self.scopes.get(subject).await {
            if self.store.change_tracker().is_current(slot, (scope.epoch, scope.seq)) {
                self.stats.record_lookup(CacheKind::Scopes, true);
                return Ok(scope);
            }
            self.scopes.invalidate(subject).await;
        }
        self.stats.record_lookup(CacheKind::Scopes, false);
        let load = async {
            let scope = self.store.scope(subject).await.map_err(|error| LoadFailure::Store(Arc::new(error.into())))?;
            let absent = scope.revision.0 == 0 && !subject.is_context();
            let scope = Arc::new(scope);
            if absent { Err(LoadFailure::Absent(Absent(scope))) } else { Ok(scope) }
        };
        let scope = match self.scopes.try_get_with_by_ref(subject, load).await {
            Ok(scope) => scope,
            Err(failure) => match &*failure {
                LoadFailure::Absent(Absent(scope)) => Arc::clone(scope),
                LoadFailure::Store(error) => return Err(Error::Shared(Arc::clone(error))),
            },
        };
        if self.store.change_tracker().is_current(slot, (scope.epoch, scope.seq)) {
            return Ok(scope);
        }
        // The shared load began before a change that this request must see: a load of its own is fresh by definition.
        self.scopes.invalidate(subject).await;
        Ok(Arc::new(self.store.scope(subject).await?))
    }
}
