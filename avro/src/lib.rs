//! The Avro core.
