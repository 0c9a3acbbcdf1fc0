//! Prints the dead letters of a topic and their reasons: `cargo run -p avow-client --example dead_letters`.
//!
//! Kafka at `KAFKA` (`localhost:9092`). The records are as they were; headers say what was wrong with them.
#![expect(clippy::print_stdout, reason = "what an example is for")]

use std::env::var;
use std::error::Error;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", var("KAFKA").unwrap_or_else(|_| "localhost:9092".into()));
    config.set("group.id", "dead-letters-example").set("auto.offset.reset", "earliest");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&["orders-dead-letters"])?;
    loop {
        let message = consumer.recv().await?;
        println!("{} bytes, partition {}, offset {}", message.payload_len(), message.partition(), message.offset());
        for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
            if header.key.starts_with("avow.undecodable.") {
                println!("    {}: {}", header.key, String::from_utf8_lossy(header.value.unwrap_or_default()));
            }
        }
    }
}
