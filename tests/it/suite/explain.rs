//! Findings: on registration, on checks, in batches; and the warnings that a setting turns into refusals.

use serde_json::{Value, json};

use super::support::Server;

const V1: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#;
const V2: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"note","type":["null","string"],"default":null}]}"#;
const MANDATORY: &str =
    r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"email","type":"string"}]}"#;

/// Reads its own data by the rules, and cannot: the default of the new field belongs to a later branch of its union.
const UNSOUND: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"of","type":[{"type":"enum","name":"E","symbols":["A"]},"null"],"default":null}]}"#;

async fn with_two_versions() -> Server {
    let server = Server::start().await;
    assert_eq!(server.put("/config/orders", &json!({"compatibility": "FULL_TRANSITIVE"})).await.status, 200);
    for schema in [V1, V2] {
        assert_eq!(server.post("/subjects/orders/versions", &json!({"schema": schema})).await.status, 200);
    }
    server
}

#[tokio::test]
async fn a_refusal_names_every_version_it_is_about_and_offers_fixes_that_are_accepted() {
    let server = with_two_versions().await;
    let body = json!({"schema": MANDATORY});
    let plain = server.post("/subjects/orders/versions", &body).await;
    let explained = server.post("/subjects/orders/versions?explain=true", &body).await;
    assert_eq!((plain.status, explained.status), (409, 409));
    let (plain, mut explained): (Value, Value) = (plain.json(), explained.json());
    let findings = explained.as_object_mut().and_then(|fields| fields.remove("findings")).expect("findings");
    assert_eq!(plain, explained, "findings are added, nothing else changes");

    let missing = findings.as_array().expect("a list").iter().find(|it| it["rule"] == "missing-default");
    let missing = missing.expect("the new field has no default");
    assert_eq!(missing["direction"], "backward");
    assert_eq!(missing["versions"], json!([2, 1]));
    assert_eq!(missing["path"], "Order.email");
    assert_eq!(missing["who"], "Consumers that move to the new schema cannot read records of versions 1 and 2.");
    assert!(missing["witness"]["decodeError"].as_str().is_some_and(|text| text.contains("email")), "{missing}");
    let fixes = missing["fixes"].as_array().expect("a list");
    let fixed = fixes.iter().find(|fix| fix["resolvesAll"] == true).expect("a fix that resolves everything");
    let registered = server.post("/subjects/orders/versions", &json!({"schema": fixed["schema"]})).await;
    assert_eq!(registered.status, 200, "{}", registered.text());
}

#[tokio::test]
async fn checks_are_explained_as_registrations_are() {
    let server = with_two_versions().await;
    let body = json!({"schema": MANDATORY});
    for path in ["/compatibility/subjects/orders/versions", "/compatibility/subjects/orders/versions/latest"] {
        let plain: Value = server.post(path, &body).await.json();
        assert_eq!(plain, json!({"is_compatible": false}));
        let explained: Value = server.post(&format!("{path}?explain=true"), &body).await.json();
        assert_eq!(explained["is_compatible"], false);
        assert_eq!(explained["findings"][0]["path"], "Order.email");
        let fine: Value = server.post(&format!("{path}?explain=true"), &json!({"schema": V2})).await.json();
        assert_eq!(fine, json!({"is_compatible": true, "findings": []}));
    }
}

#[tokio::test]
async fn a_batch_answers_each_question_in_its_place() {
    let server = with_two_versions().await;
    let checks = json!({"checks": [
        {"subject": "orders", "schema": V2},
        {"subject": "orders", "schema": MANDATORY},
        {"subject": "orders", "version": 7, "schema": V2},
        {"subject": "nobody", "schema": "no schema"},
        {"subject": "nobody", "schema": "\"int\""},
        {"reader": {"schema": "\"int\""}, "writer": {"schema": "\"long\""}},
        {"reader": {"schema": "\"long\""}, "writer": {"schema": "\"int\""}},
    ]});
    let answer: Value = server.post("/avow/v1/compatibility", &checks).await.json();
    let results = answer["results"].as_array().expect("a list");
    let verdicts: Vec<&Value> = results.iter().map(|it| &it["is_compatible"]).collect();
    assert_eq!(
        verdicts,
        [&json!(true), &json!(false), &Value::Null, &Value::Null, &json!(true), &json!(false), &json!(true)]
    );
    assert_eq!(results[2]["error"]["error_code"], 40402);
    assert_eq!(results[3]["error"]["error_code"], 42201);
    assert_eq!(results[5]["findings"][0]["rule"], "type-mismatch");
    assert_eq!(results[1]["level"], "FULL_TRANSITIVE");
    assert_eq!(results[1]["versions"], json!([2, 1]), "what the level asks for");
    let same = json!({"checks": [{"subject": "orders", "schema": V1}, {"subject": "new", "schema": V1}]});
    let answer = server.post("/avow/v1/compatibility", &same).await.json();
    assert_eq!(answer["results"][0]["registered"], 1);
    assert_eq!((&answer["results"][1]["registered"], &answer["results"][1]["versions"]), (&Value::Null, &json!([])));
    let nonsense = server.post("/avow/v1/compatibility", &json!({"checks": [{"schema": V1}]})).await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn a_warning_leaves_the_verdict_alone_until_a_setting_says_otherwise() {
    let server = Server::start().await;
    assert_eq!(server.post("/subjects/orders/versions", &json!({"schema": V1})).await.status, 200);
    let path = "/compatibility/subjects/orders/versions?explain=true&verbose=true";
    let warned: Value = server.post(path, &json!({"schema": UNSOUND})).await.json();
    assert_eq!(warned["is_compatible"], true);
    assert_eq!(warned["findings"][0]["severity"], "warning");
    assert!(warned["findings"][0]["witness"].is_object());

    for scope in ["/config", "/config/orders"] {
        let set: Value = server.put(scope, &json!({"refuseWarnings": true})).await.json();
        assert_eq!(set["refuseWarnings"], true);
        let refused = server.post("/subjects/orders/versions", &json!({"schema": UNSOUND})).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text().contains("DATA_NOT_DECODABLE"), "{}", refused.text());
        server.delete(scope).await;
    }
    assert_eq!(server.post("/subjects/orders/versions", &json!({"schema": UNSOUND})).await.status, 200);
}

#[tokio::test]
async fn every_rule_of_a_finding_is_listed() {
    let server = with_two_versions().await;
    let rules: Value = server.get("/avow/v1/rules").await.json();
    let ids: Vec<&str> = rules.as_array().expect("a list").iter().filter_map(|rule| rule["id"].as_str()).collect();
    let answer: Value =
        server.post("/subjects/orders/versions?explain=true", &json!({"schema": "[\"null\"]"})).await.json();
    for finding in answer["findings"].as_array().expect("a list") {
        assert!(ids.contains(&finding["rule"].as_str().expect("an id")), "{finding}");
    }
}
