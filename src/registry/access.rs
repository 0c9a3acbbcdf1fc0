//! Permission: the authority that a request acts on, and the permissions that an answer requires.

use super::Error;
use crate::access::Identity;
use crate::domain::access::{Resource, Scope, Target, Verb};
use crate::domain::{Context, Subject};
use std::sync::Arc;

/// The authority that a request acts on.
#[derive(Debug, Clone)]
pub struct Authority(Option<Arc<Identity>>);

impl Authority {
    /// Everything is allowed: authentication is off, or the registry acts by itself.
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Whatever an identity may do.
    pub fn of(identity: Arc<Identity>) -> Self {
        Self(Some(identity))
    }

    /// The identity, where there is authentication.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.0.as_ref()
    }

    /// The name for the log; empty where there is no authentication.
    pub fn actor(&self) -> Arc<str> {
        self.0.as_ref().map_or_else(|| Arc::from(""), |identity| identity.principal.name.shared())
    }

    /// Whether a verb is allowed on a resource.
    pub fn allows(&self, verb: Verb, resource: Resource<'_>) -> bool {
        self.0.as_ref().is_none_or(|identity| identity.allows(verb, resource))
    }

    /// Whether a subject, or the scope of settings that it stands for, may be read.
    pub fn reads(&self, subject: &Subject) -> bool {
        match &self.0 {
            None => true,
            Some(_) if subject.is_context() => self.allows(Verb::Read, Target::of(subject.clone()).resource()),
            Some(identity) => identity.allows(Verb::Read, Resource::Subject(subject)),
        }
    }

    /// Whether every subject may be read, so that answers and the work on them can be shared.
    pub fn reads_everything(&self) -> bool {
        self.0.as_ref().is_none_or(|identity| identity.permissions.is_unrestricted(Verb::Read))
    }

    /// Whether some subject of a context could be readable.
    pub fn reaches(&self, context: &Context) -> bool {
        self.0.as_ref().is_none_or(|identity| identity.permissions.reaches(Verb::Read, context.as_str()))
    }

    /// Beginnings of the names of all readable subjects; `None` where every subject is readable.
    pub fn prefixes(&self) -> Option<Vec<String>> {
        let identity = self.0.as_ref().filter(|_| !self.reads_everything())?;
        Some(identity.permissions.prefixes(Verb::Read))
    }

    /// Refuses where a verb is not allowed on a target.
    pub fn require(&self, verb: Verb, target: &Target) -> Result<(), Error> {
        self.require_as(operation(verb, target), verb, target)
    }

    /// The same for an operation with a name of its own.
    pub fn require_as(&self, operation: &'static str, verb: Verb, target: &Target) -> Result<(), Error> {
        if self.allows(verb, target.resource()) { Ok(()) } else { Err(self.denied(operation, target.to_string())) }
    }

    /// The refusal of an operation: a stranger is asked who it is first.
    pub fn denied(&self, operation: &'static str, on: String) -> Error {
        match &self.0 {
            Some(identity) if identity.principal.is_anonymous() => Error::Unauthenticated,
            _ => Error::Denied { operation, on },
        }
    }

    /// Refuses a nobody to whom no roles were given.
    pub fn require_authenticated(&self) -> Result<(), Error> {
        let known = self.0.as_ref().is_none_or(|identity| identity.is_authenticated());
        if known { Ok(()) } else { Err(Error::Unauthenticated) }
    }
}

/// The word for an operation, as clients know it.
fn operation(verb: Verb, target: &Target) -> &'static str {
    match (verb, target) {
        (Verb::Read, Target::Context(_) | Target::Scope(Scope::Global)) => "ReadCompatibility",
        (Verb::Read, _) => "Read",
        (Verb::Create | Verb::Register, _) => "Write",
        (Verb::Delete | Verb::Purge, _) => "Delete",
        (Verb::Configure, _) => "WriteCompatibility",
        (Verb::Import, _) => "Import",
        (Verb::Watch, _) => "Watch",
        (Verb::Manage, _) => "Manage",
    }
}

/// The permissions that an answer requires: all of these, and an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    all: Vec<(Verb, Target)>,
    /// Whether it is only for those who may read everything.
    everything: bool,
    /// Whether something was left out that others may see.
    partial: bool,
}

impl Needs {
    /// Adds a verb on a target.
    pub fn add(&mut self, verb: Verb, target: Target) {
        if !self.all.iter().any(|known| known.0 == verb && known.1 == target) {
            self.all.push((verb, target));
        }
    }

    /// Adds that everything may be read: the answer would be a different one for anybody else.
    pub fn add_everything(&mut self) {
        self.everything = true;
    }

    /// Notes that something was left out.
    pub fn leave_out(&mut self) {
        self.partial = true;
    }

    /// Adds all that another answer needs.
    pub fn extend(&mut self, other: Self) {
        self.partial |= other.partial;
        self.everything |= other.everything;
        other.all.into_iter().for_each(|(verb, target)| self.add(verb, target));
    }

    /// Whether the answer is the same for everybody who may have it.
    pub fn is_whole(&self) -> bool {
        !self.partial
    }

    /// Whether an authority suffices.
    pub fn are_met_by(&self, authority: &Authority) -> bool {
        authority.0.is_none()
            || (authority.require_authenticated().is_ok()
                && (!self.everything || authority.reads_everything())
                && self.all.iter().all(|(verb, target)| authority.allows(*verb, target.resource())))
    }
}
