//! Through a broker: librdkafka's own, in this process. What comes out is what went in, whatever the registry does.

use std::collections::BTreeSet;
use std::time::Duration;

use avow_client::rest::{Client, Retry};
use avow_client::wire::{Part, Record};
use avow_client::{Deserializer, Disposition, Registry, Serializer, Subject};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Asked, Double, Reply};

const SALE: &str = r#"{"type":"record","name":"Sale","fields":[{"name":"id","type":"long"}]}"#;
const WIDER: &str = r#"{"type":"record","name":"Sale","fields":[{"name":"id","type":"long"},
    {"name":"item","type":"string","default":"tea"}]}"#;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sale {
    id: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wider {
    id: i64,
    item: String,
}

/// A registry of two versions, whose ids are 1 and 2.
fn two_versions(asked: &Asked) -> Reply {
    let id = |version: u32| format!("00000000-0000-0000-0000-{version:012}");
    let of = |version: u32| {
        let schema = if version == 1 { SALE } else { WIDER };
        Reply::ok(json!({"subject": "s", "version": version, "id": version, "guid": id(version), "schema": schema}))
    };
    match asked.path.as_str() {
        "/schemas/ids/1" => of(1),
        "/schemas/ids/2" => of(2),
        path if path.starts_with("/schemas/guids/") => of(if path.ends_with('1') { 1 } else { 2 }),
        "/subjects/sales-value" => of(if asked.body["schema"] == SALE { 1 } else { 2 }),
        _ => Reply::error(40403, "Schema not found"),
    }
}

struct Kafka(MockCluster<'static, DefaultProducerContext>);

impl Kafka {
    fn start(topics: &[&str]) -> Self {
        let cluster = MockCluster::new(1).expect("a cluster");
        for topic in topics {
            cluster.create_topic(topic, 3, 1).expect("a topic");
        }
        Self(cluster)
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.0.bootstrap_servers());
        config
    }

    fn producer(&self) -> FutureProducer {
        self.config().create().expect("a producer")
    }

    fn consumer(&self, topic: &str) -> StreamConsumer {
        let mut config = self.config();
        config.set("group.id", topic).set("auto.offset.reset", "earliest");
        let consumer: StreamConsumer = config.create().expect("a consumer");
        consumer.subscribe(&[topic]).expect("a topic");
        consumer
    }
}

async fn send(producer: &FutureProducer, topic: &str, payload: &[u8], header: Option<(&str, &[u8])>) {
    let mut record = FutureRecord::<(), [u8]>::to(topic).payload(payload);
    if let Some((key, value)) = header {
        record = record.headers(OwnedHeaders::new().insert(Header { key, value: Some(value) }));
    }
    producer.send(record, Duration::from_secs(10)).await.expect("it is sent");
}

fn record<'m>(message: &'m BorrowedMessage<'_>) -> Record<'m> {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Record::new(message.payload()).with_headers(Part::Value, headers.map(|header| (header.key, header.value)))
}

fn registry(double: &Double) -> Registry {
    let retry = Retry::default().pause(Duration::from_millis(1)).attempt(Duration::from_secs(1));
    Registry::new(Client::builder([&double.url]).retry(retry).build().unwrap())
}

#[tokio::test]
async fn schemas_change_and_poison_is_put_aside() {
    let double = Double::start(two_versions).await;
    let (kafka, registry) = (Kafka::start(&["sales", "sales-dead"]), registry(&double));
    let producer = kafka.producer();
    let sales = Subject::topic("sales");
    let old = Serializer::<Sale>::builder(&registry, sales.clone()).schema(SALE).prepare().await.unwrap();
    let new = Serializer::<Wider>::builder(&registry, sales).schema(WIDER).guid_in_header().prepare().await.unwrap();
    for id in 0..100 {
        match id % 10 {
            7 => send(&producer, "sales", b"{\"id\":7}", None).await,
            9 => send(&producer, "sales", b"\0\0\0\0\x01", None).await,
            n if n % 2 == 0 => send(&producer, "sales", &old.to_vec(&Sale { id }).unwrap(), None).await,
            _ => {
                let payload = new.to_vec(&Wider { id, item: "cup".to_owned() }).unwrap();
                send(&producer, "sales", &payload, new.header()).await;
            }
        }
    }

    let mut sales = Deserializer::<Wider>::builder(&registry).reader_schema(WIDER).build().unwrap();
    let consumer = kafka.consumer("sales");
    let mut ids = BTreeSet::new();
    for _ in 0..100 {
        let message = consumer.recv().await.expect("a message");
        match sales.decode(record(&message)).await {
            Ok(sale) => {
                let sale = sale.expect("no tombstone");
                assert_eq!(sale.item, if sale.id % 2 == 0 { "tea" } else { "cup" });
                assert!(ids.insert(sale.id), "once");
            }
            Err(error) => {
                assert_eq!(error.disposition(), Disposition::DeadLetter, "{error}");
                let headers = error.headers();
                let reason = headers
                    .iter()
                    .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
                let payload = message.payload().expect("a payload");
                let dead = FutureRecord::<(), [u8]>::to("sales-dead").payload(payload).headers(reason);
                producer.send(dead, Duration::from_secs(10)).await.expect("it is sent");
            }
        }
    }
    assert_eq!(ids.len(), 80);

    let consumer = kafka.consumer("sales-dead");
    let mut classes = Vec::new();
    for _ in 0..20 {
        let message = consumer.recv().await.expect("a message");
        let headers = message.headers().expect("headers");
        classes.push(String::from_utf8(headers.get(0).value.unwrap().to_vec()).unwrap());
    }
    classes.sort();
    assert_eq!(classes, [vec!["not-framed"; 10], vec!["truncated"; 10]].concat());
}

#[tokio::test]
async fn a_registry_that_dies_and_comes_back_loses_no_record() {
    let mut double = Double::start(two_versions).await;
    let (kafka, writing, reading) = (Kafka::start(&["sales"]), registry(&double), registry(&double));
    let producer = kafka.producer();
    let subject = || Subject::topic("sales");
    let old = Serializer::<Sale>::builder(&writing, subject()).schema(SALE).prepare().await.unwrap();
    let new = Serializer::<Wider>::builder(&writing, subject()).schema(WIDER).prepare().await.unwrap();
    let mut sales = Deserializer::<Sale>::new(&reading);
    let consumer = kafka.consumer("sales");
    let (mut ids, mut waited) = (BTreeSet::new(), false);

    for id in 0..20 {
        // Known before, unknown while it is dead, and unknown no more.
        let payload = if id < 10 { old.to_vec(&Sale { id }) } else { new.to_vec(&Wider { id, item: String::new() }) };
        send(&producer, "sales", &payload.unwrap(), None).await;
        if id == 5 {
            double.kill().await;
        }
        let message = consumer.recv().await.expect("a message");
        loop {
            match sales.decode(record(&message)).await {
                Ok(sale) => break assert!(ids.insert(sale.expect("no tombstone").id)),
                Err(error) => {
                    let Disposition::RetryAfter(pause) = error.disposition() else { panic!("{error}") };
                    assert!(id >= 10, "what was seen needs no registry: {error}");
                    if !waited {
                        waited = true;
                        double.revive().await;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
    assert!(waited);
    assert_eq!(ids, (0..20).collect());
}
