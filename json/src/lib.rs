//! The JSON Schema core of Avow: reads, prints and compares schemas as the Confluent registry 8.5 does.
//!
//! Pure and synchronous: no input or output, no clock, no panics on any input, and no stack that a document could exhaust.
//! Nothing is ever fetched: a `$ref` reaches the document itself, the references that came with it, and the meta-schemas.
//!
//! ```
//! use avow_budget::Budget;
//! use avow_json::{Newer, Policy, Schema, check};
//!
//! let budget = Budget::unlimited();
//! let old = Schema::parse(r#"{"type": "string", "maxLength": 10}"#, &[], &budget)?;
//! let new = Schema::parse(r#"{"type": "string", "maxLength": 5}"#, &[], &budget)?;
//! let verdict = check(&new, &old, Policy::Strict, &budget)?;
//! assert!(!verdict.is_compatible());
//! assert_eq!(verdict.differences[0].kind.as_str(), "MAX_LENGTH_DECREASED");
//! assert_eq!(verdict.differences[0].path, "#/maxLength");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From the text to the answer:
//!
//! - `reader` reads text as the reference's JSON library does, `decimal` keeps its numbers exact, `printer` writes it back
//! - `load` makes a `model` of it: one loader for drafts 4 to 7, one for 2019-09 and 2020-12
//! - `compare` walks two models in step
//! - `difference` says which differences are allowed, and in which words the others are reported
//! - `witness` looks for data that proves a finding, or that the rules missed

mod compare;
mod decimal;
mod difference;
mod load;
mod model;
mod pattern;
mod printer;
mod reader;
mod schema;
mod stack;
mod value;
mod witness;

pub use difference::{Difference, DifferenceKind, Newer, Policy};
pub use reader::SyntaxError;
pub use schema::{Document, ParseError, Reference, ReservedName, Schema, Stage, Verdict, check};
pub use witness::{Finding, Fix, NOT_READABLE, Severity, Witness, explain, rules, soundness};
