//! JSON Schema's words in those of the seam.

use super::text::{fingerprint, humanized, shortened};
use super::{Finding, Fix, Incompatibility, InvalidSchema, Policy, Reference, Role, Rule, Severity, Side, Verdict};
use super::{Validation, Witness};
use avow_budget::{Budget, Exceeded};
use avow_json::{Difference, DifferenceKind, Document, Newer, ParseError, Schema};

/// A JSON text under the type JSON. Imports store any, so it need not be a JSON Schema.
#[derive(Debug)]
pub enum JsonSchema {
    Valid(Box<Schema>),
    Invalid { document: Document, reason: String },
}

impl JsonSchema {
    pub(super) fn parse(text: &str, references: &[Reference<'_>], budget: &Budget) -> Result<Self, InvalidSchema> {
        let references: Vec<_> =
            references.iter().map(|known| avow_json::Reference { name: known.name, text: known.text }).collect();
        match Schema::parse(text, &references, budget) {
            Ok(schema) => Ok(Self::Valid(Box::new(schema))),
            Err(error @ ParseError::Invalid(_)) => {
                let document = Document::parse(text, budget).map_err(InvalidSchema::from)?;
                Ok(Self::Invalid { document, reason: error.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn document(&self) -> &Document {
        match self {
            Self::Valid(schema) => schema.document(),
            Self::Invalid { document, .. } => document,
        }
    }

    pub(super) fn validate(&self, validation: Validation) -> Result<(), InvalidSchema> {
        match (validation, self) {
            (Validation::None, _) | (Validation::Basic, Self::Valid(_)) => Ok(()),
            (_, Self::Invalid { reason, .. }) => Err(InvalidSchema::Validate(reason.clone())),
            (Validation::Full, Self::Valid(schema)) => {
                schema.validate_strict().map_err(|name| InvalidSchema::Validate(name.to_string()))
            }
        }
    }

    fn as_valid(&self) -> Result<&Schema, &str> {
        match self {
            Self::Valid(schema) => Ok(schema),
            Self::Invalid { reason, .. } => Err(reason),
        }
    }
}

impl From<ParseError> for InvalidSchema {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Syntax(_) => Self::Parse(error.to_string()),
            ParseError::Invalid(_) => Self::Validate(error.to_string()),
            ParseError::Exceeded(exceeded) => Self::TooCostly(exceeded),
        }
    }
}

impl From<Policy> for avow_json::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Strict => Self::Strict,
            Policy::Lenient => Self::Lenient,
        }
    }
}

impl From<Role> for Newer {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Writer => Self::Writer,
        }
    }
}

pub(super) fn check(
    reader: &JsonSchema,
    writer: &JsonSchema,
    policy: Policy,
    budget: &Budget,
) -> Result<Verdict, Exceeded> {
    let findings = match (reader.as_valid(), writer.as_valid()) {
        (Ok(reader), Ok(writer)) => {
            let verdict = avow_json::check(reader, writer, policy.into(), budget)?;
            verdict.findings().cloned().map(Incompatibility::Json).collect()
        }
        (Err(reason), _) | (_, Err(reason)) => vec![Incompatibility::InvalidJson(reason.to_owned())],
    };
    Ok(Verdict { findings, exception: None })
}

pub(super) fn soundness(
    reader: &JsonSchema,
    writer: &JsonSchema,
    policy: Policy,
    role: Role,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    let (Ok(reader), Ok(writer)) = (reader.as_valid(), writer.as_valid()) else { return Ok(None) };
    let found = avow_json::soundness(reader, writer, policy.into(), budget)?;
    Ok(found.map(|found| finding(found, (reader, writer), role)))
}

pub(super) fn explain(
    reader: &JsonSchema,
    writer: &JsonSchema,
    policy: Policy,
    role: Role,
    budget: &Budget,
) -> Result<Vec<Finding>, Exceeded> {
    match (reader.as_valid(), writer.as_valid()) {
        (Ok(reader), Ok(writer)) => {
            let found = avow_json::explain(reader, writer, policy.into(), budget)?;
            Ok(found.into_iter().map(|found| finding(found, (reader, writer), role)).collect())
        }
        (Err(reason), _) | (_, Err(reason)) => {
            let title = "One of the schemas was imported and is no JSON Schema".to_owned();
            Ok(vec![Finding::bare(Rule::JSON_INVALID, title, reason.to_owned())])
        }
    }
}

fn finding(found: avow_json::Finding, (reader, writer): (&Schema, &Schema), role: Role) -> Finding {
    let path = found.path;
    let rule = found.kind.map_or(Rule::JSON_NOT_READABLE, Rule::json);
    let difference = found.kind.map(|kind| Difference { kind, path: path.clone() });
    let (title, mut why) = match &difference {
        Some(difference) => (format!("{}: `{path}`", humanized(difference.kind.as_str())), reason(difference, role)),
        None => (
            format!("Data is refused at `{path}`"),
            "The rules accept the pair, but the reader's schema refuses data that the writer's schema allows."
                .to_owned(),
        ),
    };
    if found.witness.is_none() {
        why.push_str(" No data that proves it was found.");
    }
    let confluent = difference.map(|difference| difference.message(role.into()));
    let side = |schema: &Schema| match schema.document().value_at(&path) {
        Some((pointer, text)) => Side { pointer: Some(pointer), fragment: shortened(text) },
        None => Side { pointer: None, fragment: String::new() },
    };
    let fixes = if role == Role::Reader { found.fixes } else { Vec::new() };
    Finding {
        rule,
        severity: if found.kind.is_some() { Severity::Breaking } else { Severity::Warning },
        reader: side(reader),
        writer: side(writer),
        fingerprint: fingerprint(rule, &path, confluent.as_deref().unwrap_or(&title)),
        path,
        title,
        why,
        causes: Vec::new(),
        witness: found.witness.map(|witness| Witness::Instance { json: witness.instance, error: witness.error }),
        fixes: fixes.into_iter().map(Fix::from).collect(),
        confluent,
    }
}

/// The reason, in a sentence.
fn reason(difference: &Difference, role: Role) -> String {
    let name = difference.path.rsplit('/').next().unwrap_or_default();
    let writer = match role {
        Role::Reader => "old",
        Role::Writer => "new",
    };
    match difference.kind {
        DifferenceKind::RequiredPropertyAddedToOpenContentModel
        | DifferenceKind::RequiredPropertyWithDefaultAddedToOpenContentModel
        | DifferenceKind::OptionalPropertyAddedToOpenContentModel => format!(
            "{} data may hold anything under `{name}`, because the {writer} model is open: it does not set \
             `additionalProperties` to false.",
            humanized(writer)
        ),
        _ => match difference.description(role.into()) {
            description if description.is_empty() => "The reader's schema asks for more than the writer's.".to_owned(),
            description => description + ".",
        },
    }
}

impl From<avow_json::Fix> for Fix {
    fn from(fix: avow_json::Fix) -> Self {
        Self { title: fix.title, schema: fix.schema, resolves_all: fix.resolves_all }
    }
}
