//! Generated pairs: a recorded schema and what a few careless edits make of it.

use avow_avro::{Candidate, Resolution, Schema, Severity, Strictness, check, explain, parse};
use serde_json::{Value, json};

use crate::vectors::pairs;

/// A small generator of its own, so that a run can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap()
    }

    fn primitive(&mut self) -> Value {
        json!(["null", "boolean", "int", "long", "float", "double", "bytes", "string"][self.roll(8)])
    }
}

/// Changes one type somewhere below.
fn edit(dice: &mut Dice, value: &mut Value) {
    match value {
        Value::String(_) if dice.roll(2) == 0 => *value = dice.primitive(),
        Value::String(_) => *value = json!(["null", value.clone()]),
        Value::Array(branches) => match dice.roll(4) {
            0 => branches.push(dice.primitive()),
            1 if branches.len() > 1 => {
                let at = dice.roll(branches.len());
                branches.remove(at);
            }
            2 => branches.reverse(),
            _ => {
                let at = dice.roll(branches.len());
                if let Some(branch) = branches.get_mut(at) {
                    edit(dice, branch);
                }
            }
        },
        Value::Object(object) => {
            let roll = dice.roll(6);
            if let Some(Value::Array(fields)) = object.get_mut("fields")
                && roll > 1
            {
                edit_fields(dice, fields);
            } else if let Some(Value::Array(symbols)) = object.get_mut("symbols")
                && roll > 1
            {
                if roll > 3 { symbols.push(json!("EXTRA")) } else { symbols.truncate(1) }
            } else if let Some(inner) = ["items", "values"].into_iter().find(|key| object.contains_key(*key)) {
                edit(dice, &mut object[inner]);
            } else if let Some(Value::String(name)) = object.get("name") {
                let name = name.rsplit('.').next().unwrap().to_owned();
                match roll {
                    0 => object.insert("namespace".to_owned(), json!("moved")),
                    _ => object.insert("aliases".to_owned(), json!([name, "Other"])),
                };
                object.insert("name".to_owned(), json!(if roll == 0 { name } else { "Renamed".to_owned() }));
            }
        }
        _ => {}
    }
}

fn edit_fields(dice: &mut Dice, fields: &mut Vec<Value>) {
    let at = dice.roll(fields.len());
    match dice.roll(6) {
        0 => fields.push(json!({"name": "extra", "type": "int"})),
        1 => fields.push(json!({"name": "extra", "type": ["null", "string"], "default": null})),
        2 if !fields.is_empty() => {
            fields.remove(at);
        }
        3 if !fields.is_empty() => {
            let name = fields[at]["name"].clone();
            fields[at]["name"] = json!("renamed");
            fields[at]["aliases"] = json!([name]);
        }
        4 => fields.reverse(),
        _ => {
            if let Some(field) = fields.get_mut(at) {
                edit(dice, &mut field["type"]);
            }
        }
    }
}

fn schemas(count: usize) -> impl Iterator<Item = (Schema, Schema)> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let sources: Vec<String> = pairs()
        .into_iter()
        .filter(|pair| pair.writer.get().len() < 3000)
        .map(|pair| pair.writer.get().to_owned())
        .collect();
    std::iter::repeat_with(move || {
        let writer = &sources[dice.roll(sources.len())];
        let mut reader: Value = serde_json::from_str(writer).ok()?;
        for _ in 0..=dice.roll(2) {
            edit(&mut dice, &mut reader);
        }
        let parse = |text: &str| parse(text, &[], Strictness::Strict).ok();
        let (reader, writer) = (parse(&reader.to_string())?, parse(writer)?);
        Some(if dice.roll(2) == 0 { (reader, writer) } else { (writer, reader) })
    })
    .flatten()
    .take(count)
}

/// A compatible verdict without a warning means that every datum decodes; `AVOW_PAIRS` sets the number of pairs.
#[test]
fn compatible_without_warning_decodes() {
    let count = std::env::var("AVOW_PAIRS").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let (mut compatible, mut warned) = (0, 0);
    for (at, (reader, writer)) in schemas(count).enumerate() {
        if !check(&reader, &writer).is_compatible() {
            continue;
        }
        compatible += 1;
        let resolution = Resolution::new(&reader, &writer).unwrap();
        if resolution.witness().is_some() {
            warned += 1;
            continue;
        }
        let failed = resolution.sample(10, at as u64);
        assert_eq!(failed, None, "reader {} writer {}", reader.text(), writer.text());
    }
    assert!(compatible > count / 5, "{compatible} of {count} were compatible");
    assert!(warned > 0 && warned < compatible / 10, "{warned} of {compatible} had a warning");
}

/// Explaining never fails, and what it says agrees with the check. `AVOW_PAIRS` sets the number of pairs.
#[test]
fn every_pair_can_be_explained() {
    let count = std::env::var("AVOW_PAIRS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    for (reader, writer) in schemas(count) {
        let is_compatible = check(&reader, &writer).is_compatible();
        for candidate in [Candidate::Reader, Candidate::Writer] {
            for finding in explain(&reader, &writer, candidate) {
                assert_eq!(finding.severity == Severity::Warning, is_compatible);
                assert!(!finding.title.is_empty() && !finding.why.is_empty() && finding.fingerprint.len() == 16);
            }
        }
    }
}

/// A witness fails, whatever the verdict; where there is none, nothing fails.
#[test]
fn the_search_finds_what_a_sample_finds() {
    for (at, (reader, writer)) in schemas(3_000).enumerate() {
        let resolution = Resolution::new(&reader, &writer).unwrap();
        if resolution.witness().is_none() && writer.has_data() {
            assert_eq!(resolution.sample(10, at as u64), None, "reader {} writer {}", reader.text(), writer.text());
        }
    }
}
