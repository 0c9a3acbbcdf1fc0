//! The commits that made a file what it is, followed through renames.

use std::collections::HashMap;

/// A commit that changed schema files, with what it made of them.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) changes: Vec<Change>,
}

/// One file that a commit added or changed.
#[derive(Debug)]
pub(crate) struct Change {
    path: String,
    /// What the commit made of it.
    blob: String,
    /// The name it had before; none where the commit added it.
    from: Option<String>,
}

/// `:100644 100644 OLD NEW R100`, then one path or, of a file that was renamed, two.
pub(super) fn read_change<'t>(head: &str, parts: &mut impl Iterator<Item = &'t str>) -> Option<Change> {
    let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
    let [_, _, _, blob, status] = words[..] else { return None };
    let path = parts.next()?.to_owned();
    let (from, path) = match status.as_bytes().first()? {
        b'R' => (Some(path), parts.next()?.to_owned()),
        b'A' => (None, path),
        b'D' => return None,
        _ => (Some(path.clone()), path),
    };
    Some(Change { path, blob: blob.to_owned(), from })
}

/// The history of files: for each, newest first, the blobs with the commits that made them, followed through renames.
///
/// `commits` are as [`super::Repository::history`] gives them, `paths` as they are in the newest.
pub(crate) fn ancestry(commits: &[Commit], paths: &[String]) -> HashMap<String, Vec<(String, String)>> {
    let mut found: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut names: HashMap<&str, &str> = paths.iter().map(|path| (path.as_str(), path.as_str())).collect();
    for commit in commits {
        let mut earlier = Vec::new();
        for change in &commit.changes {
            let Some(path) = names.remove(change.path.as_str()) else { continue };
            found.entry(path.to_owned()).or_default().push((commit.id.clone(), change.blob.clone()));
            earlier.extend(change.from.as_deref().map(|from| (from, path)));
        }
        names.extend(earlier);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_followed_through_renames() {
        let change = |path: &str, blob: &str, from: Option<&str>| Change {
            path: path.to_owned(),
            blob: blob.to_owned(),
            from: from.map(str::to_owned),
        };
        let commit = |id: &str, changes| Commit { id: id.to_owned(), changes };
        let commits = [
            commit("3", vec![change("b", "b2", Some("b")), change("x", "x2", Some("x"))]),
            commit("2", vec![change("b", "b1", Some("a"))]),
            commit("1", vec![change("a", "a1", None), change("b", "other", None)]),
        ];
        let pairs = |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let expected: HashMap<_, Vec<_>> = [("b".to_owned(), pairs(&[("3", "b2"), ("2", "b1"), ("1", "a1")]))].into();
        assert_eq!(ancestry(&commits, &["b".to_owned(), "unchanged".to_owned()]), expected);
    }
}
