//! HTTP itself, beside the bodies: methods, media types, caching, compression, encodings.

use serde_json::{Value, json};

use super::support::Server;

const INT: &str = r#""int""#;

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let server = Server::start().await;
    server.register("s", INT).await;
    for path in ["/subjects", "/subjects/s/versions/1", "/schemas/ids/1", "/config", "/"] {
        let get = server.get(path).await;
        let head = server.send("HEAD", path, &[], "").await;
        assert_eq!((head.status, head.header("content-type")), (200, get.header("content-type")), "{path}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn options_lists_the_methods_of_a_path() {
    let server = Server::start().await;
    for (path, methods) in [
        ("/subjects", "GET,HEAD,OPTIONS"),
        ("/subjects/s", "DELETE,OPTIONS,POST"),
        ("/subjects/s/versions", "GET,HEAD,OPTIONS,POST"),
        ("/config", "DELETE,GET,HEAD,OPTIONS,PUT"),
    ] {
        let answer = server.send("OPTIONS", path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (200, Some(methods)), "{path}");
    }
    assert_eq!(server.send("OPTIONS", "/nowhere", &[], "").await.error(), (404, 404));
}

#[tokio::test]
async fn a_request_id_is_echoed_or_made_up() {
    let server = Server::start().await;
    let sent = server.send("GET", "/", &[("x-request-id", "mine")], "").await;
    assert_eq!(sent.header("x-request-id"), Some("mine"));
    let (longest, too_long) = ("x".repeat(128), "x".repeat(129));
    let sent = server.send("GET", "/", &[("x-request-id", &longest)], "").await;
    assert_eq!(sent.header("x-request-id"), Some(longest.as_str()));
    for headers in [
        &[][..],
        &[("x-request-id", " ")],
        &[("x-request-id", "a b")],
        &[("x-request-id", "a\"b")],
        &[("x-request-id", &too_long)],
        &[("x-request-id", "a"), ("x-request-id", "b")],
    ] {
        let answer = server.send("GET", "/nowhere", headers, "").await;
        assert_eq!(answer.header("x-request-id").map(str::len), Some(36), "{headers:?}");
    }
}

#[tokio::test]
async fn a_schema_that_is_still_the_same_is_not_sent_again() {
    let server = Server::start().await;
    let id = server.register("s", INT).await;
    let path = format!("/schemas/ids/{id}");
    let first = server.get(&path).await;
    assert!(first.header("cache-control").is_some_and(|it| it.contains("stale-if-error")));
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = server.send("GET", &path, &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));

    server.delete("/subjects/s").await.ok();
    let deleted = server.send("GET", &path, &[("if-none-match", &tag)], "").await;
    assert_eq!(deleted.ok()["deleted"], true);
    assert_ne!(deleted.header("etag"), Some(tag.as_str()));
}

#[tokio::test]
async fn answers_are_compressed_on_request() {
    let server = Server::start().await;
    let fields: Vec<Value> = (0..100).map(|n| json!({"name": format!("field_{n}"), "type": "string"})).collect();
    let schema = json!({"type": "record", "name": "R", "fields": fields}).to_string();
    let id = server.register("s", &schema).await;
    let path = format!("/schemas/ids/{id}");
    let plain = server.get(&path).await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = server.send("GET", &path, &[("accept-encoding", "gzip")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.text());
}

#[tokio::test]
async fn subjects_may_be_called_almost_anything() {
    let server = Server::start().await;
    for (sent, name) in [
        ("a%2Fb", "a/b"),
        ("a%25b", "a%b"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%C3%BC%F0%9F%8E%88", "ü🎈"),
        ("a;b=c", "a;b=c"),
        ("..%2F..", "../.."),
    ] {
        let id = server.register(sent, INT).await;
        assert_eq!(server.get(&format!("/subjects/{sent}/versions/1")).await.ok()["subject"], name, "{sent}");
        assert_eq!(server.get(&format!("/schemas/ids/{id}?subject={sent}")).await.status, 200, "{sent}");
        server.delete(&format!("/subjects/{sent}")).await.ok();
    }
}

#[tokio::test]
async fn subjects_that_cannot_be_kept_are_refused() {
    let server = Server::start().await;
    let long = "x".repeat(1_001);
    for subject in ["%00", "%FF", "%ED%A0%80", long.as_str()] {
        let answer = server.post(&format!("/subjects/{subject}/versions"), &json!({ "schema": INT })).await;
        assert!((400..500).contains(&answer.error().0), "{subject}: {}", answer.text());
    }
    server.register(&long[1..], INT).await;
}

#[tokio::test]
async fn one_may_ask_the_server_about_itself() {
    let server = Server::start().await;
    assert_eq!(server.get("/").await.ok(), json!({}));
    assert_eq!(server.post("/", &json!({})).await.ok(), json!({}));
    let cluster = server.get("/v1/metadata/id").await.ok();
    assert_eq!(cluster["scope"]["clusters"]["schema-registry-cluster"], "schema-registry");
    assert!(server.get("/v1/metadata/version").await.ok()["version"].is_string());
    assert!(server.get("/v1/metadata/deployment").await.ok()["attributes"].is_array());
    assert_eq!(server.get("/associations/resources/-/topic?resourceType=topic").await.ok(), json!([]));
    for path in ["/livez", "/readyz", "/openapi.json", "/docs/"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_browser_is_led_to_the_documentation() {
    let server = Server::start().await;
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = server.send("GET", "/", &[("accept", accept)], "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/docs/")));
    for accept in ["application/json", "*/*"] {
        assert_eq!(server.send("GET", "/", &[("accept", accept)], "").await.ok(), json!({}), "{accept}");
    }
    assert_eq!(server.send("GET", "/", &[("accept", "text/plain")], "").await.error(), (406, 406));
}

#[tokio::test]
async fn a_body_is_read_in_every_encoding_of_json() {
    let server = Server::start().await;
    let body = json!({ "schema": INT }).to_string();
    let utf16: Vec<u8> = format!("\u{FEFF}{body}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (media, body) in [
        ("application/json", format!("\u{FEFF}{body}").into_bytes()),
        ("application/json", utf16.clone()),
        ("application/json; charset=utf-16", utf16),
    ] {
        let answer = server.send("POST", "/subjects/s/versions", &[("content-type", media)], body).await;
        assert_eq!(answer.ok()["version"], 1, "{media}");
    }
}

#[tokio::test]
async fn rule_sets_are_kept() {
    let server = Server::start().await;
    let rule = json!({"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"});
    let body = json!({"schema": INT, "ruleSet": {"domainRules": [rule]}});
    server.post("/subjects/s/versions", &body).await.ok();
    let stored = server.get("/subjects/s/versions/latest").await.ok();
    assert_eq!(stored["ruleSet"]["domainRules"][0]["expr"], "true");
    // It is inherited, and belongs to the identity.
    assert_eq!(server.post("/subjects/s", &json!({ "schema": INT })).await.ok()["ruleSet"], stored["ruleSet"]);
    let others = json!({"schema": INT, "ruleSet": {"domainRules": []}});
    assert_eq!(server.post("/subjects/s", &others).await.error(), (404, 40403));
}

#[tokio::test]
async fn modes_stay_as_they_are_where_the_operator_says_so() {
    let server = Server::start_with(&["--mode-mutability", "false"]).await;
    let answer = server.put("/mode", &json!({"mode": "READONLY"})).await;
    assert_eq!(answer.error(), (422, 42205));
    assert_eq!(answer.json()["message"], "Mode changes are not allowed");
}

#[tokio::test]
async fn the_operator_chooses_the_level_that_holds_by_default() {
    let server = Server::start_with(&["--compatibility", "none"]).await;
    assert_eq!(server.get("/config").await.ok()["compatibilityLevel"], "NONE");
    server.register("s", INT).await;
    server.register("s", r#""string""#).await;
}

#[tokio::test]
async fn a_trace_context_changes_no_answer() {
    let server = Server::start().await;
    for header in ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "nonsense", ""] {
        let answer = server.send("GET", "/subjects", &[("traceparent", header)], "").await;
        assert_eq!(answer.status, 200, "{header}");
    }
}
