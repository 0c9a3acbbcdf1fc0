//! Serializers and deserializers for Avro records on Apache Kafka, and the client of any Confluent-compatible schema
//! registry.
//!
//! # Rooms
//!
//! - `wire`: how a record says which schema it was written with
//! - `codec`: compiled plans from structs to Avro binary and back
//! - `rest`: the registry's HTTP API as typed methods
//! - `serializer`, `deserializer`: what a producer and a consumer hold

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod blocking;
pub mod codec;
mod error;
mod observe;
pub mod rest;

pub use error::{BoxError, Error};
pub use observe::{Event, Observer};
