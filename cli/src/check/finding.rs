//! Findings of the Avro core, local or from an Avow registry, located in a file.

use avow_avro::Rule;
use serde::Deserialize;

use crate::report::{Cause, Finding, Fix, Severity, Version, Witness};
use crate::source::SchemaFile;
use avow_domain::Direction;
use avow_schema::source::between;

/// A finding in the form of `POST /avow/v1/compatibility`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoreFinding {
    rule: String,
    severity: String,
    direction: String,
    #[serde(default)]
    pub(super) who: Option<String>,
    #[serde(default)]
    versions: Vec<i32>,
    path: String,
    reader: Side,
    writer: Side,
    title: String,
    why: String,
    #[serde(default)]
    causes: Vec<Cause>,
    witness: Option<Witness>,
    #[serde(default)]
    fixes: Vec<Fix>,
    fingerprint: String,
    confluent: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Side {
    pointer: Option<String>,
}

impl CoreFinding {
    pub(super) fn new(finding: avow_avro::Finding, direction: Direction) -> Self {
        let side = |side: avow_avro::Side| Side { pointer: side.pointer };
        let cause = |cause: avow_avro::Cause| Cause {
            rule: cause.rule.id().to_owned(),
            path: cause.path,
            title: cause.title,
            why: cause.why,
        };
        let witness = |witness: avow_avro::Witness| Witness {
            record: witness.record,
            bytes: witness.bytes,
            decode_error: witness.error,
        };
        let fix = |fix: avow_avro::Fix| Fix {
            title: fix.title,
            schema: fix.schema,
            resolves_all: fix.resolves_all,
            edits: Vec::new(),
        };
        Self {
            rule: finding.rule.id().to_owned(),
            severity: match finding.severity {
                avow_avro::Severity::Breaking => "breaking".to_owned(),
                avow_avro::Severity::Warning => WARNING.to_owned(),
            },
            direction: direction.name().to_owned(),
            who: None,
            versions: Vec::new(),
            path: finding.path,
            reader: side(finding.reader),
            writer: side(finding.writer),
            title: finding.title,
            why: finding.why,
            causes: finding.causes.into_iter().map(cause).collect(),
            witness: finding.witness.map(witness),
            fixes: finding.fixes.into_iter().map(fix).collect(),
            fingerprint: finding.fingerprint,
            confluent: finding.confluent,
        }
    }

    /// The finding with its place in the file whose stored text is `stored`.
    pub(super) fn about(self, file: &SchemaFile, stored: &str) -> Finding {
        let (direction, side) = if self.direction == Direction::Forward.name() {
            (Direction::Forward, self.writer)
        } else {
            (Direction::Backward, self.reader)
        };
        let severity = if self.severity == WARNING { Severity::Warning } else { Severity::Breaking };
        let span = match side.pointer {
            Some(pointer) => file.find(Some(&pointer), member(&self.rule)),
            // It is in another document; the way to it begins in this one.
            None => file.find_path(&self.path),
        };
        let edited = |fix: Fix| Fix { edits: between(file, stored, &fix.schema).unwrap_or_default(), ..fix };
        Finding {
            direction: Some(direction),
            who: self.who,
            versions: self.versions.into_iter().map(Version::Number).collect(),
            path: self.path,
            why: self.why,
            causes: self.causes,
            witness: self.witness,
            fixes: self.fixes.into_iter().map(edited).collect(),
            fingerprint: self.fingerprint,
            confluent: self.confluent,
            ..Finding::new(file, &self.rule, severity, span, self.title)
        }
    }
}

const WARNING: &str = "warning";

/// Which part of a type a rule is about.
fn member(rule: &str) -> Option<&'static str> {
    [(Rule::MissingEnumSymbols, "symbols"), (Rule::FixedSizeMismatch, "size"), (Rule::UnusableDefault, "default")]
        .into_iter()
        .find_map(|(about, member)| (about.id() == rule).then_some(member))
}
