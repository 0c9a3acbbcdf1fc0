//! How long the core takes on a small, a medium and a huge schema: `cargo bench -p avow-avro`.

use std::hint::black_box;
use std::io::Read;

use avow_avro::{Budget, Candidate, Checker, Schema, Strictness, check, explain, parse};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A record with so many fields, each level holding the next.
fn document(name: &str, fields: usize, levels: usize, odd_type: &str) -> String {
    let mut inner = "\"int\"".to_owned();
    for level in 0..levels {
        let fields: Vec<_> = (0..fields / levels)
            .map(|at| match at % 5 {
                0 => format!(r#"{{"name":"f{at}","type":"{odd_type}"}}"#),
                1 => format!(r#"{{"name":"f{at}","type":["null","string"],"default":null,"doc":"a field"}}"#),
                2 => format!(r#"{{"name":"f{at}","type":{{"type":"array","items":"double"}}}}"#),
                3 => format!(r#"{{"name":"f{at}","type":{{"type":"long","logicalType":"timestamp-millis"}}}}"#),
                _ => format!(r#"{{"name":"f{at}","type":"string","default":"","aliases":["g{at}"]}}"#),
            })
            .collect();
        inner = format!(
            r#"{{"type":"record","name":"{name}{level}","namespace":"bench","fields":[{},{{"name":"next","type":{inner}}}]}}"#,
            fields.join(",")
        );
    }
    inner
}

fn schema(text: &str) -> Schema {
    parse(text, &[], Strictness::Strict).expect("the documents of this benchmark are schemas")
}

fn core(criterion: &mut Criterion) {
    for (size, fields, levels) in [("small", 5, 1), ("medium", 60, 4), ("huge", 1000, 100)] {
        let text = document("R", fields, levels, "int");
        let writer = schema(&text);
        let wider = schema(&document("R", fields, levels, "long"));
        let broken = schema(&document("R", fields, levels, "boolean"));
        let mut bench = |name: &str, work: &mut dyn FnMut()| {
            criterion.bench_with_input(BenchmarkId::new(name, size), &(), |bencher, ()| bencher.iter(&mut *work));
        };
        bench("parse", &mut || {
            black_box(schema(black_box(&text)));
        });
        bench("print", &mut || {
            black_box(writer.text());
        });
        bench("normalise", &mut || {
            black_box(writer.normalized().ok());
        });
        bench("fingerprint", &mut || {
            black_box((writer.rabin(), writer.shape()));
        });
        bench("check", &mut || {
            black_box(check(&wider, &writer));
        });
        bench("check, incompatible", &mut || {
            black_box(check(&broken, &writer));
        });
        bench("explain", &mut || {
            black_box(explain(&broken, &writer, Candidate::Reader));
        });
    }
}

/// A record with seventeen fields, as a subject's version has it: one optional field is named after the version.
fn version(number: usize) -> Schema {
    let fields: Vec<_> = (0..16)
        .map(|at| match at % 4 {
            0 => format!(r#"{{"name":"f{at}","type":"long"}}"#),
            1 => format!(r#"{{"name":"f{at}","type":["null","string"],"default":null}}"#),
            2 => format!(r#"{{"name":"f{at}","type":"string"}}"#),
            _ => format!(r#"{{"name":"f{at}","type":{{"type":"array","items":"double"}}}}"#),
        })
        .collect();
    schema(&format!(
        r#"{{"type":"record","name":"Sale","namespace":"shop","fields":[{},{{"name":"v{number}","type":["null","int"],"default":null}}]}}"#,
        fields.join(",")
    ))
}

/// A fresh candidate against a hundred versions in both directions: what `FULL_TRANSITIVE` asks for.
fn history(criterion: &mut Criterion) {
    let versions: Vec<_> = (0..100).map(version).collect();
    let candidate = version(100);
    let budget = Budget::unlimited();
    criterion.bench_function("200 pair checks of a history, 17 fields", |bencher| {
        bencher.iter(|| {
            let mut checker = Checker::default();
            let mut check = |reader: &Schema, writer: &Schema| {
                checker.check(reader, writer, &budget).is_ok_and(|verdict| verdict.is_compatible())
            };
            versions.iter().all(|version| check(version, &candidate) && check(&candidate, version))
        });
    });
}

/// The recorded pairs, parsed and checked: what a registry does all day.
fn corpus(criterion: &mut Criterion) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/pairs.jsonl.gz");
    let mut lines = String::new();
    let file = std::fs::File::open(path).expect("the recorded pairs are part of the package");
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).expect("the recorded pairs are intact");
    let pairs: Vec<Pair<'_>> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is a pair")).collect();
    criterion.bench_function("corpus of 8,944 pairs, parse and check", |bencher| {
        bencher.iter(|| {
            let lenient = |text: &str| parse(text, &[], Strictness::Java).expect("recorded schemas are schemas");
            let compatible = pairs
                .iter()
                .filter(|pair| check(&lenient(pair.reader.get()), &lenient(pair.writer.get())).is_compatible());
            black_box(compatible.count())
        });
    });
}

#[derive(serde::Deserialize)]
struct Pair<'t> {
    #[serde(borrow)]
    reader: &'t serde_json::value::RawValue,
    #[serde(borrow)]
    writer: &'t serde_json::value::RawValue,
}

criterion_group!(benches, core, history, corpus);
criterion_main!(benches);
