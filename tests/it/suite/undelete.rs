//! Undeletion, and reserved ids.

use serde_json::{Value, json};

use super::support::Server;

const ONE: &str = r#"{"type":"record","name":"One","fields":[]}"#;
const TWO: &str = r#"{"type":"record","name":"Two","fields":[{"name":"one","type":"One"}]}"#;

async fn restore(server: &Server, version: &str) -> (u16, Value) {
    let answer = server.post(&format!("/avow/v1/subjects/{version}/restore"), &json!({})).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_soft_deletion_is_taken_back() {
    let server = Server::start().await;
    server.register("one", ONE).await;
    let references = json!([{"name": "One", "subject": "one", "version": 1}]);
    server.post("/subjects/two/versions", &json!({"schema": TWO, "references": references})).await.ok();
    for path in ["/subjects/two", "/subjects/one"] {
        assert_eq!(server.delete(path).await.ok(), json!([1]));
    }
    assert_eq!(server.get("/subjects").await.ok(), json!([]));

    let (status, refused) = restore(&server, "two/versions/1").await;
    assert_eq!((status, &refused["error_code"]), (422, &json!(42201)), "what it refers to is not live: {refused}");
    assert_eq!(restore(&server, "one/versions/1").await, (200, json!(1)));
    assert_eq!(restore(&server, "two/versions/1").await, (200, json!(1)));
    assert_eq!(server.get("/subjects").await.ok(), json!(["one", "two"]));
    assert_eq!(server.get("/subjects/two/versions/1").await.ok()["id"], 2);
    assert_eq!(server.get("/schemas/ids/2/subjects").await.ok(), json!(["two"]));

    let changes = server.get("/avow/v1/changes").await.ok();
    let last = changes.as_array().and_then(|changes| changes.last()).expect("a change");
    assert_eq!((&last["type"], &last["data"]["after"]), (&json!("avow.restore"), &json!({"versions": [1]})));
    assert_eq!(restore(&server, "two/versions/1").await, (200, json!(1)), "there is nothing to do");
    assert_eq!(server.get("/avow/v1/changes").await.ok(), changes, "so nothing was done");
    let past = server.get("/avow/v1/subjects/two?as_of=3").await.ok();
    assert_eq!(past["versions"][0]["deleted"], true);
    assert_eq!(server.get("/avow/v1/subjects/two").await.ok()["versions"][0]["deleted"], false);

    for (path, code) in [
        ("two/versions/9", 40402),
        ("nothing/versions/1", 40401),
        ("two/versions/0", 42202),
        ("two/versions/latest", 400),
    ] {
        assert_eq!(restore(&server, path).await.1["error_code"], code, "{path}");
    }
    server.delete("/subjects/two").await.ok();
    server.put("/mode/two", &json!({"mode": "READONLY"})).await.ok();
    assert_eq!(restore(&server, "two/versions/1").await.1["error_code"], 42205);
    server.stop().await;
}

#[tokio::test]
async fn ids_that_were_set_aside_are_not_handed_out() {
    let server = Server::start().await;
    let reserve = async |context: &str, floor: Value| {
        let answer = server.put(&format!("/avow/v1/contexts/{context}/id-floor"), &json!({ "floor": floor })).await;
        (answer.status, answer.json())
    };
    assert_eq!(server.register("one", ONE).await, 1);
    assert_eq!(reserve(".", json!(100)).await, (200, json!({"floor": 100})));
    assert_eq!(reserve(".", json!(7)).await, (200, json!({"floor": 100})), "a floor never sinks");
    assert_eq!(reserve("x", json!(10)).await, (200, json!({"floor": 10})));
    assert_eq!(server.register("one", r#"["null",{"type":"record","name":"One","fields":[]}]"#).await, 101);
    assert_eq!(server.register(":.x:one", ONE).await, 11);
    assert_eq!(server.get("/contexts").await.ok(), json!([".", ".x"]));
    for (context, floor) in [(".", json!(-1)), (".", json!(null)), (".", json!(2_147_483_648_i64)), ("a:b", json!(1))] {
        assert_eq!(reserve(context, floor.clone()).await.0, 400, "{context} {floor}");
    }
    assert_eq!(reserve(".__GLOBAL", json!(1)).await.0, 422);
    let kinds: Vec<Value> = server
        .get("/avow/v1/changes")
        .await
        .ok()
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["data"]["kind"].clone())
        .collect();
    assert_eq!(json!(kinds), json!(["register", "id-floor", "id-floor", "register", "register"]));
    // The last of them: the registry is full.
    assert_eq!(reserve("y", json!(i32::MAX)).await.0, 200);
    let schema = json!({ "schema": ONE });
    assert_eq!(server.post("/subjects/:.y:one/versions", &schema).await.error(), (500, 50001));
    let plan = json!({"operations": [{"op": "register", "subject": "z", "schema": "\"int\""},
        {"op": "register", "subject": ":.y:one", "schema": ONE}]});
    assert_eq!(server.post("/avow/v1/apply", &plan).await.error(), (500, 50001));
    assert_eq!(server.get("/subjects/z/versions").await.status, 404, "nothing of the plan is done");
    server.stop().await;
}
