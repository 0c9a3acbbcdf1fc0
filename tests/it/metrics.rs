//! `/metrics`: what happened is counted once, under labels that no client can grow.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::Server;

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
        // The second and third time it is answered from memory, before it is routed.
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
    for (name, expected) in [
        ("schema_registry_compatibility_check_duration_seconds_count", 3.),
        ("schema_registry_unknown_schema_id_total", 2.),
        (r#"schema_registry_db_units_total{outcome="committed"}"#, 1.),
        ("schema_registry_change_feed_last_seq", 1.),
        ("http_server_active_requests", 1.),
    ] {
        assert!((samples[name] - expected).abs() < 0.5, "{name} is {}", samples[name]);
    }
    assert!(samples[r#"schema_registry_cache_hits_total{cache="answers"}"#] >= 10.);
    assert!(samples["process_resident_memory_bytes"] > 1e6);
}

#[tokio::test]
async fn nothing_a_client_sends_becomes_a_label() {
    let server = Server::start().await;
    server.register("a-subject", V1).await;
    let names = scrape(&server).await.len();
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
