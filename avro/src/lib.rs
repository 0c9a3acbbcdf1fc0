//! The Avro core of Avow: parses, prints and compares schemas exactly as Java Avro 1.12.1 does.
//!
//! Pure and synchronous: no input or output, no clock, no panics on any input.

mod canonical;
mod compat;
mod datum;
mod error;
mod explain;
mod json;
mod logical;
mod model;
mod normal;
mod parse;
mod pointer;
mod print;
mod same;
mod shape;
mod tags;
mod typed;

pub use compat::{Incompatibility, IncompatibilityKind, Verdict, check};
pub use datum::{DecodeError, DecodeErrorKind, Resolution, Witness};
pub use error::{NameError, ParseError};
pub use explain::{Candidate, Cause, Finding, Fix, Rule, RuleEntry, Severity, Side, explain, rules, soundness};
pub use model::Schema;
pub use parse::{Limits, Strictness, parse, parse_with};
pub use tags::{Entity, Tagged, UnknownPath};
