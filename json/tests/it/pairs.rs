//! Verdicts and findings.

use avow_budget::Budget;
use avow_json::{Newer, Policy, Schema, check};
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
    error: Option<serde_json::Value>,
}

#[test]
fn verdicts_and_findings_are_those_of_the_reference() {
    let vectors: Vec<Vector> = vectors("json-pairs.jsonl.gz");
    let mut wrong = Vec::new();
    let (mut directions, mut unordered) = (0, 0);
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
        let lenient = |lenient: &'static str| lenient;
        for (key, answer, reader, writer, newer, policy) in [
            ("backward", Some(&vector.backward), &new, &old, Newer::Reader, Policy::Strict),
            ("forward", Some(&vector.forward), &old, &new, Newer::Writer, Policy::Strict),
            (
                lenient("backward_lenient"),
                vector.backward_lenient.as_ref().or(Some(&vector.backward)),
                &new,
                &old,
                Newer::Reader,
                Policy::Lenient,
            ),
            (
                lenient("forward_lenient"),
                vector.forward_lenient.as_ref().or(Some(&vector.forward)),
                &old,
                &new,
                Newer::Writer,
                Policy::Lenient,
            ),
        ] {
            let Some(answer) = answer else { continue };
            if vector.unstable.iter().any(|unstable| key.starts_with(unstable.as_str())) || answer.error.is_some() {
                continue;
            }
            directions += 1;
            let verdict = check(reader, writer, policy, &budget).expect("no limit");
            let messages = verdict.messages(newer);
            if messages == answer.messages && Some(verdict.is_compatible()) == answer.compatible {
                continue;
            }
            let (mut ours, mut theirs) = (messages.clone(), answer.messages.clone());
            ours.sort();
            theirs.sort();
            if ours == theirs && Some(verdict.is_compatible()) == answer.compatible {
                unordered += 1;
                continue;
            }
            wrong.push(format!(
                "{} {:?} {key}\n  old {}\n  new {}\n  ours   {:?}\n  theirs {:?}",
                vector.id, vector.case, vector.old, vector.new, messages, answer.messages
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {directions} ({unordered} unordered):\n{}", wrong.len(), wrong.join("\n"));
}
