//! Plans: what they encode, what they decode, and what they refuse.

mod allocations;
mod anything;
mod apache;
mod corpus;
mod evolution;
mod fuzz;
mod hostile;
mod round_trips;
mod types;

use avow_avro::{Schema, Strictness, parse};
use avow_client::codec::{DecodeError, DecodePlan, EncodeError, EncodePlan, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn schema(text: &str) -> Schema {
    parse(text, &[], Strictness::Java).unwrap()
}

pub(crate) fn encode<T: Serialize + ?Sized>(schema_text: &str, value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    EncodePlan::new(&schema(schema_text)).unwrap().encode(value, &mut out)?;
    Ok(out)
}

pub(crate) fn decode<T: DeserializeOwned>(writer: &str, bytes: &[u8]) -> Result<T, DecodeError> {
    DecodePlan::new(&schema(writer), None).unwrap().decode(bytes, &Limits::default())
}
