//! The HTTP benchmark: the registry compared with a bare handler that returns the same answers.
//!
//! `cargo bench --bench http` runs everything; `-- reads`, `-- writes` or `-- size` one part; `-- postgres` what
//! concerns Postgres, on both cores. Reads are spread over 1,000 subjects; `--keys 1` asks for one over and over. It needs `wrk` and `taskset`
//! (Debian: packages wrk and util-linux) and two cores: servers run on the first, load comes from the second.
//! Ratios are medians over rounds that alternate between the floor and the registry. `AVOW_BENCH_ROUNDS` (7),
//! `AVOW_BENCH_SECONDS` (2) and `AVOW_BENCH_VERSIONS` (1000000) change the effort.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

#[path = "../../tests/it/database/postgres.rs"]
#[expect(dead_code, reason = "it serves the tests as well")]
mod database;
mod fill;
mod floor;
mod load;
mod postgres;
mod process;
#[path = "../../tests/it/support/proxy.rs"]
#[expect(dead_code, reason = "it serves the tests as well")]
mod proxy;
mod reads;
mod size;
mod writes;

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The core the servers run on, and the one the load comes from.
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

fn main() {
    let all: Vec<String> = std::env::args().skip(1).collect();
    let keys = all.iter().position(|it| it == "--keys");
    let value = keys.map(|at| at + 1);
    let arguments: Vec<&str> = all
        .iter()
        .enumerate()
        .filter(|(at, it)| !it.starts_with("--") && Some(*at) != value)
        .map(|(_, it)| it.as_str())
        .collect();
    let keys = value.map_or(1_000, |at| all.get(at).and_then(|it| it.parse().ok()).expect("--keys takes a number"));
    match arguments[..] {
        ["floor", "answer", file] => return floor::answer(file),
        ["floor", "insert", database, clients] => return floor::insert(database, clients),
        _ => {}
    }
    load::need_wrk();
    if arguments == ["postgres"] {
        return postgres::run();
    }
    move_to_load_core();
    let wanted = |part| arguments.is_empty() || arguments.contains(&part);
    if wanted("reads") {
        reads::run(keys);
    }
    if wanted("writes") {
        writes::run();
    }
    if wanted("size") {
        size::run();
    }
}

/// Starts this program again on the core that load comes from, unless it is there already.
fn move_to_load_core() {
    const THERE: &str = "AVOW_BENCH_ON_ITS_CORE";
    if std::env::var_os(THERE).is_none() {
        let this = std::env::current_exe().expect("a path");
        let error = Command::new("taskset")
            .args(["-c", LOAD_CORE])
            .arg(this)
            .args(std::env::args_os().skip(1))
            .env(THERE, "1")
            .exec();
        panic!("taskset (Debian: package util-linux) and two cores are needed: {error}");
    }
}

/// The effort, from the environment.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(format!("AVOW_BENCH_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Whether a goal is met, in words.
fn verdict(met: bool) -> &'static str {
    if met { "ok" } else { "MISSED" }
}

/// A schema of about a kilobyte; another for every number.
fn schema(number: u64) -> String {
    let fields: Vec<_> =
        (0..16).map(|field| format!(r#"{{"name":"field_{field}","type":["null","string"],"default":null}}"#)).collect();
    format!(r#"{{"type":"record","name":"Bench","doc":"number {number}","fields":[{}]}}"#, fields.join(","))
}

/// The body that registers it.
fn registration(number: u64) -> String {
    serde_json::json!({ "schema": schema(number) }).to_string()
}
