//! The cost of a check against a long history: 1,000 versions under `FULL_TRANSITIVE`, both directions.
//!
//! `cargo bench --bench history`. "First" is a schema never seen before, 2,000 new pairs; "again" is the same one.

use avow_registry::domain::{ConfigUpdate, Level, Patch, Subject, Timestamp};
use avow_registry::registry::{Authority, Caller, Draft, RegisterOptions, Registry, RequestConsistency, Settings};
use avow_registry::store::Store;
use criterion::{Criterion, criterion_group, criterion_main};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;

const VERSIONS: u64 = 1_000;

fn caller() -> Caller {
    Caller {
        authority: Authority::unlimited(),
        request_id: Arc::from("bench"),
        now: Timestamp(0),
        consistency: RequestConsistency::default(),
    }
}

/// A schema of five fields, a different one for each number, all compatible with each other.
fn draft(number: u64) -> Draft {
    let fields: Vec<String> =
        (0..5).map(|field| format!(r#"{{"name":"field_{field}","type":["null","string"],"default":null}}"#)).collect();
    let fields = fields.join(",");
    let schema = format!(r#"{{"type":"record","name":"Order","doc":"{number}","fields":[{fields}]}}"#);
    Draft { schema: Some(schema), id: -1, ..Draft::default() }
}

async fn with_history(url: &str, subject: &Subject) -> Arc<Registry> {
    let registry = Registry::new(Store::open(url).await.expect("a new file"), Settings::default());
    for number in 0..VERSIONS {
        let view = registry.view(&Authority::unlimited());
        let registered = registry.register(view, subject, &draft(number), RegisterOptions::default(), &caller()).await;
        registered.expect("compatible with what is there");
    }
    let update = ConfigUpdate { compatibility_level: Patch::Set(Level::FullTransitive), ..ConfigUpdate::default() };
    registry.update_config(subject, &update, &caller()).await.expect("a config");
    registry
}

async fn check(registry: &Registry, subject: &Subject, number: u64) {
    let mut view = registry.view(&Authority::unlimited());
    let verdict = registry.test_against_history(&mut view, subject, &draft(number), false).await.expect("a verdict");
    assert!(verdict.is_compatible());
}

fn history(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::TempDir::new().expect("a directory");
    let url = format!("sqlite://{}", directory.path().join("avow.db").display());
    let subject = Subject::parse("orders-value");
    let registry = runtime.block_on(with_history(&url, &subject));
    let next = AtomicU64::new(VERSIONS);
    let mut group = criterion.benchmark_group("1,000 versions, FULL_TRANSITIVE");
    group.sample_size(20);
    group.bench_function("first", |bencher| {
        bencher.iter(|| runtime.block_on(check(&registry, &subject, next.fetch_add(1, Ordering::Relaxed))));
    });
    group.bench_function("again", |bencher| {
        bencher.iter(|| runtime.block_on(check(&registry, &subject, VERSIONS)));
    });
    group.finish();
}

criterion_group!(benches, history);
criterion_main!(benches);
