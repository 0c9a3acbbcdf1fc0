//! Interoperability with the `apache-avro` crate.

use apache_avro::AvroSchema;
use apache_avro::types::Value;
use avow_avro::{ParseError, Schema, Strictness, parse};
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// The schema that `#[derive(AvroSchema)]` gives a type.
///
/// ```
/// use avow_client::codec::{DecodePlan, EncodePlan, Limits, schema_of};
///
/// #[derive(Debug, PartialEq, apache_avro::AvroSchema, serde::Serialize, serde::Deserialize)]
/// struct Sale {
///     shop: String,
///     cents: i64,
/// }
///
/// let schema = schema_of::<Sale>()?;
/// let sale = Sale { shop: "Ulm".to_owned(), cents: 42 };
/// let mut record = Vec::new();
/// EncodePlan::new(&schema)?.encode(&sale, &mut record)?;
/// assert_eq!(DecodePlan::new(&schema, None)?.decode::<Sale>(&record, &Limits::default())?, sale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn schema_of<T: AvroSchema>() -> Result<Schema, ParseError> {
    let text = serde_json::to_string(&T::get_schema()).map_err(|error| ParseError::NotASchema(error.to_string()))?;
    parse(&text, &[], Strictness::Java)
}

/// `Serialize` for a value. Union branches are identified by their index.
pub(super) struct ValueSerializer<'v>(pub(super) &'v Value);

impl Serialize for ValueSerializer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Int(value) | Value::Date(value) | Value::TimeMillis(value) => serializer.serialize_i32(*value),
            Value::Long(value)
            | Value::TimeMicros(value)
            | Value::TimestampMillis(value)
            | Value::TimestampMicros(value)
            | Value::TimestampNanos(value)
            | Value::LocalTimestampMillis(value)
            | Value::LocalTimestampMicros(value)
            | Value::LocalTimestampNanos(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f32(*value),
            Value::Double(value) => serializer.serialize_f64(*value),
            Value::Bytes(bytes) | Value::Fixed(_, bytes) => serializer.serialize_bytes(bytes),
            Value::String(text) | Value::Enum(_, text) => serializer.serialize_str(text),
            Value::Union(at, value) => serializer.serialize_newtype_variant("", *at, "", &ValueSerializer(value)),
            Value::Array(items) => {
                let mut parts = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| parts.serialize_element(&ValueSerializer(item)))?;
                parts.end()
            }
            Value::Map(entries) => {
                let mut parts = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| parts.serialize_entry(key, &ValueSerializer(value)))?;
                parts.end()
            }
            Value::Record(fields) => {
                let mut parts = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| parts.serialize_entry(name, &ValueSerializer(value)))?;
                parts.end()
            }
            Value::Decimal(decimal) => {
                let bytes = Vec::try_from(decimal).map_err(S::Error::custom)?;
                serializer.serialize_bytes(&bytes)
            }
            Value::BigDecimal(decimal) => {
                let (number, scale) = decimal.as_bigint_and_exponent();
                let scale = i32::try_from(scale).map_err(S::Error::custom)?;
                serializer.serialize_bytes(&super::encode::big_decimal(&number.to_signed_bytes_be(), scale))
            }
            Value::Duration(duration) => serializer.serialize_bytes(&<[u8; 12]>::from(duration)),
            Value::Uuid(uuid) => serializer.serialize_str(&uuid.to_string()),
        }
    }
}
