//! `avow migrate` between servers on whichever database this binary tests: out of it and into it.

use std::process::Command;

use serde_json::{Value, json};

use super::support::Server;

const ADDRESS: &str = r#"{"type":"record","name":"Address","namespace":"n","fields":[{"name":"zip","type":"string"}]}"#;
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"n","fields":[{"name":"to","type":"Address"}]}"#;

/// A registry with a little of everything, and room between its ids.
async fn filled() -> Server {
    let server = Server::start().await;
    server.register("addresses", ADDRESS).await;
    let order = json!({"schema": ORDER, "references": [{"name": "n.Address", "subject": "addresses", "version": 1}]});
    server.post("/subjects/a-orders/versions", &order).await.ok();
    server.register("numbers", "\"int\"").await;
    server.register("numbers", "\"long\"").await;
    server.delete("/subjects/numbers/versions/1").await.ok();
    server.register("gone", "\"string\"").await;
    server.delete("/subjects/gone").await.ok();
    server.register(":.dev:numbers", "\"float\"").await;
    let kept = json!({"schema": "\"bytes\"", "metadata": {"properties": {"owner": "ünn"}}});
    server.post("/subjects/kept/versions", &kept).await.ok();
    server.put("/avow/v1/contexts/./id-floor", &json!({"floor": 100})).await.ok();
    server.register("late", "\"double\"").await;
    server.put("/config/numbers", &json!({"compatibility": "NONE", "normalize": true})).await.ok();
    server.put("/config/:.dev:", &json!({"compatibility": "FORWARD"})).await.ok();
    server.put("/mode/kept", &json!({"mode": "READONLY"})).await.ok();
    server
}

/// The state that clients see, without times of writes.
async fn sights(server: &Server) -> Vec<(u16, Value)> {
    let mut seen = Vec::new();
    for path in [
        "/schemas?deleted=true&subjectPrefix=:*:",
        "/subjects?deleted=true",
        "/contexts",
        "/config",
        "/config/numbers",
        "/config/:.dev:",
        "/mode",
        "/mode/kept",
        "/subjects/addresses/versions/1/referencedby",
        "/schemas/ids/101",
    ] {
        let answer = server.get(path).await;
        let mut body = answer.json();
        for row in body.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.remove("ts");
        }
        if let Some(one) = body.as_object_mut() {
            one.remove("ts");
        }
        seen.push((answer.status, body));
    }
    seen
}

async fn migrate(from: &Server, to: &Server) -> Value {
    let [from, to] = [from, to].map(|server| format!("http://{}", server.address()));
    let ran = tokio::task::spawn_blocking(move || {
        let mut avow = Command::new(env!("CARGO_BIN_EXE_avow"));
        avow.args(["migrate", "--from", &from, "--to", &to, "--verify", "-o", "json"]).output()
    });
    let ran = ran.await.expect("it ends").expect("avow runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("a certificate")
}

#[tokio::test]
async fn what_is_copied_out_and_in_again_is_the_same() {
    let (source, between, target) = (filled().await, Server::start().await, Server::start().await);
    for (from, to) in [(&source, &between), (&between, &target), (&source, &target)] {
        let certificate = migrate(from, to).await;
        assert_eq!(certificate["differences"], json!([]));
        assert_eq!(certificate["sha256From"], certificate["sha256To"]);
        assert_eq!(certificate["identicalIds"], certificate["ids"]);
        assert_eq!(sights(from).await, sights(to).await);
    }
    let order = r#"{"type":"record","name":"New","fields":[]}"#;
    assert_eq!(target.register("new", order).await, source.register("new", order).await, "ids go on where they were");
    for server in [source, between, target] {
        server.stop().await;
    }
}
