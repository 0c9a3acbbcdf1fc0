//! Our side of tests with clients in other languages: one line in, one line out. Data are in Avro's JSON encoding.
//!
//! ```text
//! bridge encode SUBJECT SCHEMA               data on lines -> framed, in hexadecimal
//! bridge decode                              framed, in hexadecimal -> data on lines
//! bridge produce TOPIC SCHEMA                data on lines -> records, each acknowledged before the program ends
//! bridge produce-by-guid TOPIC SCHEMA        the same, with the schema named in a header
//! bridge consume TOPIC COUNT [READER]        the first COUNT records -> data on lines
//! ```
//!
//! SCHEMA is registered; both it and READER are texts. The environment has `REGISTRY_URL`, and `KAFKA` for the addresses
//! of brokers.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

mod avro_json;
mod hex;

use std::env;
use std::error::Error;
use std::io::{self, BufRead};
use std::time::Duration;

use avow_avro::{Strictness, parse};
use avow_client::{Deserializer, Registry, Serializer, SerializerBuilder, Subject, wire};
use avro_json::{Any, from_json, to_json};
use hex::{hex, unhex};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long a broker may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let registry = Registry::connect([env::var("REGISTRY_URL")?])?;
    match arguments[..] {
        ["encode", subject, schema] => encode(&registry, subject, schema).await,
        ["decode"] => decode(&registry).await,
        ["produce", topic, schema] => {
            produce(prepare(&registry, Subject::topic(topic), schema).await?, topic, schema).await
        }
        ["produce-by-guid", topic, schema] => {
            let serializer = builder(&registry, Subject::topic(topic), schema).guid_in_header().prepare().await?;
            produce(serializer, topic, schema).await
        }
        ["consume", topic, count] => consume(&registry, topic, count.parse()?, None).await,
        ["consume", topic, count, reader] => consume(&registry, topic, count.parse()?, Some(reader)).await,
        _ => Err("bridge encode|decode|produce|produce-by-guid|consume, with arguments as the source says".into()),
    }
}

async fn encode(registry: &Registry, subject: &str, schema: &str) -> Outcome<()> {
    let mut serializer = prepare(registry, Subject::exactly(subject), schema).await?;
    for datum in data(schema)? {
        println!("{}", hex(serializer.serialize(&datum?)?.payload));
    }
    Ok(())
}

async fn decode(registry: &Registry) -> Outcome<()> {
    let mut reading = Reading::new(registry, None)?;
    for line in io::stdin().lock().lines() {
        let payload = unhex(&line?).ok_or("a line is not hexadecimal")?;
        println!("{}", reading.json(Some(&payload), None).await?);
    }
    Ok(())
}

async fn produce(mut serializer: Serializer<Any>, topic: &str, schema: &str) -> Outcome<()> {
    ensure_topic(topic).await?;
    let producer: FutureProducer = kafka()?.create()?;
    for datum in data(schema)? {
        let encoded = serializer.serialize(&datum?)?;
        let headers = encoded.header.map(|(key, value)| OwnedHeaders::new().insert(Header { key, value: Some(value) }));
        let record = FutureRecord::<(), _>::to(topic).payload(encoded.payload);
        let record = FutureRecord { headers, ..record };
        producer.send(record, PATIENCE).await.map_err(|(error, _)| error)?;
    }
    Ok(())
}

async fn consume(registry: &Registry, topic: &str, count: usize, reader: Option<&str>) -> Outcome<()> {
    let mut reading = Reading::new(registry, reader)?;
    ensure_topic(topic).await?;
    let consumer: StreamConsumer = kafka()?
        .set("group.id", format!("bridge-{}", std::process::id()))
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[topic])?;
    for _ in 0..count {
        let message = tokio::time::timeout(PATIENCE, consumer.recv()).await??;
        println!("{}", reading.json(message.payload(), header(&message)).await?);
    }
    Ok(())
}

async fn prepare(registry: &Registry, subject: Subject, schema: &str) -> Outcome<Serializer<Any>> {
    Ok(builder(registry, subject, schema).prepare().await?)
}

fn builder(registry: &Registry, subject: Subject, schema: &str) -> SerializerBuilder<Any> {
    Serializer::builder(registry, subject).schema(schema).auto_register()
}

/// What is on standard input, one datum a line.
fn data(schema: &str) -> Outcome<impl Iterator<Item = Outcome<Any>>> {
    let schema = parse(schema, &[], Strictness::Java)?;
    let datum = move |line: io::Result<String>| Ok(from_json(&schema, &serde_json::from_str(&line?)?)?);
    Ok(io::stdin().lines().map(datum))
}

/// Records in, lines out.
struct Reading {
    registry: Registry,
    deserializer: Deserializer<Any>,
    reader: Option<avow_avro::Schema>,
}

impl Reading {
    fn new(registry: &Registry, reader: Option<&str>) -> Outcome<Self> {
        let mut deserializer = Deserializer::builder(registry);
        let reader = reader.map(|text| parse(text, &[], Strictness::Java)).transpose()?;
        if let Some(reader) = &reader {
            deserializer = deserializer.reader(reader.clone());
        }
        Ok(Self { registry: registry.clone(), deserializer: deserializer.build()?, reader })
    }

    /// The datum in the encoding of the reader's schema, else of the one it was written with.
    async fn json(&mut self, payload: Option<&[u8]>, header: Option<&[u8]>) -> Outcome<String> {
        let record = wire::Record::new(payload).with_header(header);
        let Some(datum) = self.deserializer.decode(record).await? else { return Ok("null".to_owned()) };
        let Some(framed) = wire::inspect(record)? else { return Ok("null".to_owned()) };
        let writer = self.registry.schema(framed.key).await?;
        let schema = match &self.reader {
            Some(reader) => reader,
            None => writer.avro()?,
        };
        Ok(to_json(schema, &datum)?.to_string())
    }
}

fn kafka() -> Outcome<ClientConfig> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", env::var("KAFKA")?);
    Ok(config)
}

/// Makes a topic of one partition, so that records have one order, unless it is there.
async fn ensure_topic(topic: &str) -> Outcome<()> {
    let admin: AdminClient<DefaultClientContext> = kafka()?.create()?;
    let topic = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    for outcome in admin.create_topics([&topic], &options).await? {
        match outcome {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, error)) => return Err(format!("{topic}: {error}").into()),
        }
    }
    Ok(())
}

/// The header that names the schema, if there is one.
fn header<'m>(message: &'m BorrowedMessage<'_>) -> Option<&'m [u8]> {
    let name = wire::Part::Value.header();
    message.headers()?.iter().find(|header| header.key == name)?.value
}
