//! The three payloads: a sale event, a nested order, a batch of measurements; owned, borrowed, and as a later reader
//! wants them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) store: i32,
    pub(crate) till: i32,
    pub(crate) article: i64,
    pub(crate) cents: i32,
    pub(crate) at: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Sale")]
pub(crate) struct SaleLater {
    pub(crate) at: i64,
    pub(crate) cents: i64,
    pub(crate) article: i64,
    pub(crate) store: i64,
    pub(crate) currency: String,
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Channel {
    Web,
    App,
    Store,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Open,
    Paid,
    Sent,
    Closed,
    Lost,
}

/// Types that are the same but for who owns the text.
macro_rules! texts {
    ($($name:ident<$life:lifetime> $item:tt)*) => {$(
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $name<$life> $item
    )*};
}

pub(crate) mod owned {
    use super::{Channel, Deserialize, HashMap, Serialize, Status};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Order {
        pub(crate) id: String,
        pub(crate) number: i64,
        pub(crate) placed_at: i64,
        pub(crate) updated_at: i64,
        pub(crate) channel: Channel,
        pub(crate) status: Status,
        pub(crate) currency: String,
        #[serde(with = "serde_bytes")]
        pub(crate) total: Vec<u8>,
        #[serde(with = "serde_bytes")]
        pub(crate) tax: Vec<u8>,
        pub(crate) customer: Customer,
        pub(crate) billing: Address,
        pub(crate) shipping: Address,
        pub(crate) items: Vec<Item>,
        pub(crate) note: Option<String>,
        pub(crate) coupon: Option<String>,
        pub(crate) attributes: HashMap<String, String>,
        pub(crate) weights: HashMap<String, f64>,
        pub(crate) weight: f64,
        pub(crate) priority: i32,
        pub(crate) gift: bool,
        pub(crate) greeting: Option<String>,
        pub(crate) warehouse: String,
        pub(crate) carrier: Option<String>,
        pub(crate) tracking: Option<String>,
        pub(crate) parcels: i32,
        pub(crate) score: f32,
        pub(crate) retries: i32,
        pub(crate) sent_at: Option<i64>,
        pub(crate) tags: Vec<String>,
        pub(crate) version: i64,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Customer {
        pub(crate) id: i64,
        pub(crate) name: String,
        pub(crate) email: String,
        pub(crate) phone: Option<String>,
        pub(crate) vip: bool,
        pub(crate) points: i32,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Address {
        pub(crate) name: String,
        pub(crate) street: String,
        pub(crate) city: String,
        pub(crate) zip: String,
        pub(crate) country: String,
        pub(crate) region: Option<String>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Item {
        pub(crate) sku: String,
        pub(crate) name: String,
        pub(crate) quantity: i32,
        pub(crate) cents: i32,
        pub(crate) discount: Option<f64>,
        pub(crate) labels: Vec<String>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Batch {
        pub(crate) device: String,
        pub(crate) points: Vec<Point>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Point {
        pub(crate) sensor: String,
        pub(crate) at: i64,
        pub(crate) value: f64,
        pub(crate) flags: i32,
    }
}

pub(crate) mod borrowed {
    use super::{Channel, Deserialize, HashMap, Serialize, Status};

    texts! {
        Order<'m> {
            pub(crate) id: &'m str,
            pub(crate) number: i64,
            pub(crate) placed_at: i64,
            pub(crate) updated_at: i64,
            pub(crate) channel: Channel,
            pub(crate) status: Status,
            pub(crate) currency: &'m str,
            #[serde(with = "serde_bytes")]
            pub(crate) total: &'m [u8],
            #[serde(with = "serde_bytes")]
            pub(crate) tax: &'m [u8],
            #[serde(borrow)]
            pub(crate) customer: Customer<'m>,
            #[serde(borrow)]
            pub(crate) billing: Address<'m>,
            #[serde(borrow)]
            pub(crate) shipping: Address<'m>,
            #[serde(borrow)]
            pub(crate) items: Vec<Item<'m>>,
            pub(crate) note: Option<&'m str>,
            pub(crate) coupon: Option<&'m str>,
            #[serde(borrow)]
            pub(crate) attributes: HashMap<&'m str, &'m str>,
            #[serde(borrow)]
            pub(crate) weights: HashMap<&'m str, f64>,
            pub(crate) weight: f64,
            pub(crate) priority: i32,
            pub(crate) gift: bool,
            pub(crate) greeting: Option<&'m str>,
            pub(crate) warehouse: &'m str,
            pub(crate) carrier: Option<&'m str>,
            pub(crate) tracking: Option<&'m str>,
            pub(crate) parcels: i32,
            pub(crate) score: f32,
            pub(crate) retries: i32,
            pub(crate) sent_at: Option<i64>,
            #[serde(borrow)]
            pub(crate) tags: Vec<&'m str>,
            pub(crate) version: i64,
        }
        Customer<'m> {
            pub(crate) id: i64,
            pub(crate) name: &'m str,
            pub(crate) email: &'m str,
            pub(crate) phone: Option<&'m str>,
            pub(crate) vip: bool,
            pub(crate) points: i32,
        }
        Address<'m> {
            pub(crate) name: &'m str,
            pub(crate) street: &'m str,
            pub(crate) city: &'m str,
            pub(crate) zip: &'m str,
            pub(crate) country: &'m str,
            pub(crate) region: Option<&'m str>,
        }
        Item<'m> {
            pub(crate) sku: &'m str,
            pub(crate) name: &'m str,
            pub(crate) quantity: i32,
            pub(crate) cents: i32,
            pub(crate) discount: Option<f64>,
            #[serde(borrow)]
            pub(crate) labels: Vec<&'m str>,
        }
        Batch<'m> {
            pub(crate) device: &'m str,
            #[serde(borrow)]
            pub(crate) points: Vec<Point<'m>>,
        }
        Point<'m> {
            pub(crate) sensor: &'m str,
            pub(crate) at: i64,
            pub(crate) value: f64,
            pub(crate) flags: i32,
        }
    }
}

pub(crate) mod later {
    use super::{Channel, Deserialize, HashMap, Serialize, Status};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Order {
        pub(crate) number: i64,
        pub(crate) id: String,
        pub(crate) placed_at: i64,
        pub(crate) status: Status,
        pub(crate) channel: Channel,
        pub(crate) currency: String,
        #[serde(with = "serde_bytes")]
        pub(crate) total: Vec<u8>,
        #[serde(with = "serde_bytes")]
        pub(crate) tax: Vec<u8>,
        pub(crate) customer: Customer,
        pub(crate) shipping: Address,
        pub(crate) items: Vec<Item>,
        pub(crate) note: Option<String>,
        pub(crate) attributes: HashMap<String, String>,
        pub(crate) weight: f64,
        pub(crate) priority: i64,
        pub(crate) gift: bool,
        pub(crate) carrier: Option<String>,
        pub(crate) score: f64,
        pub(crate) sent_at: Option<i64>,
        pub(crate) tags: Vec<String>,
        pub(crate) version: i64,
        pub(crate) locale: String,
        pub(crate) approved: bool,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Customer {
        pub(crate) name: String,
        pub(crate) id: i64,
        pub(crate) phone: Option<String>,
        pub(crate) points: i64,
        pub(crate) language: String,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Address {
        pub(crate) name: String,
        pub(crate) street: String,
        pub(crate) zip: String,
        pub(crate) city: String,
        pub(crate) country: String,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Item {
        pub(crate) sku: String,
        pub(crate) quantity: i64,
        pub(crate) cents: i64,
        pub(crate) discount: Option<f64>,
        pub(crate) labels: Vec<String>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Batch {
        pub(crate) points: Vec<Point>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Point {
        pub(crate) value: f64,
        pub(crate) at: i64,
        pub(crate) flags: i64,
        pub(crate) quality: i32,
    }
}

pub(crate) fn order() -> owned::Order {
    let text = |text: &str| text.to_owned();
    let address = |name: &str| owned::Address {
        name: text(name),
        street: text("Rua Augusta 1024"),
        city: text("Lisboa"),
        zip: text("1100-053"),
        country: text("PT"),
        region: None,
    };
    let item = |at: i32| owned::Item {
        sku: format!("SKU-{:05}", 7919 * at % 100_000),
        name: format!("Espresso cup, set no. {at}"),
        quantity: at,
        cents: 1299 + 100 * at,
        discount: (at % 2 == 0).then_some(0.15),
        labels: vec![text("kitchen"), text("fragile"), text("new")],
    };
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| (text(key), text(value))).collect();
    owned::Order {
        id: text("3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        number: 4_000_127,
        placed_at: 1_762_345_678_901,
        updated_at: 1_762_345_999_123,
        channel: Channel::App,
        status: Status::Paid,
        currency: text("EUR"),
        total: vec![0, 0, 0, 1, 0x9a, 0x2c],
        tax: vec![0, 0, 0, 0, 0x4b, 0x10],
        customer: owned::Customer {
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

pub(crate) fn batch() -> owned::Batch {
    let point = |at: i64| owned::Point {
        sensor: format!("line{:02}-{:03}", at % 17, at % 311),
        at: 1_762_345_678_901 + 25 * at,
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        value: 20.0 + (at % 1000) as f64 / 37.0,
        flags: i32::try_from(at % 60).unwrap_or(0),
    };
    owned::Batch { device: "press-7".to_owned(), points: (0..38_000).map(point).collect() }
}
