//! Nodes, databases and whole primaries are killed without a word while clients write; afterwards everything that was
//! acknowledged is there, and nothing is there twice.
//!
//! Short by default: `AVOW_CRASH_SECONDS`, `AVOW_CRASH_KILLS` and `AVOW_CRASH_FAILOVERS` make it long.
#![expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]

#[expect(dead_code, reason = "the integration tests use more of it")]
#[path = "../it/support/client.rs"]
mod client;
#[expect(dead_code, reason = "the integration tests use more of it")]
#[path = "../it/database/postgres.rs"]
mod harness;
mod node;
mod postgres;
#[expect(dead_code, reason = "the integration tests use more of it")]
#[path = "../it/support/proxy.rs"]
mod proxy;
mod workload;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use avow_registry::store;
use node::Node;
use postgres::Postgres;
use proxy::Proxy;
use tempfile::TempDir;
use workload::{Exchange, Workload, check};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("AVOW_CRASH_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

fn millis(range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(fastrand::u64(range))
}

fn addresses(nodes: &[Node]) -> Vec<SocketAddr> {
    nodes.iter().map(|node| node.address).collect()
}

async fn is_true(exchanges: &[Exchange], nodes: &mut [Node], url: &str, what: &str) {
    for node in &mut *nodes {
        node.is_ready().await;
    }
    let (acknowledged, lost) = check(exchanges, nodes[0].address).await;
    for node in nodes {
        node.kill();
    }
    let report = store::verify(url).await.expect("a database");
    assert_eq!(report.faults, Vec::<String>::new());
    println!("{what}: {} requests, {acknowledged} writes acknowledged, {lost} without a clear answer", exchanges.len());
    assert!(acknowledged > 0, "nothing was tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_and_the_primary_are_killed_at_random() {
    let mut database = Postgres::start().await;
    let url = database.url();
    let mut nodes: Vec<Node> = (0..3).map(|_| Node::start(&url)).collect();
    for node in &mut nodes {
        node.is_ready().await;
    }
    let clients = Workload::start(12, 0, &addresses(&nodes));
    let end = Instant::now() + Duration::from_secs(setting("SECONDS", 15));
    let (mut killed, mut crashed) = (0, 0);
    while Instant::now() < end {
        tokio::time::sleep(millis(100..900)).await;
        if fastrand::u8(0..4) == 0 {
            database.kill();
            tokio::time::sleep(millis(0..500)).await;
            database.start_again().await;
            crashed += 1;
        } else {
            let node = &mut nodes[fastrand::usize(0..3)];
            node.kill();
            killed += 1;
        }
        tokio::time::sleep(millis(0..300)).await;
        nodes.iter_mut().for_each(Node::keep_running);
    }
    for node in &mut nodes {
        node.is_ready().await;
    }
    clients.goes_on(20).await;
    let exchanges = clients.stop().await;
    is_true(&exchanges, &mut nodes, &url, &format!("{killed} nodes and {crashed} primaries killed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_killed_in_the_middle_of_writes() {
    let kills = setting("KILLS", 40);
    let directory = TempDir::new().expect("a directory");
    let url = format!("sqlite://{}", directory.path().join("avow.db").display());
    let mut nodes = vec![Node::start(&url)];
    let mut exchanges = Vec::new();
    for round in 0..kills {
        nodes[0].is_ready().await;
        let clients = Workload::start(4, round, &addresses(&nodes));
        clients.goes_on(1).await;
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..60_000))).await;
        nodes[0].kill();
        exchanges.extend(clients.stop().await);
    }
    is_true(&exchanges, &mut nodes, &url, &format!("SQLite killed {kills} times")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_over() {
    let mut primary = Postgres::start().await;
    let proxy = Proxy::before(&primary.url()).await;
    let mut nodes: Vec<Node> = (0..3).map(|_| Node::start(proxy.url())).collect();
    for node in &mut nodes {
        node.is_ready().await;
    }
    let clients = Workload::start(12, 0, &addresses(&nodes));
    let failovers = setting("FAILOVERS", 1);
    let mut slowest = Duration::ZERO;
    for _ in 0..failovers {
        let standby = primary.standby().await;
        clients.goes_on(100).await;
        let began = Instant::now();
        primary.kill();
        standby.promote().await;
        proxy.lead_to(&standby.url());
        clients.goes_on(20).await;
        slowest = slowest.max(began.elapsed());
        primary = standby;
    }
    let exchanges = clients.stop().await;
    let what = format!("{failovers} failovers, writes went on after at most {} ms", slowest.as_millis());
    is_true(&exchanges, &mut nodes, &primary.url(), &what).await;
}
