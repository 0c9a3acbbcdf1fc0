//! Undeletion of soft-deleted versions.

use super::references::{self, Targets};
use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Error, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Kind, Subject, Undeleted, Version};
use crate::store::Effect;

struct Undelete<'a> {
    subject: &'a Subject,
    version: Version,
}

impl Registry {
    /// Makes a soft-deleted version live again, whatever the level: it was there before. A live one stays as it is.
    ///
    /// The references must be live.
    pub async fn undelete(&self, subject: &Subject, version: Version, caller: &Caller) -> Result<Version, Error> {
        self.settle(self.view(&caller.authority), &Undelete { subject, version }, caller).await.map(Settled::into_inner)
    }
}

impl UseCase for Undelete<'_> {
    type Output = Version;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Delete, Target::Subject(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Version>, Error> {
        let scope = view.scope(self.subject).await?;
        let Some(stored) = scope.version(self.version) else {
            return Err(match scope.versions.is_empty() {
                true => Error::SubjectNotFound(self.subject.clone()),
                false => Error::VersionNotFound(self.version.get()),
            });
        };
        if !stored.deleted {
            return Ok(Decision::Done(self.version));
        }
        effective::writable(view, self.subject).await?;
        let content = view.content(stored.key).await?;
        let targets = references::resolve(view, &self.subject.context(), &content, Targets::Live).await?.direct;
        for target in &targets {
            // A concurrent deletion of one changes its scope.
            view.scope(&target.subject).await?;
        }
        let change = Change {
            kind: Kind::Undelete,
            guards: Vec::new(),
            effects: vec![Effect::Undelete(self.subject.clone(), vec![self.version])],
            before: None,
            after: Some(to_json(&Undeleted { versions: vec![self.version] })),
        };
        Ok(Decision::write(change, self.version))
    }
}
