//! Parsing and checking: schemas as people write them, and curves that a stranger would choose.

use std::fmt::Write;
use std::hint::black_box;

use avow_budget::Budget;
use avow_json::{Policy, Schema, check};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn object(dialect: &str, properties: usize) -> String {
    let mut members = String::new();
    for index in 0..properties {
        write!(members, r#""p{index}":{{"type":["string","null"],"minLength":{index},"pattern":"^[a-z]+$"}},"#)
            .expect("a string takes any text");
    }
    format!(
        r#"{{"$schema":"{dialect}","type":"object","properties":{{{members}"last":{{}}}},"additionalProperties":false}}"#
    )
}

/// Every member of one combination has to be compared with every member of the other.
fn combination(members: usize) -> String {
    let members: Vec<String> =
        (0..members).map(|index| format!(r#"{{"type":"object","properties":{{"k":{{"const":{index}}}}}}}"#)).collect();
    format!(r#"{{"oneOf":[{}]}}"#, members.join(","))
}

fn benches(c: &mut Criterion) {
    let budget = Budget::unlimited();
    let parse = |text: &str| Schema::parse(text, &[], &budget).expect("a schema");
    for (name, dialect) in [
        ("draft-07", "http://json-schema.org/draft-07/schema#"),
        ("2020-12", "https://json-schema.org/draft/2020-12/schema"),
    ] {
        let mut group = c.benchmark_group(name);
        for properties in [10, 100, 1000] {
            let text = object(dialect, properties);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new("parse", properties), |b| b.iter(|| black_box(parse(&text))));
            let schema = parse(&text);
            group.bench_function(BenchmarkId::new("check", properties), |b| {
                b.iter(|| black_box(check(&schema, &schema, Policy::Strict, &budget)));
            });
        }
        group.finish();
    }
    let mut group = c.benchmark_group("hostile");
    for members in [10, 20, 40, 80] {
        let schema = parse(&combination(members));
        group.throughput(Throughput::Elements((members * members) as u64));
        group.bench_function(BenchmarkId::new("oneOf", members), |b| {
            b.iter(|| black_box(check(&schema, &schema, Policy::Strict, &budget)));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
