//! What plans ask of the allocator, counted for this thread only.

use avow_client::codec::{DecodePlan, EncodePlan, Limits};
use serde::Deserialize;

use super::round_trips::{ORDER, Order, order};
use super::schema;

#[test]
fn encoding_into_a_used_buffer_allocates_nothing() {
    let plan = EncodePlan::new(&schema(ORDER)).unwrap();
    let value = order(Some(order(None)));
    let mut out = Vec::new();
    plan.encode(&value, &mut out).unwrap();
    let first = out.clone();
    let used = allocation_counter::measure(|| {
        for _ in 0..10 {
            out.clear();
            plan.encode(&value, &mut out).unwrap();
        }
    });
    assert_eq!((used.count_total, out), (0, first));
}

#[test]
fn a_fresh_buffer_is_allocated_once() {
    let plan = EncodePlan::new(&schema(ORDER)).unwrap();
    let value = order(Some(order(None)));
    plan.encode(&value, &mut Vec::new()).unwrap();
    let used = allocation_counter::measure(|| plan.encode(&value, &mut Vec::new()).unwrap());
    assert_eq!(used.count_total, 1);
}

#[derive(Deserialize)]
struct Seen<'m> {
    id: i64,
    note: Option<&'m str>,
}

#[test]
fn decoding_allocates_what_the_value_holds() {
    let bytes = super::encode(ORDER, &order(None)).unwrap();
    let plan = DecodePlan::new(&schema(ORDER), None).unwrap();
    let limits = Limits::default();
    let mut decoded = None;
    let used = allocation_counter::measure(|| decoded = Some(plan.decode::<Order>(&bytes, &limits).unwrap()));
    // The note, the items with their two names, the tags with their key.
    assert_eq!((used.count_total, decoded), (6, Some(order(None))));

    let used = allocation_counter::measure(|| {
        let seen: Seen<'_> = plan.decode(&bytes, &limits).unwrap();
        assert_eq!((seen.id, seen.note), (7, Some("hi")));
    });
    assert_eq!(used.count_total, 0);
}
