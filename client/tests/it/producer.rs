//! What a producer sees: everything that can fail fails before the first record.

use std::time::Duration;

use avow_client::blocking::Wait;
use avow_client::rest::{Client, Reference, Retry};
use avow_client::wire::SchemaKey;
use avow_client::{LocalSchema, PrepareError, Registry, Serializer, Subject};
use serde::Serialize;
use serde_json::{Value, json};

use crate::support::{Asked, Double, Reply};

#[derive(Serialize)]
struct Sale {
    id: i64,
    item: &'static str,
}

const TEA: Sale = Sale { id: 1, item: "tea" };
const SALE: &str = r#"{"type":"record","name":"Sale","namespace":"shop","fields":[{"name":"id","type":"long"},{"name":"item","type":"string"}]}"#;
const GUID: &str = "2f7c1d90-0000-4a5b-8c6d-0102030405ff";

fn registry(double: &Double) -> Registry {
    let retry = Retry::default().pause(Duration::from_millis(1)).attempt(Duration::from_millis(400));
    Registry::new(Client::builder([&double.url]).retry(retry).build().unwrap())
}

fn version(id: u32) -> Value {
    json!({"subject": "s", "version": 3, "id": id, "guid": GUID, "schema": SALE})
}

fn serializer(double: &Double) -> avow_client::SerializerBuilder<Sale> {
    Serializer::builder(&registry(double), Subject::topic("sales"))
}

async fn payload(builder: avow_client::SerializerBuilder<Sale>) -> Result<Vec<u8>, PrepareError> {
    Ok(builder.prepare().await?.to_vec(&TEA).unwrap())
}

fn framed(id: u8) -> Vec<u8> {
    [&[0, 0, 0, 0, id, 2, 6], &b"tea"[..]].concat()
}

#[tokio::test]
async fn each_way_to_a_schema_asks_what_other_clients_ask() {
    type Build = fn(avow_client::SerializerBuilder<Sale>) -> avow_client::SerializerBuilder<Sale>;
    let rows: [(Build, &[&str]); 9] = [
        (|s| s.schema(SALE), &["POST /subjects/sales-value"]),
        (|s| s.schema(SALE).normalize(), &["POST /subjects/sales-value?normalize=true"]),
        (|s| s.schema(SALE).auto_register(), &["POST /subjects/sales-value/versions"]),
        (|s| s.schema(SALE).auto_register().normalize(), &["POST /subjects/sales-value/versions?normalize=true"]),
        (|s| s.use_latest_version(), &["GET /subjects/sales-value/versions/latest"]),
        (|s| s.schema(SALE).use_latest_version(), &["GET /subjects/sales-value/versions/latest"]),
        (
            |s| s.use_latest_with_metadata([("major", "2")]),
            &["GET /subjects/sales-value/metadata?key=major&value=2&deleted=true"],
        ),
        (|s| s.use_schema_id(7), &["GET /schemas/ids/7"]),
        (
            |s| s.use_schema_guid(GUID.parse().unwrap()),
            &[
                "GET /schemas/guids/2f7c1d90-0000-4a5b-8c6d-0102030405ff",
                "GET /schemas/guids/2f7c1d90-0000-4a5b-8c6d-0102030405ff/ids",
            ],
        ),
    ];
    for (build, lines) in rows {
        let double = Double::start(|asked| match asked.path.ends_with("/ids") {
            true => Reply::ok(json!([{"context": ".a", "id": 1}, {"context": ".", "id": 7}])),
            false => Reply::ok(version(7)),
        })
        .await;
        let mut sales = build(serializer(&double)).prepare().await.unwrap();
        for _ in 0..100 {
            assert_eq!(sales.serialize(&TEA).unwrap().payload, framed(7));
        }
        assert_eq!(double.lines(), lines, "and nothing per record");
    }
}

#[tokio::test]
async fn nothing_is_registered_that_nobody_asked_for() {
    let double = Double::answering([Reply::error(40403, "Schema not found")]).await;
    let error = payload(serializer(&double).schema(SALE)).await.unwrap_err();
    assert!(error.is_not_registered() && !error.is_retriable());
    assert!(error.to_string().contains("auto_register()"), "{error}");
    assert_eq!(double.lines(), ["POST /subjects/sales-value"]);
    let error = payload(serializer(&double)).await.unwrap_err();
    assert!(error.to_string().contains("there is no schema to look up"), "{error}");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_the_first_record() {
    let double = Double::answering([Reply::error(40901, "incompatible with an earlier schema")]).await;
    assert!(payload(serializer(&double).schema(SALE).auto_register()).await.unwrap_err().is_incompatible());

    let stricter = SALE.replace("\"item\"", "\"article\"");
    let double =
        Double::answering([Reply::ok(json!({"subject": "s", "version": 1, "id": 7, "schema": stricter}))]).await;
    let error = payload(serializer(&double).schema(SALE).use_latest_version()).await.unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("article"), "{error}");
    let lenient = serializer(&double).schema(SALE).use_latest_version().strict_compatibility(false);
    let sales = lenient.prepare().await.unwrap();
    assert!(sales.to_vec(&TEA).is_err(), "no record is written by position");

    let error = payload(serializer(&double).schema("{\"type\":\"recard\"}")).await.unwrap_err();
    assert!(error.to_string().contains("the schema is invalid"), "{error}");
}

#[tokio::test]
async fn a_refused_registration_is_explained() {
    let double = Double::start(|asked| {
        let refused = Reply::error(409, "incompatible with version 3");
        if asked.path.ends_with("?explain=true") {
            let findings = json!([{
                "rule": "missing-default", "severity": "breaking", "path": "Sale.item", "versions": [3],
                "title": "The new field `item` has no default", "who": "Consumers that move to the new schema",
                "fixes": [{"title": "Add the default \"\"", "schema": "{}", "resolvesAll": true}]
            }]);
            let body = json!({"error_code": 409, "message": "incompatible with version 3", "findings": findings});
            return Reply::text(409, body.to_string());
        }
        refused
    })
    .await;
    let error = payload(serializer(&double).schema(SALE).auto_register()).await.unwrap_err();
    assert!(error.is_incompatible());
    let message = error.to_string();
    let explanation = "Sale.item: The new field `item` has no default [missing-default]\n      \
                       Consumers that move to the new schema\n      fix: Add the default \"\"";
    assert!(message.contains(explanation), "{message}");
    assert_eq!(error.registry_error().unwrap().findings()[0].rule, "missing-default");
    assert_eq!(
        double.lines(),
        ["POST /subjects/sales-value/versions", "POST /subjects/sales-value/versions?explain=true"]
    );
}

#[tokio::test]
async fn a_producer_starts_from_a_snapshot() {
    let double = Double::answering([Reply::ok(version(7))]).await;
    let online = registry(&double);
    Serializer::<Sale>::builder(&online, Subject::topic("sales")).schema(SALE).prepare().await.unwrap();
    let snapshot = online.snapshot();
    drop(double);
    // Written otherwise, it is the same schema.
    let reformatted = SALE.replace(',', " , ");
    for registry in [
        Registry::offline(snapshot.clone()),
        Registry::builder(Client::builder("http://127.0.0.1:1").retry(Retry::never()).build().unwrap())
            .snapshot(snapshot)
            .build(),
    ] {
        let sales = || Serializer::<Sale>::builder(&registry, Subject::topic("sales"));
        for builder in [
            sales().schema(SALE),
            sales().schema(reformatted.as_str()),
            sales().schema(SALE).auto_register(),
            sales().use_schema_id(7),
        ] {
            assert_eq!(payload(builder).await.unwrap(), framed(7));
        }
        let error = payload(sales().schema("\"int\"")).await.unwrap_err();
        assert!(error.registry_error().is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_field_that_the_schema_lacks_is_an_error_unless_it_is_ignored() {
    #[derive(Serialize)]
    struct Wider {
        id: i64,
        note: &'static str,
        item: &'static str,
    }
    let wider = Wider { id: 1, note: "not in the schema", item: "tea" };
    let double = Double::answering([Reply::ok(version(7))]).await;
    let registry = registry(&double);
    let builder = || Serializer::<Wider>::builder(&registry, Subject::topic("sales")).schema(SALE);
    let error = builder().prepare().await.unwrap().to_vec(&wider).unwrap_err();
    assert_eq!(error.kind(), avow_client::codec::EncodeErrorKind::UnknownField);
    assert!(error.to_string().contains("`note`") && error.to_string().contains("ignore_unknown_fields()"), "{error}");
    let lenient = builder().ignore_unknown_fields().prepare().await.unwrap();
    assert_eq!(lenient.to_vec(&wider).unwrap(), framed(7));

    let map = || Serializer::<Value>::builder(&registry, Subject::topic("sales")).schema(SALE);
    let value = json!({"note": [1, 2], "item": "tea", "id": 1});
    assert!(map().prepare().await.unwrap().to_vec(&value).is_err());
    assert_eq!(map().ignore_unknown_fields().prepare().await.unwrap().to_vec(&value).unwrap(), framed(7));
}

#[tokio::test]
async fn an_error_leaves_the_buffer_as_it_was() {
    let double = Double::answering([Reply::ok(version(7))]).await;
    let strings =
        Serializer::<str>::builder(&registry(&double), Subject::topic("t")).schema(SALE).prepare().await.unwrap();
    let mut out = b"before".to_vec();
    assert!(strings.append("not a sale", &mut out).is_err());
    assert_eq!(out, b"before");
    let sales = serializer(&double).schema(SALE).prepare().await.unwrap();
    sales.append(&TEA, &mut out).unwrap();
    assert_eq!(out, [b"before", framed(7).as_slice()].concat());
}

#[tokio::test]
async fn a_guid_goes_into_the_header() {
    let double = Double::answering([Reply::ok(version(7))]).await;
    let mut sales = serializer(&double).schema(SALE).guid_in_header().prepare().await.unwrap();
    let encoded = sales.serialize(&TEA).unwrap();
    let guid = SchemaKey::Guid(GUID.parse().unwrap()).to_bytes();
    assert_eq!(encoded.payload, b"\x02\x06tea");
    assert_eq!(encoded.header, Some(("__value_schema_id", guid.as_slice())));

    let mut keys = Serializer::<Sale>::builder(&registry(&double), Subject::topic("sales").key())
        .schema(SALE)
        .guid_in_header()
        .prepare()
        .await
        .unwrap();
    assert_eq!(keys.subject(), "sales-key");
    assert_eq!(keys.serialize(&TEA).unwrap().header.unwrap().0, "__key_schema_id");

    let old = Double::answering([Reply::ok(json!({"subject": "s", "version": 1, "id": 7, "schema": SALE}))]).await;
    let error = serializer(&old).schema(SALE).guid_in_header().prepare().await.unwrap_err();
    assert!(error.to_string().contains("GUID"), "{error}");
}

#[tokio::test]
async fn an_old_registry_says_only_the_id() {
    let double = Double::answering([Reply::ok(json!({"id": 7}))]).await;
    let registry = registry(&double);
    let sales = Serializer::<Sale>::builder(&registry, Subject::topic("sales")).schema(SALE).auto_register();
    assert_eq!(sales.prepare().await.unwrap().to_vec(&TEA).unwrap(), framed(7));
    assert!(registry.schema_now(SchemaKey::Id(7)).is_some(), "a consumer beside it need not ask");
}

#[tokio::test]
async fn subjects_are_named_as_other_clients_name_them() {
    let none = || Double::start(|_| Reply::ok(json!([])));
    let rows = [
        (Subject::topic("t"), "t-value"),
        (Subject::topic("t").key(), "t-key"),
        (Subject::record(), "shop.Sale"),
        (Subject::topic_record("t"), "t-shop.Sale"),
        (Subject::exactly("any/thing"), "any/thing"),
        (Subject::associated("t"), "t-value"),
        (Subject::associated("t").or(Subject::record()), "shop.Sale"),
        (Subject::associated("t").key(), "t-key"),
    ];
    for (subject, name) in rows {
        let double = none().await;
        double.now(|asked| match asked.path.starts_with("/associations") {
            true => Reply::ok(json!([])),
            false => Reply::ok(version(7)),
        });
        let sales = Serializer::<Sale>::builder(&registry(&double), subject).schema(SALE).prepare().await.unwrap();
        assert_eq!(sales.subject(), name);
    }
    let double = none().await;
    let unnamed = Serializer::<Sale>::builder(&registry(&double), Subject::record()).use_latest_version().prepare();
    assert!(unnamed.await.unwrap_err().to_string().contains("named after the record"));
}

#[tokio::test]
async fn a_tied_subject_is_taken_and_an_unclear_one_is_not() {
    let tie = |subject: &str| json!({"subject": subject, "resourceName": "t", "associationType": "value"});
    let (one, two) = (json!([tie("tied")]), json!([tie("tied"), tie("too")]));
    let rows = [
        (Reply::ok(one), Ok("tied")),
        (Reply::ok(two), Err("tied, too")),
        (Reply::error(404, "HTTP 404 Not Found"), Ok("t-value")),
        (Reply::error(40410, "Association not found"), Ok("t-value")),
        (Reply::error(403, "Forbidden"), Err("403")),
    ];
    for (reply, expected) in rows {
        let double = Double::start(move |asked| {
            if asked.path.starts_with("/associations/resources/lkc-1/t?") {
                reply.clone()
            } else {
                Reply::ok(version(7))
            }
        })
        .await;
        let subject = Subject::associated("t").in_cluster("lkc-1");
        let outcome = Serializer::<Sale>::builder(&registry(&double), subject).schema(SALE).prepare().await;
        match expected {
            Ok(name) => assert_eq!(outcome.unwrap().subject(), name),
            Err(why) => assert!(outcome.unwrap_err().to_string().contains(why)),
        }
    }
}

const MONEY: &str = r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"},{"name":"unit","type":"Unit"}]}"#;
const UNIT: &str = r#"{"type":"enum","name":"Unit","namespace":"shop","symbols":["EUR"]}"#;
const BILL: &str = r#"{"type":"record","name":"Bill","namespace":"shop","fields":[{"name":"sum","type":"Money"},{"name":"payer","type":"shop.Payer"}]}"#;
const PAYER: &str = r#"{"type":"record","name":"Payer","namespace":"shop","fields":[]}"#;

#[tokio::test]
async fn what_is_referred_to_is_registered_first() {
    let answer = |asked: &Asked| {
        Reply::ok(match asked.path.as_str() {
            "/subjects/payer/versions/latest" => json!({"subject": "payer", "version": 4, "id": 4, "schema": PAYER}),
            "/subjects/unit/versions" => json!({"id": 1, "version": 5}),
            // An old registry does not say which version it made.
            "/subjects/money/versions" => json!({"id": 2}),
            "/subjects/money" => json!({"subject": "money", "version": 6, "id": 2, "schema": MONEY}),
            _ => json!({"id": 3, "version": 1}),
        })
    };
    let double = Double::start(answer).await;
    let own = LocalSchema::new(BILL)
        .with("shop.Money", "money", LocalSchema::new(MONEY).with("shop.Unit", "unit", UNIT.into()))
        .refers_to(Reference::new("shop.Payer", "payer", -1));
    let bills = Serializer::<Value>::builder(&registry(&double), Subject::topic("bills")).schema(own).auto_register();
    let bills = bills.prepare().await.unwrap();
    assert_eq!(
        double.lines(),
        [
            "POST /subjects/unit/versions",
            "POST /subjects/money/versions",
            "POST /subjects/money",
            "GET /subjects/payer/versions/latest",
            "POST /subjects/bills-value/versions",
        ]
    );
    let asked = double.asked();
    assert_eq!(asked[1].body["references"], json!([{"name": "shop.Unit", "subject": "unit", "version": 5}]));
    assert_eq!(asked[4].body["references"][0], json!({"name": "shop.Money", "subject": "money", "version": 6}));
    let payload = bills.to_vec(&json!({"sum": {"cents": 5, "unit": "EUR"}, "payer": {}})).unwrap();
    assert_eq!(payload, [0, 0, 0, 0, 3, 10, 0]);
}

#[tokio::test]
async fn the_latest_version_is_taken_up_when_refreshed() {
    let double = Double::answering([Reply::ok(version(7)), Reply::error(40401, "gone")]).await;
    let mut sales = serializer(&double).use_latest_version().prepare().await.unwrap();
    assert!(!sales.refresh().await.unwrap(), "fresh enough");
    assert_eq!(double.asked().len(), 1);
    assert_eq!(sales.to_vec(&TEA).unwrap(), framed(7));
}

#[tokio::test]
async fn a_new_version_changes_the_id_and_a_failure_changes_nothing() {
    let double = Double::answering([Reply::ok(version(7)), Reply::ok(version(8)), Reply::error(42201, "broken")]).await;
    let mut sales = serializer(&double).schema(SALE).prepare().await.unwrap();
    assert_eq!(sales.to_vec(&TEA).unwrap(), framed(7));
    assert!(sales.refresh().await.unwrap());
    assert_eq!(sales.to_vec(&TEA).unwrap(), framed(8));
    assert!(sales.refresh().await.is_err());
    assert_eq!(sales.to_vec(&TEA).unwrap(), framed(8));
}

#[tokio::test]
async fn rules_are_not_left_out() {
    let mut encrypted = version(7);
    encrypted["ruleSet"] = json!({"encodingRules": [{"name": "encrypt it", "type": "ENCRYPT", "mode": "WRITEREAD"}]});
    let double = Double::answering([Reply::ok(encrypted)]).await;
    let error = payload(serializer(&double).schema(SALE)).await.unwrap_err();
    assert!(error.to_string().contains("encrypt it"), "{error}");
    assert_eq!(payload(serializer(&double).schema(SALE).rules_are_run_elsewhere()).await.unwrap(), framed(7));
}

#[tokio::test]
async fn bytes_alone_have_no_length() {
    let double =
        Double::answering([Reply::ok(json!({"subject": "s", "version": 1, "id": 7, "schema": "\"bytes\""}))]).await;
    let blobs = Serializer::<serde_bytes::Bytes>::builder(&registry(&double), Subject::topic("t")).schema("\"bytes\"");
    let mut blobs = blobs.prepare().await.unwrap();
    for data in [&b""[..], b"abc", &[7; 1000]] {
        let payload = blobs.serialize(serde_bytes::Bytes::new(data)).unwrap().payload;
        assert_eq!(payload, [&[0, 0, 0, 0, 7], data].concat());
    }
}

#[test]
fn a_program_without_async_waits() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let double = runtime.block_on(Double::answering([Reply::ok(version(7))]));
    let sales = serializer(&double).schema(SALE).prepare().wait().unwrap();
    assert_eq!(sales.to_vec(&TEA).unwrap(), framed(7));
}

#[tokio::test]
async fn a_reused_buffer_needs_no_allocation() {
    let double = Double::answering([Reply::ok(version(7))]).await;
    for guid_in_header in [false, true] {
        let builder = serializer(&double).schema(SALE);
        let builder = if guid_in_header { builder.guid_in_header() } else { builder };
        let mut sales = builder.prepare().await.unwrap();
        let mut out = sales.to_vec(&TEA).unwrap();
        sales.serialize(&TEA).unwrap();
        let used = allocation_counter::measure(|| {
            for _ in 0..10 {
                sales.serialize(&TEA).unwrap();
                out.clear();
                sales.append(&TEA, &mut out).unwrap();
            }
        });
        assert_eq!(used.count_total, 0);
    }
}
