//! The one place that knows the schema formats.
//!
//! The format crates (`avow-avro` and its siblings) do not know of each other, nor of subjects or HTTP. This crate puts them
//! behind one interface: parse, print, normalise, check, explain, references. It also holds what people see in a schema:
//! fields, places in texts, differences, decoded and sampled records, lint. The server, the console and the command line share
//! it.

pub mod data;
pub mod diff;
pub mod layout;
pub mod lint;
pub mod source;
