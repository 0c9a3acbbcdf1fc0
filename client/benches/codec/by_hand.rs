//! What one would write without any library: the floor.

use std::hint::black_box;

use crate::types::{Address, Batch, Channel, Owned, Sale, Status};

fn long(out: &mut Vec<u8>, value: i64) {
    let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while zigzag >= 0x80 {
        out.push((zigzag & 0x7f) as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push((zigzag & 0x7f) as u8);
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    long(out, i64::try_from(bytes.len()).unwrap_or(0));
    out.extend_from_slice(bytes);
}

fn text(out: &mut Vec<u8>, text: &str) {
    bytes(out, text.as_bytes());
}

fn optional(out: &mut Vec<u8>, value: Option<&String>) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(2);
            text(out, value);
        }
    }
}

fn count(out: &mut Vec<u8>, count: usize) {
    long(out, i64::try_from(count).unwrap_or(0));
}

pub(crate) fn sale(sale: &Sale, out: &mut Vec<u8>) {
    long(out, i64::from(sale.store));
    long(out, i64::from(sale.till));
    long(out, sale.article);
    long(out, i64::from(sale.cents));
    long(out, sale.at);
}

fn address(out: &mut Vec<u8>, address: &Address<String>) {
    text(out, &address.name);
    text(out, &address.street);
    text(out, &address.city);
    text(out, &address.zip);
    text(out, &address.country);
    optional(out, address.region.as_ref());
}

pub(crate) fn order(order: &Owned, out: &mut Vec<u8>) {
    text(out, &order.id);
    long(out, order.number);
    long(out, order.placed_at);
    long(out, order.updated_at);
    long(
        out,
        match order.channel {
            Channel::Web => 0,
            Channel::App => 1,
            Channel::Store => 2,
        },
    );
    long(
        out,
        match order.status {
            Status::Open => 0,
            Status::Paid => 1,
            Status::Sent => 2,
            Status::Closed | Status::Lost => 3,
        },
    );
    text(out, &order.currency);
    bytes(out, &order.total);
    bytes(out, &order.tax);
    long(out, order.customer.id);
    text(out, &order.customer.name);
    text(out, &order.customer.email);
    optional(out, order.customer.phone.as_ref());
    out.push(u8::from(order.customer.vip));
    long(out, i64::from(order.customer.points));
    address(out, &order.billing);
    address(out, &order.shipping);
    if !order.items.is_empty() {
        count(out, order.items.len());
        for item in &order.items {
            text(out, &item.sku);
            text(out, &item.name);
            long(out, i64::from(item.quantity));
            long(out, i64::from(item.cents));
            match item.discount {
                None => out.push(0),
                Some(discount) => {
                    out.push(2);
                    out.extend_from_slice(&discount.to_le_bytes());
                }
            }
            texts(out, &item.labels);
        }
    }
    out.push(0);
    optional(out, order.note.as_ref());
    optional(out, order.coupon.as_ref());
    if !order.attributes.is_empty() {
        count(out, order.attributes.len());
        for (key, value) in &order.attributes {
            text(out, key);
            text(out, value);
        }
    }
    out.push(0);
    if !order.weights.is_empty() {
        count(out, order.weights.len());
        for (key, value) in &order.weights {
            text(out, key);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
    out.push(0);
    out.extend_from_slice(&order.weight.to_le_bytes());
    long(out, i64::from(order.priority));
    out.push(u8::from(order.gift));
    optional(out, order.greeting.as_ref());
    text(out, &order.warehouse);
    optional(out, order.carrier.as_ref());
    optional(out, order.tracking.as_ref());
    long(out, i64::from(order.parcels));
    out.extend_from_slice(&order.score.to_le_bytes());
    long(out, i64::from(order.retries));
    match order.sent_at {
        None => out.push(0),
        Some(at) => {
            out.push(2);
            long(out, at);
        }
    }
    texts(out, &order.tags);
    long(out, order.version);
}

fn texts(out: &mut Vec<u8>, texts: &[String]) {
    if !texts.is_empty() {
        count(out, texts.len());
        for one in texts {
            text(out, one);
        }
    }
    out.push(0);
}

pub(crate) fn batch(batch: &Batch<String>, out: &mut Vec<u8>) {
    text(out, &batch.device);
    if !batch.points.is_empty() {
        count(out, batch.points.len());
        for point in &batch.points {
            text(out, &point.sensor);
            long(out, point.at);
            out.extend_from_slice(&point.value.to_le_bytes());
            long(out, i64::from(point.flags));
        }
    }
    out.push(0);
}

/// Encodes with the five bytes in front, into a buffer that is used again.
pub(crate) fn framed<T>(value: &T, out: &mut Vec<u8>, encode: impl Fn(&T, &mut Vec<u8>)) {
    out.clear();
    out.extend_from_slice(&[0, 0, 0, 0, 1]);
    encode(black_box(value), out);
    black_box(&out);
}
