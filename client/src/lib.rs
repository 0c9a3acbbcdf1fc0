//! Serializers and deserializers for Avro records on Apache Kafka, and the client of any Confluent-compatible schema
//! registry.
//!
//! # Rooms
//!
//! - [`Registry`]: what is known of a registry; [`Snapshot`]: the same in a file
//! - [`rest`]: the registry's HTTP API as typed methods
//! - [`codec`]: compiled plans from structs to Avro binary and back
//! - [`wire`]: how a record says which schema it was written with
//! - [`blocking`]: all of it where nothing is async
//! - [`Observer`]: what happens off the hot path, for logs and metrics

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod blocking;
pub mod codec;
mod error;
mod observe;
mod registry;
pub mod rest;
mod snapshot;
mod undecodable;
pub mod wire;

pub use error::{BoxError, Error};
pub use observe::{Event, Observer};
pub use registry::{Caches, LatestVersion, LoadedSchema, Registry, RegistryBuilder};
pub use snapshot::{Snapshot, SnapshotError};
pub use undecodable::{Class, Disposition, Undecodable};
