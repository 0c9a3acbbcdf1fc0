//! References: the other files that a schema may name.

use crate::syntax::File;

/// The subject and version a reference points to. Types of the same origin are equal without a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub subject: String,
    pub version: i32,
}

/// The text of a referenced file, before it is parsed.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceText<'a> {
    /// The path by which files import it.
    pub name: &'a str,
    pub text: &'a str,
    /// Of a direct reference; references of references have none.
    pub origin: Option<&'a Origin>,
}

/// A referenced file.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) file: File,
    pub(crate) origin: Option<Origin>,
}
