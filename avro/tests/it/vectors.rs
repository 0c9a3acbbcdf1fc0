//! The recorded answers: compressed, one JSON object per line.

use std::io::Read;
use std::path::Path;

use avow_avro::{Incompatibility, Schema, Strictness, parse};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A reader, a writer and what Java said about them.
#[derive(Deserialize)]
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) reader: Box<RawValue>,
    pub(crate) writer: Box<RawValue>,
    pub(crate) compatible: bool,
    #[serde(default)]
    pub(crate) incompatibilities: Vec<Recorded>,
    pub(crate) check_exception: Option<String>,
    pub(crate) decode: String,
    pub(crate) decode_error: Option<String>,
    pub(crate) decode_datum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Recorded {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) location: String,
    pub(crate) message: String,
}

impl Pair {
    pub(crate) fn reader(&self) -> Schema {
        parse(self.reader.get(), &[], Strictness::Java).unwrap()
    }

    pub(crate) fn writer(&self) -> Schema {
        parse(self.writer.get(), &[], Strictness::Java).unwrap()
    }
}

impl From<Incompatibility> for Recorded {
    fn from(finding: Incompatibility) -> Self {
        Self { kind: finding.kind.as_str().to_owned(), location: finding.location, message: finding.message }
    }
}

pub(crate) fn documents() -> Vec<Value> {
    read("parse.jsonl.gz")
}

pub(crate) fn pairs() -> Vec<Pair> {
    read("pairs.jsonl.gz")
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
