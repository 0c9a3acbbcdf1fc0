//! A schema of everyday size, and curves of hostile ones: cost must grow with the size of the input.

use std::hint::black_box;

use avow_budget::Budget;
use avow_proto::Schema;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn wide(fields: usize) -> String {
    let fields = (1..=fields)
        .map(|number| format!("  repeated string field_{number} = {number};\n"))
        .collect::<Vec<_>>()
        .concat();
    format!("syntax = \"proto3\";\npackage bench.orders;\nmessage Order {{\n{fields}}}\n")
}

/// Many spellings of one option, which the normal form merges.
fn merging(options: usize) -> String {
    (0..options).map(|number| format!("option (a).b{number} = {number};\n")).collect::<Vec<_>>().concat()
}

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[], &Budget::unlimited()).expect("a schema")
}

fn everyday(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("everyday");
    let (old, new) = (wide(30), wide(31));
    let (old_schema, new_schema) = (parse(&old), parse(&new));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(&old))));
    group.bench_function("normalize", |bencher| bencher.iter(|| old_schema.normalized(&Budget::unlimited())));
    group.bench_function("serialize", |bencher| bencher.iter(|| old_schema.serialized(&Budget::unlimited())));
    group.bench_function("check", |bencher| {
        bencher.iter(|| Schema::check(&new_schema, &old_schema, &Budget::unlimited()));
    });
    group.finish();
}

fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile");
    group.sample_size(10);
    for size in [1_000, 2_000, 4_000] {
        for (name, text) in [("wide", wide(size)), ("merging", merging(size))] {
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &text, |bencher, text| {
                bencher.iter(|| parse(text).normalized(&Budget::unlimited()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, everyday, hostile);
criterion_main!(benches);
