//! The catalogue of rules: one stable id for everything that a finding can be about.
//!
//! Avro's ids have no prefix, because they are older than the other formats; those begin with `json/` and `proto/`.

use super::text::{humanized, slug};
use std::sync::LazyLock;

/// Whether a finding refuses a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The static rules refuse the pair.
    Breaking,
    /// The static rules accept the pair, but data would not decode.
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Warning => "warning",
        }
    }
}

/// A rule, by its index in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule(usize);

/// One line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleEntry {
    /// Never changes.
    pub id: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    pub advice: &'static str,
    /// Whether data can show it; the other rules are static only.
    pub has_witness: bool,
}

/// The number of Avro's rules, which come first, in their own order.
const AVRO: usize = avow_avro::rules().len();

impl Rule {
    /// The schemas are beyond comparison.
    pub const TOO_LARGE: Self = Self::avro(avow_avro::Rule::TooLarge);

    pub(super) const SCHEMA_TYPE_CHANGED: Self = Self(AVRO);
    pub(super) const JSON_INVALID: Self = Self(AVRO + 1);
    pub(super) const JSON_NOT_READABLE: Self = Self(AVRO + 2);
    pub(super) const PROTO_NOT_READABLE: Self = Self(AVRO + 3);
    const JSON: usize = AVRO + 4;

    pub(super) const fn avro(rule: avow_avro::Rule) -> Self {
        Self(rule as usize)
    }

    /// The rule of a kind that some policy refuses.
    pub(super) fn json(kind: avow_json::DifferenceKind) -> Self {
        let index = json_kinds().position(|known| known == kind).expect("only refused kinds become findings");
        Self(Self::JSON + index)
    }

    /// The rule of an incompatible kind.
    pub(super) fn proto(kind: avow_proto::DifferenceKind) -> Self {
        let index = proto_kinds().position(|known| known == kind).expect("only refused kinds become findings");
        Self(Self::JSON + json_kinds().count() + index)
    }

    /// The index in [`rules`].
    pub fn index(self) -> usize {
        self.0
    }

    /// The stable id.
    pub fn id(self) -> &'static str {
        CATALOGUE[self.0].entry().id
    }
}

/// The rules of every format.
pub fn rules() -> impl ExactSizeIterator<Item = RuleEntry> {
    CATALOGUE.iter().map(Line::entry)
}

fn json_kinds() -> impl Iterator<Item = avow_json::DifferenceKind> {
    let kinds = avow_json::DifferenceKind::ALL.iter().copied();
    kinds.filter(|kind| !kind.is_compatible(avow_json::Policy::Strict))
}

fn proto_kinds() -> impl Iterator<Item = avow_proto::DifferenceKind> {
    avow_proto::DifferenceKind::ALL.iter().copied().filter(|kind| !kind.is_compatible())
}

/// A line whose texts are known from the start, or made from the name of a kind.
enum Line {
    Fixed(RuleEntry),
    Kind { id: String, summary: String, advice: &'static str },
}

impl Line {
    fn entry(&'static self) -> RuleEntry {
        match self {
            Self::Fixed(entry) => *entry,
            Self::Kind { id, summary, advice } => {
                RuleEntry { id, severity: Severity::Breaking, summary, advice, has_witness: true }
            }
        }
    }

    fn of_kind(prefix: &str, name: &str, advice: &'static str) -> Self {
        Self::Kind { id: format!("{prefix}/{}", slug(name)), summary: format!("{}.", humanized(name)), advice }
    }
}

/// The rules that belong to no kind of difference, in the order of their constants.
const OTHERS: [RuleEntry; 4] = [
    RuleEntry {
        id: "schema-type-changed",
        severity: Severity::Breaking,
        summary: "An earlier version is a schema of another type.",
        advice: "Register the schema under another subject, or set the level NONE if nobody reads the old data.",
        has_witness: false,
    },
    RuleEntry {
        id: "json/invalid",
        severity: Severity::Breaking,
        summary: "One of the schemas was imported and is no JSON Schema, so nothing can be compared.",
        advice: "Delete the imported version, or register under another subject.",
        has_witness: false,
    },
    RuleEntry {
        id: avow_json::NOT_READABLE,
        severity: Severity::Warning,
        summary: "The rules accept the pair, but the reader's schema refuses data that the writer's schema allows.",
        advice: "Compare the two schemas at the path of the finding; the data in the witness shows what is refused.",
        has_witness: true,
    },
    RuleEntry {
        id: "proto/not-readable",
        severity: Severity::Warning,
        summary: "The rules accept the pair, but a message is read as something else, or cannot be read.",
        advice: "Keep the type and the label of the field; for another meaning add a field with a new number.",
        has_witness: true,
    },
];

static CATALOGUE: LazyLock<Vec<Line>> = LazyLock::new(|| {
    let avro = avow_avro::rules().iter().map(|entry| Line::Fixed(entry.into()));
    let json = json_kinds().map(|kind| {
        let name = kind.as_str();
        let advice = match name.ends_with("OPEN_CONTENT_MODEL") || name.starts_with("PROPERTY_") {
            true => {
                "Keep the property, give a new one the empty schema, or set the subject's compatibilityPolicy to LENIENT."
            }
            false => "Keep what the older schema allowed, or register the change under another subject.",
        };
        Line::of_kind("json", name, advice)
    });
    let proto = proto_kinds().map(|kind| {
        let advice = "Keep what the older schema has; for another meaning add a field with a new number.";
        Line::of_kind("proto", kind.as_str(), advice)
    });
    avro.chain(OTHERS.into_iter().map(Line::Fixed)).chain(json).chain(proto).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_rule_is_the_line_at_its_index() {
        for (index, entry) in rules().enumerate() {
            assert_eq!(Rule(index).id(), entry.id);
        }
        assert_eq!(Rule::TOO_LARGE.id(), "too-large");
        assert_eq!(Rule::SCHEMA_TYPE_CHANGED.id(), "schema-type-changed");
        assert_eq!(Rule::JSON_NOT_READABLE.id(), "json/not-readable");
        assert_eq!(Rule::PROTO_NOT_READABLE.id(), "proto/not-readable");
        assert_eq!(Rule::json(avow_json::DifferenceKind::TypeChanged).id(), "json/type-changed");
        assert_eq!(Rule::proto(avow_proto::DifferenceKind::PackageChanged).id(), "proto/package-changed");
    }

    #[test]
    fn ids_are_unique_and_those_of_the_json_crate_are_among_them() {
        let ids: HashSet<&str> = rules().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), rules().len());
        assert!(avow_json::rules().all(|id| ids.contains(id.as_str())));
    }
}
