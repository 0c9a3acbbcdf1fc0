//! Documents: what is accepted, stored text, normal form, descriptor and message indexes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use avow_budget::Budget;
use avow_proto::{Error, Stage, Strictness};
use serde_json::Value;

use crate::vectors;

/// Differences by rule, printed at the end.
#[derive(Default)]
struct Report(BTreeMap<&'static str, Vec<String>>);

impl Report {
    fn compare(&mut self, rule: &'static str, entry: &Value, expected: &str, found: &str) {
        if expected != found {
            let id = entry["id"].as_str().unwrap_or_default();
            self.0.entry(rule).or_default().push(format!("{id}\n--- expected\n{expected}\n--- found\n{found}\n"));
        }
    }

    fn finish(self) {
        let counts: Vec<_> = self.0.iter().map(|(rule, cases)| format!("{rule}: {}", cases.len())).collect();
        let shown: Vec<_> = self.0.values().flat_map(|cases| cases.iter().take(6)).cloned().collect();
        assert!(self.0.is_empty(), "{}\n{}", counts.join(", "), shown.join("\n"));
    }
}

/// The outcome as one line: stage and message of a refusal, without the position.
fn outcome(result: &Result<(), Error>) -> String {
    match result {
        Ok(()) => "accepted".to_owned(),
        Err(Error::Refused { stage, message }) => {
            let stage = match stage {
                Stage::Parse => "parse",
                Stage::Validate => "validate",
            };
            format!("{stage}: {message}")
        }
        Err(exceeded) => exceeded.to_string(),
    }
}

fn expected_outcome(entry: &Value) -> String {
    if entry["ok"] == true {
        return "accepted".to_owned();
    }
    let message = entry["error"]["message"].as_str().unwrap_or_default();
    let message = message.strip_prefix("Invalid schema of type PROTOBUF, details: ").unwrap_or(message);
    format!("{}: {message}", entry["stage"].as_str().unwrap_or_default())
}

/// Documents whose normal form differs, with the reason.
const DIFFERENT_NORMAL_FORMS: [(&str, &str); 1] =
    [("pd-8c885db208", "two settings of one message option that is declared in an extension are listed, not merged")];

#[test]
fn documents_are_accepted_and_printed_as_recorded() {
    let budget = Budget::unlimited();
    let mut report = Report::default();
    for entry in vectors::documents() {
        let expected = expected_outcome(entry);
        if expected.contains("No schema reference found") {
            continue;
        }
        if DIFFERENT_NORMAL_FORMS.iter().any(|(id, _)| entry["id"] == *id) {
            continue;
        }
        let text = entry["schema"].as_str().expect("a text");
        let parsed = vectors::parse(entry, text, "references");
        let result = parsed.as_ref().map_err(Clone::clone).and_then(|schema| schema.normalized(&budget).map(|_| ()));
        report.compare("outcome", entry, &expected, &outcome(&result));
        let Ok(schema) = parsed else { continue };
        if let Some(canonical) = entry["canonical"].as_str() {
            report.compare("canonical", entry, canonical, schema.text());
        }
        if entry["ok"] != true {
            continue;
        }
        let without = entry["ignore_extensions"].as_str().or_else(|| entry["canonical"].as_str()).expect("a text");
        report.compare("ignore_extensions", entry, without, &schema.without_extensions());
        let normalized = schema.normalized(&budget).unwrap_or_else(|error| error.to_string());
        let strict = schema.validate(Strictness::Strict, &budget);
        let strict_error = entry["strict_error"]["message"].as_str().map(|message| format!("validate: {message}"));
        report.compare("strict", entry, &strict_error.unwrap_or_else(|| "accepted".to_owned()), &outcome(&strict));
        if let Some(serialized) = entry["serialized"].as_str() {
            let found = schema.serialized(&budget).unwrap_or_else(|error| error.to_string());
            report.compare("serialized", entry, serialized, &found);
        }
        let name = entry["name"].as_str().unwrap_or_default();
        report.compare("name", entry, name, &schema.name().unwrap_or_default());
        for (name, expected) in entry["message_indexes"].as_object().into_iter().flatten() {
            let indexes = schema.message_indexes(name);
            let mut found = format!("{:?} ", indexes.as_slice());
            for byte in indexes.encode() {
                write!(found, "{byte:02x}").expect("writing to a string");
            }
            report.compare("message_indexes", entry, expected.as_str().unwrap_or_default(), &found);
        }
        report.compare("normalized", entry, entry["normalized"].as_str().unwrap_or_default(), &normalized);
    }
    report.finish();
}
