//! Laws of the recorded schemas and of random ones.

use avow_budget::Budget;
use avow_proto::{Schema, Side, Strictness};
use proptest::prelude::*;

use crate::vectors;

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[], &Budget::unlimited()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const TYPES: [&str; 10] =
    ["int32", "sint64", "string", "bytes", "bool", "double", "M0", "M1.N", "E", "map<string, M0>"];

fn field(number: usize) -> impl Strategy<Value = String> {
    let label = prop_oneof![Just(""), Just("optional "), Just("repeated ")];
    (label, 0..TYPES.len(), any::<bool>()).prop_map(move |(label, kind, deprecated)| {
        let kind = TYPES[kind];
        let label = if kind.starts_with("map") { "" } else { label };
        let options = if deprecated { " [deprecated = true]" } else { "" };
        format!("{label}{kind} f{number} = {number}{options};")
    })
}

/// A proto3 schema with two messages, a nested one, an enum and a oneof.
fn schema() -> impl Strategy<Value = String> {
    let fields = proptest::collection::vec(any::<prop::sample::Index>(), 0..6);
    let message = fields.prop_flat_map(|numbers| {
        let mut numbers: Vec<_> = numbers.iter().map(|index| index.index(9) + 1).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(field).collect::<Vec<_>>()
    });
    (message.clone(), message, any::<bool>(), "[a-z]{0,3}").prop_map(|(first, second, oneof, package)| {
        let package = if package.is_empty() { package } else { format!("package {package};") };
        let oneof = if oneof { "oneof choice { string a = 20; M0 b = 21; }" } else { "" };
        format!(
            "syntax = \"proto3\"; {package} message M0 {{ {} }} enum E {{ Z = 0; }} message M1 {{ {} {oneof} message N {{}} }}",
            first.join(" "),
            second.join(" ")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_schema_reads_itself(text in schema()) {
        let schema = parse(&text);
        let verdict = Schema::check(&schema, &schema, &Budget::unlimited()).expect("no limit");
        prop_assert_eq!(verdict.differences, vec![]);
    }

    #[test]
    fn stored_text_and_normal_form_are_stable(text in schema()) {
        let budget = Budget::unlimited();
        let schema = parse(&text);
        let stored = parse(schema.text());
        prop_assert_eq!(stored.text(), schema.text());
        let normal = schema.normalized(&budget).expect("all types resolve");
        prop_assert_eq!(stored.normalized(&budget).expect("all types resolve"), normal.clone());
        prop_assert_eq!(parse(&normal).normalized(&budget).expect("all types resolve"), normal);
    }

    #[test]
    fn a_descriptor_read_back_means_the_same(text in schema()) {
        let budget = Budget::unlimited();
        let schema = parse(&text);
        prop_assert_eq!(schema.validate(Strictness::Strict, &budget), Ok(()));
        let again = parse(&schema.serialized(&budget).expect("a descriptor"));
        let verdict = Schema::check(&again, &schema, &budget).expect("no limit");
        prop_assert!(verdict.is_compatible(), "{:?}", verdict);
        prop_assert_eq!(again.normalized(&budget), schema.normalized(&budget));
    }

    #[test]
    fn directions_differ_only_in_who_reads(old in schema(), new in schema()) {
        let budget = Budget::unlimited();
        let (old, new) = (parse(&old), parse(&new));
        let backward = Schema::check(&new, &old, &budget).expect("no limit");
        let forward = Schema::check(&old, &new, &budget).expect("no limit");
        let packages_differ = old.file().package != new.file().package;
        prop_assert_eq!(backward.is_compatible() && forward.is_compatible() && packages_differ, false);
        for difference in backward.incompatibilities() {
            let swapped = difference.description(Side::Old).replace("old", "?").replace("new", "old").replace('?', "new");
            prop_assert_eq!(difference.description(Side::New), swapped);
        }
    }
}

#[test]
fn the_stored_text_of_recorded_documents_is_stable() {
    let budget = Budget::unlimited();
    for entry in vectors::documents().iter().filter(|entry| entry["ok"] == true) {
        let text = entry["canonical"].as_str().expect("a text");
        let expected = entry["canonical_again"].as_str().unwrap_or(text);
        let again = vectors::parse(entry, text, "references").expect("the stored text is valid");
        assert_eq!(again.text(), expected, "{}", entry["id"]);
        let normalized = entry["normalized"].as_str().expect("a text");
        let expected = entry["normalized_again"].as_str().unwrap_or(normalized);
        let again = vectors::parse(entry, normalized, "references").and_then(|schema| schema.normalized(&budget));
        assert_eq!(again.expect("the normal form is valid"), expected, "{}", entry["id"]);
    }
}

#[test]
fn descriptors_of_recorded_documents_read_back_as_recorded() {
    for entry in vectors::documents().iter().filter(|entry| entry["serialized"].is_string()) {
        let parsed = vectors::parse(entry, entry["serialized"].as_str().expect("base64"), "references");
        let expected = match entry["from_serialized_equal"] == true {
            true => entry["canonical"].as_str(),
            false => entry["from_serialized"].as_str(),
        };
        match expected {
            Some(expected) => assert_eq!(parsed.expect("a descriptor").text(), expected, "{}", entry["id"]),
            None => assert!(parsed.is_err(), "{}", entry["id"]),
        }
    }
}
