//! Findings for people: what breaks, where, data that prove it, and changes that were tried.

use super::text::fingerprint;
use super::{Rule, Severity};

/// One finding about a pair of schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// The location for people: `Order.items[].price`.
    pub path: String,
    pub reader: Side,
    pub writer: Side,
    /// One line.
    pub title: String,
    /// The reason, in a sentence or two.
    pub why: String,
    /// The reasons behind a union that does not accept the data.
    pub causes: Vec<Cause>,
    pub witness: Option<Witness>,
    /// Changes to the new schema that were tried and help.
    pub fixes: Vec<Fix>,
    /// Sixteen hexadecimal digits that stay the same from run to run.
    pub fingerprint: String,
    /// The sentence of the reference registry, where it has one.
    pub confluent: Option<String>,
}

impl Finding {
    /// A breaking finding about no place in particular.
    pub(super) fn bare(rule: Rule, title: String, why: String) -> Self {
        Self {
            rule,
            severity: Severity::Breaking,
            path: String::new(),
            reader: Side::default(),
            writer: Side::default(),
            fingerprint: fingerprint(rule, "", &title),
            title,
            why,
            causes: Vec::new(),
            witness: None,
            fixes: Vec::new(),
            confluent: None,
        }
    }
}

/// One schema's side of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// A JSON pointer into the stored text; none for types of references, and in formats other than JSON.
    pub pointer: Option<String>,
    /// The text at that location, shortened when it is long.
    pub fragment: String,
}

/// A reason behind a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The rule that is broken there.
    pub rule: Rule,
    pub path: String,
    pub title: String,
    pub why: String,
}

/// Data that prove a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// A record that was encoded and could not be decoded.
    Record {
        /// In Avro's JSON encoding, as the writer has it.
        json: String,
        /// In hexadecimal.
        bytes: String,
        /// The sentence of the decoder.
        error: String,
    },
    /// JSON data that the writer's schema allows and the reader's refuses.
    Instance {
        json: String,
        /// The sentence of the validator.
        error: String,
    },
    /// A Protobuf message.
    Message {
        /// In hexadecimal.
        bytes: String,
        /// In the text format.
        written: String,
        /// The same bytes as the reader sees them, or why it cannot read them.
        read: String,
    },
}

/// A change to the new schema that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// An instruction.
    pub title: String,
    /// The new schema with the change.
    pub schema: String,
    /// Whether the fix resolves every finding; otherwise it resolves this one and others remain.
    pub resolves_all: bool,
}
