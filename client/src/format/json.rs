//! JSON: text by serde, described by JSON Schema.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::{Decode, DecodeBorrowed, Encode, Format, SchemaText, Unusable};
use crate::codec::{DecodeError, DecodeErrorKind, EncodeError, Limits};
use crate::rest::SchemaType;
use crate::wire::Framed;
use crate::{LoadedSchema, PrepareError};

/// The format of JSON data with a JSON Schema, for types of serde.
#[derive(Debug, Clone, Copy)]
pub enum Json {}

/// A JSON Schema with the texts of its references.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonSchema {
    pub(super) root: Value,
    /// Names and documents.
    pub(super) references: Vec<(String, Value)>,
}

#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    #[cfg(feature = "json-schema")]
    pub(crate) validates: bool,
}

/// The validator of data, if there is one.
#[derive(Debug)]
pub struct JsonCodec {
    #[cfg(feature = "json-schema")]
    validator: Option<super::validation::Validator>,
}

impl SchemaText for JsonSchema {
    const TYPE: SchemaType = SchemaType::Json;

    fn parse(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !matches!(root, Value::Object(_) | Value::Bool(_)) {
            return Err("a JSON Schema is an object or a boolean".to_owned());
        }
        let reference = |(name, text): &(&str, &str)| match serde_json::from_str(text) {
            Ok(document) => Ok(((*name).to_owned(), document)),
            Err(error) => Err(format!("reference `{name}`: {error}")),
        };
        Ok(Self { root, references: references.iter().map(reference).collect::<Result<_, _>>()? })
    }

    fn of(schema: &LoadedSchema) -> Result<&Self, Unusable> {
        schema.parsed_json()
    }

    fn name(&self) -> Option<String> {
        Some(self.root.get("title")?.as_str()?.to_owned())
    }

    #[cfg(feature = "json-schema")]
    fn incompatibilities(reader: &Self, writer: &Self) -> Result<Vec<String>, String> {
        super::validation::incompatibilities(reader, writer)
    }

    #[cfg(not(feature = "json-schema"))]
    fn incompatibilities(reader: &Self, writer: &Self) -> Result<Vec<String>, String> {
        if reader == writer {
            return Ok(Vec::new());
        }
        Err("JSON Schemas are compared only with the feature `json-schema`; enable it, or call \
             `strict_compatibility(false)`"
            .to_owned())
    }

    fn is_equal(&self, other: &Self) -> bool {
        self == other
    }
}

impl JsonCodec {
    #[cfg_attr(not(feature = "json-schema"), expect(clippy::unnecessary_wraps, reason = "validators may not compile"))]
    fn new(schema: &JsonSchema, options: &JsonOptions) -> Result<Self, Unusable> {
        #[cfg(feature = "json-schema")]
        return Ok(Self {
            validator: match options.validates {
                true => Some(super::validation::Validator::new(schema).map_err(Unusable::Invalid)?),
                false => None,
            },
        });
        #[cfg(not(feature = "json-schema"))]
        {
            let (_, _) = (schema, options);
            Ok(Self {})
        }
    }

    /// Checks data before they are decoded.
    #[inline]
    #[cfg_attr(not(feature = "json-schema"), expect(clippy::unused_self, reason = "there is no validator"))]
    fn check(&self, data: &[u8], limits: &Limits) -> Result<(), DecodeError> {
        if data.len() > limits.bytes {
            return Err(DecodeError::over("the message is larger than `Limits::bytes`"));
        }
        #[cfg(feature = "json-schema")]
        if let Some(validator) = &self.validator {
            let value: Value = serde_json::from_slice(data).map_err(|error| decode_error(data, &error))?;
            validator.validate(&value).map_err(|why| DecodeError::of(DecodeErrorKind::DoesNotFit, why, 0))?;
        }
        Ok(())
    }
}

impl Format for Json {
    type Schema = JsonSchema;
    type EncodeOptions = JsonOptions;
    type DecodeOptions = JsonOptions;
    type Encoder = JsonCodec;
    type Decoder = JsonCodec;

    fn encoder(schema: &LoadedSchema, options: &JsonOptions) -> Result<JsonCodec, PrepareError> {
        Ok(JsonCodec::new(JsonSchema::of(schema)?, options)?)
    }

    fn decoder(schema: &LoadedSchema, options: &JsonOptions) -> Result<JsonCodec, Unusable> {
        JsonCodec::new(JsonSchema::of(schema)?, options)
    }
}

impl<T: Serialize + ?Sized> Encode<T> for Json {
    #[inline]
    #[cfg_attr(not(feature = "json-schema"), expect(unused_variables, reason = "there is no validator"))]
    fn encode(encoder: &JsonCodec, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        #[cfg(feature = "json-schema")]
        if let Some(validator) = &encoder.validator {
            let value = serde_json::to_value(value).map_err(EncodeError::refused)?;
            validator.validate(&value).map_err(EncodeError::refused)?;
        }
        serde_json::to_writer(out, value).map_err(EncodeError::refused)
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    #[inline]
    fn decode(decoder: &JsonCodec, framed: Framed<'_>, limits: &Limits) -> Result<T, DecodeError> {
        decoder.check(framed.data, limits)?;
        serde_json::from_slice(framed.data).map_err(|error| decode_error(framed.data, &error))
    }
}

impl<'m, T: Deserialize<'m>> DecodeBorrowed<'m, T> for Json {
    #[inline]
    fn decode_borrowed(decoder: &'m JsonCodec, framed: Framed<'m>, limits: &Limits) -> Result<T, DecodeError> {
        decoder.check(framed.data, limits)?;
        serde_json::from_slice(framed.data).map_err(|error| decode_error(framed.data, &error))
    }
}

#[cold]
fn decode_error(data: &[u8], error: &serde_json::Error) -> DecodeError {
    let kind = match error.classify() {
        Category::Eof => DecodeErrorKind::Truncated,
        Category::Data => DecodeErrorKind::Refused,
        Category::Syntax | Category::Io => DecodeErrorKind::Malformed,
    };
    let line_start = match error.line() {
        0 | 1 => 0,
        line => data.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum(),
    };
    DecodeError::of(kind, error.to_string(), line_start + error.column())
}
