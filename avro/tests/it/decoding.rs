//! The second opinion: what Java's decoder did with generated data, pair by pair.

use avow_avro::{Resolution, check};

use crate::corpus::agree_on_pairs;
use crate::vectors::Pair;

/// What the decoder of this crate says: the words of the corpus.
fn decode(pair: &Pair) -> &'static str {
    let (reader, writer) = (pair.reader(), pair.writer());
    if !writer.has_data() {
        return "untested";
    }
    let resolution = Resolution::new(&reader, &writer).unwrap();
    match (resolution.witness(), resolution.sample(20, 7)) {
        (None, None) => "ok",
        // The sample may miss what the search finds, not the other way round.
        (Some(_), _) => "fail",
        (None, Some(_)) => "the search missed a failure",
    }
}

/// The recording's generator stumbled over arrays and maps whose items no datum can have; empty ones decode.
const EMPTY_CONTAINERS: [&str; 6] = ["h-0955", "h-0956", "h-0960", "h-0961", "h-1605", "h-1611"];

/// A million parts are the least that this writer's data have; that is no example of anything.
const TOO_LARGE: [&str; 1] = ["h-1949"];

/// The recording lost the field of this datum.
const BROKEN_DATUM: [&str; 1] = ["r-00742"];

#[test]
fn decodes_what_java_decodes() {
    agree_on_pairs(|pair| {
        let got = decode(pair);
        let expected = match pair.id.as_str() {
            id if EMPTY_CONTAINERS.contains(&id) => "ok",
            id if TOO_LARGE.contains(&id) => "untested",
            _ => &pair.decode,
        };
        (got != expected).then(|| {
            let (reader, writer) = (pair.reader(), pair.writer());
            let witness = Resolution::new(&reader, &writer).and_then(|resolution| resolution.witness());
            format!("expected {} ({:?}), got {got}: {witness:?}", pair.decode, pair.decode_error)
        })
    });
}

#[test]
fn fails_with_javas_words_on_the_recorded_datum() {
    agree_on_pairs(|pair| {
        let (datum, expected) = (pair.decode_datum.as_deref()?, pair.decode_error.as_deref()?);
        if BROKEN_DATUM.contains(&pair.id.as_str()) {
            return None;
        }
        let (reader, writer) = (pair.reader(), pair.writer());
        let resolution = Resolution::new(&reader, &writer).unwrap();
        let Some(result) = resolution.decode_json(datum) else { return Some(format!("no datum: {datum}")) };
        let got = result.err().map(|error| error.to_string()).unwrap_or_default();
        let (_class, expected) = expected.split_once(": ").unwrap();
        // Long texts were cut, and a type inside a message has Java's renamed fields.
        let start = |text: &str| text.split(" not a {").next().unwrap_or_default().to_owned();
        let agrees = match expected.strip_suffix("...") {
            Some(beginning) => got.starts_with(beginning) || start(&got) == start(expected),
            None => got == expected || (got.contains(" not a {") && start(&got) == start(expected)),
        };
        (!agrees).then(|| format!("\n  expected {expected}\n  got      {got}"))
    });
}

#[test]
fn the_two_opinions_differ_only_where_the_reference_knows_it() {
    let mut unsound = 0;
    for pair in crate::vectors::pairs() {
        let (reader, writer) = (pair.reader(), pair.writer());
        let is_unsound =
            check(&reader, &writer).is_compatible() && Resolution::new(&reader, &writer).unwrap().witness().is_some();
        unsound += usize::from(is_unsound);
    }
    // 68 in the recording, less the pair whose verdict depends on field order in Java.
    assert_eq!(unsound, 67);
}
