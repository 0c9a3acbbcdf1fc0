//! The codec beside the others: encode, decode, decode borrowed, decode with resolution; three payloads each.
//!
//! `cargo bench -p avow-client --bench codec` measures each alone; `-- ratios` lets all take turns, so that whatever
//! else the machine does hits all of them, and prints the medians relative to this codec. Time is the thread's own.
//!
//! How many times as long the others take, on two cores; median of three runs, each of which has everybody:
//!
//! | | sale, 20 bytes | order, 1 kB | batch, 1 MB |
//! |---|--:|--:|--:|
//! | encode, framed, no allocation: ours | 39 ns | 888 ns | 861 µs |
//! | ... by hand | 0.45 | 0.38 | 0.48 |
//! | ... `serde_avro_fast` | 2.6 | 2.6 | 3.5 |
//! | ... apache-avro `write_ser` | 4.8 | 4.9 | 6.5 |
//! | ... `schema_registry_converter` | 19.9 | 6.5 | 7.0 |
//! | decode into a struct: ours | 51 ns | 4.6 µs | 3.2 ms |
//! | ... `serde_avro_fast` | 1.2 | 1.1 | 1.2 |
//! | ... apache-avro `read_deser` | 1.4 | 1.2 | 1.4 |
//! | ... `schema_registry_converter` and `from_value` | 11.5 | 4.2 | 7.2 |
//! | decode, borrowing the texts: ours | | 2.5 µs | 1.7 ms |
//! | ... `schema_registry_converter` and `from_value` | | 7.6 | 14.1 |
//! | decode as a later reader wants it: ours | 78 ns | 3.7 µs | 1.6 ms |
//! | ... apache-avro with a reader schema, and `from_value` | 12.0 | 8.0 | 26.6 |

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

mod by_hand;
mod contenders;
mod cpu;
mod payload;
mod registry;
mod types;

use std::io::Write;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::Criterion;

use contenders::{Contender, contenders};
use cpu::Cpu;

fn main() {
    let mut contenders = contenders();
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios(&mut contenders);
    }
    let mut criterion = Criterion::default().with_measurement(Cpu).configure_from_args();
    for contender in &mut contenders {
        let mut group = criterion.benchmark_group(contender.group);
        group.bench_function(contender.name, |bencher| bencher.iter(&mut contender.run));
        group.finish();
    }
    criterion.final_summary();
}

/// How often all take a turn.
const ROUNDS: usize = 41;

/// How long a turn is, about.
const TURN: Duration = Duration::from_millis(4);

fn ratios(contenders: &mut [Contender]) {
    let turns: Vec<u32> = contenders.iter_mut().map(calls_in_a_turn).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for ((contender, calls), times) in contenders.iter_mut().zip(&turns).zip(&mut times) {
            times.push(1e9 * time(contender, *calls).as_secs_f64() / f64::from(*calls));
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
        .collect();
    let mut out = std::io::stdout();
    for (contender, median) in contenders.iter().zip(&medians) {
        let ours = contenders.iter().position(|other| other.group == contender.group && other.name == "avow");
        let ratio = ours.map_or(1.0, |ours| median / medians[ours]);
        let (group, name) = (contender.group, contender.name);
        writeln!(out, "{group:<16} {name:<28} {median:>12.1} ns {ratio:>8.2}").unwrap();
    }
}

fn calls_in_a_turn(contender: &mut Contender) -> u32 {
    let mut calls = 1;
    loop {
        if time(contender, calls) >= TURN || calls > 1 << 24 {
            return calls;
        }
        calls *= 2;
    }
}

fn time(contender: &mut Contender, calls: u32) -> Duration {
    let from = ThreadTime::now();
    for _ in 0..calls {
        (contender.run)();
    }
    from.elapsed()
}
