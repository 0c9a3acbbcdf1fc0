//! New registrations, against one INSERT and COMMIT a row with the same settings on the same disk.

use std::path::Path;
use std::process::Command;
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
        let next = AtomicU64::new(0);
        let mut floors = Vec::new();
        let mut ours = Vec::new();
        for round in 0..rounds {
            floors.push(insert(&directory.path().join(format!("floor-{round}.db")), clients));
            ours.push(load::register(&server.address, clients, &next, seconds));
        }
        let ratio = median(floors.iter().zip(&ours).map(|(floor, ours)| ours / floor).collect());
        let (floor, ours) = (median(floors), median(ours));
        println!(
            "  {clients:3} clients                       {floor:10.0} {ours:9.0}   {ratio:5.2}  >= {GOAL:.2} {}",
            verdict(ratio >= GOAL)
        );
    }
}

/// Rows a second that a process on the server's core inserts.
fn insert(database: &Path, clients: u64) -> f64 {
    let output = Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .arg(std::env::current_exe().expect("a path"))
        .args(["floor", "insert"])
        .arg(database)
        .arg(clients.to_string())
        .output()
        .expect("taskset starts the floor");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&output.stderr)))
}
