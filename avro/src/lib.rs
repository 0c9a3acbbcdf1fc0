//! The Avro core of Avow: parses, prints and compares schemas exactly as Java Avro 1.12.1 does.
//!
//! Pure and synchronous: no input or output, no clock, no panics on any input, no stack that a document could exhaust.
//!
//! ```
//! use avow_avro::{Candidate, Strictness, check, explain, parse};
//!
//! let old = parse(r#"{"type":"record","name":"Order","fields":[]}"#, &[], Strictness::Strict)?;
//! let new = parse(
//!     r#"{"type":"record","name":"Order","fields":[{"name":"price","type":"int"}]}"#,
//!     &[],
//!     Strictness::Strict,
//! )?;
//! assert!(check(&old, &new).is_compatible());
//! let verdict = check(&new, &old);
//! assert_eq!(verdict.findings[0].kind.as_str(), "READER_FIELD_MISSING_DEFAULT_VALUE");
//!
//! let finding = &explain(&new, &old, Candidate::Reader)[0];
//! assert_eq!(finding.title, "`Order.price` is not in the data and has no default");
//! assert_eq!(finding.fixes[0].title, "Give `price` the default 0");
//! # Ok::<(), avow_avro::ParseError>(())
//! ```
//!
//! Work over a stranger's documents takes a [`Budget`]: the functions that end in `_within` count a step for each byte, type,
//! pair or candidate they look at and hold the bytes that they keep, and stop with [`Exceeded`] instead of a wrong answer.
//! The cost is a line in the size of the documents, save where a text spells out full names (its own length) and where many
//! branches of a union share one simple name (each has to be tried). Those without a budget are for trusted text.
//!
//! From the document to the answer:
//!
//! - `json` reads text as the reference's JSON library does, `parse` makes a `model` of it
//! - `print`, `normal`, `canonical` and `shape` are the four texts and hashes by which schemas are stored and recognised
//! - `compat` is the static check, with [`Checker`] for many pairs of one history, `datum` decodes real data as a second opinion
//! - `explain` turns both into findings that people can act on
//! - `view` lets others walk a schema, for codecs
//! - `tags` finds and changes inline tags
//! - `names` lists what a document defines, without what it refers to

mod canonical;
mod compat;
mod datum;
mod equality;
mod error;
mod explain;
mod fingerprint;
mod fits;
mod json;
mod logical;
mod model;
mod name;
mod names;
mod normal;
mod parse;
mod pointer;
mod positions;
mod print;
mod shape;
mod tags;
mod typed;
mod view;

pub use avow_budget::{Budget, Exceeded};
pub use compat::{Checker, Incompatibility, IncompatibilityKind, Verdict, check, check_within};
pub use datum::{Action, ActionId, DecodeError, DecodeErrorKind, Resolution, Step, Witness};
pub use error::{NameError, ParseError};
pub use explain::{
    Candidate, Cause, Explanation, Finding, Fix, Rule, RuleEntry, Severity, Side, explain, explain_within, rules,
    soundness, soundness_within,
};
pub use model::Schema;
pub use names::{Definitions, definitions, definitions_within};
pub use parse::{Limits, Strictness, parse, parse_with, parse_within};
pub use tags::{Entity, Tagged, UnknownPath};
pub use view::{LogicalType, Member, Type, TypeId};
