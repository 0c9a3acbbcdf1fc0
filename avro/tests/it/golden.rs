//! The golden vectors, and the rules for references (contract 4.3, 4.6, 4.7).

use avow_avro::{Schema, Strictness, parse};

fn schema(text: &str) -> Schema {
    parse(text, &[], Strictness::Strict).unwrap()
}

#[track_caller]
fn stored(submitted: &str, text: &str, normal: &str) {
    let schema = schema(submitted);
    assert_eq!(schema.text(), text);
    assert_eq!(schema.normalized().unwrap().text(), normal);
}

#[test]
fn a_plain_object_is_its_primitive() {
    stored(r#"{"type":"string"}"#, r#""string""#, r#""string""#);
}

#[test]
fn properties_are_kept_in_order_and_sorted_by_normalisation() {
    stored(r#"{"type":"string","b":1,"a":2}"#, r#"{"type":"string","b":1,"a":2}"#, r#"{"type":"string","a":2,"b":1}"#);
}

#[test]
fn keys_come_in_javas_order() {
    stored(
        r#"{"doc":"d","fields":[{"type":"int","name":"a","doc":"fd","default":1,"aliases":["z","b"],"order":"descending","x":{"b":1,"a":2}},{"name":"b","type":["null","string"],"default":null,"order":"ascending"}],"name":"R","type":"record","namespace":"n.s","aliases":["Q","A"],"zprop":1,"aprop":"v"}"#,
        r#"{"type":"record","name":"R","namespace":"n.s","doc":"d","fields":[{"name":"a","type":"int","doc":"fd","default":1,"order":"descending","aliases":["z","b"],"x":{"b":1,"a":2}},{"name":"b","type":["null","string"],"default":null}],"zprop":1,"aprop":"v","aliases":["Q","A"]}"#,
        r#"{"type":"record","name":"R","namespace":"n.s","doc":"d","fields":[{"name":"a","type":"int","doc":"fd","default":1,"order":"descending","aliases":["b","z"],"x":{"a":2,"b":1}},{"name":"b","type":["null","string"],"default":null}],"aprop":"v","zprop":1,"aliases":["A","Q"]}"#,
    );
}

#[test]
fn names_are_shortened_in_their_namespace() {
    stored(
        r#"{"type":"record","name":"n.s.R","fields":[{"name":"c","type":{"type":"record","name":"C","namespace":"n.s","fields":[{"name":"r","type":["null","R"]}]}},{"name":"d","type":{"type":"enum","name":"E","namespace":"","symbols":["A","B"],"default":"A","doc":""}}]}"#,
        r#"{"type":"record","name":"R","namespace":"n.s","fields":[{"name":"c","type":{"type":"record","name":"C","fields":[{"name":"r","type":["null","R"]}]}},{"name":"d","type":{"type":"enum","name":"E","namespace":"","doc":"","symbols":["A","B"],"default":"A"}}]}"#,
        r#"{"type":"record","name":"R","namespace":"n.s","fields":[{"name":"c","type":{"type":"record","name":"C","fields":[{"name":"r","type":["null","R"]}]}},{"name":"d","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}}]}"#,
    );
}

#[test]
fn normalisation_regenerates_decimals_and_retypes_defaults() {
    let decimal = r#"{"type":"bytes","logicalType":"decimal","scale":2,"precision":10}"#;
    stored(decimal, decimal, r#"{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}"#);
    let field = |default: &str| {
        format!(r#"{{"type":"record","name":"R","fields":[{{"name":"d","type":"double","default":{default}}}]}}"#)
    };
    stored(&field("1"), &field("1"), &field("1.0"));
    stored(&field("1.50"), &field("1.5"), &field("1.5"));
    stored(&field("1e3"), &field("1000.0"), &field("1000.0"));
    stored(&field("\"1\""), &field("1.0"), &field("1.0"));
}

#[test]
fn a_reference_stays_a_name() {
    let address = r#"{"type":"record","name":"Address","namespace":"com.x","fields":[]}"#;
    let text = r#"{"type":"record","name":"User","namespace":"com.x","fields":[{"name":"a","type":"Address"}]}"#;
    let user = parse(text, &[address], Strictness::Strict).unwrap();
    assert_eq!(user.text(), text);
    assert_eq!(user.normalized().unwrap().text(), text);
    let inlined = r#"{"type":"record","name":"User","namespace":"com.x","fields":[{"name":"a","type":{"type":"record","name":"Address","fields":[]}}]}"#;
    assert_eq!(user.resolved_text(), inlined);
    assert_eq!(user.resolved_shape(), schema(inlined).shape());
    assert_ne!(user.shape(), schema(inlined).shape());
    assert_eq!(user.full_name().as_deref(), Some("com.x.User"));
    assert_eq!(user.field_names().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_document_may_be_nothing_but_a_reference() {
    let address = r#"{"type":"record","name":"com.x.Address","fields":[]}"#;
    assert_eq!(parse("\"com.x.Address\"", &[address], Strictness::Strict).unwrap().text(), "\"com.x.Address\"");
    assert!(parse("\"com.x.Address\"", &[], Strictness::Strict).is_err());
}

#[test]
fn a_type_nested_in_a_reference_is_written_out() {
    let outer =
        r#"{"type":"record","name":"A","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X"]}}]}"#;
    let text = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"A"},{"name":"e","type":"E"}]}"#;
    assert_eq!(
        parse(text, &[outer], Strictness::Strict).unwrap().text(),
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"A"},{"name":"e","type":{"type":"enum","name":"E","symbols":["X"]}}]}"#
    );
}

#[test]
fn an_equal_redefinition_of_a_reference_is_accepted() {
    let address = r#"{"type":"record","name":"A","fields":[]}"#;
    let with = |doc: &str| {
        format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":{{"type":"record","name":"A"{doc},"fields":[]}}}}]}}"#
        )
    };
    assert!(parse(&with(""), &[address], Strictness::Strict).is_ok());
    assert!(parse(&with(r#","doc":"d""#), &[address], Strictness::Strict).is_ok());
    let error = parse(&with(r#","p":1"#), &[address], Strictness::Strict).unwrap_err();
    assert_eq!(error.to_string(), "Can't redefine: A");
}

#[test]
fn the_shape_ignores_spelling_and_the_order_of_properties_and_aliases() {
    let same = |a: &str, b: &str| assert_eq!(schema(a).shape(), schema(b).shape(), "{a} {b}");
    let other = |a: &str, b: &str| assert_ne!(schema(a).shape(), schema(b).shape(), "{a} {b}");
    let record = |rest: &str| format!(r#"{{"type":"record","name":"a.R"{rest},"fields":[]}}"#);
    let field =
        |rest: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"x","type":"double"{rest}}}]}}"#);
    same(&record(""), r#"{"fields":[], "name":"R","namespace":"a","type":"record"}"#);
    same(&record(""), r#"{"type":"error","name":"a.R","fields":[]}"#);
    same(&record(r#","p":1,"q":{"a":1,"b":2}"#), &record(r#","q":{"b":2,"a":1},"p":1"#));
    same(&record(r#","aliases":["x","y"]"#), &record(r#","aliases":["a.y","a.x"]"#));
    same(&field(r#","order":"ascending""#), &field(""));
    other(&record(r#","p":1"#), &record(r#","p":1.0"#));
    other(&record(r#","p":[1,2]"#), &record(r#","p":[2,1]"#));
    other(&record(r#","doc":"d""#), &record(""));
    other(&record(r#","doc":"""#), &record(""));
    other(&field(r#","default":1"#), &field(r#","default":1.0"#));
    other(&field(r#","default":1"#), &field(""));
    other(&field(r#","order":"ignore""#), &field(""));
    other(&field(r#","aliases":["y"]"#), &field(""));
    other(r#"["null","int"]"#, r#"["int","null"]"#);
    let kind = |rest: &str| format!(r#"{{"type":"enum","name":"E","symbols":["A","B"]{rest}}}"#);
    other(&kind(r#","default":"A""#), &kind(r#","default":"B""#));
    same(&kind(r#","default":5"#), &kind(""));
}

#[test]
fn recursive_shapes_end() {
    let list =
        |doc: &str| format!(r#"{{"type":"record","name":"L"{doc},"fields":[{{"name":"n","type":["null","L"]}}]}}"#);
    assert_eq!(schema(&list("")).shape(), schema(&list("")).shape());
    assert_ne!(schema(&list("")).shape(), schema(&list(r#","doc":"d""#)).shape());
}

#[test]
fn lenient_parsing_reads_what_was_stored_by_older_releases() {
    for text in [
        r#"{"type":"record","name":"R","namespace":"a-b.c","fields":[]}"#,
        r#"{"type":"record","name":"Größe","aliases":["1x"],"fields":[{"name":"é","type":"int","default":"x"}]}"#,
    ] {
        assert!(parse(text, &[], Strictness::Strict).is_err(), "{text}");
        assert!(parse(text, &[], Strictness::Lenient).is_ok(), "{text}");
    }
    for text in [r#"{"type":"record","name":"a b","fields":[]}"#, r#"{"type":"enum","name":"E","symbols":["a-b"]}"#] {
        assert!(parse(text, &[], Strictness::Lenient).is_err(), "{text}");
    }
}

#[test]
fn refusals_use_javas_words() {
    let field = |rest: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"d",{rest}}}]}}"#);
    for (text, message) in [
        (r#"{"type":"record","name":"1R","fields":[]}"#.to_owned(), "Illegal initial character: 1R"),
        (r#"{"type":"record","name":"a-b","fields":[]}"#.to_owned(), "Illegal character in: a-b"),
        (
            r#"{"type":"record","name":"a-b.R","fields":[]}"#.to_owned(),
            "Namespace part \"a-b\" is invalid: Illegal character in: a-b",
        ),
        (field(r#""type":"int","default":"x""#), "Invalid default for field d: \"x\" not a \"int\""),
        (field(r#""type":"Foo""#), "Undefined schema: Foo"),
        ("\"Foo\"".to_owned(), "Undefined schema: Foo"),
        (r#"["null",["int"]]"#.to_owned(), "Nested union: [\"null\",[\"int\"]]"),
        (r#"["int","int"]"#.to_owned(), "Duplicate in union:int"),
        ("{}".to_owned(), "No type: {}"),
        (r#"{"type":"record","name":"R"}"#.to_owned(), "Record has no fields: {\"type\":\"record\",\"name\":\"R\"}"),
        (r#"{"type":"enum","name":"E","symbols":["a","a"]}"#.to_owned(), "Duplicate enum symbol: a"),
        (
            r#"{"type":"enum","name":"E","symbols":["a"],"default":"z"}"#.to_owned(),
            "The Enum Default: z is not in the enum symbol set: [a]",
        ),
        (
            r#"{"type":"fixed","name":"string","size":1}"#.to_owned(),
            "Schemas may not be named after primitives: string",
        ),
        ("5".to_owned(), "Schema not yet supported: 5"),
        (" ".to_owned(), "Cannot parse <null> schema"),
        ("\"int\" x".to_owned(), "dangling content after end of schema: x"),
        (field(r#""type":{"type":"array","items":"R"},"default":[{}]"#), "Schema fields not set yet"),
    ] {
        assert_eq!(parse(&text, &[], Strictness::Strict).unwrap_err().to_string(), message, "{text}");
    }
}

/// For a primitive type the canonical form is the stored text, so its MD5 is the registry's GUID.
#[test]
fn guids_of_primitives() {
    for (name, guid) in [
        ("string", 0x095d_71cf_1255_6b9d_5e33_0ad5_75b3_df5d_u128),
        ("int", 0xef52_4ea1_b91e_7317_3d93_8ade_36c1_db32),
        ("long", 0xe1dd_9a1e_f98b_451b_5369_0370_b393_966b),
        ("float", 0x50a6_b9db_85da_367a_6d2d_f400_a417_58a6),
        ("double", 0xbfc7_1a62_f38b_99d6_a936_90de_eb4b_3af6),
        ("bytes", 0xb462_f06c_b909_be57_c850_0886_7784_cde6),
    ] {
        let schema = schema(&format!("\"{name}\""));
        assert_eq!(schema.canonical_form(), schema.text());
        assert_eq!(u128::from_be_bytes(schema.md5()), guid, "{name}");
    }
}

#[test]
fn fingerprints_of_int() {
    let int = schema("\"int\"");
    assert_eq!(int.rabin(), 0x7275_d51a_3f39_5c8f);
    assert_eq!(int.md5()[..4], [0xef, 0x52, 0x4e, 0xa1]);
}
