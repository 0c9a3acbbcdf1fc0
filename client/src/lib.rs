#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! - [`Serializer`], [`Deserializer`]: the handles of a producer and a consumer
//! - [`Registry`]: a registry with its caches; [`Snapshot`]: their content in a file
//! - [`rest`]: the registry's HTTP API as typed methods
//! - [`mod@format`]: Avro, JSON and Protobuf
//! - [`codec`]: compiled plans from structs to Avro binary and back
//! - [`wire`]: framing, how a record names its schema
//! - [`blocking`]: blocking calls
//! - [`Observer`]: events for logs and metrics

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod blocking;
pub mod codec;
mod deserializer;
mod error;
pub mod format;
mod observe;
mod registry;
pub mod rest;
mod serializer;
mod single_flight;
mod snapshot;
mod subject;
mod undecodable;
pub mod wire;

pub use deserializer::{Deserializer, DeserializerBuilder};
pub use error::{BoxError, Error};
pub use format::{Avro, Json};
#[cfg(feature = "protobuf")]
pub use format::{DynamicProtobuf, Protobuf};
#[cfg(feature = "tracing")]
pub use observe::Tracing;
pub use observe::{Counters, Counts, Event, Observer};
pub use registry::{Caches, LatestVersion, LoadedSchema, Registry, RegistryBuilder};
pub use serializer::{Encoded, LocalSchema, PrepareError, Serializer, SerializerBuilder};
pub use snapshot::{Snapshot, SnapshotError};
pub use subject::Subject;
pub use undecodable::{Class, Disposition, Undecodable};
