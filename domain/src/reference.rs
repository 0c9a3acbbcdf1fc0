//! References: one schema's named use of another subject's version (contract 4.7).

use super::{Context, Subject, Version, VersionSelector};
use std::fmt;

/// A schema's use of a type that another document defines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reference {
    /// The full name of the type, as the referrer spells it. Not checked against the document.
    pub name: String,
    /// The subject as the referrer wrote it; unqualified, it lives in the referrer's context.
    pub subject: String,
    /// The version, or -1 for the latest until registration fixes the number.
    pub version: i32,
}

impl Reference {
    /// The subject meant by it, seen from a referrer in `context`.
    pub fn target(&self, context: &Context) -> Subject {
        Subject::parse_in(context, &self.subject)
    }

    /// The referenced version; `None` where the number is not a valid one.
    pub fn selector(&self) -> Option<VersionSelector> {
        match self.version {
            -1 => Some(VersionSelector::Latest),
            number => Version::new(number.into()).map(VersionSelector::Number),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{name='{}', subject='{}', version={}}}", self.name, self.subject, self.version)
    }
}

/// One version of one subject, as the target or the source of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ReferencedVersion {
    /// The subject.
    pub subject: Subject,
    pub version: Version,
}
