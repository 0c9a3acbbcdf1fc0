//! What is accepted, and under which text it is stored.

use std::collections::BTreeMap;

use avow_budget::Budget;
use avow_json::{Document, Reference, Schema, Stage};
use serde::Deserialize;

use crate::corpus::vectors;

#[derive(Deserialize)]
struct Vector {
    id: String,
    group: String,
    schema: String,
    #[serde(default)]
    references: Vec<Name>,
    #[serde(default)]
    store: BTreeMap<String, Vec<Version>>,
    ok: bool,
    stage: Option<String>,
    ok_strict: Option<bool>,
    canonical: Option<String>,
    normalized: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
    root: Option<String>,
}

#[derive(Deserialize, Clone)]
struct Name {
    name: String,
    subject: String,
    version: i32,
}

#[derive(Deserialize)]
struct Version {
    schema: String,
    #[serde(default)]
    references: Vec<Name>,
}

impl Vector {
    fn refusal_root(&self) -> Option<&str> {
        self.error.as_ref()?.root.as_deref()
    }

    /// The closure of the references, depth first; `None` if a version does not exist, which is for the registry to say.
    fn closure(&self) -> Option<Vec<(&str, &str)>> {
        let mut closure = Vec::new();
        let mut open: Vec<&Name> = self.references.iter().rev().collect();
        while let Some(name) = open.pop() {
            let versions = self.store.get(&name.subject)?;
            let version = match usize::try_from(name.version) {
                Ok(number) => versions.get(number.checked_sub(1)?)?,
                Err(_) => versions.last()?,
            };
            if closure.iter().all(|(known, _)| *known != name.name) {
                closure.push((name.name.as_str(), version.schema.as_str()));
                open.extend(version.references.iter().rev());
            }
        }
        Some(closure)
    }
}

#[test]
fn documents_are_accepted_and_printed_as_by_the_reference() {
    let mut wrong = Vec::new();
    let vectors: Vec<Vector> = vectors("json-docs.jsonl.gz");
    for vector in &vectors {
        let Some(closure) = vector.closure() else {
            assert_eq!(vector.stage.as_deref(), Some("parse"), "{}", vector.id);
            continue;
        };
        if let Err(fault) = examine(vector, &closure) {
            wrong.push(format!(
                "{} {} {}\n    {fault}",
                vector.id,
                vector.group,
                vector.schema.chars().take(300).collect::<String>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

fn examine(vector: &Vector, closure: &[(&str, &str)]) -> Result<(), String> {
    let budget = Budget::unlimited();
    let references: Vec<_> = closure.iter().map(|(name, text)| Reference { name, text }).collect();
    let parsed = Schema::parse(&vector.schema, &references, &budget);
    match (&parsed, vector.ok) {
        (Ok(_), true) => {}
        // The reference runs out of stack on cycles through `$dynamicRef`. They are schemas, and are accepted here.
        (Ok(_), false) if vector.refusal_root() == Some("StackOverflowError") => return Ok(()),
        (Ok(_), false) => {
            return Err(format!("accepted, but: {:?}", vector.error.as_ref().and_then(|error| error.message.clone())));
        }
        (Err(error), true) => return Err(format!("refused: {error}")),
        (Err(error), false) => {
            let stage = match error.stage() {
                Some(Stage::Parse) => "parse",
                Some(Stage::Validate) => "validate",
                None => "none",
            };
            if Some(stage) != vector.stage.as_deref() {
                return Err(format!("refused at {stage}: {error}"));
            }
        }
    }
    if let Some(canonical) = &vector.canonical {
        let document = Document::parse(&vector.schema, &budget).map_err(|error| error.to_string())?;
        if document.text() != canonical {
            return Err(format!("stored as {}", document.text()));
        }
        if let Some(normalized) = &vector.normalized {
            if document.normalized() != *normalized {
                return Err(format!("normalized to {}", document.normalized()));
            }
            let again = Document::parse(normalized, &budget).map_err(|error| error.to_string())?;
            if again.normalized() != *normalized {
                return Err(format!("normalized again to {}", again.normalized()));
            }
        }
    }
    if let (Ok(schema), Some(strict)) = (&parsed, vector.ok_strict)
        && schema.validate_strict().is_ok() != strict
    {
        return Err(format!("strict: {:?}", schema.validate_strict()));
    }
    Ok(())
}

#[test]
fn values_are_found_by_the_path_of_a_difference() {
    let text = r#"{"properties":{"a~b":{"items":[true,{"maxLength":5}]}},"$defs":{"D":{"properties":{"inner":{}}}}}"#;
    let document = Document::parse(text, &Budget::unlimited()).expect("JSON");
    let found = |path| document.value_at(path);
    assert_eq!(
        found("#/properties/a~b/items/1/maxLength"),
        Some(("/properties/a~0b/items/1/maxLength".to_owned(), "5".to_owned()))
    );
    assert_eq!(found("#/"), Some((String::new(), text.to_owned())));
    assert_eq!((found("#/properties/b"), found("#/properties/a~b/items/2")), (None, None));
    assert_eq!(document.properties().into_iter().collect::<Vec<_>>(), ["a~b", "inner"]);
}
