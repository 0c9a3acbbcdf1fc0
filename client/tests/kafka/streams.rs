//! What is sent arrives: over partitions, through rebalances, in every frame.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avow_client::{Deserializer, Serializer};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};

use crate::support::{PATIENCE, Sender, Server, Topic, next, value};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Ride {
    id: i64,
    driver: String,
    stops: Vec<String>,
    fare_cents: Option<i64>,
}

const RIDE: &str = r#"{"type":"record","name":"Ride","namespace":"rides","fields":[
    {"name":"id","type":"long"},
    {"name":"driver","type":"string"},
    {"name":"stops","type":{"type":"array","items":"string"}},
    {"name":"fare_cents","type":["null","long"],"default":null}]}"#;

fn ride(id: i64) -> Ride {
    let stops = (0..id % 5).map(|stop| format!("stop {stop}")).collect();
    Ride { id, driver: format!("driver {}", id % 40), stops, fare_cents: (id % 3 != 0).then_some(id * 10) }
}

/// Records of a driver are in one partition, and stay in order.
async fn send_rides(topic: &Topic, serializer: &Serializer<Ride>, ids: std::ops::Range<i64>) {
    let sender = Arc::new(Sender::new());
    let topic = Arc::new(Topic(topic.0.clone()));
    // One task per driver: each waits for its records in turn, all of them together keep the broker busy.
    let drivers: Vec<_> = (0..40)
        .map(|driver| {
            let (sender, topic, mut serializer) = (Arc::clone(&sender), Arc::clone(&topic), serializer.clone());
            let ids = ids.clone();
            tokio::spawn(async move {
                for id in ids.filter(|id| id % 40 == driver) {
                    let ride = ride(id);
                    sender.send(&topic, Some(&ride.driver), serializer.serialize(&ride).unwrap()).await;
                }
            })
        })
        .collect();
    for driver in drivers {
        driver.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn many_partitions_each_in_order() {
    const RECORDS: i64 = 4_000;
    let server = Server::start();
    let topic = Topic::new("rides", 12).await;
    let serializer = topic.serializer(&server.registry(), RIDE).await;
    send_rides(&topic, &serializer, 0..RECORDS).await;
    assert_eq!(topic.len(12), RECORDS);

    let consumer = topic.consumer("all");
    let mut rides = Deserializer::<Ride>::new(&server.registry());
    let mut last_of = HashMap::new();
    let mut partitions = HashSet::new();
    for _ in 0..RECORDS {
        let message = next(&consumer).await;
        let got = rides.decode(value(&message)).await.unwrap().unwrap();
        assert_eq!(got, ride(got.id));
        let before = last_of.insert(got.driver, got.id);
        assert!(before < Some(got.id), "{before:?} before {}", got.id);
        partitions.insert(message.partition());
    }
    let in_all: i64 = last_of.len().try_into().unwrap();
    assert_eq!(in_all, 40);
    assert!(partitions.len() > 6, "drivers are spread: {partitions:?}");
}

/// Members come and go while records flow; every record is processed, and again only where a commit was cut off.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn a_group_rebalances_without_losing_a_record() {
    const RECORDS: i64 = 3_000;
    let server = Server::start();
    let topic = Topic::new("shared-rides", 6).await;
    let serializer = topic.serializer(&server.registry(), RIDE).await;
    let seen = Arc::new(Mutex::new(BTreeMap::<i64, usize>::new()));
    let total = Arc::new(AtomicUsize::new(0));
    let rides = Deserializer::<Ride>::new(&server.registry());

    let member = |consumer: StreamConsumer| {
        let (seen, total, mut rides) = (Arc::clone(&seen), Arc::clone(&total), rides.clone());
        let mine = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&mine);
        let task = tokio::spawn(async move {
            loop {
                let message = consumer.recv().await.unwrap();
                let owned = message.detach();
                let got = rides.decode(value(&owned)).await.unwrap().unwrap();
                assert_eq!(got, ride(got.id));
                *seen.lock().unwrap().entry(got.id).or_default() += 1;
                total.fetch_add(1, Ordering::Relaxed);
                count.fetch_add(1, Ordering::Relaxed);
                // A member that lost its partition cannot commit it: the next one processes the record again.
                let _ = consumer.commit_message(&message, CommitMode::Async);
            }
        });
        (task, mine)
    };
    let all_seen = async |wanted: i64| {
        let begun = tokio::time::Instant::now();
        while !(0..wanted).all(|id| seen.lock().unwrap().contains_key(&id)) {
            assert!(begun.elapsed() < PATIENCE, "{} of {}", seen.lock().unwrap().len(), wanted);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };

    let (first, of_first) = member(topic.consumer("drivers"));
    send_rides(&topic, &serializer, 0..RECORDS / 3).await;
    all_seen(RECORDS / 3).await;
    let (second, of_second) = member(topic.consumer("drivers"));
    // Until the second one has its share: what is sent goes on being processed.
    let mut sent = RECORDS / 3;
    while of_second.load(Ordering::Relaxed) == 0 {
        send_rides(&topic, &serializer, sent..sent + 40).await;
        sent += 40;
        assert!(sent < 100 * RECORDS, "the second member never got a record");
    }
    all_seen(sent).await;
    // The first leaves in the middle of it.
    let end = sent + RECORDS / 3;
    first.abort();
    send_rides(&topic, &serializer, sent..end).await;
    all_seen(end).await;
    second.abort();
    assert!(of_first.load(Ordering::Relaxed) > 0);
    let processed = total.load(Ordering::Relaxed);
    let sent: usize = end.try_into().unwrap();
    assert!((sent..2 * sent).contains(&processed), "{processed} of {sent}: once, but for what was cut off");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn ids_before_the_data_and_guids_in_headers_are_read_alike() {
    let server = Server::start();
    let topic = Topic::new("framed-rides", 1).await;
    let registry = server.registry();
    let mut by_id: Serializer<Ride> = topic.serializer(&registry, RIDE).await;
    let by_guid = Serializer::<Ride>::builder(&registry, topic.subject()).schema(RIDE).guid_in_header();
    let mut by_guid = by_guid.prepare().await.unwrap();
    let sender = Sender::new();
    for id in 0..40 {
        let encoded = if id % 2 == 0 { by_id.serialize(&ride(id)) } else { by_guid.serialize(&ride(id)) };
        let encoded = encoded.unwrap();
        assert_eq!(encoded.header.is_some(), id % 2 == 1);
        sender.send(&topic, None, encoded).await;
    }
    let consumer = topic.consumer("all");
    let mut rides = Deserializer::<Ride>::new(&server.registry());
    for id in 0..40 {
        let message = next(&consumer).await;
        assert_eq!(rides.decode(value(&message)).await.unwrap(), Some(ride(id)));
    }
}
