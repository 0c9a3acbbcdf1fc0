//! The registry on Postgres: new registrations on a local and on a distant database, and the cost of freshness.
//!
//! Database, registry and clients share the same two cores, as the floor's client does.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::database::{Cluster, fresh_url_in};
use crate::load::{self, Registered};
use crate::process::Server;
use crate::proxy::Proxy;
use crate::{median, setting, verdict};

/// Writers, and the part of the rate of a bare statement, driven by pgbench, that is the goal.
const LOCAL: [(u64, f64); 3] = [(1, 0.0), (8, 0.35), (32, 0.5)];

/// The latency of a distant database, per round trip.
const FAR: Duration = Duration::from_millis(15);

pub(crate) fn run() {
    let cluster = Cluster::start(&["fsync=on", "synchronous_commit=on", "shared_buffers=256MB"]);
    block_on(cluster.answers());
    local(&cluster.url);
    far(&cluster.url);
    fresh(&cluster.url);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn local(cluster: &str) {
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    println!("new registrations on Postgres, {rounds} rounds of {seconds} s   pgbench /s   avow /s   ratio    goal");
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let script = directory.path().join("unit.sql");
    std::fs::write(&script, unit()).expect("a file");
    let (bench, url) = (block_on(fresh_url_in(cluster)), block_on(fresh_url_in(cluster)));
    block_on(avow_registry::store::Store::migrate(&bench)).expect("a database");
    let server = Server::avow_on(&url, "0,1", &[]);
    let next = AtomicU64::new(0);
    for (writers, goal) in LOCAL {
        pgbench(&bench, &script, writers, 1);
        load::register(&[&server.address], writers, &next, 1);
        let mut floors = Vec::new();
        let mut rates = Vec::new();
        for _ in 0..rounds {
            floors.push(pgbench(&bench, &script, writers, seconds));
            rates.push(load::register(&[&server.address], writers, &next, seconds).per_second);
        }
        let ratio = median(floors.iter().zip(&rates).map(|(floor, rate)| rate / floor).collect());
        println!(
            "  {writers:3} writers                              {:10.0} {:9.0}   {ratio:5.2}  >= {goal:.2} {}",
            median(floors),
            median(rates),
            verdict(ratio >= goal),
        );
    }
}

/// The minimum cost of a registration: one statement that bumps the subject's revision, the head of the log and the last
/// id, and inserts content, schema, version and change. Another subject and schema each time.
fn unit() -> String {
    const SQL: &str = "
        WITH name AS (SELECT md5(random()::TEXT || clock_timestamp()::TEXT) AS text),
        head AS (UPDATE log_head SET seq = seq + 1 WHERE one = 1 RETURNING seq),
        last AS (INSERT INTO contexts (name, recorded, last_id) VALUES ('.', FALSE, 1)
            ON CONFLICT (name) DO UPDATE SET last_id = contexts.last_id + 1 RETURNING last_id),
        scope AS (INSERT INTO scopes (subject, context, revision) SELECT text, '.', 1 FROM name
            ON CONFLICT (subject) DO UPDATE SET revision = scopes.revision + 1 WHERE scopes.revision = 0 RETURNING subject),
        content AS (INSERT INTO contents (fingerprint, shape, text)
            SELECT decode(subject, 'hex'), decode(subject, 'hex'), replace(SCHEMA, 'number 0', subject) FROM scope
            RETURNING fingerprint),
        schema AS (INSERT INTO schemas (context, id, fingerprint, subject, version, written)
            SELECT '.', last_id, fingerprint, subject, 1, seq FROM last, content, scope, head RETURNING id),
        version AS (INSERT INTO versions (subject, version, context, id, deleted, time, written)
            SELECT subject, 1, '.', id, FALSE, 0, seq FROM scope, schema, head RETURNING subject)
        INSERT INTO changes (seq, time, actor, request_id, kind, subject, after, receipt)
            SELECT seq, 0, '', subject, 'register', subject, '{\"version\": 1}', '{\"unit\": 1}' FROM version, head;";
    // pgbench takes a colon and a word for a variable of its own.
    SQL.replace("SCHEMA", &format!("'{}'", crate::schema(0).replace(':', ": "))).replace('\n', " ")
}

fn pgbench(url: &str, script: &std::path::Path, clients: u64, seconds: u32) -> f64 {
    let program = crate::database::programs().join("pgbench");
    let output = Command::new(program)
        .args(["-n", "-M", "prepared", "-c", &clients.to_string(), "-j", "1", "-T", &seconds.to_string(), "-f"])
        .arg(script)
        .arg(url)
        .output()
        .expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("number of failed transactions: 0"), "{text}{complained}");
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")).unwrap_or_else(|| panic!("{text}"));
    rate.split(' ').next().and_then(|rate| rate.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

fn far(cluster: &str) {
    const CLIENTS: u64 = 100;
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2).max(5));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let url = block_on(fresh_url_in(cluster));
    let proxy = runtime.block_on(Proxy::before(&url));
    let nodes = [Server::avow_on(proxy.url(), "0,1", &[]), Server::avow_on(proxy.url(), "0,1", &[])];
    proxy.delay(FAR);
    let addresses: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    let next = AtomicU64::new(0);
    load::register(&addresses, CLIENTS, &next, 2);
    let measured: Vec<Registered> = (0..rounds).map(|_| load::register(&addresses, CLIENTS, &next, seconds)).collect();
    let rate = median(measured.iter().map(|it| it.per_second).collect());
    let p99 = median(measured.iter().map(|it| it.p99_ms).collect());
    println!(
        "far database (+{} ms a round trip), 2 nodes, {CLIENTS} clients: {rate:.0} registrations /s (>= 300 {}), p99 {p99:.0} ms \
         (<= 150 {}); {} in all. A SQL registry publishes 6 to 9 a second, under conditions of its own",
        FAR.as_millis(),
        verdict(rate >= 300.0),
        verdict(p99 <= 150.0),
        next.load(Ordering::Relaxed),
    );
}

fn fresh(cluster: &str) {
    const GOAL: f64 = 0.8;
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    let url = block_on(fresh_url_in(cluster));
    let checked = Server::avow_on(&url, "0", &[]);
    let unchecked = Server::avow_on(&url, "0", &["--read-staleness", "60000"]);
    let path = "/subjects/bench-value/versions/latest";
    load::once("POST", &checked.address, "/subjects/bench-value/versions", &crate::registration(0));
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let script = directory.path().join("request.lua");
    std::fs::write(&script, load::script("GET", &[load::Request { path: path.to_owned(), body: String::new() }]))
        .expect("a file");
    // Requests that share a query wait for it together, so few clients leave the node idle meanwhile.
    for clients in [32, 256] {
        let mut with = Vec::new();
        let mut without = Vec::new();
        for round in 0..=rounds {
            let [one, other] =
                [&unchecked, &checked].map(|node| load::wrk(&node.address, &script, seconds, clients).per_second);
            // The first run fills the caches.
            if round > 0 {
                without.push(one);
                with.push(other);
            }
        }
        let ratio = median(without.iter().zip(&with).map(|(without, with)| with / without).collect());
        println!(
            "versions/latest, {clients} clients: {:.0} /s unchecked, {:.0} /s linearizable, ratio {ratio:.2} >= {GOAL:.2} {}",
            median(without),
            median(with),
            verdict(ratio >= GOAL)
        );
    }
}
