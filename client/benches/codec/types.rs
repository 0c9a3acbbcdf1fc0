//! What the payloads are in Rust: `T` is a text and `B` bytes, owned or borrowed; and as a later reader has them.

use std::collections::HashMap;
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de> + Eq + Hash, B: Deserialize<'de>"))]
pub(crate) struct Order<T: Eq + Hash, B> {
    pub(crate) id: T,
    pub(crate) number: i64,
    pub(crate) placed_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) channel: Channel,
    pub(crate) status: Status,
    pub(crate) currency: T,
    pub(crate) total: B,
    pub(crate) tax: B,
    pub(crate) customer: Customer<T>,
    pub(crate) billing: Address<T>,
    pub(crate) shipping: Address<T>,
    pub(crate) items: Vec<Item<T>>,
    pub(crate) note: Option<T>,
    pub(crate) coupon: Option<T>,
    pub(crate) attributes: HashMap<T, T>,
    pub(crate) weights: HashMap<T, f64>,
    pub(crate) weight: f64,
    pub(crate) priority: i32,
    pub(crate) gift: bool,
    pub(crate) greeting: Option<T>,
    pub(crate) warehouse: T,
    pub(crate) carrier: Option<T>,
    pub(crate) tracking: Option<T>,
    pub(crate) parcels: i32,
    pub(crate) score: f32,
    pub(crate) retries: i32,
    pub(crate) sent_at: Option<i64>,
    pub(crate) tags: Vec<T>,
    pub(crate) version: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer<T> {
    pub(crate) id: i64,
    pub(crate) name: T,
    pub(crate) email: T,
    pub(crate) phone: Option<T>,
    pub(crate) vip: bool,
    pub(crate) points: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address<T> {
    pub(crate) name: T,
    pub(crate) street: T,
    pub(crate) city: T,
    pub(crate) zip: T,
    pub(crate) country: T,
    pub(crate) region: Option<T>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item<T> {
    pub(crate) sku: T,
    pub(crate) name: T,
    pub(crate) quantity: i32,
    pub(crate) cents: i32,
    pub(crate) discount: Option<f64>,
    pub(crate) labels: Vec<T>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batch<T> {
    pub(crate) device: T,
    pub(crate) points: Vec<Point<T>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point<T> {
    pub(crate) sensor: T,
    pub(crate) at: i64,
    pub(crate) value: f64,
    pub(crate) flags: i32,
}

pub(crate) type Owned = Order<String, ByteBuf>;
pub(crate) type Borrowed<'m> = Order<&'m str, &'m Bytes>;

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
