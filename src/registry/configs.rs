//! Settings of scopes (contract 9.3).

use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Error, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Config, ConfigUpdate, Kind, Patch, Subject};
use crate::store::Effect;

pub(super) struct Update<'a> {
    subject: &'a Subject,
    update: &'a ConfigUpdate,
}

pub(super) struct Remove<'a> {
    pub(super) subject: &'a Subject,
}

impl<'a> Update<'a> {
    /// Refuses requests that are invalid in every state of the registry.
    pub(super) fn new(subject: &'a Subject, update: &'a ConfigUpdate) -> Result<Self, Error> {
        update.rule_sets().try_for_each(crate::domain::RuleSet::validate)?;
        if !subject.is_configurable() {
            return Err(Error::InvalidSubject(subject.to_string()));
        }
        Ok(Self { subject, update })
    }
}

impl Registry {
    /// The settings of a scope itself, or with `in_force` those that apply to it.
    ///
    /// The global scopes always have some: at least the server's level.
    pub async fn config(&self, view: &mut View<'_>, subject: &Subject, in_force: bool) -> Result<Config, Error> {
        let found =
            if in_force { effective::record(view, subject).await? } else { view.scope(subject).await?.config.clone() };
        match found {
            Some(config) => Ok(self.leveled(config)),
            None if in_force || subject.is_top() => Ok(self.leveled(Config::default())),
            None => Err(Error::NoSubjectLevel(subject.clone())),
        }
    }

    /// Updates the settings of a scope and returns the result.
    pub async fn update_config(
        &self,
        subject: &Subject,
        update: &ConfigUpdate,
        caller: &Caller,
    ) -> Result<Config, Error> {
        self.settle(self.view(&caller.authority), &Update::new(subject, update)?, caller).await.map(Settled::into_inner)
    }

    /// Removes the settings of a scope and returns them.
    pub async fn delete_config(&self, subject: &Subject, caller: &Caller) -> Result<Config, Error> {
        let removed = self.settle(self.view(&caller.authority), &Remove { subject }, caller).await?.into_inner();
        Ok(self.leveled(removed))
    }

    /// A record without a level means the server's (contract 17).
    fn leveled(&self, config: Config) -> Config {
        Config { compatibility_level: config.compatibility_level.or(Some(self.settings.level)), ..config }
    }
}

impl UseCase for Update<'_> {
    type Output = Config;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Configure, Target::of(self.subject.clone()))?;
        if let Patch::Set(alias) = &self.update.alias
            && !alias.is_empty()
        {
            view.require(Verb::Read, Target::of(Subject::parse_in(&self.subject.context(), alias)))?;
        }
        Ok(())
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Config>, Error> {
        effective::writable(view, self.subject).await?;
        let stored = view.scope(self.subject).await?.config.clone();
        let config = self.update.clone().apply(stored.clone().unwrap_or_default());
        let change = Change {
            kind: Kind::Config,
            guards: Vec::new(),
            effects: vec![Effect::SetConfig(self.subject.clone(), Some(Box::new(config.clone())))],
            before: stored.as_ref().map(to_json),
            after: Some(to_json(&config)),
        };
        Ok(Decision::write(change, config))
    }
}

impl UseCase for Remove<'_> {
    type Output = Config;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        view.require(Verb::Configure, Target::of(self.subject.clone()))
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Config>, Error> {
        let stored = view.scope(self.subject).await?.config.clone();
        let Some(config) = stored else {
            if self.subject.is_top() {
                effective::writable(view, self.subject).await?;
                return Ok(Decision::Done(Config::default()));
            }
            return Err(Error::SubjectNotFound(self.subject.clone()));
        };
        effective::writable(view, self.subject).await?;
        let change = Change {
            kind: Kind::Config,
            guards: Vec::new(),
            effects: vec![Effect::SetConfig(self.subject.clone(), None)],
            before: Some(to_json(&config)),
            after: None,
        };
        Ok(Decision::write(change, config))
    }
}
