//! Writes ten orders to a topic: `cargo run -p avow-client --example producer`.
//!
//! Kafka at `KAFKA` (`localhost:9092`), a registry at `REGISTRY` (`http://localhost:8081`).

use std::env::var;
use std::error::Error;
use std::time::Duration;

use avow_client::{Registry, Serializer, Subject};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Serialize;

#[derive(Serialize)]
struct Order {
    id: i64,
    item: String,
}

const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"id","type":"long"},
    {"name":"item","type":"string","default":"tea"}]}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::connect(var("REGISTRY").unwrap_or_else(|_| "http://localhost:8081".into()))?;
    let kafka = var("KAFKA").unwrap_or_else(|_| "localhost:9092".into());
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", kafka).create()?;

    // An example may register; a service should find its schema registered already.
    let orders = Serializer::<Order>::builder(&registry, Subject::topic("orders")).schema(ORDER).auto_register();
    let mut orders = orders.prepare().await?;
    for id in 0..10 {
        let order = Order { id, item: format!("cup {id}") };
        let record = FutureRecord::to("orders").key("shop-1").payload(orders.serialize(&order)?.payload);
        producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| error)?;
    }
    Ok(())
}
