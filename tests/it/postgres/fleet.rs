//! Several nodes on one database behave as one registry.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::database::Database;
use super::support::Server;
use super::watch::count;

const NODES: usize = 3;

async fn fleet(flags: &[&str]) -> Vec<Server> {
    let database = Database::new().await;
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(Server::start_on(database.clone(), flags).await);
    }
    nodes
}

fn record(name: &str, fields: usize) -> String {
    let fields: Vec<_> =
        (0..fields).map(|field| json!({"name": format!("f{field}"), "type": "int", "default": 0})).collect();
    json!({"type": "record", "name": name, "fields": fields}).to_string()
}

fn seq(answer: &super::support::Answer) -> u64 {
    answer.header("avow-seq").expect("a position").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_writes_the_others_read_at_once() {
    let nodes = fleet(&[]).await;
    nodes[0].put("/config", &json!({"compatibility": "NONE"})).await.ok();
    for version in 1..=30 {
        let writer = &nodes[version % NODES];
        let body = json!({ "schema": record("R", version) });
        let written = writer.post("/subjects/s/versions", &body).await;
        let id = written.ok()["id"].clone();
        for reader in &nodes {
            let latest = reader.get("/subjects/s/versions/latest").await;
            assert_eq!(latest.ok()["version"], version);
            assert!(seq(&latest) >= seq(&written), "read at a position before the write");
            assert_eq!(reader.post("/subjects/s", &body).await.ok()["id"], id);
            assert_eq!(reader.get(&format!("/schemas/ids/{id}")).await.status, 200);
            assert_eq!(reader.get("/subjects/s/versions").await.ok().as_array().map(Vec::len), Some(version));
        }
    }
    nodes[1].delete("/subjects/s").await.ok();
    for node in &nodes {
        assert_eq!(node.get("/subjects/s/versions/latest").await.error(), (404, 40401));
        assert_eq!(node.get("/subjects").await.ok(), json!([]));
    }
    nodes[2].put("/config/s", &json!({"compatibility": "FULL"})).await.ok();
    for node in &nodes {
        assert_eq!(node.get("/config/s").await.ok()["compatibilityLevel"], "FULL");
        assert_eq!(node.get("/config/s?defaultToGlobal=true").await.ok()["compatibilityLevel"], "FULL");
    }
}

/// A registration that writes is guarded; any other decision must not rest on stale facts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_writes_nothing_knows_what_others_wrote() {
    let nodes = fleet(&[]).await;
    let (here, there) = (&nodes[0], &nodes[1]);
    for round in 0..10 {
        let versions = format!("/subjects/s{round}/versions");
        // A cached answer is revalidated in another way, so each request has a target of its own.
        let register = async |node: &Server, how: &str, name: &str| {
            node.post(&format!("{versions}?{how}"), &json!({ "schema": record(name, round) })).await
        };
        register(here, "first", "R").await.ok();
        assert_eq!(register(here, "refused", "Q").await.error(), (409, 40901));

        let written = there.put(&format!("/config/s{round}"), &json!({"compatibility": "NONE"})).await;
        let answer = register(here, "refused-no-more", "Q").await;
        assert_eq!(answer.ok()["version"], 2);
        assert!(seq(&answer) > seq(&written));

        let written = there.delete(&format!("{versions}/1")).await;
        let answer = register(here, "there-no-more", "R").await;
        assert_eq!(answer.ok()["version"], 3);
        assert!(seq(&answer) > seq(&written));

        let written = register(there, "before-others", "T").await;
        let answer = register(here, "there-by-now", "T").await;
        assert_eq!(answer.ok(), written.ok());
        assert!(seq(&answer) >= seq(&written));

        let written = there.put(&format!("/mode/s{round}"), &json!({"mode": "READONLY"})).await;
        let answer = register(here, "forbidden-by-now", "U").await;
        assert_eq!(answer.error(), (422, 42205));
        assert!(seq(&answer) >= seq(&written));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_writes_asks_nothing() {
    const REGISTRATIONS: u64 = 200;
    let server = Server::start().await;
    let questions =
        async || count(&server, r#"schema_registry_db_query_duration_seconds_count{operation="head"}"#).await;
    server.get("/subjects").await.ok();
    let before = questions().await;
    for number in 0..REGISTRATIONS {
        server.register(&format!("s{number}"), &record("R", 1)).await;
    }
    // A node also polls by itself, about once a second.
    assert!(questions().await - before < REGISTRATIONS / 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_on_all_nodes_get_ids_and_versions_without_gaps() {
    const WRITERS: usize = 45;
    let nodes = fleet(&[]).await;
    nodes[0].put("/config", &json!({"compatibility": "NONE"})).await.ok();
    let answers = join_all((0..WRITERS).map(async |number| {
        let node = nodes[number % NODES].connect();
        let body = json!({ "schema": format!(r#"{{"type":"fixed","name":"F","size":{number}}}"#) });
        node.post("/subjects/s/versions", &body).await.ok()
    }))
    .await;
    for key in ["id", "version"] {
        let mut numbers: Vec<u64> = answers.iter().map(|answer| answer[key].as_u64().expect("a number")).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=WRITERS as u64).collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_content_gets_one_id_on_all_nodes() {
    let nodes = fleet(&[]).await;
    for round in 0..20 {
        let body = json!({ "schema": record(&format!("R{round}"), 1) });
        let answers = join_all((0..NODES * 3).map(async |number| {
            let path = format!("/subjects/s{}/versions", number % 5);
            nodes[number % NODES].connect().post(&path, &body).await
        }))
        .await;
        let ids: Vec<Value> = answers.iter().filter(|it| it.status == 200).map(|it| it.json()["id"].clone()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_users_of_an_id_show_within_a_poll() {
    let nodes = fleet(&[]).await;
    let id = nodes[0].register("s", &record("R", 1)).await;
    let path = format!("/schemas/ids/{id}");
    for node in &nodes {
        node.get(&path).await.ok();
    }
    nodes[0].delete("/subjects/s").await.ok();
    nodes[0].delete("/subjects/s?permanent=true").await.ok();
    for node in &nodes {
        while node.get(&path).await.status == 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(node.get(&path).await.error(), (404, 40403));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_stated_staleness_nodes_catch_up_on_their_own() {
    let nodes = fleet(&["--read-staleness", "60000"]).await;
    nodes[0].get("/subjects").await.ok();
    nodes[1].register("s", &record("R", 1)).await;
    // The writing node knows its own write; the others poll.
    assert_eq!(nodes[1].get("/subjects/s/versions").await.ok(), json!([1]));
    while nodes[0].get("/subjects/s/versions").await.status != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
