//! Soft and permanent deletion of versions and subjects (contract 8).

use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Error, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Deleted, Kind, ReferencedVersion, Subject, Version, VersionSelector};
use crate::store::{Effect, Scope, StoredVersion};

pub(super) struct DeleteVersion<'a> {
    pub(super) subject: &'a Subject,
    pub(super) selector: VersionSelector,
    pub(super) permanent: bool,
}

pub(super) struct DeleteSubject<'a> {
    pub(super) subject: &'a Subject,
    pub(super) permanent: bool,
}

impl Registry {
    /// Deletes a version and returns its number.
    pub async fn delete_version(
        &self,
        subject: &Subject,
        selector: VersionSelector,
        permanent: bool,
        caller: &Caller,
    ) -> Result<Version, Error> {
        let case = DeleteVersion { subject, selector, permanent };
        self.settle(self.view(&caller.authority), &case, caller).await.map(Settled::into_inner)
    }

    /// Deletes a subject and returns the affected versions, ascending.
    pub async fn delete_subject(
        &self,
        subject: &Subject,
        permanent: bool,
        caller: &Caller,
    ) -> Result<Vec<Version>, Error> {
        self.settle(self.view(&caller.authority), &DeleteSubject { subject, permanent }, caller)
            .await
            .map(Settled::into_inner)
    }
}

impl UseCase for DeleteVersion<'_> {
    type Output = Version;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(deleting(self.permanent), Target::Subject(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Version>, Error> {
        let scope = view.scope(self.subject).await?;
        let Some(stored) = scope.select(self.selector, true) else {
            return Err(match scope.versions.is_empty() {
                true => Error::SubjectNotFound(self.subject.clone()),
                false => Error::VersionNotFound(self.selector.number()),
            });
        };
        if stored.deleted && !self.permanent {
            return Err(Error::VersionSoftDeleted(self.subject.clone(), stored.version));
        }
        effective::writable(view, self.subject).await?;
        unreferenced(view, self.subject, stored.version, self.permanent, None).await?;
        if self.permanent && !stored.deleted {
            return Err(Error::VersionNotSoftDeleted(self.subject.clone(), stored.version));
        }
        let last = scope.versions.len() == 1;
        let change = deletion(self.subject, &scope, vec![stored.version], self.permanent, last);
        Ok(Decision::write(change, stored.version))
    }
}

impl UseCase for DeleteSubject<'_> {
    type Output = Vec<Version>;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(deleting(self.permanent), Target::Subject(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Vec<Version>>, Error> {
        let scope = view.scope(self.subject).await?;
        if scope.versions.is_empty() {
            return Err(Error::SubjectNotFound(self.subject.clone()));
        }
        let affected: Vec<StoredVersion> =
            scope.versions.iter().filter(|stored| self.permanent || !stored.deleted).copied().collect();
        if affected.is_empty() {
            return Err(Error::SubjectSoftDeleted(self.subject.clone()));
        }
        effective::writable(view, self.subject).await?;
        for stored in &affected {
            unreferenced(view, self.subject, stored.version, self.permanent, Some(self.subject)).await?;
            if self.permanent && !stored.deleted {
                return Err(Error::SubjectNotSoftDeleted(self.subject.clone()));
            }
        }
        let versions: Vec<Version> = affected.iter().map(|stored| stored.version).collect();
        let change = deletion(self.subject, &scope, versions.clone(), self.permanent, true);
        Ok(Decision::write(change, versions))
    }
}

/// The verb that a deletion needs.
fn deleting(permanent: bool) -> Verb {
    if permanent { Verb::Purge } else { Verb::Delete }
}

/// Refuses to delete what somebody refers to: live referrers count against a soft deletion, all against a hard one.
pub(super) async fn unreferenced(
    view: &View<'_>,
    subject: &Subject,
    version: Version,
    permanent: bool,
    except: Option<&Subject>,
) -> Result<(), Error> {
    let target = ReferencedVersion { subject: subject.clone(), version };
    let referrers = view.referrers(&target).await?;
    let counts = |referrer: &crate::store::Referrer| {
        (permanent || !referrer.deleted) && except.is_none_or(|subject| referrer.version.subject != *subject)
    };
    if referrers.iter().any(counts) { Err(Error::Referenced(subject.clone(), version)) } else { Ok(()) }
}

/// The change that deletes `versions`; the settings of a subject are removed with its last version.
fn deletion(subject: &Subject, scope: &Scope, versions: Vec<Version>, permanent: bool, all: bool) -> Change {
    let mut before = Deleted { versions: versions.clone(), config: None, mode: None };
    let mut effects = Vec::new();
    if permanent {
        effects.push(Effect::HardDelete(subject.clone(), versions));
        // A context's settings are not only those of the nameless subject.
        if all && !subject.is_context() {
            (before.mode, before.config) = (scope.mode, scope.config.clone().map(Box::new));
            effects.extend(before.mode.map(|_| Effect::SetMode(subject.clone(), None)));
            effects.extend(before.config.as_ref().map(|_| Effect::SetConfig(subject.clone(), None)));
        }
    } else {
        effects.push(Effect::SoftDelete(subject.clone(), versions));
    }
    let kind = if permanent { Kind::HardDelete } else { Kind::SoftDelete };
    Change { kind, guards: Vec::new(), effects, before: Some(to_json(&before)), after: None }
}
