//! The schema files below a folder, and the globs that choose some of them.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use ignore::types::TypesBuilder;

use crate::Error;

/// Whether a glob means one file, as it is written or escaped.
pub(super) fn is_literal(glob: &str) -> bool {
    let mut plain = String::with_capacity(glob.len());
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        let escaped = rest.strip_prefix('[').and_then(|rest| {
            let mut inside = rest.chars();
            let c = inside.next()?;
            (inside.next() == Some(']')).then_some(c)
        });
        let length = if escaped.is_some() { 2 + escaped.map_or(0, char::len_utf8) } else { c.len_utf8() };
        plain.push(escaped.unwrap_or(c));
        if escaped.is_none() && matches!(c, '*' | '?' | '[' | ']' | '{' | '}') {
            return false;
        }
        rest = &rest[length..];
    }
    !plain.is_empty()
}

/// A glob as in `.gitignore`: `*` stays within a folder, `**` does not.
pub(crate) fn glob(text: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(text).literal_separator(true).build().map_err(|error| error.to_string())?;
    Ok(glob.compile_matcher())
}

/// A symbolic link that leads to no file.
enum Link {
    Loop,
    Dangling(PathBuf),
}

fn broken_link(error: &ignore::Error) -> Option<Link> {
    match error {
        ignore::Error::Loop { .. } => Some(Link::Loop),
        ignore::Error::WithPath { path, .. } if path.is_symlink() => Some(Link::Dangling(path.clone())),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithPath { err, .. } => broken_link(err),
        _ => None,
    }
}

/// The schema files below a folder, in order, links followed, without what Git ignores.
pub(crate) fn walk(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut types = TypesBuilder::new();
    types.add("avro", "*.avsc").expect("a glob that is valid");
    types.select("avro");
    let types = types.build().expect("a type that was added");
    let mut found = Vec::new();
    for entry in WalkBuilder::new(folder).types(types).follow_links(true).sort_by_file_name(Ord::cmp).build() {
        let path = match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => entry.into_path(),
            Ok(_) => continue,
            Err(error) => match broken_link(&error) {
                Some(Link::Dangling(path)) if path.extension().is_some_and(|it| it == "avsc") => path,
                // Of a loop the target was walked already.
                Some(Link::Loop | Link::Dangling(_)) => continue,
                None => return Err(Error::Input(format!("cannot look into `{}`: {error}", folder.display()))),
            },
        };
        found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
    }
    Ok(found)
}
