//! Breaking-change rules, one change each.

use avow_budget::Budget;
use avow_proto::{Category, Rule, Schema};

fn parse(body: &str) -> Schema {
    Schema::parse(&format!("syntax = \"proto2\"; {body}"), &[], &Budget::unlimited()).expect("a schema")
}

fn rules(old: &str, new: &str, category: Category) -> Vec<&'static str> {
    let breaches = Schema::breaches(&parse(old), &parse(new), category, &Budget::unlimited()).expect("no limit");
    breaches.into_iter().map(|breach| breach.rule.as_str()).collect()
}

#[test]
fn each_change_breaks_its_rules() {
    let field = "message M { optional int32 a = 1; optional int32 b = 2; }";
    for (old, new, wire, wire_json) in [
        (field, field, vec![], vec![]),
        (
            field,
            "message M { optional int32 a = 1; }",
            vec!["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"],
            vec!["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", "FIELD_NO_DELETE_UNLESS_NAME_RESERVED"],
        ),
        (field, "message M { reserved 2; reserved \"b\"; optional int32 a = 1; }", vec![], vec![]),
        (
            field,
            "message M { optional int32 a = 1; optional int64 b = 2; }",
            vec![],
            vec!["FIELD_WIRE_JSON_COMPATIBLE_TYPE"],
        ),
        (
            field,
            "message M { optional int32 a = 1; repeated int32 b = 2; }",
            vec!["FIELD_WIRE_COMPATIBLE_CARDINALITY"],
            vec!["FIELD_WIRE_COMPATIBLE_CARDINALITY"],
        ),
        (
            field,
            "message M { optional int32 a = 1; optional int32 c_d = 2; }",
            vec![],
            vec!["FIELD_SAME_NAME", "FIELD_SAME_JSON_NAME"],
        ),
        (
            field,
            "message M { optional int32 a = 1; optional int32 b = 2 [json_name = \"x\"]; }",
            vec![],
            vec!["FIELD_SAME_JSON_NAME"],
        ),
        (
            field,
            "message M { optional int32 a = 1; optional int32 b = 2 [default = 5]; }",
            vec!["FIELD_SAME_DEFAULT"],
            vec!["FIELD_SAME_DEFAULT"],
        ),
        (
            field,
            "message M { optional int32 a = 1; oneof o { int32 b = 2; } }",
            vec!["FIELD_SAME_ONEOF"],
            vec!["FIELD_SAME_ONEOF"],
        ),
        (
            field,
            "message M { optional int32 a = 1; optional int32 b = 2; required int32 c = 3; }",
            vec!["MESSAGE_SAME_REQUIRED_FIELDS"],
            vec!["MESSAGE_SAME_REQUIRED_FIELDS"],
        ),
        (
            "enum E { A = 0; B = 1; }",
            "enum E { A = 0; }",
            vec!["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"],
            vec!["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"],
        ),
        ("enum E { A = 0; B = 1; }", "enum E { A = 0; C = 1; }", vec![], vec!["ENUM_VALUE_SAME_NAME"]),
        (
            "message M { reserved 2 to 9; }",
            "message M { reserved 2 to 5, 7 to 9; }",
            vec!["RESERVED_MESSAGE_NO_DELETE"],
            vec!["RESERVED_MESSAGE_NO_DELETE"],
        ),
        ("message M { reserved 2 to 9; }", "message M { reserved 5 to 9, 1 to 4; }", vec![], vec![]),
        (
            "message M {} service S { rpc R (M) returns (M); }",
            "message M {} service S { rpc R (stream M) returns (M); }",
            vec!["RPC_SAME_CLIENT_STREAMING"],
            vec!["RPC_SAME_CLIENT_STREAMING"],
        ),
    ] {
        assert_eq!(rules(old, new, Category::Wire), wire, "{new}");
        assert_eq!(rules(old, new, Category::WireJson), wire_json, "{new}");
    }
}

#[test]
fn source_categories_keep_what_code_names() {
    let old = "option java_package = \"a\"; message M {} enum E { A = 0; } service S { rpc R (M) returns (M); }";
    let new = "message N {}";
    assert_eq!(rules(old, new, Category::Wire), Vec::<&str>::new());
    assert_eq!(rules(old, new, Category::Package), ["MESSAGE_NO_DELETE", "ENUM_NO_DELETE", "SERVICE_NO_DELETE"]);
    assert!(rules(old, new, Category::File).contains(&"FILE_SAME_OPTIONS"));
}

#[test]
fn a_number_that_meant_something_else_is_found_in_the_history() {
    let first = parse("message M { optional int32 a = 1; optional string gone = 2; }");
    let second = parse("message M { optional int32 a = 1; }");
    let third = parse("message M { optional int32 a = 1; optional int64 fresh = 2; }");
    let budget = Budget::unlimited();
    let breaches = Schema::reused_numbers(&third, &[&first, &second], &budget).expect("no limit");
    assert_eq!(breaches.iter().map(|breach| breach.rule).collect::<Vec<_>>(), [Rule::FieldNumberReused]);
    assert_eq!(breaches[0].path, "M.fresh");
    assert_eq!(Schema::reused_numbers(&third, &[&second], &budget), Ok(vec![]));
}
