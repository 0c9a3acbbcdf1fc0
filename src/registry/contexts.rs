//! The list of contexts (contract 9.5).

use super::write::{Change, Decision, Settled, UseCase};
use super::{Caller, Error, Registry, View};
use crate::domain::{Context, Kind, Subject};
use crate::store::{DeletedFilter, Effect, Guard, SubjectFilter};

struct Forget<'a> {
    context: &'a Context,
    scope: Subject,
}

impl Registry {
    /// Every context, the default one first.
    pub async fn list_contexts(&self, view: &mut View<'_>) -> Result<Vec<Context>, Error> {
        let mut contexts = vec![Context::default_context()];
        contexts.extend(view.contexts().await?.iter().cloned());
        Ok(contexts)
    }

    /// Takes a context without subjects off the list; one that is not on it is no error.
    pub async fn delete_context(&self, context: &Context, caller: &Caller) -> Result<(), Error> {
        let case = Forget { context, scope: context.scope() };
        self.settle(self.view(), &case, caller).await.map(Settled::into_inner)
    }
}

impl UseCase for Forget<'_> {
    type Output = ();

    fn subject(&self) -> &Subject {
        &self.scope
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<()>, Error> {
        let filter = SubjectFilter::In(self.context.clone(), String::new());
        let any = view.registry().store.list_subjects(&filter, DeletedFilter::All, 0, 1).await?;
        if !any.is_empty() {
            return Err(Error::ContextNotEmpty(self.context.clone()));
        }
        // Whatever else changes under it, or this very change written before, makes the decision void.
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
