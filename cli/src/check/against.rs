//! What schemas are compared with.

use std::path::PathBuf;

use crate::git::DEFAULT_BRANCH;
use crate::project::Project;
use crate::{Error, project};

/// Where the earlier versions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Against {
    /// The versions that a registry holds.
    Registry,
    /// The commit that the current one and a reference have in common, and those before it.
    Git(String),
    /// The files of a folder.
    Folder(PathBuf),
    /// One file.
    File(PathBuf),
    /// What the registry held when `avow.lock` was written.
    Lock,
}

impl Against {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text.split_once(':') {
            None if text == "registry" => Self::Registry,
            None if text == "lock" => Self::Lock,
            Some(("git", reference)) if !reference.is_empty() => Self::Git(reference.to_owned()),
            Some(("dir", path)) if !path.is_empty() => Self::Folder(path.into()),
            Some(("file", path)) if !path.is_empty() => Self::File(path.into()),
            _ => return Err("write registry, lock, git:REF, dir:PATH or file:PATH".to_owned()),
        })
    }

    /// What holds where nobody says: the registry that is known, else the lock file, else the default branch.
    pub(super) fn chosen(flag: Option<Self>, project: &Project, knows_registry: bool) -> Result<Self, Error> {
        if let Some(flag) = flag {
            return Ok(flag);
        }
        if let Some(text) = &project.check.against {
            return Self::parse(text).map_err(|reason| Error::Input(format!("`against` in avow.toml: {reason}")));
        }
        if knows_registry {
            return Ok(Self::Registry);
        }
        let lock = project.path(project::LOCK.as_ref());
        Ok(if lock.is_file() { Self::Lock } else { Self::Git(DEFAULT_BRANCH.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written() {
        for (text, expected) in [
            ("registry", Some(Against::Registry)),
            ("lock", Some(Against::Lock)),
            ("git:origin/main", Some(Against::Git("origin/main".to_owned()))),
            ("dir:a:b", Some(Against::Folder("a:b".into()))),
            ("file:x.avsc", Some(Against::File("x.avsc".into()))),
            ("git:", None),
            ("main", None),
        ] {
            assert_eq!(Against::parse(text).ok(), expected, "{text}");
        }
    }
}
