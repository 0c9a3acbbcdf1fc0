//! The formats of records: how each parses schemas, encodes and decodes.
//!
//! A [`Serializer`](crate::Serializer) and a [`Deserializer`](crate::Deserializer) take a format as their second type
//! parameter. Caches, framing, errors and dead-letter classes are the same for all.

mod avro;
mod json;
#[cfg(feature = "protobuf")]
mod protobuf;
#[cfg(feature = "json-schema")]
mod validation;

use std::fmt;

use crate::codec::{DecodeError, EncodeError, Limits, PlanError};
use crate::rest::SchemaType;
use crate::wire::Framed;
use crate::{LoadedSchema, PrepareError};

pub use avro::Avro;
pub use json::Json;
pub(crate) use json::JsonSchema;
#[cfg(feature = "protobuf")]
pub use protobuf::{DynamicProtobuf, Protobuf};

/// A parsed schema of a format.
pub trait SchemaText: Sized {
    const TYPE: SchemaType;

    /// Parses a schema; `references` are names and texts, dependencies first.
    fn parse(text: &str, references: &[(&str, &str)]) -> Result<Self, String>;

    /// The parsed schema of a registry, or the reason why it cannot be used.
    fn of(schema: &LoadedSchema) -> Result<&Self, Unusable>;

    /// The name by which subjects are named after the record.
    fn name(&self) -> Option<String>;

    /// The reasons why `reader` cannot read all data of `writer`; none if it can.
    fn incompatibilities(reader: &Self, writer: &Self) -> Result<Vec<String>, String>;

    fn is_equal(&self, other: &Self) -> bool;
}

/// A format of records: [`Avro`], [`Json`] or, with the feature `protobuf`, `Protobuf` and `DynamicProtobuf`.
pub trait Format: Sized + 'static {
    #[doc(hidden)]
    type Schema: SchemaText + Send + Sync;
    #[doc(hidden)]
    type EncodeOptions: Clone + fmt::Debug + Default + Send + Sync;
    #[doc(hidden)]
    type DecodeOptions: Default + Send + Sync;
    /// A schema made ready for encoding.
    #[doc(hidden)]
    type Encoder: Send + Sync;
    /// A schema made ready for decoding.
    #[doc(hidden)]
    type Decoder: Send + Sync;

    /// Whether records name a message of their schema.
    #[doc(hidden)]
    const MESSAGE_INDEXES: bool = false;

    #[doc(hidden)]
    fn encoder(schema: &LoadedSchema, options: &Self::EncodeOptions) -> Result<Self::Encoder, PrepareError>;

    #[doc(hidden)]
    fn decoder(schema: &LoadedSchema, options: &Self::DecodeOptions) -> Result<Self::Decoder, Unusable>;

    /// The bytes between the schema key and the data.
    #[doc(hidden)]
    #[inline]
    fn message_indexes(_: &Self::Encoder) -> &[u8] {
        &[]
    }
}

/// A format that encodes values of type `T`.
pub trait Encode<T: ?Sized>: Format {
    #[doc(hidden)]
    fn encode_options() -> Self::EncodeOptions {
        Self::EncodeOptions::default()
    }

    /// Appends the data of a value.
    #[doc(hidden)]
    fn encode(encoder: &Self::Encoder, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// A format that decodes values of type `T`.
pub trait Decode<T>: Format {
    #[doc(hidden)]
    fn decode_options() -> Self::DecodeOptions {
        Self::DecodeOptions::default()
    }

    #[doc(hidden)]
    fn decode(decoder: &Self::Decoder, framed: Framed<'_>, limits: &Limits) -> Result<T, DecodeError>;
}

/// A format that decodes values that borrow from the payload.
pub trait DecodeBorrowed<'m, T>: Format {
    #[doc(hidden)]
    fn decode_borrowed(decoder: &'m Self::Decoder, framed: Framed<'m>, limits: &Limits) -> Result<T, DecodeError>;
}

/// The reason why no record of a schema can be decoded.
#[derive(Debug, Clone)]
pub enum Unusable {
    /// The schema is of another format.
    OtherFormat { found: SchemaType, expected: SchemaType },
    /// The schema is not a valid one of its format.
    Invalid(String),
    /// Compiling a plan failed.
    Plan(PlanError),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFormat { found, expected } => write!(f, "its format is {found}, not {expected}"),
            Self::Invalid(why) => f.write_str(why),
            Self::Plan(error) => error.fmt(f),
        }
    }
}

impl From<PlanError> for Unusable {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}
