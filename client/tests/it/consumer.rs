//! What a consumer sees: every record one outcome, and a registry that is hardly ever asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avow_client::rest::{Client, Retry};
use avow_client::wire::{Part, Record, SchemaKey};
use avow_client::{Caches, Class, Deserializer, Disposition, Registry, Snapshot, Undecodable};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Asked, Double, Reply, file_written, nobody, pass};

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Sale {
    id: i64,
    item: String,
}

const SALE: &str =
    r#"{"type":"record","name":"Sale","fields":[{"name":"id","type":"long"},{"name":"item","type":"string"}]}"#;
const GUID: &str = "2f7c1d90-0000-4a5b-8c6d-0102030405ff";

fn sale(id: i64) -> Sale {
    Sale { id, item: "tea".to_owned() }
}

/// `{id, "tea"}`, framed with a schema's id.
fn record(schema: u32, id: u8) -> Vec<u8> {
    [SchemaKey::Id(schema).to_bytes().as_slice(), &[id * 2, 6], b"tea"].concat()
}

fn quick() -> Retry {
    Retry::default().pause(Duration::from_millis(1)).attempt(Duration::from_millis(400))
}

fn client<'u>(urls: impl IntoIterator<Item = &'u String>) -> Client {
    Client::builder(urls.into_iter().collect::<Vec<_>>()).retry(quick()).build().unwrap()
}

fn registry(double: &Double) -> Registry {
    Registry::new(client([&double.url]))
}

fn by_id(text: &str) -> Reply {
    Reply::ok(json!({"schema": text, "guid": GUID}))
}

fn class<T: std::fmt::Debug>(outcome: Result<Option<T>, Undecodable>) -> Class {
    outcome.unwrap_err().class()
}

#[tokio::test]
async fn what_was_loaded_is_never_asked_for_again() {
    let double = Double::answering([by_id(SALE)]).await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    assert_eq!(class(sales.decode_now(&record(7, 1))), Class::NotLoaded, "nothing is asked");
    assert_eq!(double.lines(), [""; 0]);
    for id in 1..10 {
        assert_eq!(sales.decode(&record(7, id)).await.unwrap(), Some(sale(i64::from(id))));
        assert_eq!(sales.decode_now(&record(7, id)).unwrap(), Some(sale(i64::from(id))));
        assert_eq!(sales.clone().decode_now(&record(7, id)).unwrap(), Some(sale(i64::from(id))));
    }
    assert_eq!(double.lines(), ["GET /schemas/ids/7"]);
    assert_eq!(sales.decode(None).await.unwrap(), None, "a tombstone");
}

#[tokio::test]
async fn ten_thousand_records_of_a_new_schema_ask_once() {
    let double = Double::answering([by_id(SALE).after(Duration::from_millis(50))]).await;
    let sales = Deserializer::<Sale>::new(&registry(&double));
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let mut sales = sales.clone();
            tokio::spawn(async move { sales.decode(&record(7, 1)).await.unwrap() })
        })
        .collect();
    // Some give up waiting; the others do not notice.
    for task in tasks.iter().step_by(10) {
        task.abort();
    }
    let mut decoded = 0;
    for task in tasks {
        if let Ok(value) = task.await {
            assert_eq!(value, Some(sale(1)));
            decoded += 1;
        }
    }
    assert!(decoded >= 9_000);
    assert_eq!(double.lines(), ["GET /schemas/ids/7"]);
}

#[tokio::test]
async fn a_batch_asks_for_each_schema_once() {
    let double = Double::start(|asked| match asked.path.as_str() {
        "/schemas/ids/9" => Reply::error(40403, "Schema 9 not found"),
        _ => Reply::ok(json!({"schema": SALE})),
    })
    .await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    let payloads: Vec<_> = (0..40).map(|n| record(7 + n % 3, 1)).collect();
    let outcomes = sales.decode_batch(&payloads).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match n % 3 {
            2 => assert_eq!(class(outcome), Class::UnknownSchema),
            _ => assert_eq!(outcome.unwrap(), Some(sale(1))),
        }
    }
    let mut lines = double.lines();
    lines.sort();
    assert_eq!(lines, ["GET /schemas/ids/7", "GET /schemas/ids/8", "GET /schemas/ids/9"]);
}

#[tokio::test]
async fn a_slow_schema_delays_nobody_else() {
    let double = Double::start(|asked| match asked.path.as_str() {
        "/schemas/ids/8" => Reply::hangs(),
        _ => Reply::ok(json!({"schema": SALE})),
    })
    .await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    sales.decode(&record(7, 1)).await.unwrap();
    let mut other = sales.clone();
    let slow = tokio::spawn(async move { other.decode(&record(8, 1)).await });
    while double.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        sales.decode(&record(7, 1)).await.unwrap();
    }
    sales.decode(&record(9, 1)).await.unwrap();
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test]
async fn garbage_does_not_flood_the_registry() {
    let double = Double::answering([Reply::error(40403, "not found")]).await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    let mut classes = BTreeMap::new();
    for id in 0..2000 {
        *classes.entry(class(sales.decode(&record(id, 1)).await).as_str()).or_insert(0) += 1;
    }
    assert!(classes["registry-unavailable"] > 1500, "{classes:?}");
    assert!(double.asked().len() < 500, "{} requests", double.asked().len());
}

#[tokio::test]
async fn a_miss_is_remembered_for_a_moment_and_found_out_later() {
    let double = Double::answering([Reply::error(40403, "not found")]).await;
    let mut caches = Caches::default();
    (caches.miss_ttl, caches.miss_grace_period) = (Duration::from_millis(100), Duration::from_millis(50));
    let registry = Registry::builder(client([&double.url])).caches(caches).build();
    let mut sales = Deserializer::<Sale>::new(&registry);
    let error = sales.decode(&record(7, 1)).await.unwrap_err();
    assert_eq!((error.class(), error.schema_key()), (Class::UnknownSchema, Some(SchemaKey::Id(7))));
    assert!(matches!(error.disposition(), Disposition::RetryAfter(_)), "it may just be new");
    for _ in 0..100 {
        sales.decode(&record(7, 1)).await.unwrap_err();
    }
    assert_eq!(double.asked().len(), 1);
    pass(Duration::from_millis(60)).await;
    let error = sales.decode(&record(7, 1)).await.unwrap_err();
    assert_eq!((error.disposition(), error.is_retriable()), (Disposition::DeadLetter, false));
    double.now(|_| by_id(SALE));
    pass(Duration::from_millis(100)).await;
    assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)), "registered meanwhile");
}

#[tokio::test]
async fn an_outage_costs_nothing_of_what_was_seen() {
    let double = Double::answering([by_id(SALE)]).await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    sales.decode(&record(7, 1)).await.unwrap();
    double.now(|_| Reply::error(503, "down"));
    let before = double.asked().len();
    for n in 0..100_000_u32 {
        assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)));
        if n % 100 == 0 {
            let error = sales.decode(&record(1000 + n, 1)).await.unwrap_err();
            assert_eq!(error.class(), Class::RegistryUnavailable);
            assert!(error.is_retriable(), "{error:?}");
        }
    }
    let asked = double.asked().len() - before;
    assert!(asked <= 6, "{asked} requests in a second or so, for 1,000 records of new schemas");
}

#[tokio::test]
async fn what_fails_for_a_moment_is_not_remembered() {
    for failure in [401, 403, 408, 429, 500, 502, 503, 504] {
        fails_for_a_moment(failure).await;
    }
}

async fn fails_for_a_moment(failure: u32) {
    let double = Double::answering([Reply::error(failure, "not now")]).await;
    let registry = Registry::new(Client::builder([&double.url]).retry(Retry::never()).build().unwrap());
    let mut sales = Deserializer::<Sale>::new(&registry);
    let error = sales.decode(&record(7, 1)).await.unwrap_err();
    let denied = matches!(failure, 401 | 403);
    assert_eq!(error.class(), if denied { Class::NotAllowed } else { Class::RegistryUnavailable }, "{failure}");
    assert_eq!(error.disposition() == Disposition::Stop, denied);
    for _ in 0..10 {
        sales.decode(&record(7, 1)).await.unwrap_err();
    }
    assert_eq!(double.asked().len(), 1, "{failure}: once in a second");
    double.now(|_| by_id(SALE));
    pass(Duration::from_millis(1010)).await;
    assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)), "{failure}");
}

#[tokio::test]
async fn two_guids_are_two_schemas() {
    let other = "00000000-0000-0000-0000-00000000000a";
    let reversed =
        r#"{"type":"record","name":"Sale","fields":[{"name":"item","type":"string"},{"name":"id","type":"long"}]}"#;
    let double = Double::start(move |asked| {
        // As answers by GUID are: without an id.
        Reply::ok(json!({"schema": if asked.path.ends_with(other) { reversed } else { SALE }}))
    })
    .await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    let header = |guid: &str| SchemaKey::Guid(guid.parse().unwrap()).to_bytes();
    for _ in 0..2 {
        let (one, two) = (header(GUID), header(other));
        let record = Record::from(b"\x02\x06tea").with_header(Some(one.as_slice()));
        assert_eq!(sales.decode(record).await.unwrap(), Some(sale(1)));
        let record = Record::from(b"\x06tea\x02").with_header(Some(two.as_slice()));
        assert_eq!(sales.decode(record).await.unwrap(), Some(sale(1)));
    }
    assert_eq!(double.lines(), [format!("GET /schemas/guids/{GUID}"), format!("GET /schemas/guids/{other}")]);
}

#[tokio::test]
async fn an_id_means_something_in_its_context_only() {
    let double = Double::start(|asked| match asked.path.as_str() {
        "/schemas/ids/7?subject=%3A.staging%3A" => Reply::ok(json!({"schema": "\"long\""})),
        _ => Reply::ok(json!({"schema": SALE})),
    })
    .await;
    let client = client([&double.url]);
    let staging = Registry::new(client.in_context(".staging"));
    let mut longs = Deserializer::<i64>::new(&staging);
    let mut sales = Deserializer::<Sale>::new(&Registry::new(client));
    assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)));
    assert_eq!(longs.decode(&[0, 0, 0, 0, 7, 2]).await.unwrap(), Some(1));
}

fn with_references(asked: &Asked) -> Reply {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let record =
        |name: &str, fields: Value| json!({"type": "record", "name": name, "namespace": "n", "fields": fields});
    let reference = |name: &str, subject: &str| json!({"name": name, "subject": subject, "version": 1});
    let answer = |schema: Value, references: Value| json!({"subject": "x", "version": 1, "id": 1, "schema": schema.to_string(), "references": references});
    Reply::ok(match asked.path.as_str() {
        "/schemas/ids/7" => answer(
            // One type twice, once by its short name; and one that both refer to.
            record("Order", json!([field("price", "n.Money"), field("paid", "Money"), field("unit", "n.Unit")])),
            json!([reference("n.Money", "money"), reference("n.Unit", "unit/é")]),
        ),
        "/subjects/money/versions/1?deleted=true" => answer(
            record("Money", json!([field("cents", "long"), field("unit", "Unit")])),
            json!([reference("n.Unit", "unit/é")]),
        ),
        "/subjects/unit%2F%C3%A9/versions/1?deleted=true" => {
            answer(json!({"type": "enum", "name": "Unit", "namespace": "n", "symbols": ["EUR", "USD"]}), json!([]))
        }
        _ => return Reply::error(40402, "Version not found"),
    })
}

#[derive(Debug, PartialEq, Deserialize)]
enum Unit {
    #[serde(rename = "EUR")]
    Euro,
    #[serde(rename = "USD")]
    Dollar,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Money {
    cents: i64,
    unit: Unit,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Order {
    price: Money,
    paid: Money,
    unit: Unit,
}

#[tokio::test]
async fn references_are_found_however_they_are_named() {
    let double = Double::start(with_references).await;
    let mut orders = Deserializer::<Order>::new(&registry(&double));
    let payload = [0, 0, 0, 0, 7, 2, 0, 4, 2, 0];
    let order = orders.decode(&payload).await.unwrap().unwrap();
    let money = |cents, unit| Money { cents, unit };
    assert_eq!(order, Order { price: money(1, Unit::Euro), paid: money(2, Unit::Dollar), unit: Unit::Euro });
    assert_eq!(double.asked().len(), 3, "each once: {:?}", double.lines());
}

#[tokio::test]
async fn a_reference_that_fails_for_a_moment_is_not_remembered() {
    let failing = Arc::new(Mutex::new(Some(Reply::error(503, "down"))));
    let fails = Arc::clone(&failing);
    let double = Double::start(move |asked| match &*fails.lock().unwrap() {
        Some(failure) if asked.path.starts_with("/subjects/money") => failure.clone(),
        _ => with_references(asked),
    })
    .await;
    let registry = Registry::new(Client::builder([&double.url]).retry(Retry::never()).build().unwrap());
    let mut orders = Deserializer::<Order>::new(&registry);
    let payload = [0, 0, 0, 0, 7, 2, 0, 4, 2, 0];
    assert_eq!(class(orders.decode(&payload).await), Class::RegistryUnavailable);
    *failing.lock().unwrap() = Some(Reply::error(40402, "Version 1 not found."));
    pass(Duration::from_millis(1010)).await;
    let error = orders.decode(&payload).await.unwrap_err();
    assert_eq!(error.class(), Class::RegistryUnavailable, "the schema itself is there: {error}");
    assert_eq!(error.disposition(), Disposition::Stop, "somebody has to look: {error}");
    let before = double.asked().len();
    assert_eq!(class(orders.decode(&payload).await), Class::RegistryUnavailable);
    assert_eq!(double.asked().len(), before, "remembered for a moment");
    assert_eq!(class(orders.decode(&record(8, 1)).await), Class::UnknownSchema, "others are asked for meanwhile");
    assert!(error.to_string().contains("`money` version 1"), "{error}");
    *failing.lock().unwrap() = None;
    pass(Duration::from_millis(1010)).await;
    assert!(orders.decode(&payload).await.unwrap().is_some());
}

#[tokio::test]
async fn references_in_a_circle_end() {
    let double = Double::start(|asked| {
        let other = if asked.path.contains("/a/") { "b" } else { "a" };
        Reply::ok(json!({
            "subject": "x", "version": 1, "id": 1, "schema": SALE,
            "references": [{"name": "Sale", "subject": other, "version": 1}]
        }))
    })
    .await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)));
    assert_eq!(double.asked().len(), 3);
}

#[tokio::test]
async fn errors_describe_the_record() {
    let rules = json!({"encodingRules": [{"name": "encrypt it", "type": "ENCRYPT", "mode": "WRITEREAD"}]});
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/schemas/ids/2" => Reply::ok(json!({"schema": "{}", "schemaType": "JSON"})),
        "/schemas/ids/3" => Reply::ok(json!({"schema": "{\"type\":\"recard\"}"})),
        "/schemas/ids/4" => Reply::ok(json!({"schema": "\"int\""})),
        "/schemas/ids/5" => Reply::ok(json!({"schema": SALE, "ruleSet": rules})),
        _ => Reply::ok(json!({"schema": SALE})),
    })
    .await;
    let mut sales = Deserializer::<Sale>::builder(&registry(&double)).reader_schema(SALE).build().unwrap();
    let framed = |id: u8, data: &[u8]| [&[0, 0, 0, 0, id], data].concat();
    let rows = [
        (b"{\"id\":1}".to_vec(), Class::NotFramed),
        (vec![0xc3, 1, 0, 0], Class::UnknownFraming),
        (framed(2, b"{}"), Class::OtherFormat),
        (framed(3, b"\0"), Class::InvalidSchema),
        (framed(4, b"\0"), Class::Unresolvable),
        (framed(5, b"\x02\x06tea"), Class::NeedsRules),
        (framed(7, b"\x02\x06te"), Class::Truncated),
        (framed(7, b""), Class::Truncated),
        (framed(7, b"\x02\x06te\xff"), Class::Malformed),
        (framed(7, b"\x02\x06tea!"), Class::TrailingBytes),
    ];
    for (payload, expected) in rows {
        let error = sales.decode(&payload).await.unwrap_err();
        assert_eq!(error.class(), expected, "{error}");
        let disposition = if expected == Class::NeedsRules { Disposition::Stop } else { Disposition::DeadLetter };
        assert_eq!(error.disposition(), disposition, "{error}");
        let headers = error.headers();
        assert_eq!(headers[0], ("avow.undecodable.class", expected.as_str().to_owned()));
        assert!(headers.iter().all(|(_, value)| !value.contains("tea")), "nothing of the payload: {headers:?}");
        assert_eq!(headers.len(), 2 + usize::from(error.schema_key().is_some()) + usize::from(error.place().is_some()));
    }
    assert_eq!(double.asked().len(), 5, "each schema once, however bad");
    let mut numbers = Deserializer::<Order>::new(&registry(&double));
    assert_eq!(class(numbers.decode(&record(7, 1)).await), Class::Refused, "the struct has other fields");
}

#[tokio::test]
async fn a_key_of_a_map_is_hidden_with_the_payload() {
    let double = Double::answering([Reply::ok(json!({"schema": r#"{"type":"map","values":"long"}"#}))]).await;
    let mut calls = Deserializer::<BTreeMap<String, i64>>::new(&registry(&double));
    let error = calls.decode(b"\0\0\0\0\x07\x02\x0aalice\x80").await.unwrap_err();
    assert_eq!(error.place(), Some(("[\"alice\"]".to_owned(), 7)));
    let place = error.headers().into_iter().find(|(name, _)| *name == "avow.undecodable.place").unwrap();
    assert_eq!(place.1, "[key] @ 7");
    assert!(error.headers().iter().all(|(_, value)| !value.contains("alice")), "{:?}", error.headers());
}

#[tokio::test]
async fn rules_that_are_run_elsewhere_are_no_obstacle() {
    let rules = json!({"domainRules": [{"name": "check it", "type": "CEL", "kind": "CONDITION"}]});
    let double = Double::answering([Reply::ok(json!({"schema": SALE, "ruleSet": rules}))]).await;
    let mut sales = Deserializer::<Sale>::builder(&registry(&double)).rules_are_run_elsewhere().build().unwrap();
    assert_eq!(sales.decode(&record(7, 1)).await.unwrap(), Some(sale(1)));
}

#[tokio::test]
async fn a_reader_schema_reads_what_others_wrote() {
    let double = Double::start(|asked| match asked.path.as_str() {
        "/schemas/ids/1" => {
            Reply::ok(json!({"schema": r#"{"type":"record","name":"Sale","fields":[{"name":"id","type":"int"}]}"#}))
        }
        _ => Reply::ok(json!({"schema": r#"{"type":"record","name":"Sale","fields":[
            {"name":"gone","type":"string"},{"name":"product","type":"string"},{"name":"id","type":"long"}]}"#})),
    })
    .await;
    let reader = r#"{"type":"record","name":"Sale","fields":[
        {"name":"id","type":"long"},{"name":"item","type":"string","aliases":["product"],"default":"tea"}]}"#;
    let mut sales = Deserializer::<Sale>::builder(&registry(&double)).reader_schema(reader).build().unwrap();
    assert_eq!(sales.decode(&[0, 0, 0, 0, 1, 2]).await.unwrap(), Some(sale(1)));
    assert_eq!(sales.decode(b"\0\0\0\0\x02\x02x\x06tea\x04").await.unwrap(), Some(sale(2)));
    assert!(Deserializer::<Sale>::builder(&registry(&double)).reader_schema("{").build().is_err());
}

#[tokio::test]
async fn what_borrows_is_not_copied() {
    #[derive(Deserialize)]
    struct Glance<'a> {
        item: &'a str,
    }
    let double = Double::answering([by_id(SALE)]).await;
    let mut sales = Deserializer::<Sale>::new(&registry(&double));
    sales.load(SchemaKey::Id(7)).await.unwrap();
    let payload = record(7, 1);
    let glance: Glance<'_> = sales.borrow_now(&payload).unwrap().unwrap();
    assert_eq!(glance.item.as_ptr(), payload[7..].as_ptr());
}

#[tokio::test]
async fn bytes_alone_have_no_length() {
    let double = Double::answering([Reply::ok(json!({"schema": "\"bytes\""}))]).await;
    let mut blobs = Deserializer::<Vec<u8>>::new(&registry(&double));
    for data in [&b""[..], b"\x06abc", &[7; 1000]] {
        let payload = [&[0, 0, 0, 0, 7], data].concat();
        assert_eq!(blobs.decode(&payload).await.unwrap().unwrap(), data);
        let borrowed: &serde_bytes::Bytes = blobs.borrow_now(&payload).unwrap().unwrap();
        assert_eq!(borrowed, data);
    }
}

#[tokio::test]
async fn more_schemas_than_fit_are_all_decoded() {
    let double = Double::start(|asked| {
        let id = asked.path.rsplit('/').next().unwrap();
        let field = format!(r#"{{"name":"n","type":"long","default":{id}}}"#);
        Reply::ok(json!({"schema": format!(r#"{{"type":"record","name":"R","fields":[{field}]}}"#)}))
    })
    .await;
    let mut caches = Caches::default();
    caches.schemas = 100;
    let registry = Registry::builder(client([&double.url])).caches(caches).build();
    let mut numbers = Deserializer::<BTreeMap<String, i64>>::new(&registry);
    for _ in 0..2 {
        for id in 0..300_u32 {
            let payload = [&[0], &id.to_be_bytes()[..], &[2]].concat();
            assert_eq!(numbers.decode(&payload).await.unwrap().unwrap()["n"], 1, "{id}");
        }
    }
    assert!(registry.snapshot().len() <= 100);
    assert!(double.asked().len() >= 500, "what was forgotten is asked for again");
}

#[tokio::test]
async fn a_topic_without_frames_has_one_schema() {
    let double = Double::answering([by_id(SALE)]).await;
    let mut sales = Deserializer::<Sale>::builder(&registry(&double)).unframed(SchemaKey::Id(7)).build().unwrap();
    assert_eq!(sales.decode(b"\x02\x06tea").await.unwrap(), Some(sale(1)));
}

#[tokio::test]
async fn a_snapshot_suffices_while_every_registry_is_down() {
    let file = tempfile::tempdir().unwrap().path().join("schemas.jsonl");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let double = Double::start(with_references).await;
    let online = Registry::builder(client([&double.url])).snapshot_file(&file).unwrap().build();
    let payload = [0, 0, 0, 0, 7, 2, 0, 4, 2, 0];
    Deserializer::<Order>::new(&online).decode(&payload).await.unwrap();
    file_written(&file).await;
    drop(double);

    let down = client([&nobody().await]);
    let cold = Registry::builder(down.clone()).snapshot_file(&file).unwrap().build();
    assert!(Deserializer::<Order>::new(&cold).decode_now(&payload).unwrap().is_some());
    let other_context = Registry::builder(down.in_context(".x")).snapshot_file(&file);
    assert!(other_context.err().unwrap().to_string().contains("context"));

    let snapshot = Snapshot::from_bytes(&online.snapshot().to_bytes()).unwrap();
    let mut orders = Deserializer::<Order>::new(&Registry::offline(snapshot));
    assert!(orders.decode(&payload).await.unwrap().is_some());
    let error = orders.decode(&record(8, 1)).await.unwrap_err();
    assert_eq!((error.class(), error.disposition()), (Class::UnknownSchema, Disposition::DeadLetter));
}

#[tokio::test]
async fn the_latest_version_outlives_an_outage() {
    let etag = Arc::new(Mutex::new(1));
    let current = Arc::clone(&etag);
    let double = Double::start(move |asked| {
        let tag = format!("\"{}\"", current.lock().unwrap());
        if asked.header("if-none-match") == Some(&tag) {
            return Reply::text(304, "");
        }
        let version = *current.lock().unwrap();
        Reply::ok(json!({"subject": "s", "version": version, "id": version, "schema": SALE})).header("etag", tag)
    })
    .await;
    let mut caches = Caches::default();
    caches.latest_ttl = Duration::from_millis(50);
    let registry = Registry::builder(client([&double.url])).caches(caches).build();
    for _ in 0..100 {
        assert_eq!(registry.latest("s").await.unwrap().version, 1);
    }
    let asked = double.asked().len();
    assert!(asked < 50, "{asked} for a hundred");
    *etag.lock().unwrap() = 2;
    pass(Duration::from_millis(60)).await;
    assert_eq!(registry.latest("s").await.unwrap().version, 2);
    double.now(|_| Reply::error(503, "down"));
    pass(Duration::from_millis(60)).await;
    let before = double.asked().len();
    for _ in 0..100 {
        assert_eq!(registry.latest("s").await.unwrap().version, 2, "stale rather than not at all");
    }
    assert!(double.asked().len() - before <= 5, "and not at the registry's cost");
    assert!(registry.latest("never seen").await.unwrap_err().is_unavailable());
}

#[test]
fn the_headers_are_those_of_other_clients() {
    assert_eq!(Part::Key.header(), "__key_schema_id");
    assert_eq!(Part::Value.header(), "__value_schema_id");
}
