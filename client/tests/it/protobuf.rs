//! Protobuf: message indexes before the data, and imports as references.

use avow_client::rest::SchemaType;
use avow_client::wire::{Record, SchemaKey};
use avow_client::{
    Class, Deserializer, DynamicProtobuf, LocalSchema, Protobuf, Registry, Serializer, SerializerBuilder, Snapshot,
    Subject,
};
use prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use serde_json::json;

use crate::support::{Double, Reply};

/// A package with the name of a message: the nested `Order.Item` must not be taken for the outer one.
const SCHEMA: &str = r#"syntax = "proto3"; package Order;
    message Order { int64 id = 1; message Item { string name = 1; } }
    message Item { string name = 1; }
    message Last { int64 id = 1; }"#;
const GUID: &str = "2f7c1d90-0000-4a5b-8c6d-0102030405ff";

macro_rules! messages {
    ($($type:ident($name:literal) { $field:ident: $kind:ty = $tag:literal as $proto:ident }),*) => {
        $(
            #[derive(Clone, PartialEq, Message)]
            struct $type {
                #[prost($proto, tag = $tag)]
                $field: $kind,
            }

            impl prost::Name for $type {
                const NAME: &'static str = $name;
                const PACKAGE: &'static str = "Order";
            }
        )*
    };
}

messages! {
    Order("Order") { id: i64 = "1" as int64 },
    Nested("Order.Item") { name: String = "1" as string },
    Item("Item") { name: String = "1" as string },
    Missing("Missing") { name: String = "1" as string }
}

fn offline(schema_type: SchemaType, text: &str) -> Registry {
    Registry::offline(Snapshot::default().with_schema_of_type(schema_type, SchemaKey::Id(7), text))
}

fn serializer<T: Message + prost::Name>(registry: &Registry) -> SerializerBuilder<T, Protobuf> {
    Serializer::builder(registry, Subject::topic("orders"))
}

async fn payload<T: Message + prost::Name>(value: T) -> Vec<u8> {
    let registry = offline(SchemaType::Protobuf, SCHEMA);
    serializer::<T>(&registry).use_schema_id(7).prepare().await.unwrap().to_vec(&value).unwrap()
}

fn framed(rest: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0, 7], rest].concat()
}

fn decode<T: Message + prost::Name + Default>(rest: &[u8]) -> Result<T, Class> {
    let mut decoder = Deserializer::<T, Protobuf>::new(&offline(SchemaType::Protobuf, SCHEMA));
    decoder.decode_now(&framed(rest)).map(Option::unwrap).map_err(|error| error.class())
}

#[tokio::test]
async fn indexes_are_between_id_and_data() {
    let name = "tea".to_owned();
    assert_eq!(payload(Order { id: 1 }).await, framed(b"\0\x08\x01"));
    assert_eq!(payload(Nested { name: name.clone() }).await, framed(b"\x04\0\0\x0a\x03tea"));
    assert_eq!(payload(Item { name: name.clone() }).await, framed(b"\x02\x02\x0a\x03tea"));
    assert_eq!(decode(b"\0\x08\x01"), Ok(Order { id: 1 }));
    assert_eq!(decode(b"\x02\0\x08\x01"), Ok(Order { id: 1 }), "the long form of the first message");
    assert_eq!(decode(b"\x04\0\0\x0a\x03tea"), Ok(Nested { name: name.clone() }));
    assert_eq!(decode(b"\x02\x02\x0a\x03tea"), Ok(Item { name }));
}

#[test]
fn hostile_frames_are_dead_letters_of_their_class() {
    let long = [&[200, 1][..], &[0; 200]].concat();
    let too_long = [&[202, 1][..], &[0; 200]].concat();
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let rows: [(&[u8], Class); 12] = [
        (b"", Class::MessageIndex),
        (b"\x01", Class::MessageIndex),
        (b"\x02", Class::MessageIndex),
        (b"\x02\x01", Class::MessageIndex),
        (b"\x02\x08", Class::MessageIndex),
        (b"\x06\0\0\0", Class::MessageIndex),
        (&long, Class::MessageIndex),
        (&too_long, Class::MessageIndex),
        (&huge, Class::MessageIndex),
        (b"\x02\x02\x0a\x03tea", Class::DoesNotFit),
        (b"\0\x08", Class::Malformed),
        (b"\0\x0a\xff\xff\xff\xff\x0f", Class::Malformed),
    ];
    for (rest, class) in rows {
        assert_eq!(decode::<Order>(rest), Err(class), "{rest:?}");
    }
}

#[test]
fn schemas_that_are_no_protobuf_are_refused() {
    for (registry, class, why) in [
        (offline(SchemaType::Avro, "\"int\""), Class::OtherFormat, "its format is AVRO, not PROTOBUF"),
        (offline(SchemaType::Json, "{}"), Class::OtherFormat, "its format is JSON, not PROTOBUF"),
        (offline(SchemaType::Protobuf, "messag Order {}"), Class::InvalidSchema, "Could not parse"),
        (offline(SchemaType::Protobuf, "message Order { Gone a = 1; }"), Class::InvalidSchema, "Gone"),
    ] {
        let mut decoder = Deserializer::<Order, Protobuf>::new(&registry);
        let error = decoder.decode_now(&framed(b"\0")).unwrap_err();
        assert_eq!(error.class(), class, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_message_that_the_schema_lacks_is_refused_before_the_first_record() {
    let registry = offline(SchemaType::Protobuf, SCHEMA);
    let error = serializer::<Missing>(&registry).use_schema_id(7).prepare().await.unwrap_err();
    assert!(error.to_string().contains("`Order.Missing`"), "{error}");
    let registry = offline(SchemaType::Avro, "\"int\"");
    let error = serializer::<Order>(&registry).use_schema_id(7).prepare().await.unwrap_err();
    assert!(error.to_string().contains("its format is AVRO, not PROTOBUF"), "{error}");
}

#[tokio::test]
async fn guid_and_indexes_go_into_the_header() {
    let version =
        json!({"subject": "s", "version": 1, "id": 7, "guid": GUID, "schemaType": "PROTOBUF", "schema": SCHEMA});
    let double = Double::answering([Reply::ok(version)]).await;
    let registry = Registry::connect([&double.url]).unwrap();
    let item = Item { name: "tea".to_owned() };
    let mut items = serializer::<Item>(&registry).use_latest_version().guid_in_header().prepare().await.unwrap();
    let encoded = items.serialize(&item).unwrap();
    let (name, header) = encoded.header.unwrap();
    assert_eq!((name, &header[17..], encoded.payload), ("__value_schema_id", &b"\x02\x02"[..], &b"\x0a\x03tea"[..]));
    let mut decoder = Deserializer::<Item, Protobuf>::new(&registry);
    let record = |header| Record::from(encoded.payload).with_header(Some(header));
    assert_eq!(decoder.decode(record(header)).await.unwrap(), Some(item));
    for wrong in [&header[..17], &header[..18], &[header, &[0]].concat()] {
        assert_eq!(decoder.decode(record(wrong)).await.unwrap_err().class(), Class::MessageIndex);
    }
}

#[tokio::test]
async fn the_hot_path_allocates_nothing() {
    let registry = offline(SchemaType::Protobuf, SCHEMA);
    let mut orders = serializer::<Order>(&registry).use_schema_id(7).prepare().await.unwrap();
    let mut decoder = Deserializer::<Order, Protobuf>::new(&registry);
    let order = Order { id: 1 };
    let payload = orders.serialize(&order).unwrap().payload.to_vec();
    decoder.decode_now(&payload).unwrap();
    let used = allocation_counter::measure(|| {
        assert_eq!(orders.serialize(&order).unwrap().payload, payload);
        assert_eq!(decoder.decode_now(&payload).unwrap().as_ref(), Some(&order));
    });
    assert_eq!(used.count_total, 0);
}

#[tokio::test]
async fn the_selected_schema_must_read_the_given_one() {
    let changed = SCHEMA.replace("Order { int64 id", "Order { string id");
    let version = json!({"subject": "s", "version": 1, "id": 7, "schemaType": "PROTOBUF", "schema": changed});
    let double = Double::answering([Reply::ok(version)]).await;
    let registry = Registry::connect([&double.url]).unwrap();
    let error = serializer::<Order>(&registry).schema(SCHEMA).use_latest_version().prepare().await.unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("#/Order/1"), "{error}");
}

/// `shop.Sale` with a field of `shop/money.proto` and one of a known file.
fn sale() -> MessageDescriptor {
    let field = |name: &str, number, r#type: Type, type_name: Option<&str>| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(r#type.into()),
        type_name: type_name.map(str::to_owned),
        ..FieldDescriptorProto::default()
    };
    let file = |name: &str, dependency: &[&str], message: &str, field| FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some("shop".to_owned()),
        dependency: dependency.iter().map(ToString::to_string).collect(),
        message_type: vec![DescriptorProto { name: Some(message.to_owned()), field, ..DescriptorProto::default() }],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    let money = file("shop/money.proto", &[], "Money", vec![field("cents", 1, Type::Int64, None)]);
    let fields = vec![
        field("price", 1, Type::Message, Some(".shop.Money")),
        field("at", 2, Type::Message, Some(".google.protobuf.Timestamp")),
    ];
    let imports = ["shop/money.proto", "google/protobuf/timestamp.proto"];
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_protos([money, file("shop/sale.proto", &imports, "Sale", fields)]).unwrap();
    pool.get_message_by_name("shop.Sale").unwrap()
}

#[tokio::test]
async fn dynamic_messages_and_their_imports_go_round() {
    let double = Double::start(|asked| {
        let body = json!({"subject": "s", "version": 3, "id": 7, "schemaType": "PROTOBUF",
            "schema": asked.body["schema"], "references": asked.body.get("references")});
        Reply::ok(body)
    })
    .await;
    let registry = Registry::connect([&double.url]).unwrap();
    let descriptor = sale();
    let serializer = Serializer::<DynamicMessage, DynamicProtobuf>::builder(&registry, Subject::topic("sales"));
    let serializer = serializer.schema(LocalSchema::of_message(&descriptor)).message("shop.Sale").auto_register();
    let mut serializer = serializer.prepare().await.unwrap();
    assert_eq!(
        double.lines(),
        ["POST /subjects/shop%2Fmoney.proto/versions", "POST /subjects/sales-value/versions"],
        "imports first, known files not at all"
    );
    assert_eq!(
        double.asked()[1].body["references"],
        json!([{"name": "shop/money.proto", "subject": "shop/money.proto", "version": 3}])
    );

    let mut sale = DynamicMessage::new(descriptor.clone());
    let mut price = DynamicMessage::new(descriptor.parent_pool().get_message_by_name("shop.Money").unwrap());
    price.set_field_by_name("cents", Value::I64(42));
    sale.set_field_by_name("price", Value::Message(price.clone()));
    let payload = serializer.serialize(&sale).unwrap().payload.to_vec();
    assert_eq!(payload, framed(b"\0\x0a\x02\x08\x2a"));
    assert!(serializer.to_vec(&price).unwrap_err().to_string().contains("`shop.Money`"));

    let mut decoder = Deserializer::<DynamicMessage, DynamicProtobuf>::new(&registry);
    let decoded = decoder.decode_now(&payload).unwrap().unwrap();
    let price = decoded.get_field_by_name("price").unwrap();
    assert_eq!(price.as_message().unwrap().get_field_by_name("cents").unwrap().as_i64(), Some(42));
    assert_eq!(decoder.decode_now(&framed(b"\x02\x02")).unwrap_err().class(), Class::MessageIndex);
}
