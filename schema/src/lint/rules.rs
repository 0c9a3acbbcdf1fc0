//! The rules: one line each, and the function that knows.

use super::Strictness;
use super::When;
use super::{Document, Hit, attributes, changes, defaults, logical, names, numbers, shapes, sizes};

/// One rule.
pub struct Rule {
    /// Stable.
    pub id: &'static str,
    /// The default.
    pub default: When,
    pub summary: &'static str,
    pub advice: &'static str,
    /// The options beside the level.
    pub takes: Takes,
    pub check: Check,
}

/// An option of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Max,
    Pattern,
    /// A pattern that only the project can know: without it the rule has no findings.
    OwnPattern,
    Style,
}

impl Takes {
    /// The key in `avow.toml`.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Max => Some("max"),
            Self::Pattern | Self::OwnPattern => Some("pattern"),
            Self::Style => Some("style"),
        }
    }
}

impl Rule {
    const fn with(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
}

/// The kind of input of a rule.
pub enum Check {
    /// One document.
    Document(fn(&Document<'_>, &Strictness) -> Vec<Hit>),
    /// One document, and what it was before.
    Change(fn(&Document<'_>, &Document<'_>) -> Vec<Hit>),
    /// All files together.
    Project,
}

type Look = fn(&Document<'_>, &Strictness) -> Vec<Hit>;

const fn rule_of(id: &'static str, default: When, look: Look, summary: &'static str, advice: &'static str) -> Rule {
    Rule { id, default, summary, advice, takes: Takes::Nothing, check: Check::Document(look) }
}

type Compare = fn(&Document<'_>, &Document<'_>) -> Vec<Hit>;

/// A rule about what changes; off by default, because it needs a Git repository.
const fn change(id: &'static str, compare: Compare, summary: &'static str, advice: &'static str) -> Rule {
    Rule { id, default: When::Off, summary, advice, takes: Takes::Nothing, check: Check::Change(compare) }
}

const fn across(id: &'static str, default: When, summary: &'static str, advice: &'static str) -> Rule {
    Rule { id, default, summary, advice, takes: Takes::Nothing, check: Check::Project }
}

use When::{Error, Off, Warn};

static RULES: [Rule; 35] = [
    rule_of(
        "default-matches-first-branch",
        Error,
        shapes::default_of_a_later_branch,
        "The default of a union is not one of its first branch.",
        "Move the branch of the default to the front; decoders use the first branch for defaults.",
    ),
    rule_of(
        "default-valid-json",
        Error,
        defaults::no_value,
        "A default passes the parser, and is not a value of its type.",
        "Write a symbol that the enum lists, a character up to U+00FF for each byte of a fixed type, and fields that the record has; decoders fail at anything else, or make another value of it.",
    ),
    rule_of(
        "doc-required",
        Off,
        attributes::undocumented,
        "A type or a field has no `doc`.",
        "Say in a sentence what it means.",
    ),
    across(
        "duplicate-definition-differs",
        Error,
        "Two files define a type of the same full name differently.",
        "Define the type in one file and use it by name in the other, or give one of them another name.",
    ),
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
    )
    .with(Takes::Style),
    rule_of(
        "field-naming",
        Warn,
        names::fields,
        "Fields are named in another style than the others.",
        "Use one style for all fields of a file: camelCase or snake_case, or the one that `style` says.",
    )
    .with(Takes::Style),
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
    )
    .with(Takes::Max),
    rule_of(
        "max-depth",
        Warn,
        sizes::depth,
        "Types are nested very deeply.",
        "Define the inner records in files of their own and use them by name.",
    )
    .with(Takes::Max),
    rule_of(
        "max-fields",
        Warn,
        sizes::fields,
        "A record has very many fields.",
        "Group fields that belong together into records.",
    )
    .with(Takes::Max),
    rule_of(
        "misplaced-attribute",
        Warn,
        attributes::misplaced,
        "An attribute stands where Avro ignores it.",
        "Move it to where it belongs: `logicalType`, `precision` and `scale` into the type, as in {\"type\": {\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}}, and `default` onto the field.",
    ),
    rule_of(
        "namespace-pattern",
        Off,
        names::namespaces,
        "A namespace is not one of yours.",
        "Use a namespace that fits the `pattern` of this rule.",
    )
    .with(Takes::OwnPattern),
    change(
        "no-enum-symbol-removal-without-default",
        changes::symbol_gone,
        "An enum without a default loses a symbol.",
        "Keep the symbol, or give the enum a `default` first: without one nobody can read what was written with it.",
    ),
    rule_of(
        "no-float-money",
        Warn,
        logical::float_money,
        "An amount of money is a binary fraction.",
        "Use the logical type `decimal` on bytes; 0.1 has no exact value as a float or double.",
    ),
    rule_of(
        "no-nested-union",
        Off,
        shapes::nested_union,
        "A union has an array or a map of unions as a branch.",
        "Use an empty array or map instead of null, or make a record of the inner union: few languages and tables have a type for it.",
    ),
    change(
        "no-required-field-without-default-on-change",
        changes::new_without_default,
        "A record that was there before gains a field without a default.",
        "Give the field a `default`: without one nobody can read what was written before it was there.",
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
        "non-canonical-number-default",
        Warn,
        numbers::unusual_default,
        "The default of a float or double is written in another way than it is kept.",
        "Write the number that it is: what does not fit is lost, and texts that mean the same are taken for different.",
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
    across(
        "reference-cycle",
        Error,
        "Files need each other in a circle.",
        "Move what both need into a file of its own, or define the types in one file: none of them can be registered first.",
    ),
    across(
        "reference-outdated",
        Warn,
        "A reference in `avow.toml` is to a version that is not the latest, as `avow.lock` knows it.",
        "Look at what has changed and take the latest version, or say why not next to it; `avow lock` refreshes it.",
    ),
    change(
        "rename-needs-alias",
        changes::renamed_without_alias,
        "A field looks like one that is gone, under another name.",
        "Add the old name to the `aliases` of the field, so that older data is read into it.",
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
    )
    .with(Takes::Pattern),
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
    )
    .with(Takes::Style),
    rule_of(
        "union-size",
        Warn,
        sizes::branches,
        "A union has very many branches.",
        "Make a record of it that says which one it is, or divide the data among subjects.",
    )
    .with(Takes::Max),
    rule_of(
        "unknown-attribute",
        Warn,
        attributes::misspelt,
        "A property looks like a misspelt one that Avro knows.",
        "Correct it; Avro keeps properties that it does not know, and ignores them.",
    ),
    across(
        "unused-named-type",
        Warn,
        "A file defines a type that belongs to no subject of `avow.toml`, and that none of them uses.",
        "List the file under `[[subjects]]` if it ought to be registered; otherwise delete it.",
    ),
];

/// The rules by their ids.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// One that is known to be there.
pub fn rule(id: &str) -> &'static Rule {
    find(id).expect("it is in the catalogue")
}

pub fn find(id: &str) -> Option<&'static Rule> {
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
