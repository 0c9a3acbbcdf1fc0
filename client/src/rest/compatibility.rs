//! The result of a compatibility check, and the findings that explain it.

use std::fmt;

use serde::Deserialize;

use super::types::or_default;

/// The result of a compatibility check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Compatibility {
    /// It may follow.
    pub is_compatible: bool,
    /// The reasons, if requested and known.
    #[serde(default, deserialize_with = "or_default")]
    pub messages: Vec<String>,
}

/// A reason of an incompatibility.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Finding {
    /// The id of the rule, such as `missing-default`.
    pub rule: String,
    /// `breaking` or `warning`.
    pub severity: String,
    /// The path in the schema, such as `Order.items[].price`.
    pub path: String,
    /// The affected consumers or producers.
    pub who: String,
    pub title: String,
    pub why: String,
    /// Changes to the new schema that make it compatible.
    pub fixes: Vec<Fix>,
}

/// A change to a schema that fixes a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Fix {
    pub title: String,
    /// The schema with the change.
    pub schema: String,
    /// Whether the changed schema has no finding left.
    pub resolves_all: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.path, self.title, self.rule)?;
        if !self.who.is_empty() {
            write!(f, "\n      {}", self.who)?;
        }
        match self.fixes.first() {
            Some(fix) => write!(f, "\n      fix: {}", fix.title),
            None => Ok(()),
        }
    }
}
