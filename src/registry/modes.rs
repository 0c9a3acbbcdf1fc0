//! Modes of scopes (contract 9.4).

use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Error, Registry, View, delete, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Context, Kind, Mode, ModeState, Subject, Version};
use crate::store::{DeletedFilter, Effect, Guard, SubjectFilter};
use std::collections::BTreeMap;

pub(super) struct SetMode<'a> {
    subject: &'a Subject,
    mode: Option<Mode>,
    force: bool,
}

pub(super) struct RemoveMode<'a> {
    subject: &'a Subject,
    recursive: bool,
}

impl<'a> SetMode<'a> {
    /// Refuses requests that are invalid in every state of the registry.
    pub(super) fn new(
        registry: &Registry,
        subject: &'a Subject,
        mode: Option<&str>,
        force: bool,
    ) -> Result<Self, Error> {
        if !subject.is_configurable() {
            return Err(Error::InvalidSubject(subject.to_string()));
        }
        let mode = match mode {
            Some(name) => Some(Mode::parse(name).ok_or(Error::InvalidMode)?),
            None => None,
        };
        if mode == Some(Mode::Forward) && *subject != Subject::everywhere() {
            return Err(Error::ForwardNotGlobal);
        }
        if !registry.settings.mode_mutability {
            return Err(Error::ModeImmutable);
        }
        Ok(Self { subject, mode, force })
    }

    /// Whether it empties a whole context, which excludes any other change there at the same time.
    pub(super) fn clears_a_context(&self) -> bool {
        self.mode == Some(Mode::Import) && !self.force && self.subject.is_context()
    }
}

impl<'a> RemoveMode<'a> {
    /// Refuses requests that are invalid in every state of the registry.
    pub(super) fn new(registry: &Registry, subject: &'a Subject, recursive: bool) -> Result<Self, Error> {
        if !registry.settings.mode_mutability {
            return Err(Error::ModeImmutable);
        }
        Ok(Self { subject, recursive })
    }
}

impl Registry {
    /// The mode of a scope itself, or with `in_force` the one that applies to it.
    pub async fn mode(&self, view: &mut View<'_>, subject: &Subject, in_force: bool) -> Result<Mode, Error> {
        if in_force {
            return effective::mode(view, subject).await;
        }
        match view.scope(subject).await?.mode {
            Some(mode) => Ok(mode),
            None if subject.is_top() => Ok(Mode::default()),
            None => Err(Error::NoSubjectMode(subject.clone())),
        }
    }

    /// Sets the mode of a scope, or clears it.
    ///
    /// Without `force` a scope with live versions cannot turn to import, and soft-deleted ones are removed permanently.
    pub async fn set_mode(
        &self,
        subject: &Subject,
        mode: Option<&str>,
        force: bool,
        caller: &Caller,
    ) -> Result<(), Error> {
        self.settle(self.view(&caller.authority), &SetMode::new(self, subject, mode, force)?, caller)
            .await
            .map(Settled::into_inner)
    }

    /// Removes the mode of a scope, with `recursive` those of its subjects too, and returns it.
    pub async fn delete_mode(
        &self,
        subject: &Subject,
        recursive: bool,
        caller: &Caller,
    ) -> Result<Option<Mode>, Error> {
        self.settle(self.view(&caller.authority), &RemoveMode::new(self, subject, recursive)?, caller)
            .await
            .map(Settled::into_inner)
    }
}

/// A state as recorded in the log; `None` for an absent one.
fn state(state: &ModeState) -> Option<String> {
    (*state != ModeState::default()).then(|| to_json(state))
}

impl UseCase for SetMode<'_> {
    type Output = ();

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        let imports = self.force || self.mode == Some(Mode::Import);
        let verb = if imports { Verb::Import } else { Verb::Configure };
        view.require(Verb::Configure, Target::of(self.subject.clone()))?;
        view.require(verb, Target::of(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<()>, Error> {
        let mut before = ModeState { mode: view.scope(self.subject).await?.mode, ..ModeState::default() };
        let mut guards = Vec::new();
        let mut effects = Vec::new();
        if self.mode == Some(Mode::Import) && !self.force && effective::mode(view, self.subject).await? != Mode::Import
        {
            before.versions = self.clear_for_import(view, &mut guards, &mut effects).await?;
        }
        effects.push(Effect::SetMode(self.subject.clone(), self.mode));
        let after = ModeState { mode: self.mode, ..ModeState::default() };
        let change = Change { kind: Kind::Mode, guards, effects, before: state(&before), after: state(&after) };
        Ok(Decision::write(change, ()))
    }
}

impl SetMode<'_> {
    /// Removes the soft-deleted versions of the scope and returns them; refuses if any is live.
    async fn clear_for_import(
        &self,
        view: &mut View<'_>,
        guards: &mut Vec<Guard>,
        effects: &mut Vec<Effect>,
    ) -> Result<BTreeMap<Subject, Vec<Version>>, Error> {
        let mut removed = BTreeMap::new();
        for subject in self.subjects(view, guards).await? {
            let scope = view.scope(&subject).await?;
            if scope.versions.iter().any(|stored| !stored.deleted) {
                return Err(Error::ImportOverExisting);
            }
            let versions: Vec<Version> = scope.versions.iter().map(|stored| stored.version).collect();
            for version in &versions {
                delete::unreferenced(view, &subject, *version, true, None).await?;
            }
            if !versions.is_empty() {
                effects.push(Effect::HardDelete(subject.clone(), versions.clone()));
                removed.insert(subject, versions);
            }
        }
        Ok(removed)
    }

    /// The subjects that the mode will apply to.
    async fn subjects(&self, view: &View<'_>, guards: &mut Vec<Guard>) -> Result<Vec<Subject>, Error> {
        if !self.subject.is_context() {
            return Ok(vec![self.subject.clone()]);
        }
        let context = self.subject.context();
        let reach: Option<Context> = (!self.subject.is_top()).then_some(context);
        guards.push(Guard::NoLiveVersions(reach.clone()));
        let filter = match reach {
            Some(context) => SubjectFilter::In(context, String::new()),
            None => SubjectFilter::Everywhere(String::new()),
        };
        let store = &view.registry().store;
        if !store.list_subjects(&filter, DeletedFilter::Live, 0, 1).await?.is_empty() {
            return Err(Error::ImportOverExisting);
        }
        let names = store.list_subjects(&filter, DeletedFilter::All, 0, i64::MAX).await?;
        Ok(names.iter().map(|name| Subject::parse(name)).collect())
    }
}

impl UseCase for RemoveMode<'_> {
    type Output = Option<Mode>;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Configure, Target::of(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Option<Mode>>, Error> {
        let mut before = ModeState { mode: view.scope(self.subject).await?.mode, ..ModeState::default() };
        if before.mode.is_none() && !self.recursive && !self.subject.is_top() {
            return Err(Error::SubjectNotFound(self.subject.clone()));
        }
        let mut effects = vec![Effect::SetMode(self.subject.clone(), None)];
        if self.recursive && self.subject.is_context() {
            for (subject, _) in view.registry().store.list_configured(Some(&self.subject.context())).await? {
                if subject != *self.subject
                    && let Some(mode) = view.scope(&subject).await?.mode
                {
                    effects.push(Effect::SetMode(subject.clone(), None));
                    before.modes.insert(subject, mode);
                }
            }
        }
        let shown = before.mode.or(self.subject.is_top().then_some(Mode::default()));
        if before == ModeState::default() {
            return Ok(Decision::Done(shown));
        }
        let change = Change { kind: Kind::Mode, guards: Vec::new(), effects, before: state(&before), after: None };
        Ok(Decision::write(change, shown))
    }
}
