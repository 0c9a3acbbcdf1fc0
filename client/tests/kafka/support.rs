//! A registry to start and kill, and a broker's topics.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avow_client::rest::Client;
use avow_client::wire::{Part, Record};
use avow_client::{Caches, Encoded, Registry, Serializer, Subject};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Serialize;
use tempfile::TempDir;

/// How long a broker may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A registry in a process of its own, killed in the end whatever happens.
pub(crate) struct Server {
    address: String,
    folder: TempDir,
    process: Option<Child>,
}

impl Server {
    pub(crate) fn start() -> Self {
        // Its port has to be the same after a restart, so it is not left to the server.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut server = Self { address, folder: TempDir::new().unwrap(), process: None };
        server.restart();
        server
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        let database = format!("sqlite://{}", self.folder.path().join("avow.db").display());
        let binary = env::var("AVOW").expect("AVOW is the registry's binary: start this with tests/kafka/run");
        let mut process = Command::new(binary)
            .args(["serve", "--listen", &self.address, "--database-url", &database])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(process.stderr.take().unwrap());
        self.process = Some(process);
        let mut line = String::new();
        // The banner is printed once it answers.
        while !line.contains(&self.address) {
            line.clear();
            assert_ne!(says.read_line(&mut line).unwrap(), 0, "the registry ended instead of starting");
        }
        // Somebody has to read what else it says, or it would wait for that one day.
        std::thread::spawn(move || std::io::copy(&mut says, &mut std::io::sink()));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder([self.url()]).build().unwrap()
    }

    /// A registry that knows nothing yet.
    pub(crate) fn registry(&self) -> Registry {
        Registry::new(self.client())
    }

    /// The same, where a schema that is missing is given up at once.
    pub(crate) fn impatient(&self) -> Registry {
        let mut caches = Caches::default();
        caches.miss_grace_period = Duration::ZERO;
        Registry::builder(self.client()).caches(caches).build()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A topic of one test.
pub(crate) struct Topic(pub(crate) String);

impl Topic {
    pub(crate) async fn new(name: &str, partitions: i32) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        Self::named(format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)), partitions)
            .await
    }

    /// A topic that others have a name for.
    pub(crate) async fn named(name: String, partitions: i32) -> Self {
        let admin: AdminClient<DefaultClientContext> = kafka().create().unwrap();
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for outcome in admin.create_topics([&topic], &options).await.unwrap() {
            outcome.unwrap();
        }
        Self(name)
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject::topic(&self.0)
    }

    /// A serializer that registers its schema.
    pub(crate) async fn serializer<T: Serialize>(&self, registry: &Registry, schema: &str) -> Serializer<T> {
        Serializer::builder(registry, self.subject()).schema(schema).auto_register().prepare().await.unwrap()
    }

    /// A consumer of a group, from the beginning, that commits only on request.
    pub(crate) fn consumer(&self, group: &str) -> StreamConsumer {
        let consumer: StreamConsumer = kafka()
            .set("group.id", format!("{group}-{}", self.0))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("session.timeout.ms", "6000")
            .create()
            .unwrap();
        consumer.subscribe(&[&self.0]).unwrap();
        consumer
    }

    /// How many records are in it.
    pub(crate) fn len(&self, partitions: i32) -> i64 {
        let consumer: StreamConsumer = kafka().create().unwrap();
        let records = |partition| {
            let (low, high) = consumer.fetch_watermarks(&self.0, partition, PATIENCE).unwrap();
            high - low
        };
        (0..partitions).map(records).sum()
    }
}

/// Sends records, each acknowledged before it returns.
pub(crate) struct Sender(FutureProducer);

impl Sender {
    pub(crate) fn new() -> Self {
        Self(kafka().set("linger.ms", "1").create().unwrap())
    }

    pub(crate) async fn send(&self, topic: &Topic, key: Option<&str>, record: Encoded<'_>) {
        let header = record.header.map(|(key, value)| Header { key, value: Some(value) });
        self.send_raw(topic, key, record.payload, header).await;
    }

    pub(crate) async fn send_raw<'h>(
        &self,
        topic: &Topic,
        key: Option<&str>,
        payload: &[u8],
        headers: impl IntoIterator<Item = Header<'h, &'h [u8]>>,
    ) {
        let headers = headers.into_iter().fold(OwnedHeaders::new(), OwnedHeaders::insert);
        let mut record = FutureRecord::to(&topic.0).payload(payload).headers(headers);
        record.key = key;
        self.0.send(record, PATIENCE).await.unwrap();
    }
}

/// The next record.
pub(crate) async fn next(consumer: &StreamConsumer) -> OwnedMessage {
    tokio::time::timeout(PATIENCE, consumer.recv()).await.expect("a record comes in time").unwrap().detach()
}

/// What a deserializer takes.
pub(crate) fn value(message: &OwnedMessage) -> Record<'_> {
    Record::new(message.payload()).with_header(header(message, Part::Value.header()))
}

pub(crate) fn header<'m>(message: &'m OwnedMessage, name: &str) -> Option<&'m [u8]> {
    message.headers()?.iter().filter(|header| header.key == name).last()?.value
}

fn kafka() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", env::var("KAFKA").expect("KAFKA is a broker's address: use tests/kafka/run"));
    config
}
