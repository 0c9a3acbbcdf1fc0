//! `schema_registry_converter` around our server and beside our client, on the same topic.

use avow_client::{Deserializer, LocalSchema, Serializer, Subject};
use rdkafka::message::{Header, Headers, Message};
use schema_registry_converter::async_impl::avro::{AvroDecoder, AvroEncoder};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::{
    SchemaType, SubjectNameStrategy, SuppliedReference, SuppliedSchema,
};
use serde::{Deserialize, Serialize};

use crate::support::{Sender, Server, Topic, next, value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Money {
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
    price: Money,
    tags: Vec<String>,
    note: Option<String>,
}

const MONEY: &str =
    r#"{"type":"record","name":"Money","namespace":"rs.shop","fields":[{"name":"cents","type":"long"}]}"#;
/// The crate finds what is referred to by its short name alone, so the registry has to give that back.
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"rs.shop","fields":[
    {"name":"id","type":"long"},
    {"name":"price","type":"Money"},
    {"name":"tags","type":{"type":"array","items":"string"}},
    {"name":"note","type":["null","string"],"default":null}]}"#;
const EVOLVED: &str = r#"{"type":"record","name":"Order","namespace":"rs.shop","fields":[
    {"name":"note","type":["null","string"],"default":null},
    {"name":"id","type":"long"},
    {"name":"price","type":{"type":"record","name":"Money","fields":[{"name":"cents","type":"long"}]}},
    {"name":"tags","type":{"type":"array","items":"string"},"default":[]}]}"#;

fn order(id: i64) -> Order {
    let note = (id % 2 == 0).then(|| format!("n°{id}"));
    Order { id, price: Money { cents: -3 * id }, tags: (0..id % 3).map(|tag| format!("tag {tag}")).collect(), note }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn schema_registry_converter_on_the_same_topic() {
    let server = Server::start();
    let topic = Topic::new("converter", 1).await;
    let sender = Sender::new();
    let settings = || SrSettings::new(server.url());
    let money = SuppliedReference::new("rs.shop.Money".to_owned(), "money".to_owned(), MONEY.to_owned());
    let supplied = SuppliedSchema::new(Some("rs.shop.Order".to_owned()), SchemaType::Avro, ORDER.to_owned());
    let supplied = supplied.with_references(vec![money]);
    let strategy = SubjectNameStrategy::TopicNameStrategyWithSchema(topic.0.clone(), false, supplied);
    let encoder = AvroEncoder::new(settings());
    for id in 0..20 {
        if id % 2 == 0 {
            let payload = encoder.encode_struct(order(id), &strategy).await.unwrap();
            sender.send_raw(&topic, None, &payload, []).await;
        } else {
            let (payload, header) = encoder.encode_struct_with_header_id(order(id), &strategy, false).await.unwrap();
            let header = Header { key: header.name, value: Some(header.value.as_slice()) };
            sender.send_raw(&topic, None, &payload, [header]).await;
        }
    }
    let consumer = topic.consumer("ours");
    let mut orders = Deserializer::<Order>::new(&server.registry());
    let mut first = None;
    for id in 0..20 {
        let message = next(&consumer).await;
        assert_eq!(orders.decode(value(&message)).await.unwrap(), Some(order(id)), "we read what they write");
        first.get_or_insert(message);
    }

    let registry = server.registry();
    let same = Serializer::<Order>::builder(&registry, topic.subject()).use_latest_version();
    let mut same = same.prepare().await.unwrap();
    assert_eq!(same.serialize(&order(0)).unwrap().payload, first.unwrap().payload().unwrap(), "byte for byte");
    let mut evolved: Serializer<Order> = topic.serializer(&registry, EVOLVED).await;
    for id in 20..40 {
        sender.send(&topic, None, evolved.serialize(&order(id)).unwrap()).await;
    }
    let consumer = topic.consumer("theirs");
    let decoder = AvroDecoder::new(settings());
    for id in 0..40 {
        let message = next(&consumer).await;
        if message.headers().is_some_and(|headers| headers.count() > 0) {
            continue; // Theirs, by GUID: it takes the first GUID's schema for all of them, as is known.
        }
        let decoded = decoder.decode(message.payload()).await.unwrap();
        assert_eq!(apache_avro::from_value::<Order>(&decoded.value).unwrap(), order(id), "they read what we write");
    }

    // Where the schema that was registered has the full name, the registry gives back the short one, as Java prints it.
    let full = LocalSchema::new(ORDER.replace(r#""Money""#, r#""rs.shop.Money""#));
    let full = full.with("rs.shop.Money", "money", LocalSchema::new(MONEY));
    let full = Serializer::<Order>::builder(&registry, Subject::topic("full-names")).schema(full).auto_register();
    let payload = full.prepare().await.unwrap().to_vec(&order(7)).unwrap();
    let decoded = AvroDecoder::new(settings()).decode(Some(&payload)).await.unwrap();
    assert_eq!(apache_avro::from_value::<Order>(&decoded.value).unwrap(), order(7));
}
