//! Avro: binary data by compiled plans.

use std::borrow::Cow;

use avow_avro::{Candidate, Schema, Strictness, Type, check, explain, parse};
use serde::de::DeserializeOwned;
use serde::de::value::BorrowedBytesDeserializer;
use serde::{Deserialize, Serialize};

use super::{Decode, DecodeBorrowed, Encode, Format, SchemaText, Unusable};
use crate::codec::{DecodeError, DecodePlan, EncodeError, EncodePlan, Limits};
use crate::rest::SchemaType;
use crate::wire::Framed;
use crate::{LoadedSchema, PrepareError};

/// The format of Avro binary data, for types of serde.
#[derive(Debug, Clone, Copy)]
pub enum Avro {}

#[derive(Debug, Clone, Default)]
pub struct AvroEncodeOptions {
    pub(crate) ignores_unknown_fields: bool,
}

#[derive(Debug, Default)]
pub struct AvroDecodeOptions {
    pub(crate) reader: Option<Schema>,
}

/// A plan, and how values of type `bytes` are framed.
#[derive(Debug)]
pub struct Plan<P> {
    plan: P,
    /// A schema of type `bytes` has its data without a length, as other clients write them.
    raw_bytes: bool,
}

impl SchemaText for Schema {
    const TYPE: SchemaType = SchemaType::Avro;

    fn parse(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let texts: Vec<_> = references.iter().map(|(_, text)| *text).collect();
        parse(text, &texts, Strictness::Java).map_err(|error| error.to_string())
    }

    fn of(schema: &LoadedSchema) -> Result<&Self, Unusable> {
        schema.parsed_avro()
    }

    fn name(&self) -> Option<String> {
        self.full_name().map(Cow::into_owned)
    }

    fn incompatibilities(reader: &Self, writer: &Self) -> Result<Vec<String>, String> {
        if check(reader, writer).is_compatible() {
            return Ok(Vec::new());
        }
        let findings = explain(reader, writer, Candidate::Writer);
        Ok(findings.into_iter().map(|finding| finding.title).collect())
    }

    fn is_equal(&self, other: &Self) -> bool {
        self.resolved_shape() == other.resolved_shape()
    }
}

impl Format for Avro {
    type Schema = Schema;
    type EncodeOptions = AvroEncodeOptions;
    type DecodeOptions = AvroDecodeOptions;
    type Encoder = Plan<EncodePlan>;
    type Decoder = Plan<DecodePlan>;

    fn encoder(schema: &LoadedSchema, options: &AvroEncodeOptions) -> Result<Self::Encoder, PrepareError> {
        let writer = Schema::of(schema)?;
        let mut plan = EncodePlan::new(writer)?;
        if options.ignores_unknown_fields {
            plan = plan.ignore_unknown_fields();
        }
        Ok(Plan { plan, raw_bytes: is_bytes(writer) })
    }

    fn decoder(schema: &LoadedSchema, options: &AvroDecodeOptions) -> Result<Self::Decoder, Unusable> {
        let writer = Schema::of(schema)?;
        let plan = DecodePlan::new(writer, options.reader.as_ref())?;
        Ok(Plan { plan, raw_bytes: is_bytes(writer) })
    }
}

impl<T: Serialize + ?Sized> Encode<T> for Avro {
    #[inline]
    fn encode(encoder: &Self::Encoder, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let begin = out.len();
        encoder.plan.encode(value, out)?;
        if encoder.raw_bytes {
            strip_length(out, begin);
        }
        Ok(())
    }
}

impl<T: DeserializeOwned> Decode<T> for Avro {
    #[inline]
    fn decode(decoder: &Self::Decoder, framed: Framed<'_>, limits: &Limits) -> Result<T, DecodeError> {
        let prefixed;
        let data = if decoder.raw_bytes {
            prefixed = prefix_length(framed.data);
            &prefixed
        } else {
            framed.data
        };
        decoder.plan.decode(data, limits)
    }
}

impl<'m, T: Deserialize<'m>> DecodeBorrowed<'m, T> for Avro {
    #[inline]
    fn decode_borrowed(decoder: &'m Self::Decoder, framed: Framed<'m>, limits: &Limits) -> Result<T, DecodeError> {
        if decoder.raw_bytes {
            T::deserialize(BorrowedBytesDeserializer::<DecodeError>::new(framed.data))
        } else {
            decoder.plan.decode(framed.data, limits)
        }
    }
}

fn is_bytes(schema: &Schema) -> bool {
    matches!(schema.type_of(schema.root_type()), Type::Bytes)
}

/// Removes the length that starts at `begin`.
#[cold]
fn strip_length(out: &mut Vec<u8>, begin: usize) {
    let length = out[begin..].iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
    out.drain(begin..begin + length);
}

/// The bytes with the length that Avro writes before them.
#[cold]
fn prefix_length(data: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(data.len() + 10);
    let mut left = (data.len() as u64) << 1;
    while left >= 0x80 {
        framed.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    framed.push(left.to_le_bytes()[0]);
    framed.extend_from_slice(data);
    framed
}
