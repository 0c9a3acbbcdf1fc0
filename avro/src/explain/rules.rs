//! The catalogue of rules: one stable id for everything that a finding can be about.

use crate::IncompatibilityKind;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Severity {
    /// The static rules refuse the pair.
    Breaking,
    /// The static rules accept the pair, but data would not decode.
    Warning,
}

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "&'static str"))]
pub enum Rule {
    /// Two types of different names meet.
    NameMismatch,
    /// Two fixed types of different sizes meet.
    FixedSizeMismatch,
    /// Symbols are written that the reader does not know.
    MissingEnumSymbols,
    /// The reader needs a field that is not written.
    MissingDefault,
    /// Two types meet that have nothing in common.
    TypeMismatch,
    /// No branch of the reader's union reads what is written.
    MissingUnionBranch,
    /// A reader's field has several written fields to choose from.
    AmbiguousAlias,
    /// The schemas are beyond comparison.
    TooLarge,
    /// The decoder chooses a union branch that cannot read the data, or none.
    UnionBranchChoice,
    /// An alias works for the static rules but not for the decoder.
    AliasNotApplied,
    /// Applying the aliases to the writer's schema makes it invalid.
    AliasCollision,
    /// A default cannot be turned into data.
    UnusableDefault,
}

/// One line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RuleEntry {
    /// The rule; its id never changes.
    pub id: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The rule in one sentence.
    pub summary: &'static str,
    /// Advice.
    pub advice: &'static str,
    /// Whether data can show it; the other rules are static only.
    pub has_witness: bool,
}

impl Rule {
    /// The stable id.
    pub fn id(self) -> &'static str {
        match self {
            Self::NameMismatch => "name-mismatch",
            Self::FixedSizeMismatch => "fixed-size-mismatch",
            Self::MissingEnumSymbols => "missing-enum-symbols",
            Self::MissingDefault => "missing-default",
            Self::TypeMismatch => "type-mismatch",
            Self::MissingUnionBranch => "missing-union-branch",
            Self::AmbiguousAlias => "ambiguous-alias",
            Self::TooLarge => "too-large",
            Self::UnionBranchChoice => "union-branch-choice",
            Self::AliasNotApplied => "alias-not-applied",
            Self::AliasCollision => "alias-collision",
            Self::UnusableDefault => "unusable-default",
        }
    }

    /// The rule's line of the catalogue.
    pub fn entry(self) -> &'static RuleEntry {
        // The catalogue is in the order of the enum; a test holds it to that.
        &CATALOGUE[self as usize]
    }
}

impl From<IncompatibilityKind> for Rule {
    fn from(kind: IncompatibilityKind) -> Self {
        match kind {
            IncompatibilityKind::NameMismatch => Self::NameMismatch,
            IncompatibilityKind::FixedSizeMismatch => Self::FixedSizeMismatch,
            IncompatibilityKind::MissingEnumSymbols => Self::MissingEnumSymbols,
            IncompatibilityKind::ReaderFieldMissingDefaultValue => Self::MissingDefault,
            IncompatibilityKind::TypeMismatch => Self::TypeMismatch,
            IncompatibilityKind::MissingUnionBranch => Self::MissingUnionBranch,
        }
    }
}

impl From<Rule> for &'static str {
    fn from(rule: Rule) -> Self {
        rule.id()
    }
}

/// Every rule there is.
pub const fn rules() -> &'static [RuleEntry] {
    &CATALOGUE
}

const fn breaking(id: Rule, has_witness: bool, summary: &'static str, advice: &'static str) -> RuleEntry {
    RuleEntry { id, severity: Severity::Breaking, summary, advice, has_witness }
}

const fn warning(id: Rule, summary: &'static str, advice: &'static str) -> RuleEntry {
    RuleEntry { id, severity: Severity::Warning, summary, advice, has_witness: true }
}

const CATALOGUE: [RuleEntry; 12] = [
    breaking(
        Rule::NameMismatch,
        true,
        "A record, enum or fixed type is read under a name that it was not written with.",
        "Keep the name, or list the written full name among the aliases of the type that reads it. Only aliases of the reading side count.",
    ),
    breaking(
        Rule::FixedSizeMismatch,
        true,
        "A fixed type has another size than the data.",
        "The size of a fixed type cannot change. Add a field with a type of the new size, or use bytes.",
    ),
    breaking(
        Rule::MissingEnumSymbols,
        true,
        "An enum may hold symbols that the reading side does not know.",
        "Give the reading enum a default before anybody writes new symbols, and never remove a symbol that data may still hold.",
    ),
    breaking(
        Rule::MissingDefault,
        true,
        "The reading side needs a field that the data do not have.",
        "Give the field a default. A type that allows null is not a default; `\"default\": null` is one.",
    ),
    breaking(
        Rule::TypeMismatch,
        true,
        "The data hold another type than the reading side expects.",
        "Keep the type, widen it along int, long, float, double, or add a field with the new type. String and bytes read each other.",
    ),
    breaking(
        Rule::MissingUnionBranch,
        true,
        "The data may hold a type that no branch of the reading union accepts.",
        "Add the branch to the reading side first; write it only when everybody reads it.",
    ),
    breaking(
        Rule::AmbiguousAlias,
        true,
        "The name and aliases of a field match several written fields.",
        "Let each field match one written field: drop the alias that names a field which still exists.",
    ),
    breaking(
        Rule::TooLarge,
        false,
        "The two schemas have too many combinations of types to be compared.",
        "Split the schema, or give types of one short name different short names.",
    ),
    warning(
        Rule::UnionBranchChoice,
        "The static rules find a branch that fits, but the decoder chooses another one, or none.",
        "Keep the full names of types in unions, namespace included.",
    ),
    warning(
        Rule::AliasNotApplied,
        "A field alias satisfies the static rules, but the decoder does not apply it.",
        "Keep the record's full name when a field is renamed, and let one written field feed one field only.",
    ),
    warning(
        Rule::AliasCollision,
        "The aliases turn the written schema into an invalid one.",
        "Drop the alias that gives two types or fields the same name.",
    ),
    warning(
        Rule::UnusableDefault,
        "A default passes the parser but cannot be turned into data.",
        "Make the default a value of the first branch of its union, and a known symbol of its enum.",
    ),
];

#[cfg(test)]
mod tests {
    use super::rules;

    #[test]
    fn the_catalogue_is_in_order_and_its_ids_are_distinct() {
        for (at, entry) in rules().iter().enumerate() {
            assert_eq!(entry.id as usize, at);
            assert_eq!(entry.id.entry(), entry);
        }
        let ids: std::collections::BTreeSet<_> = rules().iter().map(|entry| entry.id.id()).collect();
        assert_eq!(ids.len(), rules().len());
    }
}
