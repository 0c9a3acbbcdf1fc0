//! Errors of plans, of encoding and of decoding.

use std::fmt;
use std::sync::Arc;

use avow_budget::Exceeded;

use super::path::{Path, WithPath};

/// The findings in a message; [`PlanError::findings`] has all.
const FINDINGS_SHOWN: usize = 10;

/// The error of compiling a plan for a schema or a pair of schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    pub(super) reason: PlanReason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanReason {
    /// No record of the writer can be decoded. Each finding has its location in the reader's schema.
    Unresolvable(Vec<(String, String)>),
    TooLarge,
}

impl PlanError {
    pub(super) fn too_large() -> Self {
        Self { reason: PlanReason::TooLarge }
    }

    /// Whether the schemas are incompatible, as opposed to too large.
    pub fn is_unresolvable(&self) -> bool {
        matches!(self.reason, PlanReason::Unresolvable(_))
    }

    /// The incompatibilities: a JSON pointer into the reader's schema, and a message.
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
            PlanReason::TooLarge => out.write_str("the schema is too large or too deeply nested; split it"),
            PlanReason::Unresolvable(findings) => {
                out.write_str("the reader schema cannot read records of the writer schema")?;
                for (path, message) in findings.iter().take(FINDINGS_SHOWN) {
                    write!(out, "; at {path}: {message}")?;
                }
                if findings.len() > FINDINGS_SHOWN {
                    write!(out, "; and {} more", findings.len() - FINDINGS_SHOWN)?;
                }
                out.write_str("; use a compatible reader schema")
            }
        }
    }
}

impl std::error::Error for PlanError {}

impl From<Exceeded> for PlanError {
    fn from(_: Exceeded) -> Self {
        Self::too_large()
    }
}

/// The error of encoding a value.
#[derive(Debug)]
pub struct EncodeError(Box<EncodeFault>);

#[derive(Debug)]
struct EncodeFault {
    kind: EncodeErrorKind,
    message: Message,
    path: Path,
}

/// The kind of an encode error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// The value's type is not the schema's.
    Type,
    /// A number, length or text is outside what the schema's type holds.
    Range,
    /// The value lacks a field of the schema that has no default.
    MissingField,
    /// The value has a field that the schema lacks.
    UnknownField,
    /// The schema's enum has no such symbol.
    Symbol,
    /// No branch of the schema's union matches, or more than one.
    Branch,
    /// The value is nested too deeply.
    TooDeep,
    /// The type's `Serialize` returned an error, or validation against the schema did.
    Refused,
}

/// A message that is formatted when it is printed.
#[derive(Debug)]
pub(super) enum Message {
    Static(&'static str),
    Text(String),
    /// The type found, and the type expected.
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

    /// An error of a format other than Avro.
    #[cfg(feature = "protobuf")]
    #[cold]
    pub(crate) fn of(kind: EncodeErrorKind, why: String) -> Self {
        Self::new(kind, Message::Text(why))
    }

    #[cold]
    pub(crate) fn refused(why: impl fmt::Display) -> Self {
        Self::new(EncodeErrorKind::Refused, Message::Text(why.to_string()))
    }

    /// The kind of the error.
    pub fn kind(&self) -> EncodeErrorKind {
        self.0.kind
    }

    /// The path in the value: `Order.items[2].price`.
    pub fn path(&self) -> String {
        self.0.path.to_string()
    }
}

impl WithPath for EncodeError {
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
        Self::refused(message)
    }
}

/// The error of decoding a record.
#[derive(Debug)]
pub struct DecodeError(Box<DecodeFault>);

#[derive(Debug)]
struct DecodeFault {
    kind: DecodeErrorKind,
    message: Message,
    path: Path,
    offset: usize,
    /// The type takes its fields by name only; the record is decoded again that way.
    wants_names: bool,
}

/// The kind of a decode error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end inside the record.
    Truncated,
    /// The bytes are no datum of the writer's schema.
    Malformed,
    /// The message indexes of Protobuf are out of bounds, or not of the schema.
    MessageIndex,
    /// Bytes follow the record.
    TrailingBytes,
    /// The record takes more than the [`Limits`](super::Limits) allow.
    OverLimit,
    /// The record is well-formed, but a value in it does not resolve to the reader's schema.
    DoesNotFit,
    /// The type's `Deserialize` returned an error.
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
        Self::new(DecodeErrorKind::Truncated, Message::Static("unexpected end of data"))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn malformed(what: &'static str) -> Self {
        Self::new(DecodeErrorKind::Malformed, Message::Static(what))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn over(what: &'static str) -> Self {
        Self::new(DecodeErrorKind::OverLimit, Message::Static(what))
    }

    /// An error of a format other than Avro.
    #[cold]
    pub(crate) fn of(kind: DecodeErrorKind, why: impl Into<String>, offset: usize) -> Self {
        let mut error = Self::new(kind, Message::Text(why.into()));
        error.0.offset = offset;
        error
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

    /// The kind of the error.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// The path in the record: `Order.items[2].price`.
    pub fn path(&self) -> String {
        self.0.path.to_string()
    }

    /// The same with nothing of the data in it: no keys of maps.
    pub(crate) fn path_without_keys(&self) -> String {
        self.0.path.without_keys().to_string()
    }

    /// The number of bytes read before the error.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

impl WithPath for DecodeError {
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
