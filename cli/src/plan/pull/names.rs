//! Files for subjects: names that every file system can hold, and that no stranger can lead astray.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::plan::tree::Tree;
use crate::project::Project;
use crate::report::fingerprint;

/// Gives out paths, never one twice.
pub(super) struct Names {
    folder: PathBuf,
    /// In lower case: not every file system distinguishes case.
    taken: HashSet<String>,
}

/// Bytes of a name before it is cut.
const MOST_BYTES: usize = 200;

impl Names {
    pub(super) fn of(project: &Project, tree: Option<&Tree>, folder: &Path) -> Self {
        let paths = tree.into_iter().flat_map(|tree| &tree.wanted).map(|wanted| &wanted.file.path);
        let taken = paths.map(|path| path.to_string_lossy().to_lowercase()).collect();
        Self { folder: project.shown(folder), taken }
    }

    /// The file that a subject has, or gets.
    pub(super) fn path(&mut self, tree: Option<&Tree>, subject: &str) -> PathBuf {
        if let Some((tree, at)) = tree.and_then(|tree| Some((tree, tree.of_subject(subject)?))) {
            return tree.wanted[at].file.path.clone();
        }
        let stem = stem(subject);
        for number in 1_usize.. {
            let name = if number == 1 { format!("{stem}.avsc") } else { format!("{stem}~{number}.avsc") };
            let path = self.folder.join(name);
            if self.taken.insert(path.to_string_lossy().to_lowercase()) {
                return path;
            }
        }
        unreachable!("there are more numbers than subjects")
    }
}

/// A subject as the name of a file.
fn stem(subject: &str) -> String {
    let mut stem = String::with_capacity(subject.len());
    for (at, byte) in subject.bytes().enumerate() {
        match byte {
            // Hidden files are not looked at.
            b'.' if at == 0 => stem += "%2E",
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => stem.push(char::from(byte)),
            // Writing to a string cannot fail.
            other => drop(write!(stem, "%{other:02X}")),
        }
    }
    if stem.is_empty() {
        return "%".to_owned();
    }
    if stem.len() > MOST_BYTES {
        stem.truncate(MOST_BYTES);
        stem = format!("{stem}~{}", fingerprint(&[subject]));
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_become_names_that_can_do_no_harm() {
        for (subject, expected) in [
            ("orders-value", "orders-value"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("a b:c", "a%20b%3Ac"),
            (".hidden", "%2Ehidden"),
            ("ü*", "%C3%BC%2A"),
            ("", "%"),
        ] {
            assert_eq!(stem(subject), expected);
        }
        assert!(stem(&"x".repeat(1000)).len() < 255);
        assert_ne!(stem(&"x".repeat(1000)), stem(&"x".repeat(999)));
    }
}
