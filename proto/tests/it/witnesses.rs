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

#[test]
fn effects_on_data_are_found() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut missed = Vec::new();
    for entry in &vectors::load("proto-pairs") {
        let schema = |side: &str| {
            let text = entry[side].as_str().expect("a text");
            vectors::parse(entry, text, &format!("{side}_references")).expect("pairs are valid")
        };
        let (old, new) = (schema("old"), schema("new"));
        for (direction, reader, writer) in [("backward", &new, &old), ("forward", &old, &new)] {
            let Some(recorded) = entry["wire"][direction]["effect"].as_str() else { continue };
            let witness = Schema::witness(reader, writer, &Budget::unlimited()).expect("no limit");
            let found = witness.as_ref().map_or(Effect::Same, |witness| witness.effect);
            let compatible = entry[direction]["compatible"] == true;
            *counts.entry(format!("{compatible} {recorded} {found:?}")).or_default() += 1;
            if compatible && effect(recorded) > Effect::Dropped && found < Effect::Changed {
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
