//! Full names, whose namespaces are shared: a document may nest a hundred thousand types in one long namespace.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::fingerprint::Fingerprint;

/// A namespace. Two are equal when their fingerprints are, so that comparing long ones costs nothing.
#[derive(Debug, Clone)]
pub(crate) struct Space(Arc<(Fingerprint, Box<str>)>);

impl Space {
    pub(crate) fn new(text: &str) -> Self {
        Self(Arc::new((Fingerprint::of(text.as_bytes()), text.into())))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0.1
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.0.0
    }
}

impl PartialEq for Space {
    fn eq(&self, other: &Self) -> bool {
        self.0.0 == other.0.0
    }
}

impl Eq for Space {}

impl Hash for Space {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.0.hash(state);
    }
}

/// The full name of a type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    space: Option<Space>,
    simple: Box<str>,
}

impl Name {
    /// Reads `name`, which may bring its namespace along, inside the namespace `space`.
    pub(crate) fn new(name: &str, space: Option<&Space>) -> Self {
        match name.rsplit_once('.') {
            Some((space, simple)) => Self::in_space((!space.is_empty()).then(|| Space::new(space)), simple),
            None => Self::in_space(space.cloned(), name),
        }
    }

    pub(crate) fn in_space(space: Option<Space>, simple: &str) -> Self {
        Self { space, simple: simple.into() }
    }

    /// The name without its namespace.
    pub(crate) fn simple(&self) -> &str {
        &self.simple
    }

    pub(crate) fn space(&self) -> Option<&Space> {
        self.space.as_ref()
    }

    pub(crate) fn space_text(&self) -> &str {
        self.space.as_ref().map_or("", Space::text)
    }

    /// The name to find it by, without a copy.
    pub(crate) fn key(&self) -> (Option<&Space>, &str) {
        (self.space.as_ref(), &self.simple)
    }

    /// The name with its namespace, spelled out.
    pub(crate) fn full(&self) -> Cow<'_, str> {
        match &self.space {
            Some(_) => Cow::Owned(self.to_string()),
            None => Cow::Borrowed(&self.simple),
        }
    }

    /// The bytes of the name spelled out.
    pub(crate) fn full_length(&self) -> usize {
        self.space.as_ref().map_or(0, |space| space.text().len() + 1) + self.simple.len()
    }

    /// Whether Java's accessor gives this alias to a type in the namespace `space` with a leading dot: it has no namespace
    /// but the type has one.
    pub(crate) fn has_leading_dot(&self, space: Option<&Space>) -> bool {
        self.space.is_none() && space.is_some()
    }

    /// The alias as Java's accessor gives it to a type in the namespace `space`.
    pub(crate) fn seen_from(&self, space: Option<&Space>) -> Cow<'_, str> {
        if self.has_leading_dot(space) { Cow::Owned(format!(".{}", self.simple)) } else { self.full() }
    }

    /// Shortens the name inside its own namespace, unless the short form would name a type of the language.
    pub(crate) fn inside(&self, space: Option<&Space>) -> Cow<'_, str> {
        let is_local = self.space.is_some() && self.space.as_ref() == space;
        if is_local && !TYPE_NAMES.contains(&self.simple()) { Cow::Borrowed(&self.simple) } else { self.full() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(space) = &self.space {
            write!(out, "{}.", space.text())?;
        }
        out.write_str(&self.simple)
    }
}

/// Java shortens no name that looks like one of its own type names.
const TYPE_NAMES: [&str; 14] = [
    "record", "enum", "array", "map", "union", "fixed", "string", "bytes", "int", "long", "float", "double", "boolean",
    "null",
];
