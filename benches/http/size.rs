//! Start-up, memory and slowest answers of an empty and of a full registry.

use std::path::Path;
use std::time::Instant;

use avow_registry::store::Store;

use crate::process::Server;
use crate::{load, median, setting, verdict};

/// The number of versions of a subject of the full registry.
const VERSIONS_EACH: u32 = 50;

struct Measured {
    start_ms: f64,
    idle_mib: f64,
    loaded_mib: f64,
    p99_ms: f64,
    p99_anywhere_ms: f64,
}

pub(crate) fn run() {
    let versions = setting("VERSIONS", 1_000_000);
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let small = directory.path().join("small.db");
    let large = directory.path().join("large.db");
    fill(&small, VERSIONS_EACH);
    let begun = Instant::now();
    fill(&large, versions);
    println!("size: {versions} versions written in {:.0} s", begun.elapsed().as_secs_f64());

    let empty = measure(&small, VERSIONS_EACH);
    let full = measure(&large, versions);
    let line = |what: &str, empty: f64, full: f64, goal: &str, met: bool| {
        println!("  {what:28} {empty:9.2} {full:9.2}   {goal:22} {}", verdict(met));
    };
    println!("                                   empty      full   goal");
    line("start, ms", empty.start_ms, full.start_ms, "full <= 2 x empty", full.start_ms <= 2.0 * empty.start_ms);
    let small_enough = empty.idle_mib <= 20.0 && full.idle_mib <= 150.0;
    line("memory when started, MiB", empty.idle_mib, full.idle_mib, "<= 20, full <= 150", small_enough);
    line("memory after load, MiB", empty.loaded_mib, full.loaded_mib, "full <= 150", full.loaded_mib <= 150.0);
    line("p99 of reads, ms", empty.p99_ms, full.p99_ms, "full <= 1.5 x empty", full.p99_ms <= 1.5 * empty.p99_ms);
    println!(
        "  {:28} {:9.2} {:9.2}   (uncached for the most part)",
        "p99 of random ids, ms", empty.p99_anywhere_ms, full.p99_anywhere_ms
    );
}

fn fill(database: &Path, versions: u32) {
    let url = format!("sqlite://{}", database.display());
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
        Store::migrate(&url).await.expect("a database");
        crate::fill::fill(&url, versions / VERSIONS_EACH, VERSIONS_EACH).await.expect("room for it");
    });
}

fn measure(database: &Path, versions: u32) -> Measured {
    let (rounds, seconds) = (setting("ROUNDS", 7), setting("SECONDS", 2));
    let start_ms = median((0..rounds).map(|_| Server::avow(database).started_in.as_secs_f64() * 1000.0).collect());
    let server = Server::avow(database);
    let idle_mib = server.resident();
    let file = database.with_extension("lua");
    // The same fifty ids and the latest of a subject on both, then ids from everywhere.
    let p99 = |highest: u32| {
        let script = format!(
            "local n = 0\nrequest = function() n = n + 1\n\
             if n % 4 == 0 then return wrk.format('GET', '/subjects/fill-0/versions/latest') end\n\
             return wrk.format('GET', '/schemas/ids/' .. math.random({highest})) end"
        );
        std::fs::write(&file, script).expect("a file");
        load::wrk(&server.address, &file, 1, load::CONNECTIONS);
        median((0..rounds).map(|_| load::wrk(&server.address, &file, seconds, load::CONNECTIONS).p99_ms).collect())
    };
    let p99_ms = p99(VERSIONS_EACH);
    let p99_anywhere_ms = p99(versions);
    Measured { start_ms, idle_mib, loaded_mib: server.resident(), p99_ms, p99_anywhere_ms }
}
