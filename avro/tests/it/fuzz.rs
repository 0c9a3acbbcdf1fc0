//! Input at random: no panic, and never more work than a line in its size. `AVOW_FUZZ_INPUTS=1000000` does more of it.

use avow_avro::{
    Budget, Candidate, Checker, Limits, ParseError, Schema, Strictness, check_within, explain_within, parse_within,
    soundness_within,
};

use crate::evolution::Dice;
use crate::vectors::pairs;

const INPUTS: u64 = 10_000;

fn inputs() -> u64 {
    std::env::var("AVOW_FUZZ_INPUTS").ok().and_then(|inputs| inputs.parse().ok()).unwrap_or(INPUTS)
}

/// Far more than documents of a few kilobytes need, far less than a walk without bounds takes.
fn budget(bytes: usize) -> Budget {
    Budget::new(avow_budget::Limits { steps: 2_000_000 + 2_000 * bytes as u64, bytes: 64 << 20 })
}

/// Replaces, repeats or removes a few pieces of a document.
fn mutate(text: &str, dice: &mut Dice, other: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.roll(3) {
        let from = dice.roll(bytes.len().max(1));
        let to = (from + dice.roll(40)).min(bytes.len());
        let other_from = dice.roll(other.len());
        let other_to = (other_from + dice.roll(80)).min(other.len());
        let piece = match dice.roll(4) {
            0 => Vec::new(),
            1 => bytes[from..to].repeat(2),
            2 => other.as_bytes()[other_from..other_to].to_vec(),
            _ => br#"","aliases":["a","b"],"default":{},"x":""#.to_vec(),
        };
        bytes.splice(from..to, piece);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parsed(text: &str) -> Option<Schema> {
    match parse_within(text, &[], Strictness::Java, &Limits::default(), &budget(text.len())) {
        Err(ParseError::Exceeded(exceeded)) => panic!("{exceeded} to parse {text}"),
        other => other.ok(),
    }
}

#[test]
fn no_input_costs_more_than_its_budget() {
    let texts: Vec<(String, String)> =
        pairs().iter().map(|pair| (pair.reader.get().to_owned(), pair.writer.get().to_owned())).collect();
    let mut dice = Dice(17);
    let mut checked = 0_u64;
    for _ in 0..inputs() {
        let (reader, writer) = &texts[dice.roll(texts.len())];
        let (_, other) = &texts[dice.roll(texts.len())];
        // Half of the pairs are taken as they are, joined with another document: those are schemas.
        let texts = if dice.roll(2) == 0 {
            [mutate(reader, &mut dice, other), mutate(writer, &mut dice, reader)]
        } else {
            [reader.clone(), other.clone()]
        };
        let [Some(reader), Some(writer)] = [&texts[0], &texts[1]].map(|text| parsed(text)) else { continue };
        checked += 1;
        let bytes = texts[0].len() + texts[1].len();
        let verdict = check_within(&reader, &writer, &budget(bytes)).unwrap();
        assert_eq!(Checker::default().check(&reader, &writer, &budget(bytes)).unwrap(), verdict, "{texts:?}");
        explain_within(&reader, &writer, Candidate::Neither, &budget(bytes)).unwrap();
        soundness_within(&reader, &writer, Candidate::Writer, &budget(bytes)).unwrap();
        if let Err(ParseError::Exceeded(exceeded)) = reader.normalized_within(&budget(bytes)) {
            panic!("{exceeded} to normalise {}", texts[0]);
        }
        writer.shape_within(&budget(bytes)).unwrap();
        writer.canonical_form_within(&budget(bytes)).unwrap();
    }
    assert!(checked * 4 > inputs(), "most inputs are no schemas: {checked}");
}
