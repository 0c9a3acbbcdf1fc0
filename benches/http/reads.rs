//! Requests that are answered from the cache, spread over many subjects, against a handler that returns the same bytes.

use std::time::Duration;

use crate::load::{self, Measured, Request};
use crate::process::Server;
use crate::{median, setting, verdict};

/// One kind of request, and the part of the floor's speed, in CPU time, that is the goal.
struct Scenario {
    name: &'static str,
    method: &'static str,
    request: fn(u64) -> Request,
    goal: f64,
}

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "by id", method: "GET", request: |key| get(format!("/schemas/ids/{}", key + 1)), goal: 0.9 },
    Scenario {
        name: "versions/latest",
        method: "GET",
        request: |key| get(format!("/subjects/bench-{key}/versions/latest")),
        goal: 0.9,
    },
    Scenario {
        name: "look-up, 1 KB",
        method: "POST",
        request: |key| post(format!("/subjects/bench-{key}"), key),
        goal: 0.8,
    },
    Scenario {
        name: "repeat registration, 1 KB",
        method: "POST",
        request: |key| post(format!("/subjects/bench-{key}/versions"), key),
        goal: 0.8,
    },
];

fn get(path: String) -> Request {
    Request { path, body: String::new() }
}

fn post(path: String, key: u64) -> Request {
    Request { path, body: crate::registration(key) }
}

/// `keys`: subjects, each with a schema of its own, that requests are spread over.
pub(crate) fn run(keys: u64) {
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let server = Server::avow(&directory.path().join("avow.db"));
    for key in 0..keys {
        let path = format!("/subjects/bench-{key}/versions");
        let registered = load::once("POST", &server.address, &path, &crate::registration(key));
        assert_eq!(registered.status, 200, "{}", registered.body);
    }

    println!("reads over {keys} keys, {rounds} rounds of {seconds} s; CPU in seconds for 100,000 requests");
    println!(
        "                                 floor CPU   avow CPU   ratio    goal        floor /s   avow /s   p99 ms: floor   avow"
    );
    for Scenario { name, method, request, goal } in SCENARIOS {
        let requests: Vec<Request> = (0..keys).map(request).collect();
        let answers: Vec<_> = requests
            .iter()
            .map(|Request { path, body }| (path, load::once(method, &server.address, path, body)))
            .collect();
        let file = directory.path().join("answers.json");
        std::fs::write(&file, serde_json::to_vec(&answers).expect("JSON")).expect("a file");
        let floor = Server::floor(&file);
        let script = directory.path().join("requests.lua");
        std::fs::write(&script, load::script(method, &requests)).expect("a file");

        load::wrk(&floor.address, &script, 1, load::CONNECTIONS);
        load::wrk(&server.address, &script, 1, load::CONNECTIONS);
        let measure = |server: &Server| {
            let before = server.busy();
            let measured = load::wrk(&server.address, &script, seconds, load::CONNECTIONS);
            Round { cpu: server.busy().saturating_sub(before), measured }
        };
        let (floors, registry): (Vec<_>, Vec<_>) = (0..rounds).map(|_| (measure(&floor), measure(&server))).unzip();
        let cpu = |rounds: &[Round]| median(rounds.iter().map(Round::cpu_of_100_000).collect());
        let ratio = median(
            floors
                .iter()
                .zip(&registry)
                .map(|(floor, registry)| floor.cpu_of_100_000() / registry.cpu_of_100_000())
                .collect(),
        );
        let rate = |rounds: &[Round]| median(rounds.iter().map(|round| round.measured.per_second).collect());
        let p99 = |rounds: &[Round]| median(rounds.iter().map(|round| round.measured.p99_ms).collect());
        println!(
            "  {name:28} {:11.2} {:10.2}   {ratio:5.2}  >= {goal:.2} {:6} {:10.0} {:9.0}        {:8.2} {:6.2}",
            cpu(&floors),
            cpu(&registry),
            verdict(ratio >= goal),
            rate(&floors),
            rate(&registry),
            p99(&floors),
            p99(&registry),
        );
    }
}

/// The result of a run of wrk, and the server's CPU time.
struct Round {
    cpu: Duration,
    measured: Measured,
}

impl Round {
    fn cpu_of_100_000(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
        let requests = self.measured.requests as f64;
        self.cpu.as_secs_f64() / requests * 1e5
    }
}
