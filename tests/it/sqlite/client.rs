//! The client crate against this server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use avow_client::rest::{Client, ConfigUpdate, Level, Metadata, Method, Mode, NewSchema, Reference, SchemaType, Scope};
use avow_client::wire::{Part, Record, SchemaKey};
use avow_client::{Class, Deserializer, LocalSchema, Registry, Serializer, Subject};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::support::Server;

const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"}]}"#;
const WIDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"},{"name":"item","type":"string","default":"tea"}]}"#;
const OTHER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"string"}]}"#;

fn client(server: &Server) -> Client {
    Client::builder([format!("http://{}", server.address())]).build().expect("a client")
}

#[tokio::test]
async fn a_subject_from_its_first_version_to_its_end() {
    let server = Server::start().await;
    let c = client(&server);
    let order = NewSchema::avro(ORDER).metadata(Metadata::default().property("owner", "ann"));
    assert!(c.look_up("orders", &order).await.unwrap_err().is_not_found());
    assert!(c.check("orders", &order).await.unwrap().is_compatible);
    let first = c.register("orders", &order).await.unwrap();
    assert_eq!((first.version, first.schema.text.as_str()), (Some(1), ORDER));
    assert_eq!(c.register("orders", &order).await.unwrap().id, first.id, "once is for all");

    let wider = NewSchema::avro(WIDER);
    assert!(c.check_latest("orders", &wider).await.unwrap().is_compatible);
    let verdict = c.check_version("orders", 1, &NewSchema::avro(OTHER)).verbose().await.unwrap();
    assert!(!verdict.is_compatible && verdict.messages[0].contains("TYPE_MISMATCH"), "{verdict:?}");
    assert!(c.register("orders", &NewSchema::avro(OTHER)).await.unwrap_err().is_conflict());
    assert!(c.register("orders", &NewSchema::avro("{")).await.unwrap_err().is_invalid());
    let second = c.register("orders", &wider).await.unwrap();

    assert_eq!(c.subjects().prefix("ord").await.unwrap(), ["orders"]);
    assert_eq!(c.versions("orders").await.unwrap(), [1, 2]);
    assert_eq!(c.versions("orders").offset(1).limit(1).await.unwrap(), [2]);
    let latest = c.latest("orders").await.unwrap();
    assert_eq!((latest.version, latest.id, &latest.schema.schema_type), (2, second.id, &SchemaType::Avro));
    assert_eq!(latest.schema.metadata.clone().unwrap().properties["owner"], "ann");
    assert_eq!(c.latest_with_metadata("orders", [("owner", "ann")]).await.unwrap(), latest);
    assert_eq!(c.version_text("orders", 1).await.unwrap(), ORDER);
    assert_eq!(c.schema_by_id(first.id).for_subject("orders").await.unwrap().schema.text, ORDER);
    assert_eq!(c.text_by_id(first.id).await.unwrap(), ORDER);
    let guid = first.schema.guid.unwrap();
    assert_eq!(c.schema_by_guid(&guid).await.unwrap().text, ORDER);
    assert_eq!(c.ids_by_guid(&guid).await.unwrap()[0].id, first.id);
    assert_eq!(c.subjects_by_id(first.id).await.unwrap(), ["orders"]);
    assert_eq!(c.versions_by_id(first.id).await.unwrap()[0].version, 1);
    assert_eq!(c.schemas().latest_only().await.unwrap().len(), 1);
    assert_eq!(c.schema_types().await.unwrap(), ["JSON", "PROTOBUF", "AVRO"]);

    let again = c.latest("orders").if_changed(None).await.unwrap().unwrap();
    assert_eq!(c.latest("orders").if_changed(again.etag.as_deref()).await.unwrap(), None);

    assert!(c.delete_version("orders", 1).permanent().await.unwrap_err().is_not_found(), "soft-delete first");
    assert_eq!(c.delete_version("orders", 1).await.unwrap(), 1);
    assert_eq!(c.versions("orders").await.unwrap(), [2]);
    assert_eq!(c.versions("orders").include_deleted().await.unwrap(), [1, 2]);
    assert_eq!(c.versions("orders").only_deleted().await.unwrap(), [1]);
    assert_eq!(c.delete_subject("orders").await.unwrap(), [2]);
    assert_eq!(c.delete_subject("orders").permanent().await.unwrap(), [1, 2]);
    assert!(c.latest("orders").await.unwrap_err().is_not_found());
    server.stop().await;
}

#[tokio::test]
async fn settings_of_every_scope() {
    let server = Server::start().await;
    let c = client(&server);
    assert_eq!(c.config(Scope::Global).await.unwrap().compatibility_level, Some(Level::Backward));
    assert!(c.config("s").await.unwrap_err().is_not_found());
    for scope in [Scope::Global, Scope::Context(".staging"), Scope::Subject("a/b")] {
        let update = ConfigUpdate::default().compatibility(Level::Full).normalize(true);
        assert_eq!(c.set_config(scope, &update).await.unwrap().compatibility_level, Some(Level::Full), "{scope:?}");
        let config = c.config(scope).await.unwrap();
        assert_eq!((config.compatibility_level, config.normalize), (Some(Level::Full), Some(true)));
        c.set_config(scope, &ConfigUpdate::default().clear("normalize")).await.unwrap();
        assert_eq!(c.config(scope).await.unwrap().normalize, None);
        c.delete_config(scope).await.unwrap();
        assert_eq!(c.set_mode(scope, Mode::ReadOnly).await.unwrap(), Some(Mode::ReadOnly));
        assert_eq!(c.mode(scope).await.unwrap(), Some(Mode::ReadOnly));
        c.delete_mode(scope).await.unwrap();
    }
    assert_eq!(c.config("s").default_to_global().await.unwrap().compatibility_level, Some(Level::Backward));
    assert_eq!(c.mode("s").default_to_global().await.unwrap(), Some(Mode::ReadWrite));
    assert!(c.set_config("s", &ConfigUpdate::default().compatibility("BOGUS")).await.unwrap_err().is_invalid());
    server.stop().await;
}

#[tokio::test]
async fn a_subject_is_called_what_one_likes() {
    let server = Server::start().await;
    let c = client(&server);
    let names =
        ["a/b", "50%", "a%2Fb", "a#b?c=d&e", "a+b c", "..", ".", "...", "zahlung-ü-支付", ";x", "a\\b", ":.ctx:s"];
    for name in names {
        c.register(name, &NewSchema::avro(ORDER)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(c.latest(name).await.unwrap().subject, name);
    }
    let mut expected: Vec<_> = names.map(str::to_owned).into();
    let mut subjects = c.subjects().prefix(":*:").await.unwrap();
    expected.sort();
    subjects.sort();
    assert_eq!(subjects, expected);
    let context = c.in_context("ctx");
    assert_eq!(context.subjects().await.unwrap(), [":.ctx:s"]);
    assert_eq!(context.latest("s").await.unwrap().id, 1);
    assert_eq!(c.contexts().await.unwrap(), [".", ".ctx"]);
    assert!(c.delete_context("ctx").await.unwrap_err().is_invalid(), "a subject is left in it");
    server.stop().await;
}

#[tokio::test]
async fn what_is_the_servers_own_is_reached_too() {
    let server = Server::start().await;
    let c = client(&server);
    let rules = c.send_json::<()>(Method::GET, "/avow/v1/rules", [], None).await.unwrap();
    assert!(!rules.as_array().unwrap().is_empty());
    c.cluster_id().await.unwrap();
    assert!(!c.server_version().await.unwrap().version.is_empty());
    assert!(c.associations(None, "t", "value").await.is_ok_and(|ties| ties.is_empty()));
    let error = c.send_json(Method::POST, "/avow/v1/nothing", [], Some(&json!({}))).await.unwrap_err();
    assert!(error.is_unsupported() && !error.is_not_found(), "{error:?}");
    server.stop().await;
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wider {
    id: i64,
    item: String,
}

#[tokio::test]
async fn producers_and_consumers_evolve_apart() {
    let server = Server::start().await;
    let registry = Registry::new(client(&server));
    let subject = || Subject::topic("orders");
    let unregistered = Serializer::<Order>::builder(&registry, subject()).schema(ORDER).prepare().await;
    assert!(unregistered.unwrap_err().is_not_registered());

    let old = Serializer::<Order>::builder(&registry, subject()).schema(ORDER).auto_register().prepare().await.unwrap();
    let new = Serializer::<Wider>::builder(&registry, subject()).schema(WIDER).auto_register();
    let mut new = new.guid_in_header().prepare().await.unwrap();
    let wrong = Serializer::<Order>::builder(&registry, subject()).schema(OTHER).auto_register().prepare().await;
    assert!(wrong.unwrap_err().is_incompatible(), "before its first record");

    let mut consumer =
        Deserializer::<Wider>::builder(&Registry::new(client(&server))).reader_schema(WIDER).build().unwrap();
    let payload = old.to_vec(&Order { id: 1 }).unwrap();
    assert_eq!(consumer.decode(&payload).await.unwrap().unwrap(), Wider { id: 1, item: "tea".to_owned() });
    let cup = Wider { id: 2, item: "cup".to_owned() };
    let encoded = new.serialize(&cup).unwrap();
    let (name, guid) = encoded.header.unwrap();
    assert_eq!(name, Part::Value.header());
    let record = Record::from(encoded.payload).with_header(Some(guid));
    assert_eq!(consumer.decode(record).await.unwrap(), Some(cup));

    let address = server.address();
    server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(consumer.decode(&payload).await.unwrap().is_some(), "what was seen needs no registry");
    let unseen = consumer.decode(&[0, 0, 0, 0, 99, 2]).await.unwrap_err();
    assert!(unseen.is_retriable() && unseen.class() == Class::RegistryUnavailable, "{unseen}");
}

#[tokio::test]
async fn references_in_a_context_of_their_own() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Bill {
        sum: Order,
    }
    let server = Server::start().await;
    let c = client(&server);
    // The same id has another schema in the default context.
    c.register("x", &NewSchema::avro("\"int\"")).await.unwrap();
    let staging = Registry::new(c.in_context("staging"));
    let bill = r#"{"type":"record","name":"Bill","namespace":"shop","fields":[{"name":"sum","type":"Order"}]}"#;
    let own = LocalSchema::new(bill).with("shop.Order", "order", LocalSchema::new(ORDER));
    let bills = Serializer::<Bill>::builder(&staging, Subject::topic("bills")).schema(own).auto_register();
    let bills = bills.prepare().await.unwrap();
    let latest = c.in_context("staging").latest("bills-value").await.unwrap();
    assert_eq!(latest.schema.references, [Reference::new("shop.Order", "order", 1)]);
    assert_eq!(latest.subject, ":.staging:bills-value");

    let payload = bills.to_vec(&Bill { sum: Order { id: 7 } }).unwrap();
    let cold = Registry::new(c.in_context(".staging"));
    let decoded = Deserializer::<Bill>::new(&cold).decode(&payload).await.unwrap();
    assert_eq!(decoded, Some(Bill { sum: Order { id: 7 } }));
    let guid = cold.schema_now(SchemaKey::Id(latest.id)).unwrap().guid().unwrap();
    assert_eq!(cold.schema(SchemaKey::Guid(guid)).await.unwrap().id(), Some(latest.id), "known by both");
    server.stop().await;
}
