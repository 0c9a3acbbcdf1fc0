//! Deep, wide and cyclic input: bounded, never a stack overflow. Test threads have 2 MiB, as the server's workers do.

use std::fmt::Write;

use avow_avro::{
    Budget, Candidate, Limits, ParseError, Schema, Strictness, check, check_within, explain, explain_within, parse,
    parse_with, parse_within,
};

use crate::shapes::{SHAPES, WORKS, costs};

fn schema(text: &str) -> Schema {
    parse(text, &[], Strictness::Strict).unwrap()
}

/// A budget of steps, of which a million take some milliseconds.
fn steps(steps: u64) -> Budget {
    Budget::new(avow_budget::Limits { steps, bytes: 256 << 20 })
}

#[test]
fn twice_the_document_costs_at_most_twice_or_is_refused() {
    // These spell out full names: they cost a line in the text that they make, up to the budget.
    let spells_out = |shape: &str, work: &str| {
        let is_long = shape.contains("namespace") || shape.contains("shortened");
        is_long && matches!(work, "normalise" | "canonical form" | "shape")
    };
    let mut faults = Vec::new();
    for shape in SHAPES {
        let of = |size: usize| {
            let (reader, writer) = (shape.make)(size);
            (reader.len() + writer.len(), costs(&reader, &writer))
        };
        let ((small, before), (large, after)) = (of(24 << 10), of(48 << 10));
        for (work, (before, after)) in WORKS.iter().zip(before.into_iter().zip(after)) {
            let mut fault = |text: String| faults.push(format!("{}, {work}: {text}", shape.name));
            match (before, after) {
                _ if spells_out(shape.name, work) => {}
                (Some((steps, bytes)), Some((more_steps, more_bytes))) => {
                    // A quarter more for logarithms and for tables that grow in leaps.
                    let is_linear = |before: u64, after: u64| {
                        after <= 20_000 || after * small as u64 * 4 <= before * large as u64 * 5
                    };
                    if !is_linear(steps, more_steps) {
                        fault(format!("{steps} steps, then {more_steps}"));
                    }
                    if !is_linear(bytes, more_bytes) {
                        fault(format!("{bytes} bytes, then {more_bytes}"));
                    }
                }
                _ => fault("refused".to_owned()),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Does everything there is to do with a schema.
fn exercise(schema: &Schema) {
    assert_eq!(parse(&schema.text(), &[], Strictness::Strict).unwrap().text(), schema.text());
    schema.resolved_text();
    schema.canonical_form();
    schema.normalized().unwrap();
    schema.shape();
    assert!(check(schema, schema).is_compatible());
    assert_eq!(explain(schema, schema, Candidate::Reader), []);
}

fn arrays(depth: usize) -> String {
    format!("{}\"int\"{}", "{\"type\":\"array\",\"items\":".repeat(depth), "}".repeat(depth))
}

fn records(depth: usize) -> String {
    let mut text = String::new();
    for at in 0..depth {
        write!(text, "{{\"type\":\"record\",\"name\":\"R{at}\",\"fields\":[{{\"name\":\"f\",\"type\":").unwrap();
    }
    text + "\"int\"" + &"}]}".repeat(depth)
}

#[test]
fn a_thousand_levels_are_fine() {
    exercise(&schema(&arrays(1000)));
    exercise(&schema(&records(333)));
    for (reader, writer) in [(arrays(1000), arrays(999)), (arrays(150), arrays(149)), (records(333), records(332))] {
        let (reader, writer) = (schema(&reader), schema(&writer));
        assert!(!check(&reader, &writer).is_compatible());
        assert!(!explain(&reader, &writer, Candidate::Reader).is_empty());
    }
}

#[test]
fn deeper_is_refused() {
    for text in [arrays(1001), records(334), "[".repeat(2_000_000), "{\"a\":".repeat(500_000)] {
        let error = parse(&text, &[], Strictness::Lenient).unwrap_err();
        assert!(matches!(error, ParseError::TooDeep { limit: 1000 } | ParseError::Json { .. }), "{error}");
    }
}

#[test]
fn depth_that_only_printing_would_bring_is_refused() {
    // Each record names the next, which is defined later: flat as written, deep as printed.
    let mut text = "[".to_owned();
    for at in 0..20_000 {
        let next = at + 1;
        write!(text, r#"{{"type":"record","name":"R{at}","fields":[{{"name":"f","type":["null","R{next}"]}}]}},"#)
            .unwrap();
    }
    text += r#"{"type":"record","name":"R20000","fields":[]}]"#;
    assert_eq!(parse(&text, &[], Strictness::Strict).unwrap_err(), ParseError::TooDeep { limit: 1000 });
    let roomy = Limits { depth: usize::MAX, ..Limits::default() };
    let deep = parse_with(&text, &[], Strictness::Strict, &roomy).unwrap();
    deep.canonical_form();
    deep.shape();
    assert!(deep.text().len() > 1_000_000);
    assert!(check(&deep, &deep).is_compatible());
}

#[test]
fn deep_properties_and_defaults_are_fine() {
    let deep = "[".repeat(990) + &"]".repeat(990);
    exercise(&schema(&format!(r#"{{"type":"int","p":{deep}}}"#)));
    let text = format!(
        r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{{"type":"array","items":{{"type":"array","items":"int"}}}},"default":{deep}}}]}}"#
    );
    assert!(parse(&text, &[], Strictness::Strict).is_err());
    let lenient = parse(&text, &[], Strictness::Lenient).unwrap();
    assert!(lenient.normalized().is_err());
}

#[test]
fn wide_schemas_are_fine() {
    let mut fields = String::new();
    for at in 0..20_000 {
        write!(fields, r#"{{"name":"f{at}","type":["null","string"],"default":null,"aliases":["g{at}"]}},"#).unwrap();
    }
    exercise(&schema(&format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.trim_end_matches(','))));
    let symbols: Vec<_> = (0..50_000).map(|at| format!("\"S{at}\"")).collect();
    exercise(&schema(&format!(r#"{{"type":"enum","name":"E","symbols":[{}]}}"#, symbols.join(","))));
    let properties: Vec<_> = (0..5_000).map(|at| format!("\"p{at}\":{at}")).collect();
    exercise(&schema(&format!(r#"{{"type":"int",{}}}"#, properties.join(","))));
}

/// Each record uses the one before twice. Java lists a finding once per path: 2^depth times.
fn doubling(depth: usize, innermost: &str) -> String {
    let mut text = format!(r#"{{"type":"record","name":"R0","fields":[{{"name":"x","type":"{innermost}"}}]}}"#);
    for at in 1..depth {
        let before = at - 1;
        text = format!(
            r#"{{"type":"record","name":"R{at}","fields":[{{"name":"a","type":{text}}},{{"name":"b","type":"R{before}"}}]}}"#
        );
    }
    text
}

#[test]
fn the_list_of_findings_does_not_explode() {
    let (reader, writer) = (schema(&doubling(300, "int")), schema(&doubling(300, "string")));
    let verdict = check_within(&reader, &writer, &steps(10_000)).unwrap();
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(verdict.findings[0].message, "reader type: INT not compatible with writer type: STRING");
    assert_eq!(explain(&reader, &writer, Candidate::Writer).len(), 1);
}

#[test]
fn a_clique_of_unions_does_not_explode() {
    // Every record holds a union of all records, one of which has a field that nothing fills.
    let clique = |extra: &str| {
        let names: Vec<_> = (0..30).map(|at| format!("\"R{at}\"")).collect();
        let names = names.join(",");
        let mut all = String::from("[");
        for at in 0..30 {
            let extra = if at == 29 { extra } else { "" };
            let comma = if at == 29 { "]" } else { "," };
            write!(
                all,
                r#"{{"type":"record","name":"R{at}","fields":[{{"name":"u","type":["null",{names}]}}{extra}]}}{comma}"#
            )
            .unwrap();
        }
        schema(&all)
    };
    let (plain, more) = (clique(""), clique(r#",{"name":"x","type":"int"}"#));
    assert!(check(&plain, &more).is_compatible());
    assert!(!check(&more, &plain).is_compatible());
    assert!(!explain(&more, &plain, Candidate::Reader).is_empty());
    explain_within(&plain, &more, Candidate::Reader, &steps(2_000_000)).unwrap();
}

#[test]
fn a_default_is_not_tried_against_a_union_forever() {
    let depth = 200;
    let default = "{\"f\":".repeat(depth) + "5" + &"}".repeat(depth);
    let text = format!(
        r#"[{{"type":"record","name":"A","fields":[{{"name":"f","type":["null","A","B"]}}]}},
            {{"type":"record","name":"B","fields":[{{"name":"f","type":["null","A","B"]}}]}},
            {{"type":"record","name":"C","fields":[{{"name":"f","type":["A","B"],"default":{default}}}]}}]"#
    );
    let answer = parse_within(&text, &[], Strictness::Strict, &Limits::default(), &steps(100_000));
    assert!(matches!(answer, Err(ParseError::Default { .. })), "{answer:?}");
}

#[test]
fn many_of_anything_is_fine() {
    let list =
        |count: usize, prefix: &str| (0..count).map(|at| format!("\"{prefix}{at}\"")).collect::<Vec<_>>().join(",");
    // Aliases, and a second definition that has to be compared with the first.
    let aliases = list(50_000, "a");
    let named = format!(r#"{{"type":"fixed","name":"F","size":1,"aliases":[{aliases}]}}"#);
    schema(&format!(r#"[{{"type":"array","items":{named}}},{named}]"#)).shape();
    // Properties in another order.
    let properties = |order: &mut dyn Iterator<Item = usize>| {
        let properties: Vec<_> = order.map(|at| format!("\"p{at}\":{at}")).collect();
        format!(r#"{{"type":"fixed","name":"F","size":1,{}}}"#, properties.join(","))
    };
    let (up, down) = (properties(&mut (0..30_000)), properties(&mut (0..30_000).rev()));
    schema(&format!(r#"[{{"type":"array","items":{up}}},{down}]"#)).shape();
    // Symbols and fields that nobody knows.
    let symbols = |prefix: &str| format!(r#"{{"type":"enum","name":"E","symbols":[{}]}}"#, list(30_000, prefix));
    let (reader, writer) = (schema(&symbols("r")), schema(&symbols("w")));
    assert_eq!(explain(&reader, &writer, Candidate::Writer).len(), 1);
    let fields = |prefix: &str| {
        let fields: Vec<_> = (0..3_000).map(|at| format!(r#"{{"name":"{prefix}{at}","type":"int"}}"#)).collect();
        format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.join(","))
    };
    let (reader, writer) = (schema(&fields("r")), schema(&fields("w")));
    assert_eq!(explain(&reader, &writer, Candidate::Reader).len(), 100);
    let explanation = explain_within(&reader, &writer, Candidate::Reader, &steps(20_000_000)).unwrap();
    assert_eq!((explanation.findings.len(), explanation.omitted), (100, 2_900));
    let verdict = check(&reader, &writer);
    assert_eq!((verdict.findings.len(), verdict.count()), (1_000, 3_000));
}

#[test]
fn limits_are_named() {
    let with = |limits: Limits| {
        parse_with(
            r#"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"G","size":1}]"#,
            &[],
            Strictness::Strict,
            &limits,
        )
        .unwrap_err()
    };
    assert_eq!(with(Limits { bytes: 10, ..Limits::default() }), ParseError::TooLarge { limit: 10 });
    assert_eq!(with(Limits { names: 1, ..Limits::default() }), ParseError::TooManyNames { limit: 1 });
    assert_eq!(with(Limits { nodes: 2, ..Limits::default() }), ParseError::TooManyNodes { limit: 2 });
    assert_eq!(with(Limits { depth: 1, ..Limits::default() }), ParseError::TooDeep { limit: 1 });
}
