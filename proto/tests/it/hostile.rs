//! Input that wants to crash or to cost too much.

use avow_budget::{Budget, Limits};
use avow_proto::syntax::{MAX_DEPTH, MAX_VALUE_DEPTH};
use avow_proto::{Error, MessageIndexes, Schema, Strictness};

use crate::vectors;

fn budget() -> Budget {
    Budget::new(Limits { steps: 2_000_000, bytes: 32 << 20 })
}

/// Everything that can be asked of a text.
fn exercise(text: &str, other: Option<&Schema>) -> Option<Schema> {
    let schema = Schema::parse(text, &[], &budget()).ok()?;
    let _ = schema.without_extensions();
    let _ = schema.validate(Strictness::Strict, &budget());
    let _ = schema.serialized(&budget());
    let _ = schema.tags(&budget());
    let _ = (schema.definitions(), schema.top_level_fields(), schema.name());
    if let Some(other) = other {
        let _ = Schema::check(&schema, other, &budget());
    }
    Some(schema)
}

#[test]
fn random_changes_of_recorded_documents_neither_panic_nor_run_away() {
    let mut random = fastrand::Rng::with_seed(7);
    let texts: Vec<String> = vectors::documents()
        .iter()
        .filter_map(|entry| entry["schema"].as_str().filter(|text| text.len() < 2000).map(str::to_owned))
        .collect();
    let pieces = [
        "{", "}", "[", "]", ";", "=", "\"", "'", "\\", "map<", ">", "option ", "(", ")", ".", "/*", "//", "1e9", "é",
        "\n",
    ];
    let mut previous = None;
    for _ in 0..10_000 {
        let mut text: Vec<char> = random.choice(&texts).expect("documents").chars().collect();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..=text.len());
            match random.u8(0..4) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.truncate(at),
                2 => {
                    let other: Vec<char> = random.choice(&texts).expect("documents").chars().collect();
                    let from = random.usize(0..=other.len());
                    text.splice(at..at, other[from..(from + 40).min(other.len())].iter().copied());
                }
                _ => drop(text.splice(at..at, random.choice(pieces).expect("pieces").chars())),
            }
        }
        let text: String = text.into_iter().collect();
        if let Some(schema) = exercise(&text, previous.as_ref()) {
            previous = Some(schema);
        }
    }
    assert!(previous.is_some());
}

#[test]
fn random_bytes_are_no_descriptors_that_panic() {
    use base64::Engine as _;
    let mut random = fastrand::Rng::with_seed(11);
    let engine = base64::engine::general_purpose::STANDARD;
    let seeds: Vec<Vec<u8>> = vectors::documents()
        .iter()
        .filter_map(|entry| engine.decode(entry["serialized"].as_str()?).ok())
        .filter(|bytes| bytes.len() < 2000)
        .collect();
    for _ in 0..3000 {
        let mut bytes = random.choice(&seeds).expect("descriptors").clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(0..bytes.len());
            bytes[at] = random.u8(..);
        }
        exercise(&engine.encode(&bytes), None);
        let _ = MessageIndexes::decode(&mut bytes.as_slice());
    }
}

/// Messages inside messages, as deep as they may be.
fn nested(depth: usize, inner: &str) -> String {
    let open = (0..depth).map(|level| format!("message M{level} {{ ")).collect::<Vec<_>>().concat();
    format!("syntax = \"proto3\"; {open}{inner}{}", "}".repeat(depth))
}

#[test]
fn the_deepest_nesting_works_on_a_small_stack() {
    let walk = || {
        let text = nested(MAX_DEPTH, "M0 a = 1; E e = 2; map<string, M1> m = 3; enum E { Z = 0; }");
        let schema = Schema::parse(&text, &[], &Budget::unlimited()).expect("within the bound");
        schema.serialized(&Budget::unlimited()).expect("a descriptor");
        assert_eq!(Schema::parse(schema.text(), &[], &Budget::unlimited()).expect("stored").text(), schema.text());
        let verdict = Schema::check(&schema, &schema, &Budget::unlimited()).expect("no limit");
        assert!(verdict.differences.is_empty());
        let options =
            format!("option (a) = {}{};", "{ b: ".repeat(MAX_VALUE_DEPTH - 1), "[]}".repeat(MAX_VALUE_DEPTH - 1));
        assert!(Schema::parse(&options, &[], &Budget::unlimited()).is_err());
        let options =
            format!("option (a) = {}1{};", "{ b: ".repeat(MAX_VALUE_DEPTH - 1), "}".repeat(MAX_VALUE_DEPTH - 1));
        let schema = Schema::parse(&options, &[], &Budget::unlimited()).expect("within the bound");
        schema.normalized(&Budget::unlimited()).expect("nothing to resolve");
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(walk).expect("a thread");
    thread.join().expect("no overflow");
}

#[test]
fn deeper_nesting_is_refused() {
    for text in [
        nested(MAX_DEPTH + 1, ""),
        nested(100_000, ""),
        format!("option a = {};", "{ b: ".repeat(100_000)),
        format!("option a = {};", "[".repeat(100_000)),
        format!("option (a){} = 1;", ".b".repeat(100_000)),
        format!("message M {{ {}", "map<string, ".repeat(100_000)),
    ] {
        match Schema::parse(&text, &[], &Budget::unlimited()) {
            Err(Error::Refused { message, .. }) => assert!(message.contains("levels of nesting"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn expensive_schemas_end_at_the_budget() {
    let number = "syntax = \"proto2\"; message M { optional double d = 1 [default = 1e2000000000]; }".to_owned();
    let lines = (1..60_000).map(|number| format!("a b=1{number};")).collect::<Vec<_>>().concat();
    let indentation = nested(MAX_DEPTH, &lines);
    let merged = (0..20_000).map(|number| format!("option (a).b = {number};")).collect::<Vec<_>>().concat();
    let merged = format!("import \"google/protobuf/descriptor.proto\"; message A {{ repeated int32 b = 1; }} extend google.protobuf.FileOptions {{ optional A a = 5000; }} {merged}").replace("import", "syntax = \"proto3\"; import");
    let hexadecimal = format!("option (a) = 0x{};", "f".repeat(100_000));
    for text in [number, indentation, merged, hexadecimal] {
        let outcome = Schema::parse(&text, &[], &budget()).and_then(|schema| schema.normalized(&budget()));
        assert!(matches!(outcome, Err(Error::Exceeded(_))), "{:.200}", format!("{outcome:?}"));
    }
}
