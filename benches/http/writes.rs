//! New registrations, against one INSERT and COMMIT per row with the same settings on the same disk.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicU64;

use crate::process::Server;
use crate::{SERVER_CORE, load, median, setting, verdict};

/// The part of the floor's rate that is the goal.
const GOAL: f64 = 0.5;

pub(crate) fn run() {
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    println!("new registrations, {rounds} rounds of {seconds} s   rows /s   avow /s   ratio    goal");
    for clients in [1, 32] {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let server = Server::avow(&directory.path().join("avow.db"));
        let mut floor = Floor::start(&directory.path().join("floor.db"), clients);
        let next = AtomicU64::new(0);
        // The first round of each makes the log as long as it gets.
        floor.round();
        load::register(&[&server.address], clients, &next, seconds);
        let mut floors = Vec::new();
        let mut registry = Vec::new();
        for _ in 0..rounds {
            floors.push(floor.round());
            registry.push(load::register(&[&server.address], clients, &next, seconds).per_second);
        }
        let ratio = median(floors.iter().zip(&registry).map(|(floor, registry)| registry / floor).collect());
        let (floor, registry) = (median(floors), median(registry));
        let verdict = verdict(ratio >= GOAL);
        println!(
            "  {clients:3} clients                       {floor:10.0} {registry:9.0}   {ratio:5.2}  >= {GOAL:.2} {verdict}"
        );
    }
}

/// A process on the server's core that inserts rows on request.
struct Floor {
    child: Child,
    orders: ChildStdin,
    rates: BufReader<ChildStdout>,
}

impl Floor {
    fn start(database: &Path, clients: u64) -> Self {
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .arg(std::env::current_exe().expect("a path"))
            .args(["floor", "insert"])
            .arg(database)
            .arg(clients.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset starts the floor");
        let orders = child.stdin.take().expect("piped");
        let rates = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, orders, rates }
    }

    /// Rows a second.
    fn round(&mut self) -> f64 {
        writeln!(self.orders).expect("the floor reads");
        let mut rate = String::new();
        self.rates.read_line(&mut rate).expect("the floor answers");
        rate.trim().parse().expect("a rate")
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
