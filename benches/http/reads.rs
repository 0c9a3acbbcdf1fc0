//! Requests that are answered from memory, against a handler that returns the same bytes.

use crate::load::{self, Measured};
use crate::process::Server;
use crate::{median, setting, verdict};

/// Name, method, path, whether a schema is sent, and the part of the floor's rate that is the goal.
const SCENARIOS: [(&str, &str, &str, bool, f64); 4] = [
    ("by id", "GET", "/schemas/ids/1", false, 0.9),
    ("versions/latest", "GET", "/subjects/bench-value/versions/latest", false, 0.7),
    ("look-up, 1 KB", "POST", "/subjects/bench-value", true, 0.5),
    ("repeat registration, 1 KB", "POST", "/subjects/bench-value/versions", true, 0.5),
];

pub(crate) fn run() {
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let server = Server::avow(&directory.path().join("avow.db"));
    let registered = load::once("POST", &server.address, "/subjects/bench-value/versions", &crate::registration(0));
    assert_eq!(registered.status, 200, "{}", registered.body);

    println!(
        "reads, {rounds} rounds of {seconds} s        floor /s   avow /s   ratio    goal        p99 ms: floor   avow   busy"
    );
    for (name, method, path, sends, goal) in SCENARIOS {
        let body = if sends { crate::registration(0) } else { String::new() };
        let answer = load::once(method, &server.address, path, &body);
        let file = directory.path().join("answer.json");
        std::fs::write(&file, serde_json::to_vec(&answer).expect("JSON")).expect("a file");
        let floor = Server::floor(&file);
        let script = directory.path().join("request.lua");
        std::fs::write(&script, load::script(method, path, &body)).expect("a file");

        load::wrk(&floor.address, &script, 1, load::CONNECTIONS);
        load::wrk(&server.address, &script, 1, load::CONNECTIONS);
        let mut floors = Vec::new();
        let mut ours = Vec::new();
        let mut busy = Vec::new();
        for _ in 0..rounds {
            floors.push(load::wrk(&floor.address, &script, seconds, load::CONNECTIONS));
            let before = server.busy();
            ours.push(load::wrk(&server.address, &script, seconds, load::CONNECTIONS));
            busy.push(server.busy().saturating_sub(before).as_secs_f64() / f64::from(seconds));
        }
        let ratio = median(floors.iter().zip(&ours).map(|(floor, ours)| ours.per_second / floor.per_second).collect());
        let rate = |measured: &[Measured]| median(measured.iter().map(|it| it.per_second).collect());
        let p99 = |measured: &[Measured]| median(measured.iter().map(|it| it.p99_ms).collect());
        println!(
            "  {name:28} {:10.0} {:9.0}   {ratio:5.2}  >= {goal:.2} {:6}      {:8.2} {:6.2}   {:3.0} %",
            rate(&floors),
            rate(&ours),
            verdict(ratio >= goal),
            p99(&floors),
            p99(&ours),
            median(busy) * 100.0,
        );
    }
}
