//! Laws that hold for every schema: generated documents, and a bounded fuzzer over mutated and random input.

use avow_avro::{Strictness, check, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::evolution::Dice;

/// Names of types, few enough to meet again.
fn type_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["A", "B", "n.C", "n.D", "n.m.E"]).prop_map(str::to_owned)
}

fn primitive() -> impl Strategy<Value = Value> {
    let names = vec!["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
    prop::sample::select(names).prop_map(|name| json!(name))
}

/// Documents that are mostly schemas: duplicates and clashes among them are the parser's to find.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => primitive(),
        1 => primitive().prop_map(|kind| json!({"type": kind, "logicalType": "date", "z": 1, "a": [1.5, null]})),
        1 => (type_name(), 0..4_u32).prop_map(|(name, size)| json!({"type": "fixed", "name": name, "size": size})),
        1 => (type_name(), prop::collection::btree_set("[A-C]", 1..3))
            .prop_map(|(name, symbols)| json!({"type": "enum", "name": name, "symbols": symbols, "doc": "d"})),
        1 => type_name().prop_map(|name| json!(name)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let field = (prop::sample::select(vec!["x", "y", "z"]), inner.clone(), prop::bool::ANY).prop_map(
            |(name, kind, is_plain)| {
                if is_plain {
                    json!({"name": name, "type": kind})
                } else {
                    json!({"name": name, "type": kind, "doc": "d", "order": "ignore", "aliases": [format!("{name}_old")]})
                }
            },
        );
        prop_oneof![
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            inner.clone().prop_map(|values| json!({"type": "map", "values": values})),
            prop::collection::vec(inner, 0..3).prop_map(Value::Array),
            (type_name(), prop::collection::vec(field, 0..4)).prop_map(|(name, fields)| {
                json!({"type": "record", "name": name, "aliases": ["Old", "n.Older"], "fields": fields})
            }),
        ]
    })
}

/// The same document with the keys of every object in another order.
fn reordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(reordered).collect(),
        Value::Object(object) => Value::Object(
            object.iter().rev().map(|(key, value)| (key.clone(), reordered(value))).collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_again(document in document()) {
        let Ok(schema) = parse(&document.to_string(), &[], Strictness::Strict) else { return Ok(()) };
        let again = parse(&schema.text(), &[], Strictness::Strict).unwrap();
        prop_assert_eq!(again.text(), schema.text());
        prop_assert_eq!(again.shape(), schema.shape());
        prop_assert_eq!(again.canonical_form(), schema.canonical_form());
        prop_assert_eq!(schema.resolved_text(), schema.text());
    }

    #[test]
    fn spelling_does_not_change_identity(document in document()) {
        let Ok(schema) = parse(&document.to_string(), &[], Strictness::Strict) else { return Ok(()) };
        let spaced = serde_json::to_string_pretty(&document).unwrap();
        prop_assert_eq!(parse(&spaced, &[], Strictness::Strict).unwrap().text(), schema.text());
        let other = parse(&reordered(&document).to_string(), &[], Strictness::Strict).unwrap();
        prop_assert_eq!(other.shape(), schema.shape());
        prop_assert_eq!(other.canonical_form(), schema.canonical_form());
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form(document in document()) {
        let Ok(schema) = parse(&document.to_string(), &[], Strictness::Strict) else { return Ok(()) };
        // A type without a namespace inside a namespace moves into it, which may bring two types together.
        let Ok(normal) = schema.normalized() else { return Ok(()) };
        if let Ok(again) = normal.normalized() {
            prop_assert_eq!(again.text(), normal.text());
        }
    }

    #[test]
    fn every_schema_reads_itself(document in document()) {
        let Ok(schema) = parse(&document.to_string(), &[], Strictness::Strict) else { return Ok(()) };
        prop_assert!(check(&schema, &schema).is_compatible());
    }
}

/// Changes a document here and there: bytes, cuts, repetitions, and pieces that parsers trip over.
fn mutated(dice: &mut Dice, text: &str, other: &str) -> String {
    const PIECES: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\\u",
        "\\uD800",
        "null",
        "-",
        "1e999",
        "0x",
        "//",
        "/*",
        "*/",
        "\u{0}",
        "\u{feff}",
        "é",
        "\"type\":",
        "\"record\"",
        "\"name\":\"R\"",
        "99999999999999999999",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
            1 => bytes.truncate(at),
            2 => {
                let end = (at + dice.roll(20)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            3 => {
                let from = dice.roll(other.len());
                let to = (from + dice.roll(60)).min(other.len());
                bytes.splice(at..at, other.as_bytes()[from..to].iter().copied());
            }
            _ => {
                bytes.splice(at..at, PIECES[dice.roll(PIECES.len())].bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// No input makes the parser panic, and what it accepts can be printed, read again and compared.
///
/// `AVOW_FUZZ` sets the number of inputs.
#[test]
fn the_parser_survives_anything() {
    let inputs = std::env::var("AVOW_FUZZ").ok().and_then(|inputs| inputs.parse().ok()).unwrap_or(30_000);
    let documents: Vec<String> = crate::vectors::documents()
        .iter()
        .map(|document| document["schema_text"].as_str().unwrap().to_owned())
        .collect();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..inputs {
        let text = &documents[dice.roll(documents.len())];
        let input = if dice.roll(20) == 0 {
            let bytes: Vec<u8> = (0..dice.roll(60)).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            let other = &documents[dice.roll(documents.len())];
            mutated(&mut dice, text, other)
        };
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let Ok(schema) = parse(&input, &[], strictness) else { continue };
            accepted += 1;
            let stored = schema.text();
            match parse(&stored, &[], strictness) {
                // Java's text loses the dot of an alias like `.A`, which then means another name (avro-compat 3.2).
                Ok(again) => assert!(again.text() == stored || input.contains("\"."), "{input}"),
                Err(error) => panic!("{error}: {stored} from {input}"),
            }
            let _ = (schema.canonical_form(), schema.shape(), schema.normalized(), check(&schema, &schema));
        }
    }
    assert!(accepted > inputs / 50, "only {accepted} of {inputs} were schemas");
}
