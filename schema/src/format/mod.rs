//! The formats behind one interface.

mod avro;
mod compatibility;
mod finding;
mod parsed;
mod rules;

pub use avow_avro::{Definitions, Tagged, UnknownPath};
pub use compatibility::{Incompatibility, Policy, Role, Verdict, check, explain, soundness};
pub use finding::{Cause, Finding, Fix, Side, Witness};
pub use parsed::{InvalidSchema, ParsedSchema, SUPPORTED, Strictness, definitions, parse};
pub use rules::{Rule, RuleEntry, Severity, rules};
