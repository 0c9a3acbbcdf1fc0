//! Many clients at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::support::{Client, Server};

const CLIENTS: usize = 40;

async fn register(client: &Client, subject: &str, schema: &str) -> serde_json::Value {
    let body = json!({ "schema": schema }).to_string();
    let json = [("content-type", "application/json")];
    client.send("POST", &format!("/subjects/{subject}/versions"), &json, body).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_one_subject_get_versions_without_gaps() {
    let server = Server::start().await;
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    let answers = join_all((0..CLIENTS).map(async |number| {
        let schema = format!(r#"{{"type":"fixed","name":"F","size":{number}}}"#);
        register(&server.connect(), "s", &schema).await
    }))
    .await;
    let numbers = |key: &str| answers.iter().map(|it| it[key].as_u64().expect("a number")).collect::<BTreeSet<_>>();
    assert_eq!(numbers("version"), (1..=CLIENTS as u64).collect());
    assert_eq!(numbers("id"), (1..=CLIENTS as u64).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_schema_from_everyone_is_one_version() {
    let server = Server::start().await;
    let answers = join_all((0..CLIENTS).map(async |_| register(&server.connect(), "s", r#""int""#).await)).await;
    assert!(answers.iter().all(|it| (it["id"].as_u64(), it["version"].as_u64()) == (Some(1), Some(1))));
    assert_eq!(server.get("/subjects/s/versions").await.ok(), json!([1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_schema_in_many_subjects_has_one_id() {
    let server = Server::start().await;
    let answers =
        join_all((0..CLIENTS).map(async |number| register(&server.connect(), &format!("s{number}"), r#""int""#).await))
            .await;
    assert!(answers.iter().all(|it| it["id"] == 1));
    assert_eq!(server.register("another", r#""long""#).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incompatible_writers_cannot_both_win() {
    let server = Server::start().await;
    let schemas = [r#""int""#, r#""string""#];
    let statuses = join_all((0..CLIENTS).map(async |number| {
        let body = json!({ "schema": schemas[number % 2] }).to_string();
        server.connect().send("POST", "/subjects/s/versions", &[], body).await.status
    }))
    .await;
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    assert_eq!(server.get("/subjects/s/versions").await.ok(), json!([1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_begin_to_refer_to_one_version_at_once() {
    const REFERRERS: usize = 150;
    let server = Server::start().await;
    server.register("address", r#"{"type":"record","name":"Address","fields":[]}"#).await;
    let statuses = join_all((0..REFERRERS).map(async |number| {
        let schema = format!(r#"{{"type":"record","name":"R{number}","fields":[{{"name":"a","type":"Address"}}]}}"#);
        let references = json!([{"name": "Address", "subject": "address", "version": 1}]);
        let body = json!({"schema": schema, "references": references}).to_string();
        server.connect().send("POST", &format!("/subjects/r{number}/versions"), &[], body).await.status
    }))
    .await;
    assert_eq!(statuses, [200; REFERRERS]);
    let referrers = server.get("/subjects/address/versions/1/referencedby").await.ok();
    assert_eq!(referrers.as_array().map(Vec::len), Some(REFERRERS));
    assert_eq!(server.delete("/subjects/address/versions/1").await.error(), (422, 42206));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_concurrently_deleted_version_gets_no_referrer() {
    let server = Server::start().await;
    for round in 0..CLIENTS {
        let target = format!("t{round}");
        server.register(&target, &format!(r#"{{"type":"record","name":"T{round}","fields":[]}}"#)).await;
        let schema = format!(r#"{{"type":"record","name":"R","fields":[{{"name":"t","type":"T{round}"}}]}}"#);
        let references = json!([{"name": format!("T{round}"), "subject": target, "version": 1}]);
        let body = json!({"schema": schema, "references": references}).to_string();
        let (referring, deleting) = (server.connect(), server.connect());
        let (register, delete) = (format!("/subjects/r{round}/versions"), format!("/subjects/{target}/versions/1"));
        let (referred, deleted) =
            tokio::join!(referring.send("POST", &register, &[], body), deleting.send("DELETE", &delete, &[], ""));
        // The first one wins; the other is refused.
        match (referred.status, deleted.status) {
            (200, 422) | (422, 200) => {}
            both => panic!("{both:?}: {} {}", referred.text(), deleted.text()),
        }
    }
}
