//! Serializers and deserializers for Avro records on Apache Kafka, and the client of any Confluent-compatible schema
//! registry.
//!
//! A producer and a consumer:
//!
//! ```no_run
//! # async fn example(mut send: impl FnMut(&[u8]), mut receive: impl FnMut() -> Option<Vec<u8>>) -> Result<(), Box<dyn std::error::Error>> {
//! use avow_client::{Deserializer, Disposition, Registry, Serializer, Subject};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Order {
//!     id: i64,
//!     item: String,
//! }
//! const ORDER: &str = r#"{"type":"record","name":"Order","fields":[
//!     {"name":"id","type":"long"},
//!     {"name":"item","type":"string","default":"tea"}]}"#;
//!
//! let registry = Registry::connect(["http://localhost:8081"])?;
//!
//! // Everything that can fail for others' reasons fails here, before the first record.
//! let mut orders = Serializer::<Order>::builder(&registry, Subject::topic("orders")).schema(ORDER).prepare().await?;
//! send(orders.serialize(&Order { id: 1, item: "cup".into() })?.payload);
//!
//! // Reads what was written with any schema of the topic's history, as `ORDER` has it.
//! let mut orders = Deserializer::<Order>::builder(&registry).reader_schema(ORDER).build()?;
//! while let Some(payload) = receive() {
//!     match orders.decode(&payload).await {
//!         Ok(Some(order)) => println!("{order:?}"),
//!         Ok(None) => println!("a tombstone"),
//!         Err(error) => match error.disposition() {
//!             Disposition::DeadLetter => println!("put aside, with headers: {:?}", error.headers()),
//!             Disposition::RetryAfter(pause) => println!("{error}; again in {pause:?}"),
//!             Disposition::Stop => return Err(error.into()),
//!         },
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **No network per record.** [`prepare`](SerializerBuilder::prepare) and [`load`](Deserializer::load) ask the
//!   registry; [`serialize`](Serializer::serialize) and [`decode_now`](Deserializer::decode_now) cannot.
//! - **One request per schema**, however many records wait for it; none for what is known to be missing; hardly any
//!   while the registry is down. What was seen once is decoded whatever becomes of the registry, and with a
//!   [`Snapshot`] a program starts without one.
//! - **By name, never by position.** Writer's and reader's schema are resolved by the rules of Avro, by the same code
//!   with which Avow checks compatibility: what the registry lets in can be read.
//! - **Hostile bytes are an error.** Never a panic, never more memory than the [limits](codec::Limits) allow; and each
//!   [`Undecodable`] says what to do with its record.
//! - **Nothing is registered by accident**: [`auto_register`](SerializerBuilder::auto_register) is off unless asked for.
//!
//! # Rooms
//!
//! - [`Serializer`], [`Deserializer`]: what a producer and a consumer hold
//! - [`Registry`]: what is known of a registry; [`Snapshot`]: the same in a file
//! - [`rest`]: the registry's HTTP API as typed methods
//! - [`codec`]: compiled plans from structs to Avro binary and back
//! - [`wire`]: how a record says which schema it was written with
//! - [`blocking`]: all of it where nothing is async
//! - [`Observer`]: what happens off the hot path, for logs and metrics

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod blocking;
pub mod codec;
mod deserializer;
mod error;
mod observe;
mod registry;
pub mod rest;
mod serializer;
mod snapshot;
mod subject;
mod undecodable;
pub mod wire;

pub use deserializer::{Deserializer, DeserializerBuilder};
pub use error::{BoxError, Error};
#[cfg(feature = "tracing")]
pub use observe::Tracing;
pub use observe::{Counters, Counts, Event, Observer};
pub use registry::{Caches, LatestVersion, LoadedSchema, Registry, RegistryBuilder};
pub use serializer::{Encoded, LocalSchema, PrepareError, Serializer, SerializerBuilder};
pub use snapshot::{Snapshot, SnapshotError};
pub use subject::Subject;
pub use undecodable::{Class, Disposition, Undecodable};
