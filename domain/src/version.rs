//! The numbers of a registry, each a type of its own.

use std::fmt;

/// A subject's ordinal of a schema, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(i32);

impl Version {
    /// The first version of a subject.
    pub const FIRST: Self = Self(1);

    /// The version with this number; `None` below 1 or beyond 2^31-1.
    pub fn new(number: i64) -> Option<Self> {
        i32::try_from(number).ok().filter(|number| *number >= 1).map(Self)
    }

    /// The number itself.
    pub fn get(self) -> i32 {
        self.0
    }

    /// The version after this one; `None` past 2^31-1.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A version as requests name it: a number, or the newest live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionSelector {
    /// The highest live version.
    Latest,
    /// That very version.
    Number(Version),
}

/// A text that names no version (contract 3.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The specified version '{0}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
)]
pub struct InvalidVersion(pub String);

impl VersionSelector {
    /// Reads a version path segment: a number from 1, `latest` in any case, or `-1`.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("latest") || trimmed == "-1" {
            return Ok(Self::Latest);
        }
        trimmed
            .parse::<i64>()
            .ok()
            .and_then(Version::new)
            .map(Self::Number)
            .ok_or_else(|| InvalidVersion(text.to_owned()))
    }

    /// The number that errors name: the version's, or -1 for latest.
    pub fn number(self) -> i32 {
        match self {
            Self::Latest => -1,
            Self::Number(version) => version.get(),
        }
    }
}

/// The number on the wire. Unique for a content within its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SchemaId(i32);

impl SchemaId {
    /// The lowest id; no counter hands it out.
    pub const LOWEST: Self = Self(0);

    /// The id with this number; `None` below 0 or beyond 2^31-1.
    pub fn new(number: i64) -> Option<Self> {
        i32::try_from(number).ok().filter(|number| *number >= 0).map(Self)
    }

    /// The number itself.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A position in the change log. Gapless, in commit order; 0 is the empty log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(pub u64);

/// The number of changes to a scope; 0 if it was never written. The guard of optimistic writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Revision(pub i64);

/// A moment in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl From<std::time::SystemTime> for Timestamp {
    /// A moment before 1970 counts as 1970.
    fn from(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_segments_of_contract_3_3() {
        let number = |n| VersionSelector::Number(Version(n));
        for (text, expected) in [
            ("1", Some(number(1))),
            (" 7 ", Some(number(7))),
            ("2147483647", Some(number(i32::MAX))),
            ("latest", Some(VersionSelector::Latest)),
            ("LaTeSt", Some(VersionSelector::Latest)),
            ("-1", Some(VersionSelector::Latest)),
            ("0", None),
            ("-2", None),
            ("abc", None),
            ("1.0", None),
            ("", None),
            ("2147483648", None),
        ] {
            assert_eq!(VersionSelector::parse(text).ok(), expected, "{text:?}");
        }
    }
}
