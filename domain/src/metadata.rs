//! Metadata of a schema: tags, properties and which of them are sensitive (contract 2.2).

use super::Version;
use std::collections::{BTreeMap, BTreeSet};

/// The property in which the server keeps the version number, once asked to.
pub const VERSION_PROPERTY: &str = "confluent:version";

/// The data about a schema beside its text. Always sorted; an empty one differs from none.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Metadata {
    /// Tags by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, BTreeSet<String>>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Names of the sensitive properties.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitive: BTreeSet<String>,
}

impl Metadata {
    /// Lays `upper` over `lower`: later keys win, tag sets of one path and sensitive names unite (contract 5, step 10).
    pub fn merged(lower: Option<&Self>, upper: Option<&Self>) -> Option<Self> {
        let (lower, upper) = match (lower, upper) {
            (None, one) | (one, None) => return one.cloned(),
            (Some(lower), Some(upper)) => (lower, upper),
        };
        let mut merged = lower.clone();
        for (path, tags) in &upper.tags {
            merged.tags.insert(path.clone(), tags.clone());
        }
        for (name, value) in &upper.properties {
            merged.properties.insert(name.clone(), value.clone());
        }
        merged.sensitive.extend(upper.sensitive.iter().cloned());
        Some(merged)
    }

    /// The server-kept version number, if the property is set.
    pub fn version_property(&self) -> Option<&str> {
        self.properties.get(VERSION_PROPERTY).map(String::as_str)
    }

    /// The same without the server-kept version number.
    pub fn without_version(&self) -> Self {
        let mut stripped = self.clone();
        stripped.properties.remove(VERSION_PROPERTY);
        stripped
    }

    /// Whether two are equal, given that `version` is the number of the stored one; a version number on only one side
    /// is ignored.
    pub fn equal_but_for_version(new: Option<&Self>, stored: Option<&Self>, version: Version) -> bool {
        let number = |metadata: Option<&Self>| metadata.and_then(Self::version_property).map(str::to_owned);
        let stripped = |metadata: Option<&Self>| metadata.map(Self::without_version).unwrap_or_default();
        match (number(new), number(stored)) {
            (Some(new_number), None) => {
                new_number == version.to_string() && stripped(new) == stored.cloned().unwrap_or_default()
            }
            (None, Some(_)) => new.cloned().unwrap_or_default() == stripped(stored),
            _ => new == stored,
        }
    }

    /// Feeds what counts for identity, in the order of contract 3.1.
    pub(super) fn feed(&self, mut sink: impl FnMut(&[u8])) {
        for (path, tags) in &self.tags {
            sink(path.as_bytes());
            for tag in tags {
                sink(tag.as_bytes());
            }
        }
        for (name, value) in &self.properties {
            sink(name.as_bytes());
            sink(value.as_bytes());
        }
        for name in &self.sensitive {
            sink(name.as_bytes());
        }
    }
}
