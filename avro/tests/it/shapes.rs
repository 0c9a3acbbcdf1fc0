//! Shapes of documents that once cost more than a line in their size, and the work that is done with them.

use std::fmt::Write;

use avow_avro::{
    Budget, Candidate, Exceeded, Limits, ParseError, Schema, Strictness, check_within, explain_within, parse_within,
    soundness_within,
};

/// A pair of a reader and a writer of about as many bytes together as are asked for.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> (String, String),
}

pub(crate) const SHAPES: [Shape; 16] = [
    Shape { name: "aliases in a long namespace", make: aliases_in_a_long_namespace },
    Shape { name: "types in a long namespace", make: types_in_a_long_namespace },
    Shape { name: "unknown names in a long namespace", make: unknown_names_in_a_long_namespace },
    Shape { name: "references that cannot be shortened", make: references_that_cannot_be_shortened },
    Shape { name: "empty defaults of a union of records", make: empty_defaults },
    Shape { name: "nested defaults of unions", make: nested_defaults },
    Shape { name: "a fixed default of two gigabytes", make: fixed_default },
    Shape { name: "defaults of a wide record", make: record_defaults },
    Shape { name: "an enum and a union of enums", make: enum_and_union },
    Shape { name: "unions of records", make: |bytes| unions(bytes, "") },
    Shape { name: "unions of records with aliases", make: |bytes| unions(bytes, r#","aliases":["old"]"#) },
    Shape { name: "wide records in unions", make: wide_records_in_unions },
    Shape { name: "renamed fields", make: renamed_fields },
    Shape { name: "long enums", make: long_enums },
    Shape { name: "deep paths", make: deep_paths },
    Shape { name: "definitions in definitions", make: redefinitions },
];

/// The steps and bytes of one piece of work; `None` when it was refused.
pub(crate) type Cost = Option<(u64, u64)>;

/// The kinds of work.
pub(crate) const WORKS: [&str; 7] = ["parse", "check", "explain", "soundness", "normalise", "canonical form", "shape"];

/// The limits that a server would give work on so many bytes.
fn limits(bytes: usize) -> avow_budget::Limits {
    avow_budget::Limits { steps: 1_000_000 + 400 * bytes as u64, bytes: (16 << 20) + 400 * bytes as u64 }
}

/// Does every kind of work with a pair.
pub(crate) fn costs(reader: &str, writer: &str) -> [Cost; 7] {
    let bytes = reader.len() + writer.len();
    let budget = || Budget::new(limits(bytes));
    let cost = |work: &dyn Fn(&Budget) -> Result<(), Exceeded>| {
        let budget = budget();
        work(&budget).ok().map(|()| (budget.steps_spent(), budget.most_bytes_held()))
    };
    let parsed =
        |text: &str, budget: &Budget| match parse_within(text, &[], Strictness::Strict, &Limits::default(), budget) {
            Err(ParseError::Exceeded(exceeded)) => Err(exceeded),
            other => Ok(other.ok()),
        };
    let schemas = [reader, writer].map(|text| parsed(text, &budget()).ok().flatten());
    let parse = cost(&|budget| [reader, writer].iter().try_for_each(|text| parsed(text, budget).map(|_| ())));
    let [Some(reader), Some(writer)] = schemas else {
        let mut costs = [Some((0, 0)); 7];
        costs[0] = parse;
        return costs;
    };
    let on_each = |work: &dyn Fn(&Schema, &Budget) -> Result<(), Exceeded>| {
        cost(&|budget| [&reader, &writer].iter().try_for_each(|schema| work(schema, budget)))
    };
    [
        parse,
        cost(&|budget| check_within(&reader, &writer, budget).map(|_| ())),
        cost(&|budget| explain_within(&reader, &writer, Candidate::Reader, budget).map(|_| ())),
        cost(&|budget| soundness_within(&reader, &writer, Candidate::Reader, budget).map(|_| ())),
        on_each(&|schema, budget| match schema.normalized_within(budget) {
            Err(ParseError::Exceeded(exceeded)) => Err(exceeded),
            _ => Ok(()),
        }),
        on_each(&|schema, budget| schema.canonical_form_within(budget).map(|_| ())),
        on_each(&|schema, budget| schema.shape_within(budget).map(|_| ())),
    ]
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

fn record(name: &str, fields: &str) -> String {
    format!(r#"{{"type":"record","name":"{name}","fields":[{fields}]}}"#)
}

fn twice(text: String) -> (String, String) {
    (text.clone(), text)
}

fn aliases_in_a_long_namespace(bytes: usize) -> (String, String) {
    let (space, aliases) = ("n".repeat(bytes / 4), list(bytes / 40, |at| format!("\"a{at:06}\"")));
    twice(format!(r#"{{"type":"fixed","name":"F","namespace":"{space}","size":1,"aliases":[{aliases}]}}"#))
}

fn types_in_a_long_namespace(bytes: usize) -> (String, String) {
    let fields =
        list(bytes / 280, |at| format!(r#"{{"name":"f{at}","type":{{"type":"fixed","name":"F{at:05}","size":1}}}}"#));
    let space = "n".repeat(bytes / 4);
    twice(format!(r#"{{"type":"record","name":"R","namespace":"{space}","fields":[{fields}]}}"#))
}

fn unknown_names_in_a_long_namespace(bytes: usize) -> (String, String) {
    let fields = list(bytes / 160, |at| format!(r#"{{"name":"f{at:06}","type":"U{at:06}"}}"#));
    let space = "n".repeat(bytes / 4);
    twice(format!(r#"{{"type":"record","name":"R","namespace":"{space}","fields":[{fields}]}}"#))
}

fn references_that_cannot_be_shortened(bytes: usize) -> (String, String) {
    let space = "n".repeat(bytes / 4);
    let fields = list(bytes / 160, |at| format!(r#"{{"name":"f{at:06}","type":"map"}}"#));
    twice(format!(
        r#"{{"type":"record","name":"R","namespace":"{space}","fields":[{{"name":"m","type":{{"type":"fixed","name":"map","size":1}}}},{fields}]}}"#
    ))
}

fn empty_defaults(bytes: usize) -> (String, String) {
    let branches = list(bytes / 320, |at| record(&format!("B{at:05}"), r#"{"name":"x","type":"int"}"#));
    let default = list(bytes / 12, |_| "{}".to_owned());
    let kind = format!(r#"{{"type":"array","items":[{branches},{{"type":"map","values":"int"}}]}}"#);
    twice(record("R", &format!(r#"{{"name":"f","type":{kind},"default":[{default}]}}"#)))
}

fn nested_defaults(bytes: usize) -> (String, String) {
    let depth = (bytes / 100).min(200);
    let default = "{\"f\":".repeat(depth) + "5" + &"}".repeat(depth);
    let inner = r#"{"name":"f","type":["null","A","B","C"]}"#;
    let field = format!(r#"{{"name":"f","type":["A","B","C",{{"type":"map","values":"int"}}],"default":{default}}}"#);
    let text = |more: &str| {
        format!(
            "[{},{},{},{}]",
            record("A", inner),
            record("B", inner),
            record("C", inner),
            record("D", &(field.clone() + more))
        )
    };
    (text(r#",{"name":"g","type":"int","aliases":["h"],"default":1}"#), text(""))
}

fn fixed_default(bytes: usize) -> (String, String) {
    let fields = list(bytes / 200, |at| {
        format!(r#"{{"name":"f{at}","type":{{"type":"fixed","name":"F{at}","size":2147483639}},"default":""}}"#)
    });
    (record("R", &fields), record("R", ""))
}

fn record_defaults(bytes: usize) -> (String, String) {
    let count = bytes / 160;
    let fields = list(count, |at| format!(r#"{{"name":"f{at:06}","type":"int"}}"#));
    let default = list(count, |at| format!(r#""f{at:06}":{at}"#));
    let text = record("R", &format!(r#"{{"name":"r","type":{},"default":{{{default}}}}}"#, record("I", &fields)));
    (text, record("R", ""))
}

fn enum_and_union(bytes: usize) -> (String, String) {
    let symbols = list(bytes / 20, |at| format!("\"S{at:05}\""));
    let branches = list(bytes / 130, |at| format!(r#"{{"type":"enum","name":"E{at:05}","symbols":["A"]}}"#));
    (format!("[{branches}]"), format!(r#"{{"type":"enum","name":"E","symbols":[{symbols}]}}"#))
}

fn unions(bytes: usize, aliases: &str) -> (String, String) {
    let branches = |more: &str| {
        list(bytes / 260, |at| record(&format!("R{at:05}"), &format!(r#"{{"name":"x","type":"int"{aliases}}}{more}"#)))
    };
    (format!("[{}]", branches(r#",{"name":"y","type":"int"}"#)), format!("[{}]", branches("")))
}

fn wide_records_in_unions(bytes: usize) -> (String, String) {
    let fields = |kind: &str| list(bytes / 2400, |at| format!(r#"{{"name":"f{at:05}","type":"{kind}"}}"#));
    let branches = |kind: &str| list(30, |at| record(&format!("n{at}.R{at}"), &fields(kind)));
    (format!("[{}]", branches("int")), format!("[{}]", branches("string")))
}

fn renamed_fields(bytes: usize) -> (String, String) {
    let old = list(bytes / 100, |at| format!(r#"{{"name":"o{at:06}","type":"int"}}"#));
    let new = list(bytes / 100, |at| format!(r#"{{"name":"n{at:06}","type":"int","aliases":["o{at:06}"]}}"#));
    (record("R", &new), record("R", &old))
}

fn long_enums(bytes: usize) -> (String, String) {
    let text = |prefix: char| {
        let symbols = list(bytes / 20, |at| format!("\"{prefix}{at:06}\""));
        format!(r#"{{"type":"enum","name":"E","symbols":[{symbols}]}}"#)
    };
    (text('r'), text('w'))
}

fn deep_paths(bytes: usize) -> (String, String) {
    let fields = |prefix: char| list(bytes / 80, |at| format!(r#"{{"name":"{prefix}{at:06}","type":"int"}}"#));
    let text = |prefix| {
        let mut text = String::new();
        let depth = (bytes / 400).min(150);
        for at in 0..depth {
            write!(text, r#"{{"type":"record","name":"R{at}","fields":[{{"name":"f","type":"#).expect("a string");
        }
        text + &record("R", &fields(prefix)) + &"}]}".repeat(depth)
    };
    (text('r'), text('w'))
}

fn redefinitions(bytes: usize) -> (String, String) {
    let mut text = record("R0", r#"{"name":"x","type":"int"}"#);
    let mut at = 0;
    while text.len() < bytes / 2 {
        at += 1;
        text = record(&format!("R{at}"), &format!(r#"{{"name":"a","type":{text}}},{{"name":"b","type":{text}}}"#));
    }
    twice(text)
}
