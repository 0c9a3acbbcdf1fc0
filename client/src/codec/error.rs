//! Why a plan cannot be made, a value not be encoded, or bytes not be decoded.

use std::fmt;
use std::sync::Arc;

use super::path::{Path, Placed};

/// Why no plan exists for a schema, or for a pair of schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    pub(super) reason: PlanReason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanReason {
    /// No record of the writer can be decoded; each finding with its place in the reader's schema.
    Unresolvable(Vec<(String, String)>),
    TooLarge,
}

impl PlanError {
    /// Tells whether the reader's schema cannot read what the writer's wrote, rather than a limit being in the way.
    pub fn is_unresolvable(&self) -> bool {
        matches!(self.reason, PlanReason::Unresolvable(_))
    }

    /// Lists what is wrong: a JSON pointer into the reader's schema, and what does not fit there.
    pub fn findings(&self) -> impl Iterator<Item = (&str, &str)> {
        let findings: &[_] = match &self.reason {
            PlanReason::Unresolvable(findings) => findings,
            PlanReason::TooLarge => &[],
        };
        findings.iter().map(|(path, message)| (path.as_str(), message.as_str()))
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            PlanReason::TooLarge => out.write_str("The schema is too large or too deep for a plan; split it"),
            PlanReason::Unresolvable(findings) => {
                out.write_str("The reader's schema can read nothing that the writer's wrote")?;
                for (path, message) in findings {
                    write!(out, "; at {path}: {message}")?;
                }
                out.write_str(". Give the reader a compatible schema")
            }
        }
    }
}

impl std::error::Error for PlanError {}

/// Why a value could not be encoded.
#[derive(Debug)]
pub struct EncodeError(Box<EncodeFault>);

#[derive(Debug)]
struct EncodeFault {
    kind: EncodeErrorKind,
    message: Message,
    path: Path,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// The value's type is not the schema's.
    Type,
    /// A number, length or text is outside what the schema's type holds.
    Range,
    /// The schema has a field that the value has not, without a default.
    MissingField,
    /// The value has a field that the schema has not.
    UnknownField,
    /// The schema's enum has no such symbol.
    Symbol,
    /// No branch of the schema's union is meant, or more than one.
    Branch,
    /// The value is nested too deeply.
    TooDeep,
    /// The value's own `Serialize` gave up.
    Refused,
}

/// A text that is made when it is printed.
#[derive(Debug)]
pub(super) enum Message {
    Static(&'static str),
    Text(String),
    /// Found this, expected that.
    Mismatch(&'static str, &'static str),
    Named(&'static str, Arc<str>),
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(text) => out.write_str(text),
            Self::Text(text) => out.write_str(text),
            Self::Mismatch(found, expected) => write!(out, "{found} does not fit the schema's {expected}"),
            Self::Named(text, name) => write!(out, "{text} `{name}`"),
        }
    }
}

impl EncodeError {
    #[cold]
    #[inline(never)]
    pub(super) fn new(kind: EncodeErrorKind, message: Message) -> Self {
        Self(Box::new(EncodeFault { kind, message, path: Path::default() }))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn mismatch(found: &'static str, expected: &'static str) -> Self {
        Self::new(EncodeErrorKind::Type, Message::Mismatch(found, expected))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn inside(mut self, root: Option<&Arc<str>>) -> Self {
        self.0.path.root = root.cloned();
        self
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> EncodeErrorKind {
        self.0.kind
    }

    /// Returns where in the value it is wrong: `Order.items[2].price`.
    pub fn path(&self) -> String {
        self.0.path.to_string()
    }
}

impl Placed for EncodeError {
    fn path_mut(&mut self) -> &mut Path {
        &mut self.0.path
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.0.path, self.0.message)
    }
}

impl std::error::Error for EncodeError {}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(EncodeErrorKind::Refused, Message::Text(message.to_string()))
    }
}

/// Why bytes could not be decoded.
#[derive(Debug)]
pub struct DecodeError(Box<DecodeFault>);

#[derive(Debug)]
struct DecodeFault {
    kind: DecodeErrorKind,
    message: Message,
    path: Path,
    offset: usize,
    /// The type wants its fields by name; the next try serves them so.
    wants_names: bool,
}

/// What is wrong with the bytes, or with the type that they should become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end inside the record.
    Truncated,
    /// The bytes are no datum of the writer's schema.
    Malformed,
    /// Bytes follow the record.
    TrailingBytes,
    /// The record takes more than the [`Limits`](super::Limits) allow.
    OverLimit,
    /// The record is well-formed, but the reader's schema has no place for what it holds.
    DoesNotFit,
    /// The type's own `Deserialize` gave up.
    Refused,
}

impl DecodeError {
    #[cold]
    #[inline(never)]
    pub(super) fn new(kind: DecodeErrorKind, message: Message) -> Self {
        Self(Box::new(DecodeFault { kind, message, path: Path::default(), offset: 0, wants_names: false }))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn truncated() -> Self {
        Self::new(DecodeErrorKind::Truncated, Message::Static("the bytes end here"))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn malformed(what: &'static str) -> Self {
        Self::new(DecodeErrorKind::Malformed, Message::Static(what))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn over(what: &'static str) -> Self {
        Self::new(DecodeErrorKind::OverLimit, Message::Static(what))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn finish(&mut self, root: Option<&Arc<str>>, offset: usize) {
        self.0.path.root = root.cloned();
        self.0.offset = offset;
    }

    #[cold]
    #[inline(never)]
    pub(super) fn wanting_names(mut self) -> Self {
        self.0.wants_names = true;
        self
    }

    pub(super) fn wants_names(&self) -> bool {
        self.0.wants_names
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Returns where in the record it is wrong: `Order.items[2].price`.
    pub fn path(&self) -> String {
        self.0.path.to_string()
    }

    /// The same with nothing of the data in it: no keys of maps.
    pub(crate) fn path_without_keys(&self) -> String {
        self.0.path.without_keys().to_string()
    }

    /// Returns how many bytes were read when it was noticed.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

impl Placed for DecodeError {
    fn path_mut(&mut self) -> &mut Path {
        &mut self.0.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}: {}", self.0.path, self.offset(), self.0.message)
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(DecodeErrorKind::Refused, Message::Text(message.to_string()))
    }
}
