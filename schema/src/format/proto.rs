//! Protobuf's words in those of the seam.

use super::Witness;
use super::text::{fingerprint, humanized};
use super::{Finding, Fix, Incompatibility, InvalidSchema, Reference, Role, Rule, Severity, Validation, Verdict};
use avow_budget::{Budget, Exceeded};
use avow_proto::{Difference, Effect, Error, Origin, ReferenceText, Schema, Stage, Strictness};

pub(super) fn parse(text: &str, references: &[Reference<'_>], budget: &Budget) -> Result<Schema, InvalidSchema> {
    let origins: Vec<Option<Origin>> = references
        .iter()
        .map(|known| known.origin.map(|(subject, version)| Origin { subject: subject.to_owned(), version }))
        .collect();
    let references: Vec<_> = references
        .iter()
        .zip(&origins)
        .map(|(known, origin)| ReferenceText { name: known.name, text: known.text, origin: origin.as_ref() })
        .collect();
    let schema = Schema::parse(text, &references, budget)?;
    if schema.text().contains('\0') {
        return Err(InvalidSchema::Parse("the text contains the character NUL; leave it out".to_owned()));
    }
    Ok(schema)
}

pub(super) fn validate(schema: &Schema, validation: Validation, budget: &Budget) -> Result<(), InvalidSchema> {
    match validation {
        Validation::None => Ok(()),
        Validation::Basic => Ok(schema.validate(Strictness::Lenient, budget)?),
        Validation::Full => Ok(schema.validate(Strictness::Strict, budget)?),
    }
}

impl From<Error> for InvalidSchema {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused { stage: Stage::Parse, message } => Self::Parse(message),
            Error::Refused { stage: Stage::Validate, message } => Self::Validate(message),
            Error::Exceeded(exceeded) => Self::TooCostly(exceeded),
        }
    }
}

impl From<Role> for avow_proto::Side {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::New,
            Role::Writer => Self::Old,
        }
    }
}

pub(super) fn check(reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Verdict, Exceeded> {
    let verdict = Schema::check(reader, writer, budget)?;
    let findings = verdict.incompatibilities().cloned().map(Incompatibility::Protobuf).collect();
    Ok(Verdict { findings, exception: None })
}

/// The finding about bytes that are read as something else, or not at all, although the rules accept the pair.
pub(super) fn soundness(
    reader: &Schema,
    writer: &Schema,
    role: Role,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    if !Schema::check(reader, writer, budget)?.is_compatible() {
        return Ok(None);
    }
    let Some(witness) = harmful(reader, writer, budget)? else { return Ok(None) };
    let writers = if role == Role::Reader { "Old" } else { "New" };
    let title = match witness.effect {
        Effect::Error => format!("{writers} data of `{}` cannot be read", witness.message),
        _ => format!("{writers} data of `{}` is read as something else", witness.message),
    };
    let why = "The rules accept the pair, but this message was written with one schema and read with the other.";
    let rule = Rule::PROTO_NOT_READABLE;
    Ok(Some(Finding {
        severity: Severity::Warning,
        path: witness.message.clone(),
        fingerprint: fingerprint(rule, &witness.message, &title),
        witness: Some(witness.into()),
        ..Finding::bare(rule, title, why.to_owned())
    }))
}

pub(super) fn explain(reader: &Schema, writer: &Schema, role: Role, budget: &Budget) -> Result<Vec<Finding>, Exceeded> {
    let verdict = Schema::check(reader, writer, budget)?;
    if verdict.is_compatible() {
        return Ok(Vec::new());
    }
    let witness = harmful(reader, writer, budget)?;
    let fixes = match role {
        Role::Reader => Schema::fixes(reader, writer, budget)?,
        Role::Writer => Vec::new(),
    };
    let package = writer.file().package();
    Ok(verdict
        .incompatibilities()
        .map(|difference| {
            let proof = witness.as_ref().filter(|witness| is_about(&witness.message, package, difference));
            let fixes = fixes.iter().filter(|fix| fix.difference == *difference);
            finding(difference, proof.cloned(), fixes.cloned().collect(), role)
        })
        .collect())
}

fn finding(
    difference: &Difference,
    witness: Option<avow_proto::Witness>,
    fixes: Vec<avow_proto::Fix>,
    role: Role,
) -> Finding {
    let rule = Rule::proto(difference.kind);
    let message = difference.message(role.into());
    let title = format!("{}: `{}`", humanized(difference.kind.as_str()), difference.path);
    Finding {
        path: difference.path.clone(),
        fingerprint: fingerprint(rule, &difference.path, &message),
        witness: witness.map(Witness::from),
        fixes: fixes.into_iter().map(Fix::from).collect(),
        confluent: Some(message),
        ..Finding::bare(rule, title, difference.description(role.into()) + ".")
    }
}

/// A message that the reader gets wrong or cannot read. What it merely drops does no harm.
fn harmful(reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Option<avow_proto::Witness>, Exceeded> {
    Ok(Schema::witness(reader, writer, budget)?.filter(|witness| witness.effect >= Effect::Changed))
}

/// Whether the path of a difference begins with the message of that full name.
fn is_about(message: &str, package: &str, difference: &Difference) -> bool {
    let local = message.strip_prefix(package).unwrap_or(message);
    let mut path = difference.path.trim_start_matches("#/").split('/');
    local.trim_start_matches('.').split('.').all(|part| path.next() == Some(part))
}

impl From<avow_proto::Witness> for Witness {
    fn from(witness: avow_proto::Witness) -> Self {
        let bytes = witness.bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self::Message { bytes, written: witness.written, read: witness.read }
    }
}

impl From<avow_proto::Fix> for Fix {
    fn from(fix: avow_proto::Fix) -> Self {
        Self { title: fix.title, schema: fix.text, resolves_all: fix.is_complete }
    }
}
