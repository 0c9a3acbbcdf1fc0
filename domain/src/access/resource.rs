//! The resources that permissions are about.

use crate::{Context, Subject};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A resource of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A subject: its versions, settings and mode.
    Subject(&'a Subject),
    /// The settings and the mode of a whole context.
    Context(&'a Context),
    /// One of the resources that are not named by a subject.
    Scope(Scope),
}

/// A resource that rules name in `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The settings and the mode above all others.
    Global,
    /// The change feed.
    Changes,
    /// The metrics page.
    Metrics,
    /// The audit trail.
    Audit,
    /// Roles, grants and tokens.
    Access,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Global, Self::Changes, Self::Metrics, Self::Audit, Self::Access];

    /// The word of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Changes => "changes",
            Self::Metrics => "metrics",
            Self::Audit => "audit",
            Self::Access => "access",
        }
    }
}

/// An owned [`Resource`], as needs and refusals keep it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A subject.
    Subject(Subject),
    /// A context's settings.
    Context(Context),
    /// Another resource.
    Scope(Scope),
}

impl Target {
    /// The resource behind a scope of settings: a subject, a whole context, or everything.
    pub fn of(subject: Subject) -> Self {
        if subject.is_top() {
            Self::Scope(Scope::Global)
        } else if subject.is_context() {
            Self::Context(subject.context())
        } else {
            Self::Subject(subject)
        }
    }

    /// The target, borrowed.
    pub fn resource(&self) -> Resource<'_> {
        match self {
            Self::Subject(subject) => Resource::Subject(subject),
            Self::Context(context) => Resource::Context(context),
            Self::Scope(scope) => Resource::Scope(*scope),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => write!(f, "Subject: {subject}"),
            Self::Context(context) => write!(f, "Context: {context}"),
            Self::Scope(Scope::Global) => f.write_str("this server."),
            Self::Scope(scope) => f.write_str(scope.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_settings() {
        for (text, expected) in [
            ("", Target::Scope(Scope::Global)),
            (":.:", Target::Scope(Scope::Global)),
            (":.__GLOBAL:", Target::Scope(Scope::Global)),
            (":.dev:", Target::Context(Context::stored(".dev".to_owned()))),
            (":.dev", Target::Context(Context::stored(".dev".to_owned()))),
            ("a", Target::Subject(Subject::parse("a"))),
            (":.__GLOBAL:a", Target::Subject(Subject::parse(":.__GLOBAL:a"))),
        ] {
            assert_eq!(Target::of(Subject::parse(text)), expected, "{text}");
        }
    }
}
