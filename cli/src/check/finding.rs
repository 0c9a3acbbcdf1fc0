//! Findings of the Avro core, local or from an Avow registry, located in a file.

use avow_avro::Rule;

use crate::report::{Finding, Fix, Severity, Version};
use crate::source::SchemaFile;
use avow_domain::Direction;
use avow_schema::source::between;

/// A finding of the core, in the form in which a registry sends it.
pub(super) fn wire(finding: avow_avro::Finding, direction: Direction) -> avow_api::Finding {
    let side = |side: avow_avro::Side| avow_api::Side { pointer: side.pointer, fragment: side.fragment };
    let cause = |cause: avow_avro::Cause| avow_api::Cause {
        rule: cause.rule.id().to_owned(),
        path: cause.path,
        title: cause.title,
        why: cause.why,
    };
    let witness = |witness: avow_avro::Witness| avow_api::Witness {
        record: witness.record,
        bytes: Some(witness.bytes),
        decode_error: Some(witness.error),
        read: None,
    };
    let fix =
        |fix: avow_avro::Fix| avow_api::Fix { title: fix.title, schema: fix.schema, resolves_all: fix.resolves_all };
    avow_api::Finding {
        rule: finding.rule.id().to_owned(),
        severity: match finding.severity {
            avow_avro::Severity::Breaking => "breaking".to_owned(),
            avow_avro::Severity::Warning => WARNING.to_owned(),
        },
        direction: direction.name().to_owned(),
        who: String::new(),
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
pub(super) fn located(finding: avow_api::Finding, file: &SchemaFile, stored: &str) -> Finding {
    let (direction, side) = if finding.direction == Direction::Forward.name() {
        (Direction::Forward, finding.writer)
    } else {
        (Direction::Backward, finding.reader)
    };
    let severity = if finding.severity == WARNING { Severity::Warning } else { Severity::Breaking };
    let span = match side.pointer {
        Some(pointer) => file.find(Some(&pointer), member(&finding.rule)),
        // It is in another document; the way to it begins in this one.
        None => file.find_path(&finding.path),
    };
    let edited = |fix: avow_api::Fix| Fix {
        edits: between(file, stored, &fix.schema).unwrap_or_default(),
        title: fix.title,
        schema: fix.schema,
        resolves_all: fix.resolves_all,
    };
    Finding {
        direction: Some(direction),
        who: Some(finding.who).filter(|who| !who.is_empty()),
        versions: finding.versions.into_iter().map(Version::Number).collect(),
        path: finding.path,
        why: finding.why,
        causes: finding.causes,
        witness: finding.witness,
        fixes: finding.fixes.into_iter().map(edited).collect(),
        fingerprint: finding.fingerprint,
        confluent: finding.confluent,
        ..Finding::new(file, &finding.rule, severity, span, finding.title)
    }
}

const WARNING: &str = "warning";

/// Which part of a type a rule is about.
fn member(rule: &str) -> Option<&'static str> {
    [(Rule::MissingEnumSymbols, "symbols"), (Rule::FixedSizeMismatch, "size"), (Rule::UnusableDefault, "default")]
        .into_iter()
        .find_map(|(about, member)| (about.id() == rule).then_some(member))
}
