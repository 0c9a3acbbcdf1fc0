//! The rule tables of avro-compat sections 2 to 5, row by row.

use avow_avro::{Schema, Strictness, Verdict, check, parse};

/// Reads a schema; a bare word is a primitive type.
fn schema(text: &str) -> Schema {
    let quoted = format!("\"{text}\"");
    let text = if text.starts_with(['{', '[']) { text } else { &quoted };
    parse(text, &[], Strictness::Java).unwrap()
}

fn verdict(reader: &str, writer: &str) -> Verdict {
    check(&schema(reader), &schema(writer))
}

#[track_caller]
fn reads(reader: &str, writer: &str) {
    let verdict = verdict(reader, writer);
    assert!(verdict.is_compatible(), "{reader} should read {writer}: {verdict:?}");
}

/// Each expected finding is `TYPE location message`.
#[track_caller]
fn finds(reader: &str, writer: &str, expected: &[&str]) {
    let found: Vec<_> = verdict(reader, writer)
        .findings
        .iter()
        .map(|finding| format!("{} {} {}", finding.kind.as_str(), finding.location, finding.message))
        .collect();
    assert_eq!(found, expected, "{reader} reading {writer}");
}

fn record(name: &str, fields: &str) -> String {
    format!(r#"{{"type":"record","name":"{name}","fields":[{fields}]}}"#)
}

fn field(name: &str, kind: &str) -> String {
    let kind = if kind.starts_with(['{', '[']) { kind.to_owned() } else { format!("\"{kind}\"") };
    format!(r#"{{"name":"{name}","type":{kind}}}"#)
}

fn enumeration(name: &str, symbols: &str, rest: &str) -> String {
    let symbols: Vec<_> = symbols.split_whitespace().map(|symbol| format!("\"{symbol}\"")).collect();
    format!(r#"{{"type":"enum","name":"{name}","symbols":[{}]{rest}}}"#, symbols.join(","))
}

fn fixed(name: &str, size: u32) -> String {
    format!(r#"{{"type":"fixed","name":"{name}","size":{size}}}"#)
}

/// Section 2: type against type. Rows are readers, columns writers.
#[test]
fn type_against_type() {
    let types = [
        ("NULL", "null".to_owned()),
        ("BOOLEAN", "boolean".to_owned()),
        ("INT", "int".to_owned()),
        ("LONG", "long".to_owned()),
        ("FLOAT", "float".to_owned()),
        ("DOUBLE", "double".to_owned()),
        ("BYTES", "bytes".to_owned()),
        ("STRING", "string".to_owned()),
        ("FIXED", fixed("F", 1)),
        ("ENUM", enumeration("E", "A", "")),
        ("ARRAY", r#"{"type":"array","items":"int"}"#.to_owned()),
        ("MAP", r#"{"type":"map","values":"int"}"#.to_owned()),
        ("RECORD", record("R", "")),
    ];
    #[rustfmt::skip]
    let table = [
        "= . . . . . . . . . . . .",
        ". = . . . . . . . . . . .",
        ". . = . . . . . . . . . .",
        ". . ^ = . . . . . . . . .",
        ". . ^ ^ = . . . . . . . .",
        ". . ^ ^ ^ = . . . . . . .",
        ". . . . . . = ^ . . . . .",
        ". . . . . . ^ = . . . . .",
        ". . . . . . . . = . . . .",
        ". . . . . . . . . = . . .",
        ". . . . . . . . . . = . .",
        ". . . . . . . . . . . = .",
        ". . . . . . . . . . . . =",
    ];
    for ((reader_kind, reader), row) in types.iter().zip(table) {
        for ((writer_kind, writer), cell) in types.iter().zip(row.split(' ')) {
            if cell == "." {
                let message = format!(
                    "TYPE_MISMATCH / reader type: {reader_kind} not compatible with writer type: {writer_kind}"
                );
                finds(reader, writer, &[&message]);
            } else {
                reads(reader, writer);
            }
        }
    }
}

/// Section 2: what is inside containers is compared, at its own place.
#[test]
fn containers() {
    reads(r#"{"type":"array","items":"long"}"#, r#"{"type":"array","items":"int"}"#);
    finds(
        r#"{"type":"map","values":{"type":"array","items":"int"}}"#,
        r#"{"type":"map","values":{"type":"array","items":"long"}}"#,
        &["TYPE_MISMATCH /values/items reader type: INT not compatible with writer type: LONG"],
    );
}

#[test]
fn fixed_types_need_name_and_size() {
    finds(
        &fixed("a.F", 1),
        &fixed("a.G", 2),
        &["NAME_MISMATCH /name expected: a.G", "FIXED_SIZE_MISMATCH /size expected: 2, found: 1"],
    );
}

#[test]
fn enums_need_every_symbol_or_a_default() {
    finds(&enumeration("E", "A", ""), &enumeration("E", "C A B", ""), &["MISSING_ENUM_SYMBOLS /symbols [B, C]"]);
    reads(&enumeration("E", "B A C", ""), &enumeration("E", "A B", ""));
    reads(&enumeration("E", "A", r#","default":"A""#), &enumeration("E", "X Y", ""));
    // The writer's default is of no help.
    finds(
        &enumeration("E", "A", ""),
        &enumeration("E", "A B", r#","default":"A""#),
        &["MISSING_ENUM_SYMBOLS /symbols [B]"],
    );
    finds(
        &enumeration("E", "A", ""),
        &enumeration("D", "B", ""),
        &["NAME_MISMATCH /name expected: D", "MISSING_ENUM_SYMBOLS /symbols [B]"],
    );
}

#[test]
fn errors_are_records() {
    reads(&record("R", "").replace("record", "error"), &record("R", ""));
}

#[test]
fn logical_types_docs_order_and_properties_decide_nothing() {
    reads(r#"{"type":"int","logicalType":"date"}"#, "int");
    reads(r#"{"type":"long","logicalType":"timestamp-millis"}"#, r#"{"type":"int","logicalType":"date"}"#);
    let decimal = |precision, scale| {
        format!(r#"{{"type":"bytes","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#)
    };
    reads(&decimal(4, 1), &decimal(9, 2));
    reads(
        r#"{"type":"record","name":"R","doc":"d","p":1,"fields":[{"name":"a","type":"int","order":"ignore","doc":"d"}]}"#,
        &record("R", &field("a", "int")),
    );
}

/// Section 3.1 and 3.2: short names, or a reader's alias as a full name.
#[test]
fn names_of_types() {
    reads(&record("a.R", ""), &record("b.R", ""));
    finds(&record("X", ""), &record("a.Y", ""), &["NAME_MISMATCH /name expected: a.Y"]);
    let with_alias =
        |name: &str, alias: &str| format!(r#"{{"type":"record","name":"{name}","aliases":["{alias}"],"fields":[]}}"#);
    reads(&with_alias("New", "Old"), &record("Old", ""));
    reads(&with_alias("n.New", "Old"), &record("n.Old", ""));
    reads(&with_alias("n.New", "m.Old"), &record("m.Old", ""));
    for (reader, writer) in [
        (with_alias("n.New", "Old"), record("Old", "")),
        (with_alias("n.New", "Old"), record("m.Old", "")),
        (with_alias("n.New", ".Old"), record("Old", "")),
        (record("New", ""), with_alias("Old", "New")),
        (with_alias("New", "Older"), with_alias("Old", "Older")),
    ] {
        assert!(!verdict(&reader, &writer).is_compatible(), "{reader} {writer}");
    }
}

/// Section 3.3: fields.
#[test]
fn fields() {
    let with = |name: &str, rest: &str| record("R", &format!(r#"{{"name":"{name}","type":"int"{rest}}}"#));
    let empty = record("R", "");
    reads(&empty, &with("a", ""));
    finds(&with("a", ""), &empty, &["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0 a"]);
    reads(&with("a", r#","default":1"#), &empty);
    reads(&with("new", r#","aliases":["old"]"#), &with("old", ""));
    assert!(!verdict(&with("new", ""), &with("old", r#","aliases":["new"]"#)).is_compatible());
    assert!(!verdict(&with("new", r#","aliases":["OLD"]"#), &with("old", "")).is_compatible());
    let null = |default: &str| record("R", &format!(r#"{{"name":"a","type":["null","int"]{default}}}"#));
    reads(&null(r#","default":null"#), &empty);
    finds(&null(""), &empty, &["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0 a"]);
    finds(
        &record("R", &field("a", "int")),
        &record("R", &field("a", "string")),
        &["TYPE_MISMATCH /fields/0/type reader type: INT not compatible with writer type: STRING"],
    );
}

#[test]
fn one_written_field_may_serve_two() {
    reads(
        &record("R", r#"{"name":"a","type":"int","aliases":["x"]},{"name":"b","type":"int","aliases":["x"]}"#),
        &record("R", &field("x", "int")),
    );
}

#[test]
fn an_ambiguous_alias_makes_java_give_up() {
    let reader = record("R", r#"{"name":"a","type":"int","aliases":["b"]}"#);
    let writer = record("R", &format!("{},{}", field("a", "int"), field("b", "int")));
    let verdict = check(&schema(&reader), &schema(&writer));
    assert!(!verdict.is_compatible() && verdict.findings.is_empty());
    let message =
        format!("Reader record field a type:INT pos:0 matches multiple fields in writer record schema {writer}");
    assert_eq!(verdict.exception, Some(message));
    // The field's own name as an alias is enough.
    let own = record("R", r#"{"name":"a","type":"int","aliases":["a"]}"#);
    assert!(check(&schema(&own), &schema(&own)).exception.is_some());
}

#[test]
fn a_missing_enum_field_with_an_enum_default_is_a_mismatch() {
    finds(
        &record("R", &field("e", &enumeration("E", "A", r#","default":"A""#))),
        &record("R", ""),
        &["TYPE_MISMATCH /fields/0/type reader type: ENUM not compatible with writer type: RECORD"],
    );
}

/// Section 4: the three rows of the table.
#[test]
fn unions() {
    reads(r#"["null","double"]"#, r#"["null","int","long"]"#);
    finds(
        r#"["null","int"]"#,
        r#"["null","string","boolean"]"#,
        &[
            "MISSING_UNION_BRANCH /1 reader union lacking writer type: STRING",
            "MISSING_UNION_BRANCH /2 reader union lacking writer type: BOOLEAN",
        ],
    );
    reads(r#"["null","string"]"#, "bytes");
    finds(r#"["null","int"]"#, "string", &["MISSING_UNION_BRANCH / reader union lacking writer type: STRING"]);
    reads("double", r#"["int","long"]"#);
    finds("int", r#"["null","int"]"#, &["TYPE_MISMATCH /0 reader type: INT not compatible with writer type: NULL"]);
    finds(
        &record("R", &field("a", "int")),
        &format!("[{}]", record("S", "")),
        &["NAME_MISMATCH /0/name expected: S", "READER_FIELD_MISSING_DEFAULT_VALUE /0/fields/0 a"],
    );
}

#[test]
fn empty_unions() {
    reads("[]", "[]");
    reads("int", "[]");
    finds("[]", "int", &["MISSING_UNION_BRANCH / reader union lacking writer type: INT"]);
}

/// Section 5.2: locations and their order.
#[test]
fn locations() {
    let item = |fields: &str| {
        record(
            "R",
            &format!(
                r#"{{"name":"xs","type":{{"type":"array","items":{}}}}},{}"#,
                record("I", fields),
                field("k", &enumeration("K", if fields.is_empty() { "A B" } else { "A" }, ""))
            ),
        )
    };
    finds(
        &item(&field("p", "int")),
        &item(""),
        &[
            "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0/type/items/fields/0 p",
            "MISSING_ENUM_SYMBOLS /fields/1/type/symbols [B]",
        ],
    );
}

/// Section 5.3: recursion ends, and the verdict does not depend on the order of fields.
#[test]
fn recursion() {
    let list = |kind: &str| record("L", &format!(r#"{},{{"name":"next","type":["null","L"]}}"#, field("v", kind)));
    reads(&list("long"), &list("int"));
    finds(
        &list("int"),
        &list("long"),
        &["TYPE_MISMATCH /fields/0/type reader type: INT not compatible with writer type: LONG"],
    );
}

#[test]
fn the_order_of_fields_does_not_decide() {
    // D17: while the first branch is being looked at, the box that holds it seems compatible.
    let n = |bad: &str| {
        format!(
            r#"{{"type":"record","name":"p.N","fields":[{{"name":"b","type":{{"type":"record","name":"p.Box","fields":[{{"name":"n","type":["null","p.N"]}}]}}}},{{"name":"bad","type":"{bad}"}}]}}"#
        )
    };
    let other = r#"{"type":"record","name":"q.N","fields":[{"name":"bad","type":"string"}]}"#;
    let reader =
        record("Top", &format!(r#"{{"name":"u","type":[{},{other}]}},{{"name":"box","type":"p.Box"}}"#, n("int")));
    let writer = record("Top", &format!(r#"{{"name":"u","type":[{}]}},{{"name":"box","type":"p.Box"}}"#, n("string")));
    assert!(!verdict(&reader, &writer).is_compatible());
}

/// Section 5.1: one message list for everything a type's repeated use brings.
#[test]
fn a_type_used_often_is_reported_once() {
    let both = |kind: &str| {
        record("R", &format!(r#"{{"name":"a","type":{}}},{}"#, record("I", &field("x", kind)), field("b", "I")))
    };
    finds(
        &both("int"),
        &both("string"),
        &["TYPE_MISMATCH /fields/0/type/fields/0/type reader type: INT not compatible with writer type: STRING"],
    );
}

#[test]
fn integers_beyond_64_bits_are_no_properties_of_records_and_containers() {
    let refused = |kind: &str, property: &str| {
        let text = kind.replace('}', &format!(r#","p":{property}}}"#));
        parse(&text, &[], Strictness::Lenient).is_err()
    };
    let (record, array) = (r#"{"type":"record","name":"R","fields":[]}"#, r#"{"type":"array","items":"int"}"#);
    let (error, map) = (r#"{"type":"error","name":"R","fields":[]}"#, r#"{"type":"map","values":"int"}"#);
    for kind in [record, error, array, map] {
        for beyond in ["9223372036854775808", "-9223372036854775809", "[9223372036854775808]"] {
            assert!(refused(kind, beyond), "{kind} {beyond}");
        }
        for within in ["9223372036854775807", "-9223372036854775808", "9223372036854775808.0"] {
            assert!(!refused(kind, within), "{kind} {within}");
        }
    }
    for kind in [r#"{"type":"int"}"#, r#"{"type":"fixed","name":"F","size":1}"#] {
        assert!(!refused(kind, "9223372036854775808"), "{kind}");
    }
    assert!(parse(r#"{"type":"map","values":"int","p":{"x":9223372036854775808}}"#, &[], Strictness::Strict).is_err());
}
