//! Poisoned records, and a registry that is unavailable.

use std::collections::BTreeMap;
use std::time::Duration;

use avow_client::{Deserializer, Disposition, Serializer, Undecodable};
use rdkafka::message::{Header, Headers, Message, OwnedMessage};
use serde::{Deserialize, Serialize};

use crate::support::{PATIENCE, Sender, Server, Topic, next, value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reading {
    sensor: String,
    celsius: f64,
}

const READING: &str = r#"{"type":"record","name":"Reading","fields":[
    {"name":"sensor","type":"string"},
    {"name":"celsius","type":"double"}]}"#;
const READING_WITH_UNIT: &str = r#"{"type":"record","name":"Reading","fields":[
    {"name":"sensor","type":"string"},
    {"name":"celsius","type":"double"},
    {"name":"humidity","type":["null","double"],"default":null}]}"#;

fn reading(n: usize) -> Reading {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let celsius = n as f64 / 2.0;
    Reading { sensor: format!("sensor {n}"), celsius }
}

/// Sends the record as it is to another topic, with headers that say why.
async fn send_to_dead_letters(sender: &Sender, topic: &Topic, message: &OwnedMessage, error: &Undecodable) {
    let reasons = error.headers();
    let before = message.headers().into_iter().flat_map(Headers::iter);
    let before = before.map(|header| Header { key: header.key, value: header.value });
    let reasons = reasons.iter().map(|(key, value)| Header { key, value: Some(value.as_ref()) });
    let key = message.key().map(|key| std::str::from_utf8(key).unwrap());
    sender.send_raw(topic, key, message.payload().unwrap(), before.chain(reasons)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn poisoned_records_go_to_the_dead_letter_topic_with_the_reason() {
    let server = Server::start();
    let topic = Topic::new("readings", 1).await;
    let dead_letters = Topic::new("readings-dead-letters", 1).await;
    let sender = Sender::new();
    let registry = server.impatient();
    let mut serializer: Serializer<Reading> = topic.serializer(&registry, READING).await;
    let good = serializer.to_vec(&reading(1)).unwrap();
    let id = serializer.schema().id().unwrap();
    let mut unknown = good.clone();
    unknown[1..5].copy_from_slice(&4711_u32.to_be_bytes());
    let truncated = &good[..good.len() - 3];
    let trailing = [good.as_slice(), b"!"].concat();
    let mut malformed = good.clone();
    malformed[6] = 0xff;
    let poisons: [(&[u8], &str, Option<u32>); 6] = [
        (br#"{"sensor":"json","celsius":1}"#, "not-framed", None),
        (b"", "not-framed", None),
        (&unknown, "unknown-schema", Some(4711)),
        (truncated, "truncated", Some(id)),
        (&trailing, "trailing-bytes", Some(id)),
        (&malformed, "malformed", Some(id)),
    ];
    for (n, (poison, class, _)) in poisons.iter().enumerate() {
        sender.send(&topic, None, serializer.serialize(&reading(n)).unwrap()).await;
        let own = Header { key: "trace", value: Some(&b"abc"[..]) };
        sender.send_raw(&topic, Some(class), poison, [own]).await;
    }
    sender.send(&topic, None, serializer.serialize(&reading(poisons.len())).unwrap()).await;

    let consumer = topic.consumer("all");
    let mut readings = Deserializer::<Reading>::new(&registry);
    let mut good = 0;
    for _ in 0..=2 * poisons.len() {
        let message = next(&consumer).await;
        match readings.decode(value(&message)).await {
            Ok(got) => {
                assert_eq!(got, Some(reading(good)), "the good ones are none the worse");
                good += 1;
            }
            Err(error) => {
                assert_eq!(error.disposition(), Disposition::DeadLetter, "{error}");
                send_to_dead_letters(&sender, &dead_letters, &message, &error).await;
            }
        }
    }
    assert_eq!(good, poisons.len() + 1);

    let consumer = dead_letters.consumer("all");
    for (poison, class, schema) in poisons {
        let message = next(&consumer).await;
        assert_eq!(message.payload().unwrap_or_default(), poison, "as it was");
        assert_eq!(message.key(), Some(class.as_bytes()));
        let headers: BTreeMap<&str, &str> = message
            .headers()
            .unwrap()
            .iter()
            .map(|header| (header.key, std::str::from_utf8(header.value.unwrap()).unwrap()))
            .collect();
        assert_eq!(headers["trace"], "abc", "its own headers are kept");
        assert_eq!(headers["avow.undecodable.class"], class);
        assert!(!headers["avow.undecodable.reason"].is_empty());
        let named = headers.get("avow.undecodable.schema").map(|key| (*key).to_owned());
        assert_eq!(named, schema.map(|id| avow_client::wire::SchemaKey::Id(id).to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn the_registry_dies_and_comes_back_and_no_record_is_lost() {
    const EACH: usize = 200;
    let mut server = Server::start();
    let topic = Topic::new("outage", 1).await;
    let sender = Sender::new();
    let registry = server.registry();
    let mut v1: Serializer<Reading> = topic.serializer(&registry, READING).await;
    let consumer = topic.consumer("old");
    let mut readings = Deserializer::<Reading>::new(&server.registry());
    for n in 0..EACH {
        sender.send(&topic, None, v1.serialize(&reading(n)).unwrap()).await;
        assert_eq!(readings.decode(value(&next(&consumer).await)).await.unwrap(), Some(reading(n)));
    }

    server.kill();
    // A consumer that has the schema is not affected.
    for n in EACH..2 * EACH {
        sender.send(&topic, None, v1.serialize(&reading(n)).unwrap()).await;
        assert_eq!(readings.decode(value(&next(&consumer).await)).await.unwrap(), Some(reading(n)));
    }
    // A producer of a new schema does not start, and says that it may later.
    let newer = Serializer::<Reading>::builder(&registry, topic.subject()).schema(READING_WITH_UNIT).auto_register();
    assert!(newer.prepare().await.unwrap_err().is_retriable());
    // A consumer that has seen nothing waits with its first record, and then misses none.
    let late = topic.consumer("late");
    let mut cold = Deserializer::<Reading>::new(&server.registry());
    let first = next(&late).await;
    let error = cold.decode(value(&first)).await.unwrap_err();
    assert!(error.is_retriable(), "{error}");
    let waiting = tokio::spawn(async move {
        let mut message = first;
        let mut waits = 0;
        for n in 0..3 * EACH {
            let got = loop {
                match cold.decode(value(&message)).await {
                    Ok(got) => break got,
                    Err(error) => match error.disposition() {
                        Disposition::RetryAfter(pause) => tokio::time::sleep(pause).await,
                        other => panic!("{other:?}: {error}"),
                    },
                }
                waits += 1;
            };
            assert_eq!(got, Some(reading(n)));
            if n + 1 < 3 * EACH {
                message = next(&late).await;
            }
        }
        waits
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());

    server.restart();
    let mut v2: Serializer<Reading> = {
        let begun = tokio::time::Instant::now();
        loop {
            let newer = Serializer::builder(&registry, topic.subject()).schema(READING_WITH_UNIT).auto_register();
            match newer.prepare().await {
                Ok(serializer) => break serializer,
                Err(error) => assert!(error.is_retriable() && begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert_ne!(v1.schema().id(), v2.schema().id());
    for n in 2 * EACH..3 * EACH {
        sender.send(&topic, None, v2.serialize(&reading(n)).unwrap()).await;
    }
    for n in 2 * EACH..3 * EACH {
        let message = next(&consumer).await;
        let got = loop {
            match readings.decode(value(&message)).await {
                Ok(got) => break got,
                Err(error) => assert!(error.is_retriable(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(got, Some(reading(n)));
    }
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(topic.len(1), i64::try_from(3 * EACH).unwrap());
}
