//! Reads orders as a member of a group, and sends undecodable ones to a dead-letter topic:
//! `cargo run -p avow-client --example consumer_group`, once per member.
//!
//! Kafka at `KAFKA` (`localhost:9092`), a registry at `REGISTRY` (`http://localhost:8081`). With `SNAPSHOT`, a file,
//! it starts while the registry is down.
#![expect(clippy::print_stdout, reason = "what an example is for")]

use std::env::var;
use std::error::Error;
use std::time::Duration;

use avow_client::rest::Client;
use avow_client::wire::{Part, Record};
use avow_client::{Deserializer, Disposition, Registry, Undecodable};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Order {
    id: i64,
    item: String,
}

/// What this program reads, whatever was written: the item came later, so it has a default.
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"id","type":"long"},
    {"name":"item","type":"string","default":"tea"}]}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder(var("REGISTRY").unwrap_or_else(|_| "http://localhost:8081".into())).build()?;
    let registry = match var("SNAPSHOT") {
        Ok(file) => Registry::builder(client).snapshot_file(file)?.build(),
        Err(_) => Registry::new(client),
    };
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", var("KAFKA").unwrap_or_else(|_| "localhost:9092".into()));
    let producer: FutureProducer = config.create()?;
    config.set("group.id", "orders-example").set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&["orders"])?;

    let mut orders = Deserializer::<Order>::builder(&registry).reader_schema(ORDER).build()?;
    loop {
        let message = consumer.recv().await?;
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let record =
            Record::new(message.payload()).with_headers(Part::Value, headers.map(|header| (header.key, header.value)));
        loop {
            match orders.decode(record).await {
                Ok(Some(order)) => println!("{} of order {}", order.item, order.id),
                Ok(None) => println!("a tombstone"),
                Err(error) => match error.disposition() {
                    Disposition::DeadLetter => send_to_dead_letters(&producer, &message, &error).await?,
                    Disposition::RetryAfter(pause) => {
                        println!("{error}; again in {pause:?}");
                        tokio::time::sleep(pause).await;
                        continue;
                    }
                    Disposition::Stop => return Err(error.into()),
                },
            }
            break;
        }
        consumer.commit_message(&message, CommitMode::Async)?;
    }
}

/// Sends the record as it is to the topic of dead letters, with headers that say why.
async fn send_to_dead_letters(
    producer: &FutureProducer,
    message: &BorrowedMessage<'_>,
    error: &Undecodable,
) -> Result<(), Box<dyn Error>> {
    println!("dead letter: {error}");
    let mut headers = message.headers().map_or_else(OwnedHeaders::new, BorrowedHeaders::detach);
    for (key, value) in &error.headers() {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    let mut record = FutureRecord::<[u8], [u8]>::to("orders-dead-letters").headers(headers);
    record.key = message.key();
    record.payload = message.payload();
    producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| error)?;
    Ok(())
}
