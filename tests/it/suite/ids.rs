//! An id means one content, for ever: records that carry it lie in topics for years.

use avow_registry::store;
use serde_json::{Value, json};

use super::support::{Answer, Server};

async fn importing() -> Server {
    let server = Server::start().await;
    assert_eq!(server.put("/mode", &json!({"mode": "IMPORT"})).await.status, 200);
    server
}

async fn import(server: &Server, subject: &str, id: i32, schema: &str, query: &str) -> Answer {
    let body = json!({"schema": format!("{schema:?}"), "id": id, "version": 1});
    server.post(&format!("/subjects/{subject}/versions{query}"), &body).await
}

async fn purge(server: &Server, subject: &str) {
    server.delete(&format!("/subjects/{subject}")).await.ok();
    server.delete(&format!("/subjects/{subject}?permanent=true")).await.ok();
}

async fn faults(server: &Server) -> Vec<String> {
    store::verify(&server.database()).await.expect("a report").faults
}

#[tokio::test]
async fn an_id_keeps_its_meaning_when_all_that_held_it_is_purged() {
    let server = importing().await;
    import(&server, "a", 1, "string", "").await.ok();
    purge(&server, "a").await;
    assert_eq!(server.get("/schemas/ids/1").await.error(), (404, 40403));

    let refused = import(&server, "b", 1, "int", "").await;
    assert_eq!(refused.error(), (422, 42205), "{}", refused.text());
    server.put("/mode/:.other:", &json!({"mode": "IMPORT"})).await.ok();
    import(&server, ":.other:b", 1, "int", "").await.ok();
    import(&server, "b", 1, "string", "").await.ok();
    assert_eq!(server.get("/schemas/ids/1").await.ok()["schema"], r#""string""#);
    assert_eq!(faults(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_id_keeps_its_meaning_when_an_import_replaces_all_that_held_it() {
    let server = importing().await;
    import(&server, "a", 1, "string", "").await.ok();
    import(&server, "a", 2, "long", "").await.ok();
    assert_eq!(import(&server, "b", 1, "int", "").await.error(), (422, 42205));
    import(&server, "b", 1, "int", "?force=true").await.ok();
    assert_eq!(server.get("/schemas/ids/1").await.ok()["schema"], r#""int""#);
    assert_eq!(faults(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_id_that_was_handed_out_keeps_its_meaning() {
    let server = Server::start().await;
    let id = server.register("a", r#""string""#).await;
    purge(&server, "a").await;
    server.put("/mode", &json!({"mode": "IMPORT"})).await.ok();
    let id = i32::try_from(id).expect("an id");
    assert_eq!(import(&server, "b", id, "int", "").await.error(), (422, 42205));
}

#[tokio::test]
async fn force_changes_the_meaning_of_an_id_that_nothing_holds_and_the_log_says_so() {
    let server = importing().await;
    import(&server, "a", 1, "string", "").await.ok();
    assert_eq!(import(&server, "b", 1, "int", "?force=true").await.error(), (422, 42205), "it is in use");
    purge(&server, "a").await;
    import(&server, "b", 1, "int", "?force=true").await.ok();
    assert_eq!(server.get("/schemas/ids/1").await.ok()["schema"], r#""int""#);

    // From now on that is the content it is reserved to.
    purge(&server, "b").await;
    assert_eq!(import(&server, "a", 1, "string", "").await.error(), (422, 42205));
    import(&server, "b", 1, "int", "").await.ok();
    assert_eq!(faults(&server).await, Vec::<String>::new());

    let changes: Value = server.get("/avow/v1/changes?after=0").await.json();
    let changes = changes.as_array().expect("a page").iter().map(|event| &event["data"]);
    let registered = changes.filter(|change| change["kind"] == "register");
    let forced: Vec<bool> = registered.map(|change| change["after"]["forced"] == true).collect();
    assert_eq!(forced, [false, true, false]);
}
