//! Vectors: the committed ones, and the public ones where their folder is at hand.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::LazyLock;

use avow_budget::Budget;
use avow_proto::{Error, Origin, ReferenceText, Schema};
use flate2::read::GzDecoder;
use serde_json::Value;

static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| read("proto-docs"));
static PAIRS: LazyLock<Vec<Value>> = LazyLock::new(|| read("proto-pairs"));

pub(crate) fn documents() -> &'static [Value] {
    &DOCUMENTS
}

pub(crate) fn pairs() -> &'static [Value] {
    &PAIRS
}

fn read(name: &str) -> Vec<Value> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("AVOW_SHARED").map_or_else(|| manifest.join("../../shared"), PathBuf::from);
    let committed = manifest.join("tests/vectors").join(format!("{name}.jsonl.gz"));
    let all = shared.join("vectors").join(format!("{name}.jsonl.gz"));
    let path = if all.exists() { all } else { committed };
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect()
}

/// The texts that a vector's references lead to, depth first; a name met first wins.
pub(crate) fn parse(entry: &Value, text: &str, references: &str) -> Result<Schema, Error> {
    let mut found = Found { store: &entry["store"], names: Vec::new(), texts: HashMap::new() };
    found.follow(&entry[references], true);
    let texts: Vec<_> = found
        .names
        .iter()
        .map(|name| {
            let (text, origin) = &found.texts[name];
            ReferenceText { name, text, origin: origin.as_ref() }
        })
        .collect();
    Schema::parse(text, &texts, &Budget::unlimited())
}

struct Found<'a> {
    store: &'a Value,
    names: Vec<String>,
    texts: HashMap<String, (String, Option<Origin>)>,
}

impl Found<'_> {
    fn follow(&mut self, references: &Value, direct: bool) {
        for reference in references.as_array().into_iter().flatten() {
            let name = reference["name"].as_str().expect("a name").to_owned();
            if self.texts.contains_key(&name) {
                continue;
            }
            let subject = reference["subject"].as_str().expect("a subject");
            let versions = self.store[subject].as_array().expect("a subject of the store");
            let version = match reference["version"].as_i64().expect("a version") {
                -1 => versions.len(),
                version => usize::try_from(version).expect("a positive version"),
            };
            let Some(stored) = versions.get(version - 1) else { continue };
            let origin = Origin { subject: subject.to_owned(), version: i32::try_from(version).expect("small") };
            self.texts.insert(name.clone(), (String::new(), None));
            self.follow(&stored["references"], false);
            let text = stored["schema"].as_str().expect("a text").to_owned();
            self.texts.insert(name.clone(), (text, direct.then_some(origin)));
            self.names.push(name);
        }
    }
}
