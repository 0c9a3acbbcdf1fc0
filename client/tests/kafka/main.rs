//! Serializers and deserializers around a real Apache Kafka: `tests/kafka/run`.
//!
//! The environment has `KAFKA`, the address of a broker, and `AVOW`, the registry's binary. Each test runs a registry of
//! its own and makes topics of its own. The examples of the crate are built before.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod evolution;
mod examples;
mod failures;
mod foreign;
mod streams;
mod support;
