//! The objects of a repository: what a file holds, and the hash it has.

use std::io::Read as _;

use sha2::Digest as _;

use crate::Error;

/// What an object holds.
#[derive(Debug, Clone)]
pub(crate) enum Blob {
    Text(String),
    /// Something that is not text, and what it is.
    Other(String),
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) hash: String,
    pub(crate) kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Link,
    Submodule,
}

/// The hash that Git gives a file of such a content, in the kind of hash that `like` is.
pub(crate) fn hash(text: &str, like: &str) -> String {
    let head = format!("blob {}\0", text.len());
    if like.len() == 64 {
        hex::encode(sha2::Sha256::new().chain_update(head).chain_update(text).finalize())
    } else {
        hex::encode(sha1::Sha1::new().chain_update(head).chain_update(text).finalize())
    }
}

const LFS: &str = "version https://git-lfs.github.com/";

/// One answer of `cat-file --batch`: a line about the object, its bytes, a newline.
pub(super) fn read_object(answers: &mut impl std::io::BufRead) -> Result<Option<Blob>, Error> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    let mut words = head.trim_end().rsplit(' ');
    let (size, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if kind != "blob" {
        // A folder has bytes, too.
        if let (Ok(size), "tree" | "commit" | "tag") = (size.parse::<u64>(), kind) {
            std::io::copy(&mut answers.take(size + 1), &mut std::io::sink())?;
        }
        return Ok(None);
    }
    let size: usize = size.parse().map_err(|_| Error::Input(format!("git cat-file: {}", head.trim_end())))?;
    let mut bytes = vec![0; size + 1];
    answers.read_exact(&mut bytes)?;
    bytes.pop();
    Ok(Some(match crate::source::text(bytes) {
        Ok(text) if text.starts_with(LFS) => Blob::Other("it is a pointer of Git LFS; run `git lfs fetch`".to_owned()),
        Ok(text) => Blob::Text(text),
        Err(reason) => Blob::Other(reason),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_git() {
        let sha1 = "95d09f2b10159347eece71399a7e2e907ea3df4f";
        assert_eq!(hash("hello world", sha1), sha1);
        let sha256 = "fee53a18d32820613c0527aa79be5cb30173c823a9b448fa4817767cc84c6f03";
        assert_eq!(hash("hello world", sha256), sha256);
    }
}
