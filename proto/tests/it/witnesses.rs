//! Witnesses: what the reference's library makes of bytes, our own samples find.

use std::collections::BTreeMap;

use avow_budget::Budget;
use avow_proto::{Effect, Schema};

use crate::vectors;

fn effect(name: &str) -> Effect {
    match name {
        "error" => Effect::Error,
        "changed" => Effect::Changed,
        "dropped" => Effect::Dropped,
        _ => Effect::Same,
    }
}

/// Unsound pairs for which no witness is found, with the reason.
const WITHOUT_WITNESS: [(&str, &str); 1] =
    [("pp-6fa6f9f8e7", "two elements of a repeated message are read as one only where both hold fields of their own")];

#[test]
fn effects_on_data_are_found() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut missed = Vec::new();
    for (index, entry) in vectors::pairs().iter().enumerate() {
        let schema = |side: &str| {
            let text = entry[side].as_str().expect("a text");
            vectors::parse(entry, text, &format!("{side}_references")).expect("pairs are valid")
        };
        let (old, new) = (schema("old"), schema("new"));
        for (direction, reader, writer) in [("backward", &new, &old), ("forward", &old, &new)] {
            let Some(recorded) = entry["wire"][direction]["effect"].as_str() else { continue };
            let compatible = entry[direction]["compatible"] == true;
            let is_unsound = compatible && effect(recorded) > Effect::Dropped;
            if !is_unsound && index % 8 > 0 {
                continue;
            }
            let witness = Schema::witness(reader, writer, &Budget::unlimited()).expect("no limit");
            let found = witness.as_ref().map_or(Effect::Same, |witness| witness.effect);
            *counts.entry(format!("{compatible} {recorded} {found:?}")).or_default() += 1;
            // The recording compares unsigned numbers as signed ones; what it shows is the same.
            let wire = &entry["wire"][direction];
            if recorded == "changed" && wire["written"] == wire["read"] {
                continue;
            }
            let is_listed = WITHOUT_WITNESS.iter().any(|(id, _)| entry["id"] == *id);
            if is_unsound && found < Effect::Changed && !is_listed {
                missed.push(format!(
                    "{} {direction}\n{}\n{witness:?}\n{}\n{}",
                    entry["id"], entry["wire"][direction], entry["old"], entry["new"]
                ));
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} {counts:#?}\n{}",
        missed.len(),
        missed.iter().take(8).cloned().collect::<Vec<_>>().join("\n\n")
    );
}
