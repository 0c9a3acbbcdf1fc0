//! Payments on their way: in flight, on an account, confirmed; while the schema of a payment evolves.
//!
//! `cargo run -p avow-client --example payments` needs a registry at `REGISTRY` (`http://localhost:8081`). Kafka is the
//! one at `KAFKA`, or, without it, librdkafka's own in this process.
//!
//! Three services run at once, each with its own idea of a payment:
//!
//! - the till writes to `payments`; after a while a new release of it writes version 2, with a currency and a note
//! - the ledger, updated first, reads `payments` as version 2: what the old till wrote has a default currency; it
//!   writes to `booked`
//! - the bank reads two fields of `booked` and confirms
//!
//! It prints a line a second with the state of the payments and the number of requests to the registry.
#![expect(clippy::print_stdout, reason = "what an example is for")]

use std::collections::HashMap;
use std::env::var;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use avow_client::rest::Client;
use avow_client::{BoxError, Counters, Deserializer, Registry, Serializer, Subject};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval, sleep};

const FIRST: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"id","type":"long"},{"name":"account","type":"string"},{"name":"cents","type":"int"}]}"#;
/// The cents may be more than before, and two fields are new: each has a default, for what is on its way already.
const SECOND: &str = r#"{"type":"record","name":"Payment","namespace":"bank","fields":[
    {"name":"id","type":"long"},{"name":"account","type":"string"},{"name":"cents","type":"long"},
    {"name":"currency","type":"string","default":"EUR"},
    {"name":"note","type":["null","string"],"default":null}]}"#;

#[derive(Serialize)]
struct OldPayment {
    id: i64,
    account: String,
    cents: i32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Payment {
    id: i64,
    account: String,
    cents: i64,
    currency: String,
    note: Option<String>,
}

/// Where the payments are.
#[derive(Default)]
struct Board {
    sent: AtomicU64,
    booked: AtomicU64,
    confirmed: AtomicU64,
    undecodable: AtomicU64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let counters = Counters::shared();
    let url = var("REGISTRY").unwrap_or_else(|_| "http://localhost:8081".into());
    // Each service has a registry of its own, as services of their own would.
    let registry =
        || Ok::<_, Box<dyn Error>>(Registry::new(Client::builder([&url]).observer(counters.clone()).build()?));
    let (kafka, _cluster) = if let Ok(kafka) = var("KAFKA") {
        (kafka, None)
    } else {
        let cluster = MockCluster::new(1)?;
        (cluster.bootstrap_servers(), Some(cluster))
    };
    let board = Arc::<Board>::default();
    let services = [
        tokio::spawn(till(registry()?, kafka.clone(), Arc::clone(&board))),
        tokio::spawn(ledger(registry()?, kafka.clone(), Arc::clone(&board))),
        tokio::spawn(bank(registry()?, kafka, Arc::clone(&board))),
    ];
    let mut second = interval(Duration::from_secs(1));
    for _ in 0..15 {
        second.tick().await;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (sent, booked, confirmed) = (read(&board.sent), read(&board.booked), read(&board.confirmed));
        println!(
            "in flight {:>6} | on account {:>6} | confirmed {confirmed:>6} | undecodable {} | requests to the registry {}",
            sent.saturating_sub(booked),
            booked.saturating_sub(confirmed),
            read(&board.undecodable),
            counters.read().attempts,
        );
        if let Some(service) = services.iter().find(|service| service.is_finished()) {
            return Err(format!("a service stopped: {}", service.id()).into());
        }
    }
    Ok(())
}

/// How long the first release of the till runs.
const OLD_TILL: Duration = Duration::from_secs(5);

/// Sends payments; after a while a new release of it does.
async fn till(registry: Registry, kafka: String, board: Arc<Board>) -> Result<(), BoxError> {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", kafka).create()?;
    let subject = || Subject::topic("payments");
    let old = Serializer::<OldPayment>::builder(&registry, subject()).schema(FIRST).auto_register();
    let mut old = old.prepare().await?;
    let account = |id: i64| format!("DE{:04}", id % 97);
    let begun = Instant::now();
    let mut ids = 0_i64..;
    for id in ids.by_ref().take_while(|_| begun.elapsed() < OLD_TILL) {
        let payment = OldPayment { id, account: account(id), cents: 199 };
        send(&producer, "payments", &payment.account, old.serialize(&payment)?.payload).await?;
        board.sent.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(1)).await;
    }
    println!("-- the till is updated: payments have a currency and a note from now on --");
    let new = Serializer::<Payment>::builder(&registry, subject()).schema(SECOND).auto_register();
    let mut new = new.prepare().await?;
    for id in ids {
        let note = (id % 3 == 0).then(|| "thank you".to_owned());
        let payment = Payment { id, account: account(id), cents: 5_000_000_000, currency: "CHF".into(), note };
        send(&producer, "payments", &payment.account, new.serialize(&payment)?.payload).await?;
        board.sent.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Books payments on accounts, and passes them on as it knows them.
async fn ledger(registry: Registry, kafka: String, board: Arc<Board>) -> Result<(), BoxError> {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", &kafka).create()?;
    let consumer = consumer(&kafka, "ledger", "payments")?;
    // Deployed before the till: consumers are updated first where new versions read old data.
    let mut payments = Deserializer::<Payment>::builder(&registry).reader_schema(SECOND).build()?;
    let booked = Serializer::<Payment>::builder(&registry, Subject::topic("booked")).schema(SECOND).auto_register();
    let mut booked = booked.prepare().await?;
    let mut accounts: HashMap<String, i64> = HashMap::new();
    loop {
        let message = consumer.recv().await?;
        match payments.decode(message.payload()).await {
            Ok(None) => {}
            Ok(Some(payment)) => {
                *accounts.entry(payment.account.clone()).or_default() += payment.cents;
                send(&producer, "booked", &payment.account, booked.serialize(&payment)?.payload).await?;
                board.booked.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                println!("{error}");
                board.undecodable.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Confirms what is booked; it needs to know two fields only, and copies neither.
async fn bank(registry: Registry, kafka: String, board: Arc<Board>) -> Result<(), BoxError> {
    #[derive(Deserialize)]
    struct Confirmation<'m> {
        id: i64,
        currency: &'m str,
    }

    let consumer = consumer(&kafka, "bank", "booked")?;
    let mut payments = Deserializer::<Payment>::builder(&registry).reader_schema(SECOND).build()?;
    loop {
        let message = consumer.recv().await?;
        let payload = message.payload().unwrap_or_default();
        // Only the first record of a schema asks the registry; the rest does not even await.
        if let Ok(Some(framed)) = avow_client::wire::inspect(payload) {
            payments.load(framed.key).await?;
        }
        match payments.borrow_now::<Confirmation<'_>>(payload) {
            Ok(Some(Confirmation { id, currency })) if id >= 0 && currency.len() == 3 => {
                board.confirmed.fetch_add(1, Ordering::Relaxed);
            }
            _ => {
                board.undecodable.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn send(producer: &FutureProducer, topic: &str, key: &str, payload: &[u8]) -> Result<(), BoxError> {
    let record = FutureRecord::to(topic).key(key).payload(payload);
    producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| error)?;
    Ok(())
}

fn consumer(kafka: &str, group: &str, topic: &str) -> Result<StreamConsumer, BoxError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka).set("group.id", group).set("auto.offset.reset", "earliest");
    config.set("allow.auto.create.topics", "true");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&[topic])?;
    Ok(consumer)
}
