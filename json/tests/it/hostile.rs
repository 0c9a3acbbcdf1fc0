//! Inputs that are meant to hurt: no panic, no overflow of the stack, and no work beyond the budget.

use std::fmt::Write;

use avow_budget::{Budget, Exceeded, Limits};
use avow_json::{Document, ParseError, Policy, Schema, check};
use proptest::prelude::*;

const LIMITS: Limits = Limits { steps: 100_000, bytes: 64 * 1024 * 1024 };

const SEEDS: [&str; 8] = [
    r##"{"type":"object","properties":{"a":{"$ref":"#/definitions/x"}},"definitions":{"x":{"enum":[1,2.50,"é",null]}}}"##,
    r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{"n":{"$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}}},"$ref":"#/$defs/n"}"##,
    r#"{"$schema":"http://json-schema.org/draft-04/schema#","id":"http://e.x/a/b","patternProperties":{"^a(?=b)[\\p{L}&&[^x]]{1,3}+$":{"type":["string","null"]}}}"#,
    r##"{"allOf":[{"minimum":1e400},{"oneOf":[{"const":{"a":[]}},{"not":{"$ref":"#"}}]}],"if":{"required":["a"]},"then":false}"##,
    r#"{"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"x.json","prefixItems":[true],"items":{"contains":{"type":"integer"},"minContains":2},"unevaluatedItems":false}"#,
    r#"{"type":"array","items":[{"format":"date"},{"multipleOf":0.01}],"additionalItems":{"dependencies":{"a":["b"],"c":{}}}}"#,
    r#"{"$ref":"http://json-schema.org/draft-07/schema#"}"#,
    r#"{"type":"number","exclusiveMaximum":7,"maximum":100,"$comment":"\ud835\udcb3","x":-0.0}"#,
];

/// A seed with some pieces cut out, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let edit =
        (any::<prop::sample::Index>(), 0..12usize, "[\\[\\]{}:,\"0-9eE.$#/a-z\\\\\u{0}-\u{7f}é]{0,6}", any::<bool>());
    (prop::sample::select(SEEDS.to_vec()), prop::collection::vec(edit, 0..5)).prop_map(|(seed, edits)| {
        let mut text: Vec<char> = seed.chars().collect();
        for (start, length, replacement, double) in edits {
            let start = start.index(text.len() + 1);
            let end = (start + length).min(text.len());
            let cut: Vec<char> = text[start..end].to_vec();
            let repeated = if double { cut } else { Vec::new() };
            text.splice(start..end, replacement.chars().chain(repeated.clone()).chain(repeated));
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_or_breaks_the_budget(old in mutated(), new in mutated()) {
        let budget = Budget::new(LIMITS);
        let schemas = (Schema::parse(&old, &[], &budget), Schema::parse(&new, &[], &budget));
        if let Ok(document) = Document::parse(&old, &budget) {
            document.normalized();
            document.tags();
        }
        if let (Ok(old), Ok(new)) = schemas {
            let _verdict = check(&new, &old, Policy::Strict, &budget);
            let _turned = check(&old, &new, Policy::Lenient, &budget);
        }
        prop_assert!(budget.steps_spent() < LIMITS.steps + 100_000);
    }
}

/// Parses and compares with itself; what was too much, if anything was.
fn survive(text: &str) -> Result<(), Exceeded> {
    let budget = Budget::new(Limits { steps: 10 * LIMITS.steps, ..LIMITS });
    match Schema::parse(text, &[], &budget) {
        Ok(schema) => check(&schema, &schema, Policy::Strict, &budget).map(drop),
        Err(ParseError::Exceeded(exceeded)) => Err(exceeded),
        Err(error) => panic!("{error}"),
    }
}

fn with_dialect(modern: bool, body: &str) -> String {
    let dialect =
        if modern { "https://json-schema.org/draft/2020-12/schema" } else { "http://json-schema.org/draft-07/schema#" };
    format!(r#"{{"$schema":"{dialect}",{body}}}"#)
}

#[test]
fn deep_nesting_needs_no_stack() {
    for modern in [false, true] {
        for (open, close) in [(r#"{"not":"#, "}"), (r#"{"items":"#, "}"), (r#"{"allOf":["#, "]}")] {
            let levels = if open.ends_with('[') { 490 } else { 990 };
            let body = format!(r#""not":{}{{}}{}"#, open.repeat(levels), close.repeat(levels));
            assert_eq!(survive(&with_dialect(modern, &body)), Ok(()), "{open}");
        }
    }
    let too_deep = "[".repeat(1001);
    assert!(matches!(Document::parse(&too_deep, &Budget::unlimited()), Err(ParseError::Syntax(_))));
}

#[test]
fn chains_of_references_need_no_stack() {
    for modern in [false, true] {
        let mut definitions = String::new();
        for index in 0..10_000 {
            let next = index + 1;
            write!(definitions, r##""d{index}":{{"items":{{"$ref":"#/$defs/d{next}"}}}},"##).expect("a string");
        }
        let body = format!(r##""$ref":"#/$defs/d0","$defs":{{{definitions}"d10000":{{}}}}"##);
        let outcome = survive(&with_dialect(modern, &body));
        assert!(matches!(outcome, Ok(()) | Err(Exceeded::Bytes { .. } | Exceeded::Steps { .. })), "{outcome:?}");
    }
}

#[test]
fn webs_of_references_end() {
    for modern in [false, true] {
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let mut definitions = Vec::new();
            for index in 0..15 {
                let members: Vec<String> = (0..15)
                    .map(|other| {
                        format!(r##"{{"title":"{index}","properties":{{"p{other}":{{"$ref":"#/$defs/d{other}"}}}}}}"##)
                    })
                    .collect();
                definitions.push(format!(r#""d{index}":{{"{keyword}":[{}]}}"#, members.join(",")));
            }
            let body = format!(r##""items":{{"$ref":"#/$defs/d0"}},"$defs":{{{}}}"##, definitions.join(","));
            let outcome = survive(&with_dialect(modern, &body));
            assert!(matches!(outcome, Ok(()) | Err(Exceeded::Steps { .. })), "{outcome:?}");
        }
    }
}

#[test]
fn large_sets_are_compared_in_linear_time() {
    let values: Vec<String> = (0..50_000).map(|value| value.to_string()).collect();
    // All of these names have one hash in Java.
    let names: Vec<String> = (0..1 << 12)
        .map(|bits: u32| (0..12).map(|bit| if bits >> bit & 1 == 0 { "Aa" } else { "BB" }).collect())
        .collect();
    let properties: Vec<String> = names.iter().map(|name| format!(r#""{name}":{{"type":"string"}}"#)).collect();
    for modern in [false, true] {
        let body = format!(r#""enum":[{}],"properties":{{{}}}"#, values.join(","), properties.join(","));
        assert_eq!(survive(&with_dialect(modern, &body)), Ok(()));
    }
}

#[test]
fn self_references_end() {
    for text in [
        r##"{"$ref":"#"}"##,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#"}"##,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$dynamicAnchor":"a","$dynamicRef":"#a"}"##,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$dynamicAnchor":"a","properties":{"x":{"$dynamicRef":"#a"}}}"##,
        r##"{"oneOf":[{"$ref":"#"},{"$ref":"#/oneOf/0"},{"$ref":"#/oneOf/1"}]}"##,
    ] {
        assert_eq!(survive(text), Ok(()), "{text}");
    }
}

#[test]
fn nothing_is_fetched() {
    for uri in
        ["http://localhost:1/x", "https://example.org/x", "file:///etc/passwd", "classpath:/x", "urn:x:y", "x.json"]
    {
        for modern in [false, true] {
            let text = with_dialect(modern, &format!(r#""properties":{{"a":{{"$ref":"{uri}"}}}}"#));
            let error = Schema::parse(&text, &[], &Budget::unlimited()).expect_err("it is not among the references");
            assert!(error.to_string().contains(uri), "{error}");
        }
    }
}
