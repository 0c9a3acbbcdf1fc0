//! Pairs: the verdict in both directions, and its messages.

use avow_budget::Budget;
use avow_proto::{Schema, Side};
use serde_json::Value;

use crate::vectors;

fn check(reader: &Schema, writer: &Schema, side: Side) -> (Vec<String>, Vec<String>) {
    let verdict = Schema::check(reader, writer, &Budget::unlimited()).expect("no limit");
    let all = verdict.differences.iter().map(|difference| format!("{} {}", difference.kind.as_str(), difference.path));
    (verdict.incompatibilities().map(|difference| difference.message(side)).collect(), all.collect())
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn verdicts_and_messages_are_as_recorded() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in vectors::pairs() {
        let schema = |side: &str| {
            let text = entry[side].as_str().expect("a text");
            vectors::parse(entry, text, &format!("{side}_references")).expect("pairs are valid")
        };
        let (old, new) = (schema("old"), schema("new"));
        for (direction, reader, writer, side) in
            [("backward", &new, &old, Side::New), ("forward", &old, &new, Side::Old)]
        {
            count += 1;
            let (messages, all) = check(reader, writer, side);
            let expected = strings(&entry[direction]["messages"]);
            let differences: Vec<_> = entry[format!("differences_{direction}")]
                .as_array()
                .into_iter()
                .flatten()
                .map(|difference| difference.as_str().map_or_else(|| difference.to_string(), str::to_owned))
                .collect();
            if messages != expected || all != differences {
                wrong.push(format!(
                    "{} {direction}\n{}\n---\n{}\nexpected {expected:#?}\nfound {messages:#?}\nexpected {differences:#?}\nfound {all:#?}",
                    entry["id"], entry["old"].as_str().unwrap_or_default(), entry["new"].as_str().unwrap_or_default()
                ));
            }
        }
    }
    assert!(count > 4000, "{count} directions");
    assert!(
        wrong.is_empty(),
        "{} of {count}\n{}",
        wrong.len(),
        wrong.iter().take(4).cloned().collect::<Vec<_>>().join("\n")
    );
}
