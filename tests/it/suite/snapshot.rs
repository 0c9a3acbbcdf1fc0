//! Schemas of many ids at once, and the identity of the registry.

use avow_client::rest::Client;
use avow_client::wire::SchemaKey;
use avow_client::{Deserializer, Registry, Snapshot, SnapshotError};
use serde_json::{Value, json};

use super::support::Server;

const ONE: &str = r#"{"type":"record","name":"One","fields":[]}"#;
const TWO: &str = r#"{"type":"record","name":"Two","fields":[{"name":"one","type":"One"}]}"#;
const THREE: &str = r#"{"type":"record","name":"Three","fields":[{"name":"two","type":"Two"}]}"#;

async fn filled() -> Server {
    let server = Server::start().await;
    server.register("one", ONE).await;
    let two = json!({"schema": TWO, "references": [{"name": "One", "subject": "one", "version": 1}]});
    server.post("/subjects/two/versions", &two).await.ok();
    let three = json!({"schema": THREE, "references": [{"name": "Two", "subject": "two", "version": 1}]});
    server.post("/subjects/three/versions", &three).await.ok();
    server.register("again", ONE).await;
    server.register("gone", "\"int\"").await;
    server.delete("/subjects/gone").await.ok();
    server.register(":.x:one", "\"long\"").await;
    server
}

async fn page(server: &Server, query: &str) -> Value {
    server.get(&format!("/avow/v1/snapshot{query}")).await.ok()
}

fn ids(page: &Value) -> Vec<i64> {
    page["schemas"].as_array().expect("schemas").iter().map(|it| it["id"].as_i64().expect("an id")).collect()
}

#[tokio::test]
async fn schemas_come_with_all_that_they_refer_to() {
    let server = filled().await;
    let all = page(&server, "").await;
    assert_eq!((ids(&all), &all["next"], &all["context"]), (vec![1, 2, 3, 4], &Value::Null, &json!(".")));
    assert_eq!(all["seq"], 7);
    assert_eq!(all["registry"], server.get("/v1/metadata/id").await.ok()["id"]);
    let three = server.get("/schemas/ids/3").await.ok();
    assert_eq!(
        all["schemas"][2],
        json!({"id": 3, "guid": three["guid"], "schemaType": "AVRO", "schema": THREE, "references": [
            {"name": "One", "subject": "one", "version": 1, "schema": ONE},
            {"name": "Two", "subject": "two", "version": 1, "schema": TWO}]})
    );
    for (query, expected) in [
        ("?name=one", &[1][..]),
        ("?name=ag*", &[1]),
        ("?name=t*&name=gone", &[2, 3, 4]),
        ("?context=x", &[1]),
        ("?context=y", &[]),
        ("?ids=3,1,3,99", &[1, 3]),
    ] {
        assert_eq!(ids(&page(&server, query).await), expected, "{query}");
    }
    assert_eq!(ids(&server.get("/contexts/x/avow/v1/snapshot").await.ok()), [1]);

    let (mut found, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let page = page(&server, &query).await;
        found.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
        query = format!("?limit=1&cursor={next}");
    }
    assert_eq!(found, [1, 2, 3, 4]);
    for query in ["?limit=0", "?limit=1001", "?ids=x", "?ids=-1", "?cursor=x", "?name=%5B", "?context=a:b"] {
        assert_eq!(server.get(&format!("/avow/v1/snapshot{query}")).await.error().0, 400, "{query}");
    }
    let many: Vec<String> = (0..201).map(|id| id.to_string()).collect();
    assert_eq!(server.get(&format!("/avow/v1/snapshot?ids={}", many.join(","))).await.error().0, 400);
    server.stop().await;
}

#[tokio::test]
async fn an_id_of_many_subjects_is_listed_once() {
    let server = Server::start().await;
    for batch in 0..2 {
        let operations: Vec<Value> = (0..600)
            .map(|number| json!({"op": "register", "subject": format!("s{batch}-{number:03}"), "schema": "\"int\""}))
            .collect();
        server.post("/avow/v1/apply", &json!({ "operations": operations })).await.ok();
    }
    server.register("other", "\"long\"").await;
    assert_eq!(ids(&page(&server, "").await), [1, 2]);
    assert_eq!(ids(&page(&server, "?name=s1-*").await), [1]);
    server.stop().await;
}

fn client(server: &Server) -> Client {
    Client::builder([format!("http://{}", server.address())]).build().expect("a client")
}

#[tokio::test]
async fn a_snapshot_is_that_of_one_registry() {
    let (server, other) = (filled().await, filled().await);
    let registry = Registry::new(client(&server));
    assert_eq!(registry.prefetch_subjects("").await.expect("all"), 4);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.registry(), server.get("/v1/metadata/id").await.ok()["id"].as_str());
    assert_eq!(Registry::new(client(&server)).prefetch_subjects("t").await.expect("some"), 2);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("schemas.jsonl");
    snapshot.write(&file).expect("a file");
    let same = Registry::builder(client(&server))
        .snapshot_file(&file)
        .expect("a snapshot of this registry")
        .open()
        .await
        .expect("a snapshot of this registry");
    assert!(same.schema_now(SchemaKey::Id(3)).is_some());
    let refused = Registry::builder(client(&other)).snapshot_file(&file).expect("a snapshot").open().await;
    assert!(matches!(refused, Err(SnapshotError::OtherRegistry { .. })));
    assert_eq!(Snapshot::read(&file).expect("it is left as it was"), snapshot);

    let address = server.address();
    server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let down = Client::builder([format!("http://{address}")]).build().expect("a client");
    let cold = Registry::builder(down)
        .snapshot_file(&file)
        .expect("a snapshot of this registry")
        .open()
        .await
        .expect("it has to do");
    let mut nothing = Deserializer::<std::collections::BTreeMap<String, Value>>::new(&cold);
    assert!(nothing.decode(&[0, 0, 0, 0, 1]).await.expect("a record").is_some());
    other.stop().await;
}
