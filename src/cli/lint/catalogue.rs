//! The rules: one line each, and the function that knows.

use super::settings::Strictness;
use super::{Document, Hit, attributes, logical, names, shapes, sizes};
use crate::cli::project::When;

/// One rule.
pub(in crate::cli) struct Rule {
    /// It never changes.
    pub(in crate::cli) id: &'static str,
    /// What holds where nobody says.
    pub(in crate::cli) default: When,
    pub(in crate::cli) summary: &'static str,
    pub(in crate::cli) advice: &'static str,
    pub(super) check: Check,
}

/// What a rule looks at.
pub(super) enum Check {
    /// One document.
    Document(fn(&Document<'_>, &Strictness) -> Vec<Hit>),
    /// All files together.
    Project,
}

type Look = fn(&Document<'_>, &Strictness) -> Vec<Hit>;

const fn rule_of(id: &'static str, default: When, look: Look, summary: &'static str, advice: &'static str) -> Rule {
    Rule { id, default, summary, advice, check: Check::Document(look) }
}

use When::{Error, Off, Warn};

static RULES: [Rule; 24] = [
    rule_of(
        "default-matches-first-branch",
        Error,
        shapes::default_of_a_later_branch,
        "The default of a union is not one of its first branch.",
        "Move the branch of the default to the front; decoders use the first branch for defaults.",
    ),
    rule_of(
        "doc-required",
        Off,
        attributes::undocumented,
        "A type or a field has no `doc`.",
        "Say in a sentence what it means.",
    ),
    Rule {
        id: "duplicate-definition-differs",
        default: Error,
        summary: "Two files define a type of the same full name differently.",
        advice: "Define the type in one file and use it by name in the other, or give one of them another name.",
        check: Check::Project,
    },
    rule_of(
        "enum-default-required",
        Off,
        shapes::enum_without_default,
        "An enum has no default symbol.",
        "Give the enum a `default`: without one no symbol can be added later without breaking consumers.",
    ),
    rule_of(
        "enum-symbol-case",
        Warn,
        names::symbols,
        "A symbol of an enum is not in capitals.",
        "Write symbols as SCREAMING_SNAKE_CASE, or set `style`.",
    ),
    rule_of(
        "field-naming",
        Warn,
        names::fields,
        "Fields are named in another style than the others.",
        "Use one style for all fields of a file: camelCase or snake_case, or the one that `style` says.",
    ),
    rule_of(
        "file-matches-record",
        Off,
        names::file,
        "The file is not named after the type it defines.",
        "Name the file after the type, with or without its namespace, and with `-key` or `-value` if need be.",
    ),
    rule_of(
        "full-name-required",
        Warn,
        names::without_namespace,
        "A type has no namespace.",
        "Give the top-level type a `namespace`; those within inherit it.",
    ),
    rule_of(
        "logical-type-valid",
        Error,
        logical::invalid,
        "A logical type does not fit its type, or nobody knows it.",
        "Correct it; decoders drop a logical type that they cannot use, and hand out the plain value.",
    ),
    rule_of(
        "max-bytes",
        Warn,
        sizes::bytes,
        "The file is very long.",
        "Define parts of it in files of their own and use them by name.",
    ),
    rule_of(
        "max-depth",
        Warn,
        sizes::depth,
        "Types are nested very deeply.",
        "Define the inner records in files of their own and use them by name.",
    ),
    rule_of(
        "max-fields",
        Warn,
        sizes::fields,
        "A record has very many fields.",
        "Group fields that belong together into records.",
    ),
    rule_of(
        "namespace-pattern",
        Off,
        names::namespaces,
        "A namespace is not one of yours.",
        "Use a namespace that fits the `pattern` of this rule.",
    ),
    rule_of(
        "no-float-money",
        Warn,
        logical::float_money,
        "An amount of money is a binary fraction.",
        "Use the logical type `decimal` on bytes; 0.1 has no exact value as a float or double.",
    ),
    rule_of(
        "no-string-timestamps",
        Warn,
        logical::string_time,
        "A moment in time is a string.",
        "Use a long with the logical type `timestamp-millis` or `timestamp-micros`, or an int with `date`.",
    ),
    rule_of(
        "no-top-level-union",
        Warn,
        shapes::top_level_union,
        "The document is a union.",
        "Register each type as a subject of its own, or wrap the union in a record: records can gain fields.",
    ),
    rule_of(
        "nullable-default-null",
        Warn,
        shapes::nullable_without_default,
        "A field that may be null has no default.",
        "Add `\"default\": null`: without it consumers cannot read older records, and the field cannot be removed.",
    ),
    rule_of(
        "nullable-null-first",
        Warn,
        shapes::null_not_first,
        "A field may be null, and null is not the first branch.",
        "Write null first, so that null can be the default.",
    ),
    rule_of(
        "reserved-word",
        Warn,
        names::reserved,
        "A name is a word that programming languages keep for themselves.",
        "Choose another name: generated code has to rename it, each language in its own way.",
    ),
    rule_of(
        "sensitive-field-tag",
        Off,
        attributes::untagged,
        "A field that looks sensitive has no tag.",
        "Add \"confluent:tags\" to the field, such as [\"PII\"]; the `pattern` of this rule says which names look so.",
    ),
    rule_of(
        "subject-matches-record",
        Off,
        names::subject,
        "The subject is not named after the type.",
        "Name the subject after the full name of its type, alone or behind the name of the topic.",
    ),
    rule_of(
        "timestamp-unit-consistent",
        Warn,
        logical::mixed_units,
        "Moments in time have different units in one document.",
        "Use one unit: mixed ones are read as dates far off.",
    ),
    rule_of(
        "type-naming",
        Warn,
        names::types,
        "A record, enum or fixed type is not named as a type.",
        "Write names of types as PascalCase, or set `style`.",
    ),
    rule_of(
        "unknown-attribute",
        Warn,
        attributes::misspelt,
        "A property looks like a misspelt one that Avro knows.",
        "Correct it; Avro keeps properties that it does not know, and does not heed them.",
    ),
];

/// The rules by their ids.
pub(in crate::cli) fn rules() -> &'static [Rule] {
    &RULES
}

pub(in crate::cli) fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::rules;

    #[test]
    fn ids_are_sorted_and_distinct_and_none_is_taken_by_the_core() {
        assert!(rules().windows(2).all(|pair| pair[0].id < pair[1].id));
        for rule in rules() {
            assert!(avow_avro::rules().iter().all(|entry| entry.id.id() != rule.id), "{}", rule.id);
        }
    }
}
