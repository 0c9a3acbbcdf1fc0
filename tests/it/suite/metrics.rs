//! `/metrics`: events are counted once, under labels that no client can grow.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::support::Server;

const V1: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
const BROKEN: &str = r#"{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}"#;

/// Every sample by its name and labels.
async fn scrape(server: &Server) -> BTreeMap<String, f64> {
    // What Prometheus sends.
    let accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5";
    let answer = server.send("GET", "/metrics", &[("accept", accept)], "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    let samples = answer.text().lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

/// The same once everything that was written is counted, too, which happens in the background.
async fn scrape_counted(server: &Server) -> BTreeMap<String, f64> {
    loop {
        let samples = scrape(server).await;
        let counted = samples.get("schema_registry_counted_seq").copied();
        if counted >= Some(samples["schema_registry_change_feed_last_seq"]) {
            return samples;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn expect(samples: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        let found = samples.get(*name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!((found - value).abs() < 0.5, "{name} is {found}, not {value}");
    }
}

/// A counter that belongs to one operation and status.
fn requests(samples: &BTreeMap<String, f64>, method: &str, route: &str, status: &str) -> f64 {
    let labels =
        format!(r#"{{http_request_method="{method}",http_route="{route}",http_response_status_code="{status}"}}"#);
    samples.get(&format!("http_server_request_duration_seconds_count{labels}")).copied().unwrap_or_default()
}

#[tokio::test]
async fn what_happened_is_counted() {
    let server = Server::start().await;
    let id = server.register("secret-subject", V1).await;
    for _ in 0..3 {
        // The second and third time it is answered from the cache, before it is routed.
        server.register("secret-subject", V1).await;
    }
    let body = json!({ "schema": BROKEN });
    assert_eq!(server.post("/subjects/secret-subject/versions", &body).await.status, 409);
    assert_eq!(server.post("/subjects/secret-subject/versions", &json!({"schema": "{"})).await.status, 422);
    server.post("/compatibility/subjects/secret-subject/versions", &json!({ "schema": V1 })).await.ok();
    for _ in 0..5 {
        server.get(&format!("/schemas/ids/{id}")).await.ok();
        server.get(&format!("/contexts/:.:/schemas/ids/{id}")).await.ok();
    }
    for _ in 0..2 {
        assert_eq!(server.get("/schemas/ids/4711").await.status, 404);
    }
    assert_eq!(server.get("/nowhere").await.status, 404);
    assert_eq!(server.send("DELETE", "/schemas/ids/1", &[], "").await.status, 405);

    let samples = scrape(&server).await;
    let registrations = |result: &str| {
        samples[&format!(r#"schema_registry_registrations_total{{schema_type="AVRO",result="{result}"}}"#)].to_string()
    };
    assert_eq!(
        ["created", "existing", "incompatible", "invalid", "error"].map(registrations),
        ["1", "3", "1", "1", "0"]
    );
    let register = "/subjects/{subject}/versions";
    let by_id = "/schemas/ids/{id}";
    for (method, route, status, expected) in [
        ("POST", register, "200", 4.),
        ("POST", register, "409", 1.),
        ("POST", register, "422", 1.),
        ("POST", "/compatibility/subjects/{subject}/versions", "200", 1.),
        ("GET", by_id, "200", 10.),
        ("GET", by_id, "404", 2.),
        ("_OTHER", "", "404", 1.),
        ("_OTHER", "", "405", 1.),
    ] {
        assert!((requests(&samples, method, route, status) - expected).abs() < 0.5, "{method} {route} {status}");
    }
    let checks = |result: &str| {
        let labels = format!(r#"{{schema_type="AVRO",level="BACKWARD",result="{result}"}}"#);
        samples[&format!("schema_registry_compatibility_checks_total{labels}")].to_string()
    };
    // The first registration was checked too, against nothing.
    assert_eq!(["compatible", "incompatible", "error"].map(checks), ["2", "1", "0"]);
    expect(
        &samples,
        &[
            ("schema_registry_compatibility_check_duration_seconds_count", 3.),
            (r#"schema_registry_incompatibilities_total{rule="missing-default"}"#, 1.),
            (r#"schema_registry_incompatibilities_total{rule="type-mismatch"}"#, 0.),
            ("schema_registry_unknown_schema_id_total", 2.),
            (r#"schema_registry_lookups_total{kind="id",result="found"}"#, 10.),
            (r#"schema_registry_lookups_total{kind="id",result="not_found"}"#, 2.),
            (r#"schema_registry_db_units_total{outcome="committed"}"#, 1.),
            (r#"schema_registry_db_query_duration_seconds_count{operation="unit"}"#, 1.),
            ("schema_registry_change_feed_last_seq", 1.),
            ("schema_registry_db_up", 1.),
            ("http_server_active_requests", 1.),
        ],
    );
    let reads = samples[r#"schema_registry_db_query_duration_seconds_count{operation="read"}"#];
    let acquired = samples[r#"schema_registry_db_pool_acquire_duration_seconds_count{pool="read"}"#];
    assert!(reads >= 2. && (reads - acquired).abs() < 0.5, "{reads} reads with {acquired} connections");
    // Nothing has happened for a poll, perhaps.
    assert!(samples["schema_registry_change_feed_lag_seconds"] < 60.);
    assert!(samples[r#"schema_registry_cache_hits_total{cache="answers"}"#] >= 10.);
    assert!(samples["process_resident_memory_bytes"] > 1e6);
}

#[tokio::test]
async fn nothing_a_client_sends_becomes_a_label() {
    let server = Server::start().await;
    server.register("a-subject", V1).await;
    let names = scrape_counted(&server).await.len();
    for number in 0..30 {
        server.register(&format!("secret-{number}"), V1).await;
        server.get(&format!("/secret-{number}?secret")).await;
        server.send(&format!("SECRET{number}"), "/subjects", &[("x-request-id", "secret")], "").await;
    }
    let text = server.get("/metrics").await;
    assert!(!text.text().to_lowercase().contains("secret"), "{}", text.text());
    // One more operation was asked for, with two statuses, and it and `/metrics` have one line a bucket.
    let more = scrape(&server).await.len() - names;
    assert!(more <= 3 * 22, "{more} more samples");
}

#[tokio::test]
async fn conflicts_and_caches_show() {
    let server = Server::start().await;
    for _ in 0..4 {
        assert_eq!(server.get("/subjects/none/versions").await.status, 404);
        server.get("/config").await.ok();
    }
    let samples = scrape(&server).await;
    assert!(samples[r#"schema_registry_cache_hits_total{cache="answers"}"#] >= 3.);
    assert!(samples[r#"schema_registry_cache_misses_total{cache="answers"}"#] >= 4.);
    assert!(samples.contains_key(r#"schema_registry_cache_weight_bytes{cache="scopes"}"#));
    assert!(samples.contains_key(r#"schema_registry_db_retries_total{sqlstate="40001"}"#));
    assert!(samples.contains_key(r#"schema_registry_db_pool_connections{pool="read",state="idle"}"#));
}

#[tokio::test]
async fn look_ups_are_counted_by_what_is_known_and_by_what_comes_of_it() {
    let server = Server::start().await;
    let id = server.register("s", V1).await;
    let guid = server.get(&format!("/schemas/ids/{id}")).await.ok()["guid"].as_str().expect("a guid").to_owned();
    for path in ["/subjects/s/versions/1", "/subjects/s/versions/latest", "/subjects/s/versions/1/schema"] {
        assert_eq!(server.get(path).await.status, 200);
    }
    assert_eq!(server.get("/subjects/s/versions/none").await.status, 422);
    assert_eq!(server.get(&format!("/schemas/guids/{guid}")).await.status, 200);
    for (subject, status) in [("s", 200), ("s", 200), ("other", 404)] {
        assert_eq!(server.post(&format!("/subjects/{subject}"), &json!({ "schema": V1 })).await.status, status);
    }
    expect(
        &scrape(&server).await,
        &[
            (r#"schema_registry_lookups_total{kind="id",result="found"}"#, 1.),
            (r#"schema_registry_lookups_total{kind="guid",result="found"}"#, 1.),
            (r#"schema_registry_lookups_total{kind="version",result="found"}"#, 3.),
            (r#"schema_registry_lookups_total{kind="version",result="invalid"}"#, 1.),
            (r#"schema_registry_lookups_total{kind="content",result="found"}"#, 2.),
            (r#"schema_registry_lookups_total{kind="content",result="not_found"}"#, 1.),
            (r#"schema_registry_lookups_total{kind="content",result="error"}"#, 0.),
        ],
    );
}

#[tokio::test]
async fn what_is_stored_is_counted() {
    let server = Server::start().await;
    let counts =
        async |live: f64, deleted: f64, live_versions: f64, deleted_versions: f64, schemas: f64, highest: f64| {
            expect(
                &scrape_counted(&server).await,
                &[
                    (r#"schema_registry_subjects{state="live"}"#, live),
                    (r#"schema_registry_subjects{state="deleted"}"#, deleted),
                    (r#"schema_registry_schema_versions{state="live"}"#, live_versions),
                    (r#"schema_registry_schema_versions{state="deleted"}"#, deleted_versions),
                    (r#"schema_registry_schemas{schema_type="AVRO"}"#, schemas),
                    ("schema_registry_schema_id_max", highest),
                ],
            );
        };
    counts(0., 0., 0., 0., 0., 0.).await;
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    server.register("a", V1).await;
    server.register("a", BROKEN).await;
    server.register("b", V1).await;
    counts(2., 0., 3., 0., 2., 2.).await;
    server.delete("/subjects/a/versions/1").await.ok();
    server.delete("/subjects/b").await.ok();
    counts(1., 1., 1., 2., 2., 2.).await;
    server.delete("/subjects/a").await.ok();
    server.delete("/subjects/a?permanent=true").await.ok();
    // The id of the first version still has a schema; the counter never falls.
    counts(0., 1., 0., 1., 1., 2.).await;
    assert_eq!(server.post("/subjects/b/versions", &json!({ "schema": V1 })).await.ok()["version"], 2);
    // The new version replaced the deleted one with the same content.
    counts(1., 0., 1., 0., 1., 2.).await;
}

#[tokio::test]
async fn what_memory_has_no_room_for_is_counted() {
    let server = Server::start_with(&["--cache-mib", "1"]).await;
    let mut ids = Vec::new();
    for number in 0..40 {
        let schema = json!({"type": "record", "name": "R", "fields": [], "doc": format!("{number}{:20000}", "")});
        ids.push(server.register(&format!("s{number}"), &schema.to_string()).await);
    }
    let evictions = |samples: &BTreeMap<String, f64>, cache: &str| {
        samples[&format!(r#"schema_registry_cache_evictions_total{{cache="{cache}"}}"#)]
    };
    loop {
        for id in &ids {
            server.get(&format!("/schemas/ids/{id}")).await.ok();
        }
        let samples = scrape(&server).await;
        assert!(evictions(&samples, "verdicts") < 0.5, "there was nothing to compare");
        // The caches evict lazily.
        if evictions(&samples, "answers") > 0. && evictions(&samples, "contents") > 0. {
            break;
        }
    }
}
