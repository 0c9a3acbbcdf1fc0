//! The three payloads: a sale event, a nested order, a batch of measurements; their schemas, and those of a later reader.

use crate::types::{Address, Batch, Channel, Customer, Item, Owned, Point, Sale, Status};

pub(crate) const SALE: &str = r#"{"type":"record","name":"Sale","namespace":"shop","fields":[
    {"name":"store","type":"int"},
    {"name":"till","type":"int"},
    {"name":"article","type":"long"},
    {"name":"cents","type":"int"},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;

/// Drops the till, widens two numbers, turns the order round and adds a currency.
pub(crate) const SALE_LATER: &str = r#"{"type":"record","name":"Sale","namespace":"shop","fields":[
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"cents","type":"long"},
    {"name":"article","type":"long"},
    {"name":"store","type":"long"},
    {"name":"currency","type":"string","default":"EUR"}]}"#;

pub(crate) fn sale() -> Sale {
    Sale { store: 4711, till: 12, article: 400_638_133_393, cents: 1999, at: 1_762_345_678_901 }
}

/// The fields of the order; `$decimal` and `$millis` say whether the logical types are named.
fn order_schema(decimal: &str, millis: &str) -> String {
    let address = r#"{"type":"record","name":"Address","fields":[
        {"name":"name","type":"string"},{"name":"street","type":"string"},{"name":"city","type":"string"},
        {"name":"zip","type":"string"},{"name":"country","type":"string"},
        {"name":"region","type":["null","string"],"default":null}]}"#;
    format!(
        r#"{{"type":"record","name":"Order","namespace":"shop","fields":[
        {{"name":"id","type":"string"}},
        {{"name":"number","type":"long"}},
        {{"name":"placed_at","type":{millis}}},
        {{"name":"updated_at","type":{millis}}},
        {{"name":"channel","type":{{"type":"enum","name":"Channel","symbols":["Web","App","Store"]}}}},
        {{"name":"status","type":{{"type":"enum","name":"Status","symbols":["Open","Paid","Sent","Closed"]}}}},
        {{"name":"currency","type":"string"}},
        {{"name":"total","type":{decimal}}},
        {{"name":"tax","type":{decimal}}},
        {{"name":"customer","type":{{"type":"record","name":"Customer","fields":[
            {{"name":"id","type":"long"}},{{"name":"name","type":"string"}},{{"name":"email","type":"string"}},
            {{"name":"phone","type":["null","string"],"default":null}},{{"name":"vip","type":"boolean"}},
            {{"name":"points","type":"int"}}]}}}},
        {{"name":"billing","type":{address}}},
        {{"name":"shipping","type":"Address"}},
        {{"name":"items","type":{{"type":"array","items":{{"type":"record","name":"Item","fields":[
            {{"name":"sku","type":"string"}},{{"name":"name","type":"string"}},{{"name":"quantity","type":"int"}},
            {{"name":"cents","type":"int"}},{{"name":"discount","type":["null","double"],"default":null}},
            {{"name":"labels","type":{{"type":"array","items":"string"}}}}]}}}}}},
        {{"name":"note","type":["null","string"],"default":null}},
        {{"name":"coupon","type":["null","string"],"default":null}},
        {{"name":"attributes","type":{{"type":"map","values":"string"}}}},
        {{"name":"weights","type":{{"type":"map","values":"double"}}}},
        {{"name":"weight","type":"double"}},
        {{"name":"priority","type":"int"}},
        {{"name":"gift","type":"boolean"}},
        {{"name":"greeting","type":["null","string"],"default":null}},
        {{"name":"warehouse","type":"string"}},
        {{"name":"carrier","type":["null","string"],"default":null}},
        {{"name":"tracking","type":["null","string"],"default":null}},
        {{"name":"parcels","type":"int"}},
        {{"name":"score","type":"float"}},
        {{"name":"retries","type":"int"}},
        {{"name":"sent_at","type":["null",{millis}],"default":null}},
        {{"name":"tags","type":{{"type":"array","items":"string"}}}},
        {{"name":"version","type":"long"}}]}}"#
    )
}

const MILLIS: &str = r#"{"type":"long","logicalType":"timestamp-millis"}"#;
const DECIMAL: &str = r#"{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}"#;

pub(crate) fn order_text() -> String {
    order_schema(DECIMAL, MILLIS)
}

/// For the contender that insists on a type of its own for decimals.
pub(crate) fn order_text_without_decimals() -> String {
    order_schema(r#""bytes""#, MILLIS)
}

/// Drops eight fields, turns some round, widens numbers, orders symbols anew and adds three fields.
pub(crate) fn order_later_text() -> String {
    format!(
        r#"{{"type":"record","name":"Order","namespace":"shop","fields":[
        {{"name":"number","type":"long"}},
        {{"name":"id","type":"string"}},
        {{"name":"placed_at","type":{MILLIS}}},
        {{"name":"status","type":{{"type":"enum","name":"Status","symbols":["Closed","Sent","Paid","Open","Lost"]}}}},
        {{"name":"channel","type":{{"type":"enum","name":"Channel","symbols":["Web","App","Store"]}}}},
        {{"name":"currency","type":"string"}},
        {{"name":"total","type":{DECIMAL}}},
        {{"name":"tax","type":{DECIMAL}}},
        {{"name":"customer","type":{{"type":"record","name":"Customer","fields":[
            {{"name":"name","type":"string"}},{{"name":"id","type":"long"}},
            {{"name":"phone","type":["null","string"],"default":null}},
            {{"name":"points","type":"long"}},{{"name":"language","type":"string","default":"en"}}]}}}},
        {{"name":"shipping","type":{{"type":"record","name":"Address","fields":[
            {{"name":"name","type":"string"}},{{"name":"street","type":"string"}},{{"name":"zip","type":"string"}},
            {{"name":"city","type":"string"}},{{"name":"country","type":"string"}}]}}}},
        {{"name":"items","type":{{"type":"array","items":{{"type":"record","name":"Item","fields":[
            {{"name":"sku","type":"string"}},{{"name":"quantity","type":"long"}},{{"name":"cents","type":"long"}},
            {{"name":"discount","type":["null","double"],"default":null}},
            {{"name":"labels","type":{{"type":"array","items":"string"}}}}]}}}}}},
        {{"name":"note","type":["null","string"],"default":null}},
        {{"name":"attributes","type":{{"type":"map","values":"string"}}}},
        {{"name":"weight","type":"double"}},
        {{"name":"priority","type":"long"}},
        {{"name":"gift","type":"boolean"}},
        {{"name":"carrier","type":["null","string"],"default":null}},
        {{"name":"score","type":"double"}},
        {{"name":"sent_at","type":["null",{MILLIS}],"default":null}},
        {{"name":"tags","type":{{"type":"array","items":"string"}}}},
        {{"name":"version","type":"long"}},
        {{"name":"locale","type":"string","default":"en_GB"}},
        {{"name":"approved","type":"boolean","default":true}}]}}"#
    )
}

pub(crate) fn order() -> Owned {
    let text = |text: &str| text.to_owned();
    let address = |name: &str| Address {
        name: text(name),
        street: text("Rua Augusta 1024"),
        city: text("Lisboa"),
        zip: text("1100-053"),
        country: text("PT"),
        region: None,
    };
    let item = |at: i32| Item {
        sku: format!("SKU-{:05}", 7919 * at % 100_000),
        name: format!("Espresso cup, set no. {at}"),
        quantity: at,
        cents: 1299 + 100 * at,
        discount: (at % 2 == 0).then_some(0.15),
        labels: vec![text("kitchen"), text("fragile"), text("new")],
    };
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| (text(key), text(value))).collect();
    Owned {
        id: text("3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        number: 4_000_127,
        placed_at: 1_762_345_678_901,
        updated_at: 1_762_345_999_123,
        channel: Channel::App,
        status: Status::Paid,
        currency: text("EUR"),
        total: vec![0, 0, 0, 1, 0x9a, 0x2c].into(),
        tax: vec![0, 0, 0, 0, 0x4b, 0x10].into(),
        customer: Customer {
            id: 88_123,
            name: text("Inês Carvalho"),
            email: text("ines.carvalho@mail.example"),
            phone: Some(text("+351 912 000 111")),
            vip: true,
            points: 1204,
        },
        billing: address("Inês Carvalho"),
        shipping: address("Inês Carvalho, office"),
        items: (1..=6).map(item).collect(),
        note: Some(text("Please ring twice, the bell is quiet.")),
        coupon: None,
        attributes: pairs(&[
            ("campaign", "autumn-2026"),
            ("referrer", "newsletter"),
            ("device", "phone"),
            ("ab-test", "checkout-b"),
            ("language", "pt"),
        ]),
        weights: [("net", 3.25), ("gross", 3.9), ("volume", 12.5)].map(|(key, value)| (text(key), value)).into(),
        weight: 3.9,
        priority: 2,
        gift: true,
        greeting: Some(text("Parabéns!")),
        warehouse: text("LIS-2"),
        carrier: Some(text("CTT Expresso")),
        tracking: None,
        parcels: 2,
        score: 0.87,
        retries: 0,
        sent_at: None,
        tags: vec![text("gift"), text("express"), text("b2c"), text("loyalty")],
        version: 3,
    }
}

pub(crate) const BATCH: &str = r#"{"type":"record","name":"Batch","namespace":"plant","fields":[
    {"name":"device","type":"string"},
    {"name":"points","type":{"type":"array","items":{"type":"record","name":"Point","fields":[
        {"name":"sensor","type":"string"},{"name":"at","type":"long"},{"name":"value","type":"double"},
        {"name":"flags","type":"int"}]}}}]}"#;

/// Drops the names, widens the flags, turns the order round and adds a field.
pub(crate) const BATCH_LATER: &str = r#"{"type":"record","name":"Batch","namespace":"plant","fields":[
    {"name":"points","type":{"type":"array","items":{"type":"record","name":"Point","fields":[
        {"name":"value","type":"double"},{"name":"at","type":"long"},{"name":"flags","type":"long"},
        {"name":"quality","type":"int","default":100}]}}}]}"#;

pub(crate) fn batch() -> Batch<String> {
    let point = |at: i64| Point {
        sensor: format!("line{:02}-{:03}", at % 17, at % 311),
        at: 1_762_345_678_901 + 25 * at,
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        value: 20.0 + (at % 1000) as f64 / 37.0,
        flags: i32::try_from(at % 60).unwrap_or(0),
    };
    Batch { device: "press-7".to_owned(), points: (0..38_000).map(point).collect() }
}
