//! The recorded pairs of schemas: plans decode what the core's resolution decodes, and fail where it fails.

use std::io::Read;
use std::path::Path;

use avow_avro::{Resolution, Schema, Strictness, parse};
use avow_client::codec::{DecodeErrorKind, DecodePlan, EncodePlan, Limits};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::anything::Anything;

#[derive(Deserialize)]
pub(super) struct Pair {
    id: String,
    reader: Box<RawValue>,
    writer: Box<RawValue>,
}

impl Pair {
    pub(super) fn schemas(&self) -> (Schema, Schema) {
        (schema(&self.writer), schema(&self.reader))
    }
}

pub(super) fn pairs() -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../avro/tests/vectors/pairs.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn schema(text: &RawValue) -> Schema {
    parse(text.get(), &[], Strictness::Java).unwrap()
}

/// Made-up data nest deeper than sensible records.
fn limits() -> Limits {
    Limits { depth: 1000, ..Limits::default() }
}

#[test]
fn decodes_what_the_resolution_decodes() {
    let mut outcomes = [0_usize; 2];
    for pair in pairs() {
        let (writer, reader) = pair.schemas();
        let resolution = Resolution::new(&reader, &writer).unwrap();
        let plan = DecodePlan::new(&writer, Some(&reader));
        for (at, bytes) in writer.made_up_data(7).take(6).enumerate() {
            let expected = resolution.decode(&bytes);
            let got = match &plan {
                Ok(plan) => plan.decode::<Anything>(&bytes, &limits()).map(drop).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            // Java replaces what is no UTF-8 where bytes are read as a string, and makes a decimal of anything only when
            // asked for; a Rust string can hold neither.
            let no_text = |error: &String| {
                error.ends_with("a string is not UTF-8") || error.contains("the decimal is invalid or too long")
            };
            let is_text = got.as_ref().is_err_and(no_text);
            assert!(
                got.is_ok() == expected.is_ok() || is_text,
                "{} datum {at}: {got:?}, expected {expected:?}\nwriter {}\nreader {}",
                pair.id,
                pair.writer,
                pair.reader
            );
            outcomes[usize::from(expected.is_ok())] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 5000), "{outcomes:?}");
}

#[test]
fn a_plan_that_cannot_be_made_says_why() {
    let mut refused = 0;
    for pair in pairs() {
        let (writer, reader) = pair.schemas();
        if let Err(error) = DecodePlan::new(&writer, Some(&reader)) {
            refused += 1;
            assert!(error.is_unresolvable() && error.findings().count() > 0, "{}: {error}", pair.id);
            let resolution = Resolution::new(&reader, &writer).unwrap();
            assert!(writer.made_up_data(3).take(3).all(|bytes| resolution.decode(&bytes).is_err()), "{}", pair.id);
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn skips_what_it_decodes_and_encodes_it_again() {
    let mut same = 0;
    for pair in pairs().iter().step_by(3) {
        let writer = schema(&pair.writer);
        let plan = DecodePlan::new(&writer, None).unwrap();
        for bytes in writer.made_up_data(11).take(3) {
            plan.decode::<Anything>(&bytes, &limits()).unwrap();
            plan.decode::<IgnoredAny>(&bytes, &limits()).unwrap();
            let cut = bytes.len().saturating_sub(1);
            if let Err(error) = plan.decode::<IgnoredAny>(&bytes[..cut], &limits()) {
                assert!(matches!(error.kind(), DecodeErrorKind::Truncated | DecodeErrorKind::Malformed), "{error}");
                same += 1;
            }
            let trailing = [&bytes[..], &[0]].concat();
            let error = plan.decode::<IgnoredAny>(&trailing, &limits()).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::TrailingBytes);
        }
        EncodePlan::new(&writer).unwrap();
    }
    assert!(same > 1000, "{same}");
}
