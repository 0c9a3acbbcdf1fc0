//! May a reader read what a writer wrote, and why not?

use super::{Finding, ParsedSchema, Rule};
use avow_budget::{Budget, Exceeded};

/// The policy of a compatibility check (`compatibilityPolicy`). Avro has only one.
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
}

impl Incompatibility {
    pub fn rule(&self) -> Rule {
        match self {
            Self::Avro(found) => Rule::avro(found.kind.into()),
        }
    }

    /// The reference registry's sentence.
    pub fn registry_text(&self, role: Role) -> String {
        match self {
            Self::Avro(found) => found.registry_text(role.into()),
        }
    }
}

/// Checks by the static rules of the format whether `reader` can read everything that `writer` wrote.
pub fn check(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    _policy: Policy,
    budget: &Budget,
) -> Result<Verdict, Exceeded> {
    budget.step()?;
    match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => Ok(avow_avro::check(reader, writer).into()),
    }
}

/// The finding about data that do not decode although the static rules accept the pair.
pub fn soundness(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    role: Role,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    budget.step()?;
    match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => {
            Ok(avow_avro::soundness(reader, writer, role.into()).map(Finding::from))
        }
    }
}

/// Everything that is wrong with a pair, for people: what the rules refuse, or else what [`soundness`] finds.
pub fn explain(
    reader: &ParsedSchema,
    writer: &ParsedSchema,
    _policy: Policy,
    role: Role,
    budget: &Budget,
) -> Result<Vec<Finding>, Exceeded> {
    budget.step()?;
    match (reader, writer) {
        (ParsedSchema::Avro(reader), ParsedSchema::Avro(writer)) => {
            Ok(avow_avro::explain(reader, writer, role.into()).into_iter().map(Finding::from).collect())
        }
    }
}
