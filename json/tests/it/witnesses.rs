//! Data that proves findings, against the instances that were recorded.

use avow_budget::{Budget, Limits};
use avow_json::{NOT_READABLE, Policy, Schema, Severity, check, explain, rules, soundness};
use serde::Deserialize;
use serde_json::Value;

use crate::corpus::vectors;

const LIMITS: Limits = Limits { steps: 2_000_000, bytes: 64 * 1024 * 1024 };

#[derive(Deserialize)]
struct Vector {
    id: String,
    old: String,
    new: String,
    backward: Answer,
    #[serde(default)]
    valid_old_only: Vec<Value>,
}

#[derive(Deserialize)]
struct Answer {
    compatible: Option<bool>,
}

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[], &Budget::unlimited()).expect("a schema")
}

/// Every witness is checked by the validator on both sides before it is given, so this counts how many are found.
#[test]
fn most_recorded_faults_are_found() {
    let vectors: Vec<Vector> = vectors("json-pairs.jsonl.gz");
    let (mut unsound, mut found, mut refused, mut proven) = (0, 0, 0, 0);
    let mut missed = Vec::new();
    for vector in vectors.iter().filter(|vector| !vector.valid_old_only.is_empty()) {
        let (old, new) = (parse(&vector.old), parse(&vector.new));
        let budget = Budget::new(LIMITS);
        if vector.backward.compatible == Some(true) {
            unsound += 1;
            match soundness(&new, &old, Policy::Strict, &budget).expect("small schemas") {
                Some(finding) => {
                    assert_eq!(finding.rule, NOT_READABLE);
                    found += 1;
                }
                None => missed.push(vector.id.as_str()),
            }
        } else if vector.backward.compatible == Some(false) && refused < 300 {
            refused += 1;
            let findings = explain(&new, &old, Policy::Strict, &budget).expect("small schemas");
            assert!(!findings.is_empty(), "{}", vector.id);
            proven += usize::from(findings.iter().any(|finding| finding.witness.is_some()));
        }
    }
    let report = format!("unsound: {found} of {unsound}, refused: {proven} of {refused}, missed: {missed:?}");
    assert!(found * 100 >= unsound * 80 && proven * 100 >= refused * 95, "{report}");
}

#[test]
fn a_finding_carries_its_proof() {
    let old = parse(r#"{"type":"object","properties":{"a":{"type":"string","maxLength":9}},"required":["a"]}"#);
    let new = parse(r#"{"type":"object","properties":{"a":{"type":"string","maxLength":4}},"required":["a"]}"#);
    let findings = explain(&new, &old, Policy::Strict, &Budget::new(LIMITS)).expect("small schemas");
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.rule.as_str(), finding.severity), ("json/max-length-decreased", Severity::Breaking));
    let witness = finding.witness.as_ref().expect("a witness");
    assert_eq!(witness.place, "/a");
    let [fix] = &finding.fixes[..] else { panic!("{finding:?}") };
    assert_eq!(fix.title, "Keep `maxLength` as it was: `9`");
    assert!(check(&parse(&fix.schema), &old, Policy::Strict, &Budget::unlimited()).expect("no limit").is_compatible());
    assert!(rules().any(|rule| rule == finding.rule));
}

#[test]
fn a_pair_that_is_sound_has_no_finding() {
    let old = parse(r#"{"type":"string","maxLength":4}"#);
    let new = parse(r#"{"type":"string","maxLength":9}"#);
    assert_eq!(soundness(&new, &old, Policy::Strict, &Budget::new(LIMITS)), Ok(None));
}
