//! The list of contexts (contract 9.5).

use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Error, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Context, IdFloor, Kind, SchemaId, Subject};
use crate::store::{DeletedFilter, Effect, Guard, SubjectFilter};

struct Forget<'a> {
    context: &'a Context,
    scope: Subject,
}

struct Reserve<'a> {
    context: &'a Context,
    scope: Subject,
    floor: SchemaId,
}

impl Registry {
    /// Reserves the ids of a context up to `floor`, and returns the highest id that is assigned or reserved.
    pub async fn reserve_ids(&self, context: &Context, floor: SchemaId, caller: &Caller) -> Result<SchemaId, Error> {
        if context.is_everywhere() {
            return Err(Error::InvalidSubject(context.prefix()));
        }
        let case = Reserve { context, scope: context.scope(), floor };
        self.settle(self.view(&caller.authority), &case, caller).await.map(Settled::into_inner)
    }

    /// Every context, the default one first.
    pub async fn list_contexts(&self, view: &mut View<'_>) -> Result<Vec<Context>, Error> {
        let mut contexts = vec![Context::default_context()];
        contexts.extend(view.contexts().await?.iter().cloned());
        if !view.reads_everything() {
            contexts.retain(|context| view.authority().reaches(context));
        }
        Ok(contexts)
    }

    /// Removes a context without subjects from the list; succeeds if it is not on it.
    pub async fn delete_context(&self, context: &Context, caller: &Caller) -> Result<(), Error> {
        let case = Forget { context, scope: context.scope() };
        self.settle(self.view(&caller.authority), &case, caller).await.map(Settled::into_inner)
    }
}

impl UseCase for Forget<'_> {
    type Output = ();

    fn subject(&self) -> &Subject {
        &self.scope
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Configure, Target::Context(self.context.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<()>, Error> {
        let filter = SubjectFilter::In(self.context.clone(), String::new());
        let any = view.registry().store.list_subjects(&filter, DeletedFilter::All, 0, 1).await?;
        if !any.is_empty() {
            return Err(Error::ContextNotEmpty(self.context.clone()));
        }
        // Any other change under it, or a repetition of this one, invalidates the decision.
        view.scope(&self.scope).await?;
        if !view.contexts().await?.contains(self.context) {
            return Ok(Decision::Done(()));
        }
        let change = Change {
            kind: Kind::ForgetContext,
            guards: vec![Guard::NoVersions(self.context.clone())],
            effects: vec![Effect::ForgetContext(self.context.clone())],
            before: None,
            after: None,
        };
        Ok(Decision::write(change, ()))
    }
}

impl UseCase for Reserve<'_> {
    type Output = SchemaId;

    fn subject(&self) -> &Subject {
        &self.scope
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Import, Target::Context(self.context.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<SchemaId>, Error> {
        effective::writable(view, &self.scope).await?;
        let last = view.registry().store.last_id(self.context).await?;
        let last = SchemaId::new(last.into()).unwrap_or(SchemaId::LOWEST);
        if self.floor <= last {
            return Ok(Decision::Done(last));
        }
        let change = Change {
            kind: Kind::IdFloor,
            guards: Vec::new(),
            effects: vec![Effect::ReserveIds(self.context.clone(), self.floor)],
            before: Some(to_json(&IdFloor { last_id: last })),
            after: Some(to_json(&IdFloor { last_id: self.floor })),
        };
        Ok(Decision::write(change, self.floor))
    }
}
