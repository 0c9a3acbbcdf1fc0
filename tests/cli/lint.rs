//! `avow lint`, `avow validate`, `avow explain`.

use std::collections::BTreeSet;

use crate::work::Work;

/// Breaks every rule that looks at one document.
const ODD: &str = r#"{
  "type": "record",
  "name": "some_order",
  "fields": [
    {"name": "id", "type": "string", "defualt": ""},
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
max-depth = { max = 2 }
max-fields = { max = 3 }
max-bytes = { max = 500 }
[[lint.paths]]
files = "legacy/**"
rules = { no-string-timestamps = "off", field-naming = { style = "PascalCase" } }
"#;

#[test]
fn each_rule_has_something_to_say() {
    let work = Work::with(&[("avow.toml", EVERYTHING), ("odd.avsc", ODD), ("union.avsc", "[\"null\", \"string\"]")]);
    work.write("twin.avsc", "{\"type\":\"enum\",\"name\":\"State\",\"symbols\":[\"OPEN\"]}");
    work.golden("lint.txt", &["lint", "lint --fail-on never"]);
    let report = work.avow("lint -o json").json();
    let results = report["results"].as_array().expect("results");
    let findings = results.iter().flat_map(|it| it["findings"].as_array().expect("findings"));
    let found: BTreeSet<&str> = findings.filter_map(|it| it["rule"].as_str()).collect();
    let listed = work.avow("explain").stdout;
    let known = listed.lines().filter(|line| line.contains(" lint ")).filter_map(|line| line.split(' ').next());
    assert_eq!(found, known.collect(), "every rule is shown by an example");
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
fn files_that_are_no_schemas_are_told() {
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
