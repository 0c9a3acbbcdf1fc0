//! Findings: what is wrong with a schema, for people and programs. Avow's own.

use serde::{Deserialize, Serialize};

/// A finding, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The stable id of the rule; `GET /avow/v1/rules` describes it.
    #[cfg_attr(feature = "openapi", schema(example = "missing-default"))]
    pub rule: String,
    /// `breaking`, or `warning` where the rules accept the pair but data does not decode.
    pub severity: String,
    /// `backward`: the new schema reads old data; `forward`: old schemas read new data.
    pub direction: String,
    /// The affected parties.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Consumers that move to the new schema cannot read records of version 3.")
    )]
    pub who: String,
    /// The versions it is about, newest first.
    pub versions: Vec<i32>,
    /// The location in the schema, for people.
    #[cfg_attr(feature = "openapi", schema(example = "Order.items[].price"))]
    pub path: String,
    pub reader: Side,
    pub writer: Side,
    pub title: String,
    pub why: String,
    /// The reasons why no branch of a union accepts the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// Changes to the new schema that were tried.
    pub fixes: Vec<Fix>,
    /// The same for the same finding in every run.
    pub fingerprint: String,
    /// The sentence that clients of Confluent's registry know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confluent: Option<String>,
}

/// One schema's side of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Side {
    /// A JSON pointer into the stored text; absent for types that come from references, and in Protobuf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The text at that place.
    pub fragment: String,
}

/// A reason behind a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause {
    pub rule: String,
    pub path: String,
    pub title: String,
    pub why: String,
}

/// Data that proves a finding: it was written with one schema, and could not be read with the other, or not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// The record: in Avro's JSON encoding, as JSON, or in Protobuf's text format.
    pub record: String,
    /// Its bytes, in hexadecimal; absent in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
    /// The message of the decoder or the validator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decode_error: Option<String>,
    /// What the reader makes of a Protobuf message, or why it cannot read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
}

impl Witness {
    /// Why the record proves the finding: the message of the decoder or the validator, or else what the reader makes of it.
    pub fn reason(&self) -> &str {
        self.decode_error.as_deref().or(self.read.as_deref()).unwrap_or_default()
    }
}

/// A change to the new schema that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    pub title: String,
    /// The new schema with the change.
    pub schema: String,
    /// Whether the fix resolves every finding.
    pub resolves_all: bool,
}

/// An answer to a request with `explain=true`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explained<T> {
    #[serde(flatten)]
    pub answer: T,
    pub findings: Vec<Finding>,
}

/// A rule that findings are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FindingRule {
    pub id: String,
    pub severity: String,
    pub summary: String,
    pub advice: String,
    /// Whether a record can prove it; the other rules are about schemas alone.
    pub has_witness: bool,
}
