//! The recorded answers of Java Avro and of the reference registry, document by document and pair by pair.

use std::collections::BTreeSet;

use crate::vectors::{Pair, Recorded, documents, pairs};
use avow_avro::{Budget, Checker, Schema, Strictness, check, parse};
use serde_json::Value;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn str_of<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// Runs `disagreement` on each case and lists what it returns, so that one run shows all that differs.
fn agree<T>(cases: &[T], id: impl Fn(&T) -> &str, disagreement: impl Fn(&T) -> Option<String>) {
    let disagreements: Vec<_> =
        cases.iter().filter_map(|case| Some(format!("{}: {}", id(case), disagreement(case)?))).collect();
    assert!(
        disagreements.is_empty(),
        "{} of {} differ:\n{}",
        disagreements.len(),
        cases.len(),
        disagreements.join("\n")
    );
}

fn agree_on_documents(disagreement: impl Fn(&Value) -> Option<String>) {
    let documents = documents();
    assert_eq!(documents.len(), 1144);
    agree(&documents, |document| str_of(document, "id").unwrap(), disagreement);
}

pub(crate) fn agree_on_pairs(disagreement: impl Fn(&Pair) -> Option<String>) {
    let pairs = pairs();
    assert_eq!(pairs.len(), 8944);
    agree(&pairs, |pair| &pair.id, disagreement);
}

fn accepts(document: &Value, strictness: Strictness, column: &str) -> Option<String> {
    let text = str_of(document, "schema_text").unwrap();
    let mut expected = document[column]["ok"].as_bool().unwrap();
    // `{"type":"Named"}` is what 1.12.1 still accepts and its successor refuses: the reference runs 1.12.1.
    if document["java"]["ok"] != document["java_1_12_1_ok"] {
        expected = document["java_1_12_1_ok"].as_bool().unwrap();
    }
    let answer = parse(text, &[], strictness);
    (answer.is_ok() != expected).then(|| format!("expected {expected}, got {answer:?} for {text}"))
}

#[test]
fn accepts_what_a_registration_accepts() {
    agree_on_documents(|document| accepts(document, Strictness::Strict, "java_strict_ascii_names"));
}

#[test]
fn accepts_what_the_library_accepts() {
    agree_on_documents(|document| accepts(document, Strictness::Java, "java"));
}

#[test]
fn reads_leniently_what_is_accepted_at_all() {
    agree_on_documents(|document| {
        let text = str_of(document, "schema_text").unwrap();
        let is_accepted = document["java_no_default_validation"]["ok"] == true;
        let answer = parse(text, &[], Strictness::Lenient);
        (is_accepted && answer.is_err()).then(|| format!("{answer:?} for {text}"))
    });
}

/// What Java recorded about an accepted document: with default validation when that accepts it, else without.
fn recorded(document: &Value) -> Option<(Schema, &Value)> {
    let text = str_of(document, "schema_text")?;
    let (column, strictness) = if document["java"]["ok"] == true {
        ("java", Strictness::Java)
    } else {
        ("java_no_default_validation", Strictness::Lenient)
    };
    let column = &document[column];
    (column["ok"] == true && column.get("to_string").is_some()).then(|| (parse(text, &[], strictness).unwrap(), column))
}

fn differs(expected: Option<&str>, got: &str) -> Option<String> {
    (expected != Some(got)).then(|| format!("\n  expected {}\n  got      {got}", expected.unwrap_or("nothing")))
}

#[test]
fn prints_the_stored_text() {
    agree_on_documents(|document| {
        let (schema, column) = recorded(document)?;
        differs(str_of(column, "to_string"), &schema.text())
    });
}

#[test]
fn prints_the_normal_form() {
    agree_on_documents(|document| {
        let (schema, column) = recorded(document)?;
        match (schema.normalized(), str_of(column, "registry_normalized")) {
            (Ok(normal), expected @ Some(_)) => differs(expected, &normal.text()),
            (Err(_), None) => None,
            (normal, expected) => Some(format!("expected {expected:?}, got {:?}", normal.map(|normal| normal.text()))),
        }
    });
}

#[test]
fn prints_the_canonical_form_and_its_fingerprints() {
    agree_on_documents(|document| {
        let (schema, column) = recorded(document)?;
        differs(str_of(column, "canonical"), &schema.canonical_form())
            .or_else(|| differs(str_of(column, "rabin"), &format!("{:016x}", schema.rabin())))
            .or_else(|| differs(str_of(column, "rabin_le"), &hex(&schema.rabin().to_le_bytes())))
            .or_else(|| differs(str_of(column, "md5"), &hex(&schema.md5())))
            .or_else(|| differs(str_of(column, "sha256"), &hex(&schema.sha256())))
    });
}

#[test]
fn gives_javas_reason() {
    agree_on_documents(|document| {
        let text = str_of(document, "schema_text").unwrap();
        let expected = str_of(&document["java_strict_ascii_names"], "error")?;
        let error = parse(text, &[], Strictness::Strict).err()?.to_string();
        // The JSON library's own wording is nothing that anybody relies on, nor is the name of a Java exception.
        // `A schema "type" MUST be` is the text of 1.12.1's successor.
        let is_free = ["com.fasterxml.jackson", "UnresolvedSchema_N", "Cannot invoke", "A schema \"type\" MUST be"]
            .iter()
            .any(|text| expected.contains(text));
        if is_free { None } else { differs(Some(expected), &error) }
    });
}

/// The verdict of these depends on the order of fields in Java (avro-compat 5.3); the order-independent answer is no.
const ORDER_DEPENDENT: [&str; 1] = ["h-1914"];

fn is_order_dependent(pair: &Pair) -> bool {
    ORDER_DEPENDENT.contains(&pair.id.as_str())
}

#[test]
fn gives_the_verdict() {
    agree_on_pairs(|pair| {
        let verdict = check(&pair.reader(), &pair.writer());
        let expected = pair.compatible && !is_order_dependent(pair);
        (verdict.is_compatible() != expected).then(|| format!("expected {expected}, got {verdict:?}"))
    });
}

#[test]
fn gives_javas_exception() {
    agree_on_pairs(|pair| {
        let exception = check(&pair.reader(), &pair.writer()).exception;
        // The recording names the exception's class and is cut off where it got long.
        let expected = pair.check_exception.as_deref().map(|text| text.trim_start_matches("AvroRuntimeException: "));
        let agrees = match (&exception, expected) {
            (Some(got), Some(expected)) => match expected.strip_suffix("...") {
                Some(beginning) => got.starts_with(beginning),
                None => got == expected,
            },
            (got, expected) => got.is_none() && expected.is_none(),
        };
        (!agrees).then(|| format!("expected {expected:?}, got {exception:?}"))
    });
}

#[test]
fn gives_the_findings_in_order() {
    agree_on_pairs(|pair| {
        let mut expected = pair.incompatibilities.clone();
        let mut seen = BTreeSet::new();
        expected.retain(|finding| seen.insert(finding.clone()));
        let got: Vec<Recorded> = check(&pair.reader(), &pair.writer()).findings.into_iter().map(Into::into).collect();
        (got != expected && !is_order_dependent(pair)).then(|| format!("\n  expected {expected:?}\n  got      {got:?}"))
    });
}

#[test]
fn what_was_proved_before_changes_no_verdict() {
    let mut checker = Checker::default();
    let mut disagreements = Vec::new();
    // Twice: the second time nearly everything is known.
    for pair in pairs().iter().chain(&pairs()) {
        let (reader, writer) = (pair.reader(), pair.writer());
        if checker.check(&reader, &writer, &Budget::unlimited()).unwrap() != check(&reader, &writer) {
            disagreements.push(pair.id.clone());
        }
    }
    assert_eq!(disagreements, [""; 0]);
}

#[test]
fn the_corpus_has_every_kind_of_finding() {
    let kinds: BTreeSet<_> =
        pairs().into_iter().flat_map(|pair| pair.incompatibilities).map(|finding| finding.kind).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}
