//! What finding the schema of a record costs over decoding alone, and what a second thread costs the first.
//!
//! `alone` is the plan itself, without frame or look-up; `one schema` and `32 schemas in turn` are `decode_now`. In
//! `two threads` both decode with clones of one handle; the time is that of one record in one of them.
//!
//! Over the plan alone, median of three runs on two busy cores: 5 ns for one schema and 7 ns for 32 in turn where there
//! is nothing to decode; 8 and 9 ns with a sale. Two threads take as long as one.

#[path = "codec/cpu.rs"]
mod cpu;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use avow_avro::{Strictness, parse};
use avow_client::blocking::Wait;
use avow_client::codec::{DecodePlan, EncodePlan, Limits};
use avow_client::wire::SchemaKey;
use avow_client::{Deserializer, Registry, Serializer, Snapshot, Subject};
use cpu::Cpu;
use criterion::Criterion;
use serde::{Deserialize, Serialize};

const SALE: &str = r#"{"type":"record","name":"Sale","fields":[{"name":"shop","type":"int"},{"name":"till","type":"int"},
    {"name":"article","type":"long"},{"name":"count","type":"int"},{"name":"cents","type":"long"}]}"#;

#[derive(Serialize, Deserialize)]
struct Sale {
    shop: i32,
    till: i32,
    article: i64,
    count: i32,
    cents: i64,
}

const ONE: Sale = Sale { shop: 4711, till: 3, article: 98_765_432_109, count: 2, cents: 1998 };

/// A registry of 32 ids.
fn registry() -> Registry {
    let snapshot = (1..=32).fold(Snapshot::default(), |all, id| all.with_schema(SchemaKey::Id(id), SALE));
    Registry::offline(snapshot)
}

fn payloads(data: &[u8]) -> Vec<Vec<u8>> {
    (1_u32..=32).map(|id| [&[0], &id.to_be_bytes()[..], data].concat()).collect()
}

fn decoding(bench: &mut Criterion<Cpu>) {
    let schema = parse(SALE, &[], Strictness::Strict).expect("a schema");
    let mut data = Vec::new();
    EncodePlan::new(&schema).expect("a plan").encode(&ONE, &mut data).expect("data");
    let payloads = payloads(&data);
    let mut group = bench.benchmark_group("decode");
    group.sample_size(200).measurement_time(Duration::from_secs(3));

    let (plan, limits) = (DecodePlan::new(&schema, None).expect("a plan"), Limits::default());
    group.bench_function("alone", |bench| {
        bench.iter(|| plan.decode::<Sale>(black_box(&data), &limits).expect("a sale"));
    });

    let mut sales = Deserializer::<Sale>::new(&registry());
    group.bench_function("one schema", |bench| {
        bench.iter(|| sales.decode_now(black_box(&payloads[6])).expect("a sale"));
    });
    let mut turn = 0;
    group.bench_function("32 schemas in turn", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % 32;
            sales.decode_now(black_box(&payloads[turn])).expect("a sale")
        });
    });

    let (other, stop) = (sales.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let neighbour = thread::spawn({
        let (mut sales, payloads) = (other, payloads.clone());
        move || {
            while !stopped.load(Ordering::Relaxed) {
                for payload in &payloads {
                    black_box(sales.decode_now(black_box(payload)).expect("a sale"));
                }
            }
        }
    });
    group.bench_function("32 schemas in turn, two threads", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % 32;
            sales.decode_now(black_box(&payloads[turn])).expect("a sale")
        });
    });
    stop.store(true, Ordering::Relaxed);
    neighbour.join().expect("the other thread");
    group.finish();
}

/// A schema without data, so that nothing is measured but the way to the plan and back.
fn finding(bench: &mut Criterion<Cpu>) {
    let schema = parse("\"null\"", &[], Strictness::Strict).expect("a schema");
    let mut group = bench.benchmark_group("find");
    group.sample_size(200).measurement_time(Duration::from_secs(3));

    let (plan, limits) = (DecodePlan::new(&schema, None).expect("a plan"), Limits::default());
    group.bench_function("alone", |bench| {
        bench.iter(|| plan.decode::<()>(black_box(&[]), &limits).expect("nothing"));
    });
    let snapshot = (1..=32).fold(Snapshot::default(), |all, id| all.with_schema(SchemaKey::Id(id), "\"null\""));
    let mut nothing = Deserializer::<()>::new(&Registry::offline(snapshot));
    let payloads = payloads(&[]);
    group.bench_function("one schema", |bench| {
        bench.iter(|| nothing.decode_now(black_box(&payloads[6])).expect("nothing"));
    });
    let mut turn = 0;
    group.bench_function("32 schemas in turn", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % 32;
            nothing.decode_now(black_box(&payloads[turn])).expect("nothing")
        });
    });
    group.finish();
}

fn encoding(bench: &mut Criterion<Cpu>) {
    let schema = parse(SALE, &[], Strictness::Strict).expect("a schema");
    let mut group = bench.benchmark_group("encode");

    let (plan, mut out) = (EncodePlan::new(&schema).expect("a plan"), Vec::new());
    group.bench_function("alone", |bench| {
        bench.iter(|| {
            out.clear();
            plan.encode(black_box(&ONE), &mut out).expect("data");
            black_box(out.len())
        });
    });
    let sales = Serializer::<Sale>::builder(&registry(), Subject::topic("sales")).use_schema_id(7).prepare();
    let mut sales = sales.wait().expect("a serializer");
    group.bench_function("framed", |bench| {
        bench.iter(|| black_box(sales.serialize(black_box(&ONE)).expect("a record").payload.len()));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().with_measurement(Cpu).configure_from_args();
    finding(&mut criterion);
    decoding(&mut criterion);
    encoding(&mut criterion);
    criterion.final_summary();
}
