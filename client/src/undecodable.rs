//! Records that cannot be decoded, and what to do with them.

use std::fmt;
use std::time::Duration;

use crate::codec::{DecodeError, DecodeErrorKind, PlanError};
use crate::format::Unusable;
use crate::wire::SchemaKey;
use crate::{Error, LoadedSchema};

/// The default pause before a record is decoded again.
const PAUSE: Duration = Duration::from_secs(1);

/// The class of an undecodable record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The record does not name its schema.
    NotFramed,
    /// The record names its schema in another way than Confluent registries.
    UnknownFraming,
    /// The schema is not in memory, and the call does not send requests.
    NotLoaded,
    /// The registry has no such schema.
    UnknownSchema,
    /// The registry cannot be reached.
    RegistryUnavailable,
    /// The credentials do not permit to read the schema.
    NotAllowed,
    /// The schema is of another format.
    OtherFormat,
    /// The schema is invalid.
    InvalidSchema,
    /// The reader schema cannot read records of this schema.
    Unresolvable,
    /// The schema has rules, such as encryption, that this crate does not run.
    NeedsRules,
    /// The data ends too early.
    Truncated,
    /// The data does not match its schema.
    Malformed,
    /// The message indexes of Protobuf are out of bounds, or not of the schema.
    MessageIndex,
    /// Bytes follow the data.
    TrailingBytes,
    /// The data exceeds the limits.
    OverLimit,
    /// The data is well-formed, but does not resolve to the reader schema.
    DoesNotFit,
    /// The Rust type rejects the data.
    Refused,
}

impl Class {
    /// The name for headers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFramed => "not-framed",
            Self::UnknownFraming => "unknown-framing",
            Self::NotLoaded => "not-loaded",
            Self::UnknownSchema => "unknown-schema",
            Self::RegistryUnavailable => "registry-unavailable",
            Self::NotAllowed => "not-allowed",
            Self::OtherFormat => "other-format",
            Self::InvalidSchema => "invalid-schema",
            Self::Unresolvable => "unresolvable",
            Self::NeedsRules => "needs-rules",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::MessageIndex => "message-index",
            Self::TrailingBytes => "trailing-bytes",
            Self::OverLimit => "over-limit",
            Self::DoesNotFit => "does-not-fit",
            Self::Refused => "refused",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::NotFramed => "the record does not name its schema",
            Self::UnknownFraming => "the record is not framed as Confluent registries do it",
            Self::NotLoaded => "the schema is not in memory; load it, or decode with `decode`",
            Self::UnknownSchema => "the registry has no such schema",
            Self::RegistryUnavailable => "the registry cannot be reached",
            Self::NotAllowed => "the credentials do not permit to read the schema; check them",
            Self::OtherFormat => "the schema is of another format",
            Self::InvalidSchema => "the schema is invalid",
            Self::Unresolvable => "the reader schema cannot read records of this schema",
            Self::NeedsRules => {
                "the schema has rules that this client does not run; run them and call `rules_are_run_elsewhere()`"
            }
            Self::Truncated => "the data ends too early",
            Self::Malformed => "the data does not match its schema",
            Self::MessageIndex => "the message indexes are out of bounds or not of the schema",
            Self::TrailingBytes => "bytes follow the data",
            Self::OverLimit => "the data exceeds the limits",
            Self::DoesNotFit => "the data does not resolve to the reader schema",
            Self::Refused => "the Rust type rejects the data",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do with a record that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It will never be decodable: move it to the dead-letter topic with [`Undecodable::headers`].
    DeadLetter,
    /// The record may be fine: decode it again after this time.
    RetryAfter(Duration),
    /// The record may be fine, but waiting does not help: an operator has to fix the setup.
    Stop,
}

/// The error of decoding a record.
#[derive(Debug)]
pub struct Undecodable(Box<Inner>);

#[derive(Debug)]
struct Inner {
    class: Class,
    key: Option<SchemaKey>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Framing(&'static str),
    NotLoaded,
    Registry { error: Error, is_long_missing: bool },
    Schema(String),
    Plan(PlanError),
    Data(DecodeError),
}

impl Undecodable {
    fn new(class: Class, key: Option<SchemaKey>, cause: Cause) -> Self {
        Self(Box::new(Inner { class, key, cause }))
    }

    pub(crate) fn framing(class: Class, hint: &'static str) -> Self {
        Self::new(class, None, Cause::Framing(hint))
    }

    pub(crate) fn not_loaded(key: SchemaKey) -> Self {
        Self::new(Class::NotLoaded, Some(key), Cause::NotLoaded)
    }

    /// The schema could not be loaded. A miss is final after the grace period.
    pub(crate) fn registry(key: SchemaKey, error: Error, is_long_missing: bool) -> Self {
        let class = if error.is_not_found() || error.is_offline() {
            Class::UnknownSchema
        } else if error.is_unauthenticated() || error.is_forbidden() {
            Class::NotAllowed
        } else {
            Class::RegistryUnavailable
        };
        Self::new(class, Some(key), Cause::Registry { error, is_long_missing })
    }

    pub(crate) fn unusable(key: SchemaKey, unusable: &Unusable) -> Self {
        match unusable {
            Unusable::OtherFormat { .. } => {
                Self::new(Class::OtherFormat, Some(key), Cause::Schema(unusable.to_string()))
            }
            Unusable::Invalid(why) => Self::new(Class::InvalidSchema, Some(key), Cause::Schema(why.clone())),
            Unusable::Plan(error) => Self::new(Class::Unresolvable, Some(key), Cause::Plan(error.clone())),
        }
    }

    pub(crate) fn needs_rules(key: SchemaKey, schema: &LoadedSchema) -> Self {
        Self::new(Class::NeedsRules, Some(key), Cause::Schema(schema.rules_on_reading().join(", ")))
    }

    #[cold]
    pub(crate) fn data(key: SchemaKey, error: DecodeError) -> Self {
        let class = match error.kind() {
            DecodeErrorKind::Truncated => Class::Truncated,
            DecodeErrorKind::Malformed => Class::Malformed,
            DecodeErrorKind::MessageIndex => Class::MessageIndex,
            DecodeErrorKind::TrailingBytes => Class::TrailingBytes,
            DecodeErrorKind::OverLimit => Class::OverLimit,
            DecodeErrorKind::DoesNotFit => Class::DoesNotFit,
            DecodeErrorKind::Refused => Class::Refused,
        };
        Self::new(class, Some(key), Cause::Data(error))
    }

    /// The class of the error.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The schema that the record names.
    pub fn schema_key(&self) -> Option<SchemaKey> {
        self.0.key
    }

    /// The location in the data: the path of the field, including map keys, and the number of bytes read.
    pub fn place(&self) -> Option<(String, usize)> {
        match &self.0.cause {
            Cause::Data(error) => Some((error.path(), error.offset())),
            _ => None,
        }
    }

    /// Whether the record may be decodable later.
    pub fn is_retriable(&self) -> bool {
        matches!(self.disposition(), Disposition::RetryAfter(_))
    }

    /// What to do with the record.
    pub fn disposition(&self) -> Disposition {
        match (&self.0.cause, self.class()) {
            (Cause::Registry { is_long_missing: true, .. }, Class::UnknownSchema) => Disposition::DeadLetter,
            (_, Class::NotAllowed | Class::NeedsRules) => Disposition::Stop,
            // For example a schema with a missing reference: waiting does not help, but the record is fine.
            (Cause::Registry { error, .. }, Class::RegistryUnavailable) if !error.is_retriable() => Disposition::Stop,
            (Cause::Registry { error, .. }, _) => Disposition::RetryAfter(error.retry_after().unwrap_or(PAUSE)),
            (Cause::NotLoaded, _) => Disposition::RetryAfter(Duration::ZERO),
            _ => Disposition::DeadLetter,
        }
    }

    /// Headers for the dead-letter topic: class, reason, schema and location.
    ///
    /// They contain nothing of the payload, so they may be logged where the payload may not.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("avow.undecodable.class", self.class().as_str().to_owned()),
            ("avow.undecodable.reason", self.reason()),
        ];
        if let Some(key) = self.schema_key() {
            headers.push(("avow.undecodable.schema", key.to_string()));
        }
        if let Cause::Data(error) = &self.0.cause {
            let place = format!("{} @ {}", error.path_without_keys(), error.offset());
            headers.push(("avow.undecodable.place", place));
        }
        headers
    }

    /// One sentence, without data of the payload.
    fn reason(&self) -> String {
        let sentence = self.class().sentence();
        match &self.0.cause {
            Cause::Framing(hint) => format!("{sentence}: {hint}"),
            Cause::Registry { error, .. } => format!("{sentence}: {error}"),
            Cause::Schema(why) => format!("{sentence}: {why}"),
            Cause::Plan(error) => format!("{sentence}: {error}"),
            // Messages of the codec may quote the data.
            Cause::NotLoaded | Cause::Data(_) => sentence.to_owned(),
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())?;
        if let Some(key) = self.schema_key() {
            write!(f, " (schema {key})")?;
        }
        if let Cause::Data(error) = &self.0.cause {
            write!(f, ": {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Undecodable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            // Their messages are part of this one.
            Cause::Registry { error, .. } => error.source(),
            Cause::Plan(error) => error.source(),
            Cause::Data(error) => error.source(),
            Cause::Framing(_) | Cause::NotLoaded | Cause::Schema(_) => None,
        }
    }
}
