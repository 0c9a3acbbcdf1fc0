//! The one module that knows the schema formats.
//!
//! The format crates (`avow-avro` and its siblings) do not know of each other, nor of subjects or HTTP. This crate puts them
//! behind one interface: parse, print, normalise, check, explain, references. It also contains the views of a schema:
//! fields, places in texts, differences, decoded and sampled records, lint. The server, the console and the command line share
//! it.
//!
//! Adding a format:
//!
//! 1. a variant of [`ParsedSchema`], of [`Incompatibility`] and, where its proofs look different, of [`Witness`],
//! 2. its line in [`SUPPORTED`],
//! 3. a module beside `format/avro.rs` that translates its findings, and its rules in `format/rules.rs`.
//!
//! The compiler points out the rest.

pub mod data;
pub mod diff;
mod format;
pub mod layout;
pub mod lint;
pub mod source;

pub use format::{
    Cause, Definitions, Finding, Fix, Format, Incompatibility, InvalidSchema, JsonSchema, ParsedSchema, Policy,
    Reference, Role, Rule, RuleEntry, SUPPORTED, Severity, Side, Strictness, Validation, Verdict, Witness, check,
    definitions, explain, parse, rules, soundness,
};
