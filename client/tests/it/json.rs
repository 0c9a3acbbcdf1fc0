//! JSON with a JSON Schema: the same handles, other data.

use avow_client::codec::Limits;
use avow_client::rest::SchemaType;
use avow_client::wire::{Record, SchemaKey};
use avow_client::{
    Class, Deserializer, Disposition, Json, LocalSchema, Registry, Serializer, SerializerBuilder, Snapshot, Subject,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Double, Reply};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
struct Sale {
    id: i64,
    item: String,
}

const SALE: &str = r#"{"title":"shop.Sale","type":"object","required":["id","item"],"additionalProperties":false,
    "properties":{"id":{"type":"integer","minimum":0},"item":{"type":"string","maxLength":9}}}"#;
const GUID: &str = "2f7c1d90-0000-4a5b-8c6d-0102030405ff";

fn sale(id: i64) -> Sale {
    Sale { id, item: "tea".to_owned() }
}

fn registry(double: &Double) -> Registry {
    Registry::connect([&double.url]).unwrap()
}

fn offline(schema_type: SchemaType, text: &str) -> Registry {
    Registry::offline(Snapshot::default().with_schema_of_type(schema_type, SchemaKey::Id(7), text))
}

fn serializer(registry: &Registry) -> SerializerBuilder<Sale, Json> {
    Serializer::builder(registry, Subject::topic("sales"))
}

async fn answering(schema: &str) -> Double {
    let schema = schema.to_owned();
    let version = json!({"subject": "s", "version": 1, "id": 7, "guid": GUID, "schemaType": "JSON", "schema": schema});
    Double::answering([Reply::ok(version)]).await
}

const FRAMED: &[u8] = b"\0\0\0\0\x07{\"id\":1,\"item\":\"tea\"}";

#[tokio::test]
async fn records_are_the_id_and_the_text() {
    let double = answering(SALE).await;
    let registry = registry(&double);
    let mut sales = serializer(&registry).schema(SALE).auto_register().prepare().await.unwrap();
    for _ in 0..100 {
        assert_eq!(sales.serialize(&sale(1)).unwrap().payload, FRAMED);
    }
    let asked = double.asked();
    assert_eq!(double.lines(), ["POST /subjects/sales-value/versions"], "and nothing per record");
    assert_eq!(asked[0].body["schemaType"], "JSON");
    let mut sales = Deserializer::<Sale, Json>::new(&registry);
    assert_eq!(sales.decode_now(FRAMED).unwrap(), Some(sale(1)));
    assert_eq!(sales.decode_now(None).unwrap(), None, "a tombstone");
}

#[tokio::test]
async fn the_guid_goes_into_the_header() {
    let double = answering(SALE).await;
    let registry = registry(&double);
    let sales = serializer(&registry).use_latest_version().guid_in_header().prepare();
    let mut sales = sales.await.unwrap();
    let encoded = sales.serialize(&sale(1)).unwrap();
    assert_eq!(encoded.payload, br#"{"id":1,"item":"tea"}"#);
    let (name, bytes) = encoded.header.unwrap();
    assert_eq!((name, bytes.len(), bytes[0]), ("__value_schema_id", 17, 1));
    let record = Record::from(encoded.payload).with_header(Some(bytes));
    let mut decoder = Deserializer::<Sale, Json>::new(&registry);
    assert_eq!(decoder.decode(record).await.unwrap(), Some(sale(1)));
    let longer = [bytes, &[0]].concat();
    let record = Record::from(encoded.payload).with_header(Some(&longer));
    assert_eq!(decoder.decode(record).await.unwrap_err().class(), Class::UnknownFraming);
}

#[tokio::test]
async fn subjects_are_named_after_the_title() {
    let double = answering(SALE).await;
    let registry = registry(&double);
    let serializer = Serializer::<Sale, Json>::builder(&registry, Subject::record()).schema(SALE).prepare().await;
    assert_eq!(serializer.unwrap().subject(), "shop.Sale");
    let untitled = Serializer::<Sale, Json>::builder(&registry, Subject::record()).schema("{}").prepare().await;
    assert!(untitled.unwrap_err().to_string().contains("no named schema"));
}

#[tokio::test]
async fn derived_schemas_are_registered() {
    let double = answering(SALE).await;
    let schema = LocalSchema::of_type::<Sale>();
    serializer(&registry(&double)).schema(schema).auto_register().prepare().await.unwrap();
    let registered: serde_json::Value =
        serde_json::from_str(double.asked()[0].body["schema"].as_str().unwrap()).unwrap();
    assert_eq!(registered["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(registered["properties"]["item"]["type"], "string");
}

#[tokio::test]
async fn data_are_validated_on_request() {
    let registry = offline(SchemaType::Json, SALE);
    let long = Sale { id: 1, item: "a very long cup".to_owned() };
    let negative = sale(-1);
    let lax = serializer(&registry).use_schema_id(7).prepare().await.unwrap();
    let strict = serializer(&registry).use_schema_id(7).validate().prepare().await.unwrap();
    let mut reads = Deserializer::<Sale, Json>::new(&registry);
    let mut validates = Deserializer::<Sale, Json>::builder(&registry).validate().build().unwrap();
    for wrong in [&long, &negative] {
        let payload = lax.to_vec(wrong).unwrap();
        let error = strict.to_vec(wrong).unwrap_err().to_string();
        assert!(error.contains("/i") && !error.contains("very long"), "{error}");
        assert_eq!(reads.decode_now(&payload).unwrap().as_ref(), Some(wrong));
        assert_eq!(validates.decode_now(&payload).unwrap_err().class(), Class::DoesNotFit);
    }
    assert_eq!(validates.decode_now(&strict.to_vec(&sale(1)).unwrap()).unwrap(), Some(sale(1)));
}

#[tokio::test]
async fn references_are_validated_without_a_request_for_their_uri() {
    let schema = r#"{"$ref":"http://shop.example/sale.json"}"#;
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/subjects/sale/versions/1?deleted=true" => {
            Reply::ok(json!({"subject": "sale", "version": 1, "id": 6, "schemaType": "JSON", "schema": SALE}))
        }
        _ => Reply::ok(json!({"schemaType": "JSON", "schema": schema, "references":
            [{"name": "http://shop.example/sale.json", "subject": "sale", "version": 1}]})),
    })
    .await;
    let registry = registry(&double);
    let mut validates = Deserializer::<Sale, Json>::builder(&registry).validate().build().unwrap();
    assert_eq!(validates.decode(FRAMED).await.unwrap(), Some(sale(1)));
    let negative = b"\0\0\0\0\x07{\"id\":-1,\"item\":\"tea\"}";
    assert_eq!(validates.decode(negative).await.unwrap_err().class(), Class::DoesNotFit);
}

#[tokio::test]
async fn the_selected_schema_must_read_the_given_one() {
    let double = answering(&SALE.replace("\"maxLength\":9", "\"maxLength\":5")).await;
    let registry = registry(&double);
    let error = serializer(&registry).schema(SALE).use_latest_version().prepare().await.unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("maxLength"), "{error}");
    let lax = serializer(&registry).schema(SALE).use_latest_version().strict_compatibility(false);
    lax.prepare().await.unwrap();
}

#[test]
fn each_undecodable_record_has_its_class() {
    let json = offline(SchemaType::Json, SALE);
    let rows: [(&Registry, &[u8], Class); 8] = [
        (&json, b"{\"id\":1}", Class::NotFramed),
        (&json, b"\0\0\0\0\x08{}", Class::NotLoaded),
        (&json, b"\0\0\0\0\x07", Class::Truncated),
        (&json, b"\0\0\0\0\x07{\"id\":1", Class::Truncated),
        (&json, b"\0\0\0\0\x07{\"id\":1,\"item\":\"\xff\"}", Class::Malformed),
        (&json, b"\0\0\0\0\x07{\"id\":\"one\",\"item\":\"tea\"}", Class::Refused),
        (&offline(SchemaType::Avro, "\"int\""), FRAMED, Class::OtherFormat),
        (&offline(SchemaType::Json, "[]"), FRAMED, Class::InvalidSchema),
    ];
    for (registry, payload, class) in rows {
        let error = Deserializer::<Sale, Json>::new(registry).decode_now(payload).unwrap_err();
        assert_eq!(error.class(), class, "{error}");
    }
    let error = Deserializer::<Sale>::new(&json).decode_now(FRAMED).unwrap_err();
    assert_eq!((error.class(), error.disposition()), (Class::OtherFormat, Disposition::DeadLetter));
    assert!(error.to_string().contains("its format is JSON, not AVRO"), "{error}");
}

#[test]
fn errors_have_a_location_and_hide_the_data() {
    let mut sales = Deserializer::<Sale, Json>::new(&offline(SchemaType::Json, SALE));
    let error = sales.decode_now(b"\0\0\0\0\x07{\"id\":1,\n\"item\":\xff}").unwrap_err();
    assert_eq!(error.place().unwrap().1, 17);
    let error = sales.decode_now(b"\0\0\0\0\x07{\"id\":\"secret\"}").unwrap_err();
    assert!(error.headers().iter().all(|(_, value)| !value.contains("secret")));
}

#[test]
fn hostile_records_are_errors() {
    let registry = offline(SchemaType::Json, "true");
    let mut values = Deserializer::<serde_json::Value, Json>::new(&registry);
    let deep = [&b"\0\0\0\0\x07"[..], &[b'['].repeat(1 << 20)].concat();
    assert_eq!(values.decode_now(&deep).unwrap_err().class(), Class::Malformed);
    let limits = Limits { bytes: 10, ..Limits::default() };
    let mut values = Deserializer::<serde_json::Value, Json>::builder(&registry).limits(limits).build().unwrap();
    assert_eq!(values.decode_now(FRAMED).unwrap_err().class(), Class::OverLimit);
}

#[derive(Deserialize)]
struct Seen<'m> {
    item: &'m str,
}

#[tokio::test]
async fn the_hot_path_allocates_nothing() {
    let registry = offline(SchemaType::Json, SALE);
    let mut sales = serializer(&registry).use_schema_id(7).prepare().await.unwrap();
    let value = sale(1);
    sales.serialize(&value).unwrap();
    let used = allocation_counter::measure(|| {
        assert_eq!(sales.serialize(&value).unwrap().payload, FRAMED);
    });
    assert_eq!(used.count_total, 0);
    let mut decoder = Deserializer::<Sale, Json>::new(&registry);
    decoder.decode_now(FRAMED).unwrap();
    let used = allocation_counter::measure(|| {
        let seen: Seen<'_> = decoder.borrow_now(FRAMED).unwrap().unwrap();
        assert_eq!(seen.item, "tea");
    });
    assert_eq!(used.count_total, 0);
}
