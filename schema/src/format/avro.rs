//! Avro's words in those of the seam.

use super::{Cause, Finding, Fix, Incompatibility, InvalidSchema, Role, Rule, RuleEntry, Severity, Side, Strictness};
use super::{Verdict, Witness};

impl From<Strictness> for avow_avro::Strictness {
    fn from(strictness: Strictness) -> Self {
        match strictness {
            Strictness::Strict => Self::Strict,
            Strictness::Lenient => Self::Lenient,
        }
    }
}

impl From<Role> for avow_avro::Candidate {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Writer => Self::Writer,
        }
    }
}

impl From<avow_avro::ParseError> for InvalidSchema {
    fn from(error: avow_avro::ParseError) -> Self {
        Self::Parse(error.to_string())
    }
}

impl From<avow_avro::Verdict> for Verdict {
    fn from(verdict: avow_avro::Verdict) -> Self {
        let findings = verdict.findings.into_iter().map(Incompatibility::Avro).collect();
        Self { findings, exception: verdict.exception }
    }
}

impl From<avow_avro::Severity> for Severity {
    fn from(severity: avow_avro::Severity) -> Self {
        match severity {
            avow_avro::Severity::Breaking => Self::Breaking,
            avow_avro::Severity::Warning => Self::Warning,
        }
    }
}

impl From<&avow_avro::RuleEntry> for RuleEntry {
    fn from(entry: &avow_avro::RuleEntry) -> Self {
        let avow_avro::RuleEntry { id, severity, summary, advice, has_witness } = *entry;
        Self { id: id.id(), severity: severity.into(), summary, advice, has_witness }
    }
}

impl From<avow_avro::Finding> for Finding {
    fn from(finding: avow_avro::Finding) -> Self {
        Self {
            rule: Rule::avro(finding.rule),
            severity: finding.severity.into(),
            path: finding.path,
            reader: finding.reader.into(),
            writer: finding.writer.into(),
            title: finding.title,
            why: finding.why,
            causes: finding.causes.into_iter().map(Cause::from).collect(),
            witness: finding.witness.map(Witness::from),
            fixes: finding.fixes.into_iter().map(Fix::from).collect(),
            fingerprint: finding.fingerprint,
            confluent: finding.confluent,
        }
    }
}

impl From<avow_avro::Side> for Side {
    fn from(side: avow_avro::Side) -> Self {
        Self { pointer: side.pointer, fragment: side.fragment }
    }
}

impl From<avow_avro::Cause> for Cause {
    fn from(cause: avow_avro::Cause) -> Self {
        Self { rule: Rule::avro(cause.rule), path: cause.path, title: cause.title, why: cause.why }
    }
}

impl From<avow_avro::Witness> for Witness {
    fn from(witness: avow_avro::Witness) -> Self {
        Self::Record { json: witness.record, bytes: witness.bytes, error: witness.error }
    }
}

impl From<avow_avro::Fix> for Fix {
    fn from(fix: avow_avro::Fix) -> Self {
        Self { title: fix.title, schema: fix.schema, resolves_all: fix.resolves_all }
    }
}
