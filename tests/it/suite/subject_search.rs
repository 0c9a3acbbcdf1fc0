//! Subject search, page by page.

use serde_json::{Value, json};

use super::support::Server;

const ORDER: &str =
    r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"customerEmail","type":"string"}]}"#;
const PLAIN: &str = r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[]}"#;
const KIND: &str = r#"{"type":"enum","name":"Kind","namespace":"com.acme","symbols":["A"]}"#;

async fn page(server: &Server, query: &str) -> Value {
    server.get(&format!("/avow/v1/subjects{query}")).await.ok()
}

/// The names on every page.
async fn names(server: &Server, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let joint = if query.is_empty() { '?' } else { '&' };
        let cursor = next.as_deref().map(|next| format!("{joint}cursor={}", encoded(next))).unwrap_or_default();
        let page = page(server, &format!("{query}{cursor}")).await;
        let rows = page["subjects"].as_array().expect("subjects");
        found.extend(rows.iter().map(|row| row["subject"].as_str().expect("a name").to_owned()));
        match page["next"].as_str() {
            None => return found,
            Some(cursor) => {
                assert_ne!(next.as_deref(), Some(cursor), "it goes on");
                next = Some(cursor.to_owned());
            }
        }
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn filled() -> Server {
    let server = Server::start().await;
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    server.register("orders-value", ORDER).await;
    server.register("orders-value", PLAIN).await;
    server.register("orders-key", "\"string\"").await;
    server.register(":.x:orders-value", ORDER).await;
    server.register(":.x:kind", KIND).await;
    server.register("gone", KIND).await;
    server.delete("/subjects/gone").await.ok();
    server.register("~last%2F%C3%BC", KIND).await;
    server
}

#[tokio::test]
async fn subjects_are_found_by_name_context_and_state() {
    let server = filled().await;
    for (query, expected) in [
        ("", &[":.x:kind", ":.x:orders-value", "orders-key", "orders-value", "~last/ü"][..]),
        ("?deleted=true", &[":.x:kind", ":.x:orders-value", "gone", "orders-key", "orders-value", "~last/ü"]),
        ("?deleted=only", &["gone"]),
        ("?context=.", &["orders-key", "orders-value", "~last/ü"]),
        ("?context=x", &[":.x:kind", ":.x:orders-value"]),
        ("?context=nothing", &[]),
        ("?name=orders-*", &[":.x:orders-value", "orders-key", "orders-value"]),
        ("?name=orders-*&context=.", &["orders-key", "orders-value"]),
        ("?name=orders-*&context=.x", &[":.x:orders-value"]),
        ("?name=*key&name=kind", &[":.x:kind", "orders-key"]),
        ("?name=ORDERS*", &[]),
        ("?field=*email*", &[":.x:orders-value"]),
        ("?field=*email*&versions=live", &[":.x:orders-value", "orders-value"]),
        ("?type=com.acme.*", &[":.x:kind", ":.x:orders-value", "orders-value", "~last/ü"]),
        ("?type=*.order&field=*", &[":.x:orders-value"]),
        ("?type=*kind&deleted=only", &["gone"]),
    ] {
        assert_eq!(names(&server, query).await, expected, "{query}");
        let joint = if query.is_empty() { '?' } else { '&' };
        assert_eq!(names(&server, &format!("{query}{joint}limit=1")).await, expected, "{query} in pages of one");
        assert_eq!(names(&server, &format!("{query}{joint}limit=2")).await, expected, "{query} in pages of two");
    }
    let below = server.get("/contexts/x/avow/v1/subjects").await.ok();
    assert_eq!(below["subjects"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.get("/contexts/x/avow/v1/subjects?context=*").await.ok(), page(&server, "").await);
    server.stop().await;
}

#[tokio::test]
async fn a_row_has_what_a_list_shows() {
    let server = filled().await;
    server.put("/config/:.x:", &json!({"compatibility": "FULL"})).await.ok();
    server.put("/config/orders-key", &json!({"compatibility": "FORWARD"})).await.ok();
    server.put("/mode/:.x:", &json!({"mode": "READONLY"})).await.ok();
    server.delete("/subjects/orders-value/versions/2").await.ok();
    let rows = page(&server, "?deleted=true").await["subjects"].take();
    let row = |name: &str| rows.as_array().and_then(|rows| rows.iter().find(|row| row["subject"] == name)).expect(name);
    let orders = row("orders-value");
    let stored = server.get("/subjects/orders-value/versions/1").await.ok();
    assert_eq!(
        *orders,
        json!({"subject": "orders-value", "context": ".", "versions": 1, "deletedVersions": 1, "deleted": false,
            "latest": {"version": 1, "id": stored["id"], "guid": stored["guid"], "schemaType": "AVRO", "ts": stored["ts"]},
            "level": "NONE", "levelFrom": "context", "mode": "READWRITE"})
    );
    assert_eq!((&row("orders-key")["level"], &row("orders-key")["levelFrom"]), (&json!("FORWARD"), &json!("subject")));
    let foreign = row(":.x:kind");
    assert_eq!(
        (&foreign["context"], &foreign["level"], &foreign["mode"]),
        (&json!(".x"), &json!("FULL"), &json!("READONLY"))
    );
    assert_eq!((&row("gone")["deleted"], &row("gone")["versions"]), (&json!(true), &json!(0)));
    let found = page(&server, "?field=*&name=orders-value&versions=live&context=.").await;
    assert_eq!(found["subjects"][0]["matchedVersion"], 1);
    server.delete("/config").await.ok();
    server.put("/config/:.__GLOBAL:", &json!({"compatibility": "BACKWARD_TRANSITIVE"})).await.ok();
    let level = page(&server, "?name=~*").await["subjects"][0].take();
    assert_eq!((&level["level"], &level["levelFrom"]), (&json!("BACKWARD_TRANSITIVE"), &json!("everywhere")));
    server.delete("/config/:.__GLOBAL:").await.ok();
    let level = page(&server, "?name=~*").await["subjects"][0].take();
    assert_eq!((&level["level"], &level["levelFrom"]), (&json!("BACKWARD"), &json!("server")));
    server.stop().await;
}

#[tokio::test]
async fn a_search_through_many_schemas_goes_on_where_it_stopped() {
    let server = Server::start().await;
    for at in 0..12 {
        let operations: Vec<Value> = (0..50)
            .map(|number| {
                let field = if at == 11 && number == 7 { "needle" } else { "hay" };
                let schema = json!({"type": "record", "name": format!("R{at}x{number}"),
                    "fields": [{"name": field, "type": "int"}]});
                json!({"op": "register", "subject": format!("s-{at:02}-{number:02}"), "schema": schema.to_string()})
            })
            .collect();
        server.post("/avow/v1/apply", &json!({ "operations": operations })).await.ok();
    }
    let first = page(&server, "?field=needle").await;
    assert_eq!((&first["subjects"], &first["next"]), (&json!([]), &json!("0:s-10-00")), "500 schemas are looked into");
    assert_eq!(names(&server, "?field=needle").await, ["s-11-07"]);
    assert_eq!(names(&server, "?limit=1000").await.len(), 600);
    assert_eq!(names(&server, "?limit=7&name=s-0?-1*").await.len(), 100);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let server = Server::start().await;
    for query in [
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?cursor=x",
        "?cursor=x:y",
        "?deleted=yes",
        "?versions=all",
        "?name=%5Ba",
        "?field=%7Ba",
        "?context=a:b",
        &format!("?name={}", "x".repeat(1001)),
        &format!("?{}", "name=a&".repeat(17)),
    ] {
        assert_eq!(server.get(&format!("/avow/v1/subjects{query}")).await.error().0, 400, "{query}");
    }
    assert_eq!(page(&server, "?cursor=0%3A").await, json!({"subjects": []}));
    server.stop().await;
}
