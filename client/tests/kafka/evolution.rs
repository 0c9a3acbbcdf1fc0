//! Schemas change while records flow.

use avow_client::rest::{ConfigUpdate, Level};
use avow_client::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use crate::support::{Sender, Server, Topic, next, value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Payment {
    id: i64,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PaymentWithCurrency {
    id: i64,
    cents: i64,
    currency: String,
}

const V1: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"id","type":"long"},
    {"name":"cents","type":"int"}]}"#;
/// Reads V1: the currency has a default, and an int is read as a long.
const V2_READS_V1: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"id","type":"long"},
    {"name":"currency","type":"string","default":"EUR"},
    {"name":"cents","type":"long"}]}"#;
/// Is read by V1: it has all that V1 has, and more.
const V2_READ_BY_V1: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"currency","type":"string"},
    {"name":"id","type":"long"},
    {"name":"cents","type":"int"}]}"#;
/// Neither reads V1 nor is read by it.
const CENTS_IN_WORDS: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"id","type":"long"},
    {"name":"currency","type":"string"},
    {"name":"cents","type":"string"}]}"#;

fn payment(id: i64) -> Payment {
    Payment { id, cents: 100 * id }
}

fn with_currency(id: i64, currency: &str) -> PaymentWithCurrency {
    PaymentWithCurrency { id, cents: 100 * id, currency: currency.to_owned() }
}

async fn level(server: &Server, level: Level) {
    server
        .client()
        .set_config(avow_client::rest::Scope::Global, &ConfigUpdate::default().compatibility(level))
        .await
        .unwrap();
}

/// Under BACKWARD the consumers go first: with the new schema they read what is there, and what will come.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn consumers_first_under_backward() {
    let server = Server::start();
    level(&server, Level::Backward).await;
    let topic = Topic::new("backward", 1).await;
    let sender = Sender::new();
    let mut v1: Serializer<Payment> = topic.serializer(&server.registry(), V1).await;
    for id in 0..50 {
        sender.send(&topic, None, v1.serialize(&payment(id)).unwrap()).await;
    }

    let consumer = topic.consumer("new");
    let reader = Deserializer::<PaymentWithCurrency>::builder(&server.registry()).reader_schema(V2_READS_V1);
    let mut payments = reader.build().unwrap();
    for id in 0..25 {
        let got = payments.decode(value(&next(&consumer).await)).await.unwrap();
        assert_eq!(got, Some(with_currency(id, "EUR")));
    }
    // Mid-stream: old and new producers side by side.
    let mut v2: Serializer<PaymentWithCurrency> = topic.serializer(&server.registry(), V2_READS_V1).await;
    for id in 50..100 {
        if id % 2 == 0 {
            sender.send(&topic, None, v2.serialize(&with_currency(id, "CHF")).unwrap()).await;
        } else {
            sender.send(&topic, None, v1.serialize(&payment(id)).unwrap()).await;
        }
    }
    for id in 25..100 {
        let currency = if id >= 50 && id % 2 == 0 { "CHF" } else { "EUR" };
        let got = payments.decode(value(&next(&consumer).await)).await.unwrap();
        assert_eq!(got, Some(with_currency(id, currency)));
    }
}

/// Under FORWARD the producers go first: consumers with the old schema read what is new.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn producers_first_under_forward() {
    let server = Server::start();
    level(&server, Level::Forward).await;
    let topic = Topic::new("forward", 1).await;
    let sender = Sender::new();
    let mut v1: Serializer<Payment> = topic.serializer(&server.registry(), V1).await;
    let consumer = topic.consumer("old");
    let mut payments = Deserializer::<Payment>::builder(&server.registry()).reader_schema(V1).build().unwrap();
    for id in 0..50 {
        sender.send(&topic, None, v1.serialize(&payment(id)).unwrap()).await;
    }
    for id in 0..25 {
        assert_eq!(payments.decode(value(&next(&consumer).await)).await.unwrap(), Some(payment(id)));
    }
    let mut v2: Serializer<PaymentWithCurrency> = topic.serializer(&server.registry(), V2_READ_BY_V1).await;
    for id in 50..100 {
        sender.send(&topic, None, v2.serialize(&with_currency(id, "CHF")).unwrap()).await;
    }
    for id in 25..100 {
        assert_eq!(payments.decode(value(&next(&consumer).await)).await.unwrap(), Some(payment(id)));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn an_incompatible_producer_is_refused_before_its_first_record() {
    let server = Server::start();
    level(&server, Level::Backward).await;
    let topic = Topic::new("refused", 1).await;
    let sender = Sender::new();
    let mut v1: Serializer<Payment> = topic.serializer(&server.registry(), V1).await;
    sender.send(&topic, None, v1.serialize(&payment(1)).unwrap()).await;

    let registry = server.registry();
    let builder = |schema| Serializer::<PaymentWithCurrency>::builder(&registry, topic.subject()).schema(schema);
    let by_the_registry = builder(V2_READ_BY_V1).auto_register().prepare().await.unwrap_err();
    assert!(by_the_registry.is_incompatible(), "{by_the_registry}");
    assert!(by_the_registry.to_string().contains("currency"), "{by_the_registry}");
    let by_the_client = builder(CENTS_IN_WORDS).use_latest_version().prepare().await.unwrap_err();
    assert!(by_the_client.is_incompatible(), "{by_the_client}");
    assert!(by_the_client.to_string().contains("cents"), "{by_the_client}");
    let unregistered = builder(V2_READS_V1).prepare().await.unwrap_err();
    assert!(unregistered.is_not_registered(), "{unregistered}");
    assert_eq!(topic.len(1), 1, "nothing of it is in the topic");
    assert_eq!(server.client().versions(&format!("{}-value", topic.0)).await.unwrap(), [1]);
}
