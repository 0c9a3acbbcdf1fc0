//! Snapshots: fetched from registries that hand out many schemas at once and from those that do not, and whose they are.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avow_client::rest::{Client, Retry};
use avow_client::wire::SchemaKey;
use avow_client::{Counters, Registry, Snapshot};
use serde_json::{Value, json};

use crate::support::{Asked, Double, Reply, file_written};

fn client(double: &Double) -> Client {
    Client::builder([&double.url]).retry(Retry::default().pause(Duration::from_millis(1))).build().unwrap()
}

fn version(subject: &str, version: i32, id: u32) -> Value {
    json!({"subject": subject, "version": version, "id": id, "schema": format!(r#"{{"type":"fixed","name":"F{id}","size":1}}"#)})
}

/// One that lists versions page by page, and refers `b` to `a`.
fn pages(asked: &Asked) -> Reply {
    let path = asked.path.as_str();
    if path.starts_with("/schemas?") {
        assert!(path.contains("subjectPrefix=or") && path.contains("deleted=true"), "{path}");
        let mut second = version("orders-b", 1, 2);
        second["references"] = json!([{"name": "F1", "subject": "orders-a", "version": 1}]);
        return Reply::ok(json!([version("orders-a", 1, 1), second, version("orders-c", 1, 1)]));
    }
    if path.starts_with("/subjects/orders-a/versions/1") {
        return Reply::ok(version("orders-a", 1, 1));
    }
    Reply::error(404, "HTTP 404 Not Found")
}

/// One that lists subjects only.
fn old(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/subjects" => Reply::ok(json!(["else", "orders-a", "orders-gone"])),
        "/subjects/orders-a/versions" => Reply::ok(json!([1, 3])),
        "/subjects/orders-a/versions/1" => Reply::ok(version("orders-a", 1, 1)),
        "/subjects/orders-a/versions/3" => Reply::ok(version("orders-a", 3, 2)),
        "/subjects/orders-gone/versions" => Reply::error(40401, "Subject not found."),
        _ => Reply::error(404, "HTTP 404 Not Found"),
    }
}

#[tokio::test]
async fn registries_without_a_bulk_read_are_asked_for_versions() {
    for script in [pages as fn(&Asked) -> Reply, old] {
        let double = Double::start(script).await;
        let registry = Registry::new(client(&double));
        assert_eq!(registry.prefetch_subjects("or").await.unwrap(), 2, "{:?}", double.lines());
        for id in [1, 2] {
            let schema = registry.schema_now(SchemaKey::Id(id)).expect("it was loaded");
            assert_eq!(schema.avro().map(|schema| schema.full_name().map(Cow::into_owned)), Ok(Some(format!("F{id}"))));
        }
        assert_eq!(registry.snapshot().registry(), None);
    }
    let double = Double::start(|_| Reply::error(403, "no")).await;
    assert!(Registry::new(client(&double)).prefetch_subjects("").await.unwrap_err().is_forbidden());
}

/// A registry that says who it is, and knows one schema.
async fn registry_called(name: Arc<Mutex<Value>>) -> Double {
    Double::start(move |asked| match asked.path.as_str() {
        "/v1/metadata/id" => Reply::ok(name.lock().unwrap().clone()),
        path if path.starts_with("/schemas/ids/7") => Reply::ok(json!({"schema": "\"long\""})),
        path => Reply::error(404, path),
    })
    .await
}

fn kafka(cluster: &str) -> Value {
    json!({"scope": {"path": [], "clusters": {"kafka-cluster": cluster, "schema-registry-cluster": "schema-registry"}}})
}

#[tokio::test]
async fn a_snapshot_of_another_registry_is_forgotten_before_anything_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schemas.jsonl");
    let name = Arc::new(Mutex::new(kafka("one")));
    let double = registry_called(Arc::clone(&name)).await;
    let first = Registry::builder(client(&double)).snapshot_file(&file).unwrap().build();
    first.schema(SchemaKey::Id(7)).await.unwrap();
    file_written(&file).await;
    let snapshot = Snapshot::read(&file).unwrap();
    assert_eq!(snapshot.registry(), Some("kafka-cluster=one,schema-registry-cluster=schema-registry"));

    for (answer, is_refused) in [
        (kafka("one"), false),
        (kafka("two"), true),
        (json!({"id": "x", "scope": {"path": [], "clusters": {}}}), true),
        // Nothing that identifies the registry.
        (json!({"scope": {"path": [], "clusters": {"schema-registry-cluster": "schema-registry"}}}), false),
        (json!([]), false),
    ] {
        *name.lock().unwrap() = answer.clone();
        let counters = Counters::shared();
        let observed = Client::builder([&double.url]).observer(Arc::clone(&counters)).build().unwrap();
        let registry = Registry::builder(observed).snapshot_file(&file).unwrap().build();
        assert!(registry.schema_now(SchemaKey::Id(7)).is_some());
        assert!(registry.schema(SchemaKey::Id(8)).await.is_err());
        assert_eq!(registry.schema_now(SchemaKey::Id(7)).is_none(), is_refused, "{answer}");
        assert_eq!(counters.read().snapshots_refused, u64::from(is_refused), "{answer}");
        let opened = Registry::builder(client(&double)).snapshot_file(&file).unwrap().open().await;
        assert_eq!(opened.is_err(), is_refused, "{answer}");
        if let Err(error) = opened {
            assert!(error.to_string().contains("delete the file"), "{error}");
        }
    }
    assert_eq!(Snapshot::read(&file).unwrap(), snapshot);
}

#[tokio::test]
async fn nobody_is_asked_who_they_are_without_a_reason() {
    let double = registry_called(Arc::new(Mutex::new(kafka("one")))).await;
    let registry = Registry::new(client(&double));
    registry.schema(SchemaKey::Id(7)).await.unwrap();
    assert_eq!(double.lines().len(), 1, "{:?}", double.lines());
}
