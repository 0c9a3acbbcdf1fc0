//! `avow lint`, `avow validate`, `avow explain`.

use std::collections::BTreeSet;

use crate::work::Work;

/// Breaks every rule that looks at one document.
const ODD: &str = r#"{
  "type": "record",
  "name": "some_order",
  "fields": [
    {"name": "id", "type": "string", "defualt": ""},
    {"name": "owner", "type": "string", "logicalType": "uuid"},
    {"name": "customer_email", "type": ["string", "null"]},
    {"name": "createdAt", "type": "string"},
    {"name": "class", "type": ["null", "string"]},
    {"name": "total_price", "type": "double"},
    {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "paid", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "sum", "type": {"type": "fixed", "name": "Sum", "size": 4, "logicalType": "decimal", "precision": 12}},
    {"name": "odd", "type": {"type": "int", "logicalType": "uuid"}},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["open", "CLOSED"]}},
    {"name": "later", "type": ["int", {"type": "array", "items": {"type": "map", "values": "int"}}], "default": []},
    {"name": "either", "type": ["null", "int", "string"], "default": null},
    {"name": "rate", "type": "double", "default": 1.50},
    {"name": "notes", "type": ["null", {"type": "array", "items": {"type": "map", "values": ["null", "string"]}}], "default": null},
    {"name": "flag", "type": {"type": "enum", "name": "Flag", "symbols": ["ON", "OFF"], "default": "OFF"}, "default": "UNKNOWN"},
    {"name": "spared_at", "type": "string", "x-lint-ignore": ["no-string-timestamps"]}
  ]
}
"#;

const EVERYTHING: &str = r#"
[lint.rules]
doc-required = "warn"
enum-default-required = "on"
file-matches-record = "warn"
subject-matches-record = "warn"
sensitive-field-tag = "warn"
namespace-pattern = { level = "warn", pattern = "com.acme.*" }
no-nested-union = "warn"
max-depth = { max = 2 }
max-fields = { max = 3 }
max-bytes = { max = 500 }
union-size = { max = 2 }
[[lint.paths]]
files = "legacy/**"
rules = { no-string-timestamps = "off", field-naming = { style = "PascalCase" } }
"#;

/// Those that are off unless somebody wants them: they compare with what was there before.
const CHANGES: &str = r#"[lint.rules]
rename-needs-alias = "warn"
no-required-field-without-default-on-change = "warn"
no-enum-symbol-removal-without-default = "on"
"#;

const SUBJECTS: &str = r#"
[[subjects]]
files = "twin.avsc"
references = [{ name = "a.Address", subject = "addresses", version = 1 }]
[[subjects]]
files = "*.avsc"
"#;

const LOCK: &str = r#"{"version": 1, "registry": "http://registry", "subjects": {"addresses": {"level": "FULL", "versions": [
{"version": 1, "id": 1, "schema": "\"int\""}, {"version": 3, "id": 2, "schema": "\"int\""}]}}}"#;

const BEFORE: &str = r#"{"type": "record", "name": "com.acme.Sale", "fields": [
    {"name": "item_name", "type": "string"}, {"name": "kept", "type": "int"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["ONE", "TWO"]}}]}"#;
const AFTER: &str = r#"{"type": "record", "name": "com.acme.Sale", "fields": [
    {"name": "item", "type": "string", "default": ""}, {"name": "kept", "type": "int"}, {"name": "count", "type": "int"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["ONE"]}}]}"#;

#[test]
fn each_rule_has_something_to_say() {
    let settings = EVERYTHING.replace("[lint.rules]\n", CHANGES) + SUBJECTS;
    let work = Work::with(&[("avow.toml", &settings), ("odd.avsc", ODD), ("union.avsc", "[\"null\", \"string\"]")]);
    work.write("twin.avsc", "{\"type\":\"enum\",\"name\":\"State\",\"symbols\":[\"OPEN\"]}");
    work.write("avow.lock", LOCK);
    work.write("left.avsc", r#"{"type":"record","name":"a.Left","fields":[{"name":"x","type":"Right"}]}"#);
    work.write("right.avsc", r#"{"type":"record","name":"a.Right","fields":[{"name":"x","type":"a.Left"}]}"#);
    work.write("lost/lost.avsc", r#"{"type":"record","name":"a.Lost","fields":[]}"#);
    work.write("sale.avsc", BEFORE);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    work.write("sale.avsc", AFTER);
    work.golden("lint.txt", &["lint --since HEAD", "lint --since HEAD --fail-on never"]);
    let report = work.avow("lint --since HEAD -o json").json();
    let results = report["results"].as_array().expect("results");
    let findings = results.iter().flat_map(|it| it["findings"].as_array().expect("findings"));
    let mut found: BTreeSet<&str> = findings.filter_map(|it| it["rule"].as_str()).collect();
    assert!(found.remove("unresolved-reference"), "that of the circle");
    let listed = work.avow("explain").stdout;
    let known = listed.lines().filter(|line| line.contains(" lint ")).filter_map(|line| line.split(' ').next());
    assert_eq!(found, known.collect(), "every rule is shown by an example");
}

#[test]
fn clean_files_have_no_findings() {
    let work = Work::with(&[
        ("avow.toml", &(CHANGES.to_owned() + &SUBJECTS.replace("version = 1", "version = 3"))),
        ("avow.lock", LOCK),
        ("twin.avsc", r#"{"type":"record","name":"a.Twin","fields":[{"name":"x","type":"a.Right"}]}"#),
        (
            "right.avsc",
            r#"{"type":"record","name":"a.Right","fields":[{"name":"x","type":["null","Below"],"default":null}]}"#,
        ),
        (
            "parts/below.avsc",
            r#"{"type":"record","name":"a.Below","fields":[{"name":"next","type":["null","Below"],"default":null}]}"#,
        ),
        ("sale.avsc", &BEFORE.replace("[\"ONE\", \"TWO\"]", "[\"ONE\", \"TWO\"], \"default\": \"ONE\"")),
    ]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    work.write(
        "sale.avsc",
        r#"{"type": "record", "name": "com.acme.Sale", "fields": [
            {"name": "item", "aliases": ["item_name"], "type": "string"}, {"name": "kept", "type": "int"},
            {"name": "count", "type": "int", "default": 0}, {"name": "rate", "type": "double", "default": 1.5},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["ONE"], "default": "ONE"}}]}"#,
    );
    let ran = work.avow("lint --since HEAD");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "lint of 3 files: nothing wrong\n"), "{}", ran.stderr);
}

#[test]
fn settings_reach_as_far_as_they_say() {
    let dated = r#"{"type":"record","name":"com.acme.A","fields":[{"name":"created_at","type":"string"}]}"#;
    let work =
        Work::with(&[("avow.toml", EVERYTHING), ("new/a.avsc", dated), ("legacy/b.avsc", &dated.replace(".A", ".B"))]);
    let rules = |path: &str| -> BTreeSet<String> {
        let report = work.avow(&format!("lint {path} -o json")).json();
        let findings = report["results"][0]["findings"].as_array().expect("findings").clone();
        findings.iter().map(|it| it["rule"].as_str().expect("a rule").to_owned()).collect()
    };
    assert!(rules("new/a.avsc").contains("no-string-timestamps"));
    assert!(!rules("new/a.avsc").contains("field-naming"));
    assert!(!rules("legacy/b.avsc").contains("no-string-timestamps"));
    assert!(rules("legacy/b.avsc").contains("field-naming"));
}

#[test]
fn a_ratchet_looks_only_at_what_changes() {
    let work = Work::with(&[
        ("avow.toml", "[lint.rules]\ndoc-required = { level = \"error\", only = \"changed\" }\n"),
        ("a.avsc", r#"{"type":"record","name":"com.acme.A","fields":[{"name":"old","type":"int"}]}"#),
    ]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    assert_eq!(work.avow("lint --since HEAD").code, 0);
    work.write(
        "a.avsc",
        r#"{"type":"record","name":"com.acme.A","fields":[{"name":"old","type":"int"},{"name":"new","type":"int"}]}"#,
    );
    let ran = work.avow("lint --since HEAD");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("A.new") && !ran.stdout.contains("A.old"), "{}", ran.stdout);
}

#[test]
fn files_that_are_not_schemas_are_reported() {
    let work = Work::with(&[
        ("good.avsc", "{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":3}"),
        ("uses.avsc", "{\"type\":\"array\",\"items\":\"a.F\"}"),
        ("bad.avsc", "{\"type\":\"array\"}"),
        ("worse.avsc", "[1"),
    ]);
    work.golden("validate.txt", &["validate", "validate good.avsc uses.avsc", "lint worse.avsc"]);
}

#[test]
fn rules_are_explained() {
    Work::new().golden(
        "explain.txt",
        &["explain", "explain missing-default", "explain nullable-default-null", "explain default"],
    );
}

#[test]
fn shells_and_people_can_look_things_up() {
    let work = Work::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = work.avow(&format!("completions {shell}"));
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("check"), "{shell}");
    }
    assert!(work.avow("man").stdout.contains(".TH avow 1"));
    assert_eq!(work.avow("man --dir pages").code, 0);
    assert!(work.read("pages/avow-check.1").contains("compatible with their history"));
}
