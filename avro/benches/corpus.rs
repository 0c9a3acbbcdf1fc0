//! How many of the recorded pairs the core parses and checks a second, to be held against Java's figure, which
//! `java/compare.sh` does; `corpus PAIRS WARM-UP-PASSES PASSES` prints ours.

use std::hint::black_box;
use std::io::Read;
use std::time::Instant;

use avow_avro::{Schema, Strictness, check, parse};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [pairs, warm_up, passes] = arguments.as_slice() else {
        return; // A plain `cargo bench` runs every benchmark.
    };
    let mut lines = String::new();
    let file = std::fs::File::open(pairs).expect("the first argument is the file of pairs");
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).expect("the pairs are compressed text");
    let pairs: Vec<Pair<'_>> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is a pair")).collect();
    let number = |text: &str| text.parse().expect("the number of passes is a number");
    let (warm_up, passes) = (number(warm_up), number(passes));
    measure("check", &pairs, warm_up, passes, |pair| {
        let (reader, writer) = pair.parse();
        check(&reader, &writer).is_compatible()
    });
    measure("parse", &pairs, warm_up, passes, |pair| {
        black_box(pair.parse());
        true
    });
}

/// Prints the name, the pairs per second of the median and of the fastest pass, and how many pairs the work affirmed.
#[expect(clippy::print_stdout, reason = "the output is the result")]
fn measure(name: &str, pairs: &[Pair<'_>], warm_up: usize, passes: usize, work: impl Fn(&Pair<'_>) -> bool) {
    let mut yes = 0;
    let mut seconds: Vec<_> = (0..warm_up + passes)
        .map(|_| {
            let start = Instant::now();
            yes = pairs.iter().filter(|pair| work(pair)).count();
            start.elapsed().as_secs_f64()
        })
        .skip(warm_up)
        .collect();
    seconds.sort_by(f64::total_cmp);
    let count = u32::try_from(pairs.len()).expect("there are fewer pairs than a counter holds");
    let rate = |seconds: f64| f64::from(count) / seconds;
    println!("{name} {:.0} {:.0} {yes}", rate(seconds[passes / 2]), rate(seconds[0]));
}

#[derive(serde::Deserialize)]
struct Pair<'t> {
    #[serde(borrow)]
    reader: &'t serde_json::value::RawValue,
    #[serde(borrow)]
    writer: &'t serde_json::value::RawValue,
}

impl Pair<'_> {
    /// Parses both as Java Avro does by default.
    fn parse(&self) -> (Schema, Schema) {
        let schema = |text: &str| parse(text, &[], Strictness::Java).expect("recorded schemas are schemas");
        (schema(self.reader.get()), schema(self.writer.get()))
    }
}
