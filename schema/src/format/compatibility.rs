//! May a reader read what a writer wrote, and why not?

use super::{Finding, ParsedSchema, Rule, json, proto};
use avow_budget::{Budget, Exceeded};

/// How strictly a change is checked (`compatibilityPolicy`). Only JSON Schema knows more than one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    #[default]
    Strict,
    Lenient,
}

/// The side of the new schema: the one that can still be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The new schema reads old data: BACKWARD.
    Reader,
    /// The new schema writes data for old readers: FORWARD.
    Writer,
}

/// The answer of [`check`]. It does not depend on which of the two schemas is the new one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Every incompatibility, in the order of the reference registry.
    pub findings: Vec<Incompatibility>,
    /// The text of the exception with which the reference gives up instead of answering.
    pub exception: Option<String>,
}

impl Verdict {
    pub fn is_compatible(&self) -> bool {
        self.findings.is_empty() && self.exception.is_none()
    }

    /// The rules that the verdict rests on, one for each incompatibility.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        let exception = self.exception.is_some().then_some(Rule::TOO_LARGE);
        self.findings.iter().map(Incompatibility::rule).chain(exception)
    }
}

/// One reason why a reader cannot read what a writer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incompatibility {
    Avro(avow_avro::Incompatibility),
    Json(avow_json::Difference),
    Protobuf(avow_proto::Difference),
    /// One of them was imported under the type JSON and is no JSON Schema, for this reason.
    InvalidJson(String),
    /// They are schemas of different types.
    DifferentType,
}

impl Incompatibility {
    pub fn rule(&self) -> Rule {
        match self {
            Self::Avro(found) => Rule::avro(found.kind.into()),
            Self::Json(found) => Rule::json(found.kind),
            Self::Protobuf(found) => Rule::proto(found.kind),
            Self::InvalidJson(_) => Rule::JSON_INVALID,
            Self::DifferentType => Rule::SCHEMA_TYPE_CHANGED,
        }
    }

    /// The reference registry's sentence.
    pub fn registry_text(&self, role: Role) -> String {
        match self {
            Self::Avro(found) => found.registry_text(role.into()),
            Self::Json(found) => found.message(role.into()),
            Self::Protobuf(found) => found.message(role.into()),
            Self::InvalidJson(reason) => format!("Unexpected exception during compatibility check: {reason}"),
            Self::DifferentType => "Incompatible because of different schema type".to_owned(),
        }
    }
}

/// Checks by the static rules of the format whether `reader` can read everything that `writer` wrote.
pub fn check(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    policy: Policy,
    budget: &Budget,
) -> Result<Verdict, Exceeded> {
    budget.step()?;
    match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => Ok(avow_avro::check(reader, writer).into()),
        (ParsedSchema::Json(reader), ParsedSchema::Json(writer)) => json::check(reader, writer, policy, budget),
        (ParsedSchema::Protobuf(reader), ParsedSchema::Protobuf(writer)) => proto::check(reader, writer, budget),
        _ => Ok(Verdict { findings: vec![Incompatibility::DifferentType], exception: None }),
    }
}

/// The finding about data that do not decode although the static rules accept the pair.
pub fn soundness(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    policy: Policy,
    role: Role,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    budget.step()?;
    match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => {
            Ok(avow_avro::soundness(reader, writer, role.into()).map(Finding::from))
        }
        (ParsedSchema::Json(reader), ParsedSchema::Json(writer)) => {
            json::soundness(reader, writer, policy, role, budget)
        }
        (ParsedSchema::Protobuf(reader), ParsedSchema::Protobuf(writer)) => {
            proto::soundness(reader, writer, role, budget)
        }
        _ => Ok(None),
    }
}

/// Everything that is wrong with a pair, for people: what the rules refuse, or else what [`soundness`] finds.
pub fn explain(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    policy: Policy,
    role: Role,
    budget: &Budget,
) -> Result<Vec<Finding>, Exceeded> {
    budget.step()?;
    let refused = match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => {
            return Ok(avow_avro::explain(reader, writer, role.into()).into_iter().map(Finding::from).collect());
        }
        (ParsedSchema::Json(reader), ParsedSchema::Json(writer)) => {
            json::explain(reader, writer, policy, role, budget)?
        }
        (ParsedSchema::Protobuf(reader), ParsedSchema::Protobuf(writer)) => {
            proto::explain(reader, writer, role, budget)?
        }
        _ => vec![different_type(reader, writer)],
    };
    match refused.is_empty() {
        true => Ok(soundness(reader, writer, policy, role, budget)?.into_iter().collect()),
        false => Ok(refused),
    }
}

fn different_type(reader: &ParsedSchema, writer: &ParsedSchema) -> Finding {
    let (reader, writer) = (reader.schema_type(), writer.schema_type());
    let title = format!("A reader with a schema of type {reader} cannot read data of type {writer}");
    let why = "Schemas of different types cannot be compared.".to_owned();
    let confluent = Some("Incompatible because of different schema type".to_owned());
    Finding { confluent, ..Finding::bare(Rule::SCHEMA_TYPE_CHANGED, title, why) }
}
