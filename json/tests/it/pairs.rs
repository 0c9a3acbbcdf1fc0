//! Verdicts and findings.

use std::collections::BTreeSet;

use avow_budget::Budget;
use avow_json::{Difference, Newer, Policy, Schema, Verdict, check};
use serde::Deserialize;

use crate::corpus::vectors;

#[derive(Deserialize)]
struct Vector {
    id: String,
    case: Option<String>,
    old: String,
    new: String,
    backward: Answer,
    forward: Answer,
    backward_lenient: Option<Answer>,
    forward_lenient: Option<Answer>,
    #[serde(default)]
    unstable: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    compatible: Option<bool>,
    #[serde(default)]
    messages: Vec<String>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

/// The reference numbers its nodes anew wherever a modern schema refers to itself, so the findings of a cycle repeat at
/// other depths. The verdict and the kinds of the findings are the same; the paths are not held to it.
fn repeats_at_other_depths(vector: &Vector) -> bool {
    let is_modern = |text: &str| text.contains("/draft/2019-09/") || text.contains("/draft/2020-12/");
    let own_references = vector.old.matches("\"$ref\": \"#\"").count();
    is_modern(&vector.old) && is_modern(&vector.new) && own_references > 5
}

/// `{errorType:"KIND"` of every message.
fn kinds(messages: &[String]) -> BTreeSet<&str> {
    messages.iter().map(|message| message.split(',').next().unwrap_or_default()).collect()
}

/// Where the reference throws, the finding that it was about to report.
fn intended(error: &Failure, verdict: &Verdict) -> bool {
    match error.message.as_str() {
        // A lower `exclusiveMaximum` without a `maximum`, and a message about a property with `%` in its name.
        text if text.contains("Number.doubleValue()") || text.starts_with("Conversion") => !verdict.is_compatible(),
        // A constant that is `null`.
        text if text.contains("Object.equals(Object)") => {
            let constant = |finding: &Difference| finding.path.ends_with("/const");
            verdict.is_compatible() || verdict.findings().any(|finding| constant(finding) || finding.path != "#/")
        }
        _ => false,
    }
}

#[test]
fn verdicts_and_findings_are_those_of_the_reference() {
    let vectors: Vec<Vector> = vectors("json-pairs.jsonl.gz");
    let mut wrong = Vec::new();
    let mut directions = 0;
    for vector in &vectors {
        let budget = Budget::unlimited();
        let parse = |text| Schema::parse(text, &[], &budget).map_err(|error| error.to_string());
        let (old, new) = match (parse(&vector.old), parse(&vector.new)) {
            (Ok(old), Ok(new)) => (old, new),
            (old, new) => {
                wrong.push(format!("{} {:?}: {:?} {:?}", vector.id, vector.case, old.err(), new.err()));
                continue;
            }
        };
        let backward_lenient = vector.backward_lenient.as_ref().unwrap_or(&vector.backward);
        let forward_lenient = vector.forward_lenient.as_ref().unwrap_or(&vector.forward);
        for (key, answer, reader, writer, newer, policy) in [
            ("backward", &vector.backward, &new, &old, Newer::Reader, Policy::Strict),
            ("forward", &vector.forward, &old, &new, Newer::Writer, Policy::Strict),
            ("backward_lenient", backward_lenient, &new, &old, Newer::Reader, Policy::Lenient),
            ("forward_lenient", forward_lenient, &old, &new, Newer::Writer, Policy::Lenient),
        ] {
            // The reference itself answers differently from run to run.
            if vector.unstable.iter().any(|unstable| key.starts_with(unstable.as_str())) {
                continue;
            }
            directions += 1;
            let verdict = check(reader, writer, policy, &budget).expect("no limit");
            let messages = verdict.messages(newer);
            let right = match &answer.error {
                Some(error) => intended(error, &verdict),
                None => {
                    Some(verdict.is_compatible()) == answer.compatible
                        && (messages == answer.messages
                            || (repeats_at_other_depths(vector) && kinds(&messages) == kinds(&answer.messages)))
                }
            };
            if !right {
                wrong.push(format!(
                    "{} {:?} {key}\n  old {}\n  new {}\n  ours   {:?}\n  theirs {:?}",
                    vector.id, vector.case, vector.old, vector.new, messages, answer.messages
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {directions}:\n{}", wrong.len(), wrong.join("\n"));
}
