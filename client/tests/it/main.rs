//! Everything that a user of the crate can see, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod codec;
mod consumer;
mod json;
mod kafka;
mod producer;
mod protobuf;
mod rest;
mod snapshots;
mod support;
mod tls;
mod vectors;
