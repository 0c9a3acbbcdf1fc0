//! The formats behind one interface.

mod avro;
mod compatibility;
mod finding;
mod json;
mod parsed;
mod proto;
mod rules;
mod text;

pub use avow_avro::Definitions;
pub use compatibility::{Incompatibility, Policy, Role, Verdict, check, explain, soundness};
pub use finding::{Cause, Finding, Fix, Side, Witness};
pub use json::JsonSchema;
pub use parsed::{
    Format, InvalidSchema, ParsedSchema, Reference, SUPPORTED, Strictness, Validation, definitions, parse,
};
pub use rules::{Rule, RuleEntry, Severity, rules};
