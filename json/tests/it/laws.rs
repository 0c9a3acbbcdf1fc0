//! Laws that hold for all schemas.

use avow_budget::Budget;
use avow_json::{Document, Newer, Policy, Schema, check};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const DIALECTS: [&str; 5] = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"type": ["string", "null"], "minLength": 1})),
        Just(json!({"$ref": "#"})),
        (0..5u8).prop_map(|limit| json!({"type": "string", "maxLength": limit, "title": "text"})),
        (0..5u8).prop_map(|limit| json!({"type": "integer", "minimum": limit, "multipleOf": 2})),
        (0..5u8).prop_map(|size| json!({"enum": (0..size).collect::<Vec<_>>()})),
        any::<bool>().prop_map(|flag| json!({"type": "boolean", "default": flag})),
    ]
}

fn schema() -> impl Strategy<Value = String> {
    let nested = leaf().prop_recursive(4, 24, 4, |inner| {
        let members = prop::collection::vec(inner.clone(), 1..4);
        let properties = prop::collection::btree_map("[a-d%]{1,2}", inner.clone(), 0..4);
        prop_oneof![
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf"]), members)
                .prop_map(|(keyword, members)| Value::Object(Map::from_iter([(keyword.to_owned(), json!(members))]))),
            inner.clone().prop_map(|inner| json!({"not": inner})),
            inner.clone().prop_map(|inner| json!({"type": "array", "items": inner, "maxItems": 3})),
            (properties, any::<bool>(), prop::option::of(inner)).prop_map(|(properties, open, rest)| {
                let required: Vec<_> = properties.keys().take(1).collect();
                let rest = rest.unwrap_or(json!(open));
                let mut object = json!({"type": "object", "properties": properties, "additionalProperties": rest});
                if !required.is_empty() {
                    object["required"] = json!(required);
                }
                object
            }),
        ]
    });
    (nested, prop::sample::select(DIALECTS.to_vec())).prop_map(|(mut schema, dialect)| {
        schema["$schema"] = json!(dialect);
        schema.to_string()
    })
}

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[], &Budget::unlimited()).expect("the strategy makes schemas")
}

proptest! {
    #[test]
    fn a_schema_reads_itself(text in schema()) {
        let schema = parse(&text);
        for policy in [Policy::Strict, Policy::Lenient] {
            let verdict = check(&schema, &schema, policy, &Budget::unlimited()).expect("no limit");
            prop_assert!(verdict.is_compatible(), "{verdict:?}");
        }
    }

    #[test]
    fn forward_is_backward_with_the_words_exchanged(old in schema(), new in schema()) {
        let verdict = check(&parse(&new), &parse(&old), Policy::Strict, &Budget::unlimited()).expect("no limit");
        let messages = verdict.messages(Newer::Reader);
        let exchanged: Vec<String> = messages
            .iter()
            .map(|text| text.replace(" new ", " \0 ").replace(" old ", " new ").replace(" \0 ", " old "))
            .collect();
        prop_assert_eq!(verdict.messages(Newer::Writer), exchanged);
    }

    #[test]
    fn what_is_allowed_strictly_is_allowed_leniently(old in schema(), new in schema()) {
        let (old, new) = (parse(&old), parse(&new));
        let strict = check(&new, &old, Policy::Strict, &Budget::unlimited()).expect("no limit");
        let lenient = check(&new, &old, Policy::Lenient, &Budget::unlimited()).expect("no limit");
        prop_assert!(!strict.is_compatible() || lenient.is_compatible());
    }

    #[test]
    fn the_stored_text_and_the_normal_form_stay(text in schema()) {
        let schema = parse(&text);
        let stored = parse(schema.text());
        prop_assert_eq!(stored.text(), schema.text());
        let normalized = schema.normalized();
        let again = Document::parse(&normalized, &Budget::unlimited()).expect("it is JSON");
        prop_assert_eq!(again.text(), &normalized);
        prop_assert_eq!(again.normalized(), normalized);
    }
}
