//! `avow.lock`: what the registry held when it was written, so that checks are exact without asking it.
//!
//! JSON, sorted, one version a line, so that a difference reads well and merges well. `version` is 1; a file of a later
//! format is refused.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Documents;
use crate::Error;
use avow_domain::{Level, Reference};

/// Where a project keeps it.
pub(crate) const NAME: &str = "avow.lock";

const VERSION: u32 = 1;

/// The subjects of a project as a registry knew them.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    version: u32,
    /// Where it was asked, without credentials.
    pub(crate) registry: String,
    pub(crate) subjects: BTreeMap<String, LockedSubject>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedSubject {
    /// The effective level.
    pub(crate) level: Level,
    /// The live versions, oldest first.
    pub(crate) versions: Vec<LockedVersion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedVersion {
    pub(crate) version: i32,
    pub(crate) id: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
    /// The stored text.
    pub(crate) schema: String,
}

impl Lock {
    pub(crate) fn new(registry: String) -> Self {
        Self { version: VERSION, registry, subjects: BTreeMap::new() }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::reading(path))?;
        let invalid = |reason: String| Error::Input(format!("`{}`: {reason}", path.display()));
        let lock: Self = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if lock.version != VERSION {
            return Err(invalid(format!("format {} is not known here; use a newer avow", lock.version)));
        }
        Ok(lock)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        fs::write(path, self.text()).map_err(Error::writing(path))
    }

    fn text(&self) -> String {
        let mut out = format!("{{\n\"version\": {VERSION},\n\"registry\": {},\n\"subjects\": {{", json(&self.registry));
        for (at, (name, subject)) in self.subjects.iter().enumerate() {
            out += if at == 0 { "\n" } else { ",\n" };
            out += &[&json(name), ": {\"level\": ", &json(&subject.level), ", \"versions\": ["].concat();
            for (at, version) in subject.versions.iter().enumerate() {
                out += if at == 0 { "\n" } else { ",\n" };
                out += &json(version);
            }
            out += "\n]}";
        }
        out + "\n}}\n"
    }

    /// Adds the documents of a reference, each after those it refers to; false if a version is not there.
    pub(crate) fn gather(&self, reference: &Reference, documents: &mut Documents) -> bool {
        let mut open = vec![(reference.clone(), false)];
        let mut seen = HashSet::new();
        while let Some((reference, is_expanded)) = open.pop() {
            let Some(found) = self.find(&reference) else { return false };
            if is_expanded {
                documents.list(&found.schema);
            } else if seen.insert((reference.subject.clone(), found.version)) {
                open.push((reference, true));
                open.extend(found.references.iter().rev().map(|below| (below.clone(), false)));
            }
        }
        true
    }

    /// The text of a version that something refers to.
    pub(crate) fn find(&self, reference: &Reference) -> Option<&LockedVersion> {
        let versions = &self.subjects.get(&reference.subject)?.versions;
        match reference.version {
            -1 => versions.last(),
            number => versions.iter().find(|version| version.version == number),
        }
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types are valid JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let mut lock = Lock::new("http://registry".to_owned());
        let reference = Reference { name: "a.B".to_owned(), subject: "b".to_owned(), version: 2 };
        let version = |version, references| LockedVersion { version, id: 7, references, schema: "\"int\"".to_owned() };
        let versions = vec![version(1, Vec::new()), version(3, vec![reference.clone()])];
        lock.subjects.insert("orders".to_owned(), LockedSubject { level: Level::Full, versions });
        lock.write(&path).expect("a file");
        assert_eq!(Lock::read(&path).expect("a lock"), lock);
        assert_eq!(
            lock.find(&Reference { subject: "orders".to_owned(), version: -1, ..reference }),
            lock.subjects["orders"].versions.last()
        );

        fs::write(&path, "{\"version\": 2, \"registry\": \"\", \"subjects\": {}}").expect("a file");
        assert!(Lock::read(&path).is_err_and(|error| error.to_string().contains("newer avow")));
    }
}
