//! JSON Schema and Protobuf through the real server: stored texts, ids and verdicts as the reference recorded them.

use std::collections::BTreeSet;
use std::io::Read as _;

use avow_registry::store;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::database::Database;
use super::support::{Answer, Server};

const JSON_DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/json/tests/vectors/json-docs.jsonl.gz");
const JSON_PAIRS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/json/tests/vectors/json-pairs.jsonl.gz");
const PROTO_DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/tests/vectors/proto-docs.jsonl.gz");
const PROTO_PAIRS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/tests/vectors/proto-pairs.jsonl.gz");

/// Of so many documents and pairs one is sent; the crates check all of them.
const SAMPLE: usize = 7;

const ORDER: &str = r#"{"type":"object","properties":{"id":{"type":"string"}}}"#;
const PROTO: &str = "syntax = \"proto3\";\n\nmessage Order {\n  string id = 1;\n}\n";

fn entries(path: &str) -> Vec<Value> {
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the vectors");
    GzDecoder::new(file).read_to_string(&mut text).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("no {key} in {entry}"))
}

fn body(schema_type: &str, schema: &str) -> Value {
    json!({"schemaType": schema_type, "schema": schema})
}

async fn register(server: &Server, subject: &str, schema_type: &str, schema: &str) -> Answer {
    server.post(&format!("/subjects/{subject}/versions"), &body(schema_type, schema)).await
}

async fn check(server: &Server, subject: &str, schema_type: &str, schema: &str) -> Value {
    let path = format!("/compatibility/subjects/{subject}/versions?verbose=true");
    server.post(&path, &body(schema_type, schema)).await.ok()
}

/// Registers the subjects that an entry refers to in a context of its own. Some hold texts that nobody accepts.
async fn store(server: &Server, context: &str, schema_type: &str, entry: &Value) {
    for (subject, versions) in entry["store"].as_object().into_iter().flatten() {
        for version in versions.as_array().expect("versions") {
            let mut body = version.clone();
            body["schemaType"] = json!(schema_type);
            server.post(&format!("/subjects/{context}{subject}/versions"), &body).await;
        }
    }
}

async fn documents_are_as_recorded(schema_type: &str, path: &str) {
    let server = Server::start_with(&["--compatibility", "NONE"]).await;
    for (index, entry) in entries(path).iter().enumerate() {
        let schema = text(entry, "schema");
        let refers = entry.get("references").is_some();
        let is_storable = |text: &str| !text.trim().is_empty() && !text.contains('\0');
        let is_stored = is_storable(schema) && entry["canonical"].as_str().is_none_or(is_storable);
        let step = if refers { 3 } else { SAMPLE };
        if !is_stored || index % step != 0 {
            continue;
        }
        let id = text(entry, "id");
        let context = if refers { format!(":.c{index}:") } else { String::new() };
        store(&server, &context, schema_type, entry).await;
        let mut body = body(schema_type, schema);
        if refers {
            body["references"] = entry["references"].clone();
        }
        let subject = format!("/subjects/{context}d{index}");
        let answer = server.post(&format!("{subject}/versions"), &body).await;
        if entry["ok"] == false {
            let start = match text(entry, "stage") {
                "parse" => format!("Invalid schema of type {schema_type}, details: "),
                _ => format!("Invalid schema {{subject={context}d{index},schemaType={schema_type}}}, details: "),
            };
            assert_eq!(answer.error(), (422, 42201), "{id}");
            let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
            // A broken schema that others refer to is refused here when it is registered, so it cannot be found.
            let is_missing = message.contains("No schema reference found");
            assert!(message.starts_with(&start) || is_missing, "{id}: {message}");
            continue;
        }
        let stored = server.get(&format!("{subject}/versions/1")).await.ok();
        assert_eq!(answer.ok()["id"], stored["id"], "{id}");
        assert_eq!(stored["schemaType"], schema_type, "{id}");
        assert_eq!((&stored["schema"], &stored["guid"]), (&entry["canonical"], &entry["guid"]), "{id}");
        assert_eq!(server.post(&subject, &body).await.ok()["version"], 1, "{id} is found again");
        let normal = server.post(&format!("{subject}n/versions?normalize=true"), &body).await.ok();
        assert_eq!((&normal["schema"], &normal["guid"]), (&entry["normalized"], &entry["normalized_guid"]), "{id}");
        if schema_type == "PROTOBUF" {
            let formatted = async |format: &str| server.get(&format!("{subject}/versions/1?format={format}")).await;
            let plain = entry.get("ignore_extensions").unwrap_or(&entry["canonical"]);
            assert_eq!(formatted("ignore_extensions").await.ok()["schema"], *plain, "{id}");
            if let Some(serialized) = entry.get("serialized") {
                assert_eq!(formatted("serialized").await.ok()["schema"], *serialized, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn json_documents_are_stored_as_recorded() {
    documents_are_as_recorded("JSON", JSON_DOCUMENTS).await;
}

#[tokio::test]
async fn protobuf_documents_are_stored_as_recorded() {
    documents_are_as_recorded("PROTOBUF", PROTO_DOCUMENTS).await;
}

fn words_of(verdict: &Value) -> BTreeSet<&str> {
    verdict["messages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn pairs_are_as_recorded(schema_type: &str, path: &str, step: usize) {
    let server = Server::start().await;
    server.put("/config/:.forward:", &json!({"compatibility": "FORWARD"})).await.ok();
    for (index, entry) in entries(path).iter().enumerate().step_by(step) {
        let is_unstable = |key: &Value| entry["unstable"].as_array().is_some_and(|keys| keys.contains(key));
        if entry.get("store").is_some() {
            continue;
        }
        for (direction, context) in [("backward", ""), ("forward", ":.forward:")] {
            let recorded = &entry[direction];
            if recorded.get("error").is_some() || is_unstable(&json!(direction)) {
                continue;
            }
            let subject = format!("{context}p{index}");
            register(&server, &subject, schema_type, text(entry, "old")).await.ok();
            let found = check(&server, &subject, schema_type, text(entry, "new")).await;
            let id = text(entry, "id");
            assert_eq!(found["is_compatible"], recorded["compatible"], "{id} {direction}: {found}");
            let mut words = words_of(&found);
            words.retain(|it| !it.starts_with("{oldSchema"));
            let level = format!("{{validateFields: 'false', compatibility: '{}'}}", direction.to_uppercase());
            assert_eq!(words.remove(level.as_str()), found["is_compatible"] == false, "{id} {direction}");
            let expected = words_of(recorded);
            if !is_unstable(&json!(format!("differences_{direction}"))) {
                assert_eq!(words, expected, "{id} {direction}");
            }
        }
    }
}

#[tokio::test]
async fn json_pairs_are_compared_as_recorded() {
    pairs_are_as_recorded("JSON", JSON_PAIRS, 5 * SAMPLE).await;
}

#[tokio::test]
async fn protobuf_pairs_are_compared_as_recorded() {
    pairs_are_as_recorded("PROTOBUF", PROTO_PAIRS, 5 * SAMPLE).await;
}

#[tokio::test]
async fn a_text_in_two_languages_is_two_schemas_with_one_guid() {
    let server = Server::start().await;
    let schema = r#"{"type":"string","x":1}"#;
    let avro = register(&server, "a", "AVRO", schema).await.ok();
    let json = register(&server, "j", "JSON", schema).await.ok();
    assert_eq!(avro["guid"], json["guid"]);
    assert_ne!(avro["id"], json["id"]);
    for (schema_type, subject, answer) in [("AVRO", "a", &avro), ("JSON", "j", &json)] {
        let by_id = server.get(&format!("/schemas/ids/{}", answer["id"])).await.ok();
        assert_eq!((&by_id["schemaType"], &by_id["schema"]), (&json!(schema_type), &json!(schema)));
        assert_eq!(server.get(&format!("/schemas/ids/{}/subjects", answer["id"])).await.ok(), json!([subject]));
        let found = server.post(&format!("/subjects/{subject}"), &body(schema_type, schema)).await.ok();
        assert_eq!(found["id"], answer["id"]);
    }
    assert_eq!(server.post("/subjects/a", &body("JSON", schema)).await.error(), (404, 40403));
    let ids = server.get(&format!("/schemas/guids/{}/ids", text(&avro, "guid"))).await.ok();
    assert_eq!(ids.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_subject_keeps_its_type_at_every_level_but_none() {
    let server = Server::start().await;
    server.register("s", "\"string\"").await;
    let refused = check(&server, "s", "JSON", ORDER).await;
    let level = "{validateFields: 'false', compatibility: 'BACKWARD'}";
    assert_eq!(refused["messages"], json!(["Incompatible because of different schema type", level]));
    let answer = register(&server, "s", "PROTOBUF", PROTO).await;
    assert_eq!(answer.error(), (409, 40901));
    let explained = server.post("/subjects/s/versions?explain=true", &body("PROTOBUF", PROTO)).await.json();
    assert_eq!(explained["findings"][0]["rule"], "schema-type-changed");

    server.put("/config/s", &json!({"compatibility": "NONE"})).await.ok();
    register(&server, "s", "JSON", ORDER).await.ok();
    server.put("/config/s", &json!({"compatibility": "FORWARD"})).await.ok();
    // The second version is of the same type, the first is not.
    let closed = r#"{"type":"object","properties":{"id":{"type":"string"}},"additionalProperties":false}"#;
    assert_eq!(register(&server, "s", "JSON", closed).await.error(), (409, 40901));
    let explained = server.post("/subjects/s/versions?explain=true", &body("JSON", closed)).await.json();
    assert_eq!(explained["findings"][0]["rule"], "schema-type-changed");
}

#[tokio::test]
async fn an_import_takes_json_unchecked_and_protobuf_parsed() {
    let server = Server::start().await;
    server.put("/mode", &json!({"mode": "IMPORT"})).await.ok();
    let import = async |subject: &str, id: i32, schema_type: &str, schema: &str| {
        let body = json!({"schemaType": schema_type, "schema": schema, "id": id, "version": 1});
        server.post(&format!("/subjects/{subject}/versions"), &body).await
    };
    let unknown = r#"{ "type": "foo", "$ref": "http://127.0.0.1:1/x" }"#;
    import("j", 10, "JSON", unknown).await.ok();
    import("l", 11, "JSON", "[1, 2]").await.ok();
    import("p", 12, "PROTOBUF", "message M { optional Unknown u = 1; }").await.ok();
    assert_eq!(import("j2", 13, "JSON", "{").await.error(), (422, 42201));
    assert_eq!(import("p2", 14, "PROTOBUF", "message {").await.error(), (422, 42201));
    assert_eq!(server.get("/schemas/ids/10").await.ok()["schema"], r#"{"type":"foo","$ref":"http://127.0.0.1:1/x"}"#);
    assert_eq!(server.get("/schemas/ids/11/schema").await.ok(), json!([1, 2]));

    server.put("/mode", &json!({"mode": "READWRITE"})).await.ok();
    let refused = check(&server, "j", "JSON", ORDER).await;
    let message = refused["messages"][0].as_str().expect("a message");
    assert!(message.starts_with("Unexpected exception during compatibility check: Invalid JSON"), "{message}");
}

#[tokio::test]
async fn nothing_is_ever_fetched() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    let server = Server::start().await;
    for uri in [&format!("http://{address}/s.json"), &format!("https://{address}/s.json"), "file:///etc/hostname"] {
        let answer = register(&server, "s", "JSON", &json!({"properties": {"a": {"$ref": uri}}}).to_string()).await;
        assert_eq!(answer.error(), (422, 42201), "{uri}");
    }
    let error = listener.accept().expect_err("nobody called");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn lenient_subjects_may_add_properties_to_open_models() {
    let server = Server::start().await;
    register(&server, "s", "JSON", ORDER).await.ok();
    let more = r#"{"type":"object","properties":{"id":{"type":"string"},"note":{"type":"string"}}}"#;
    assert_eq!(register(&server, "s", "JSON", more).await.error(), (409, 40901));
    let explained = server.post("/subjects/s/versions?explain=true", &body("JSON", more)).await.json();
    let finding = &explained["findings"][0];
    assert_eq!(finding["rule"], "json/optional-property-added-to-open-content-model");
    let why = text(finding, "why");
    assert!(why.contains("Old data may hold anything under `note`"), "{why}");
    assert!(finding["witness"]["record"].is_string(), "{finding}");
    assert!(finding["fixes"].as_array().is_some_and(|fixes| !fixes.is_empty()), "{finding}");
    server.put("/config/s", &json!({"compatibilityPolicy": "LENIENT"})).await.ok();
    register(&server, "s", "JSON", more).await.ok();
}

#[tokio::test]
async fn a_refused_message_is_proven_by_its_bytes() {
    let server = Server::start().await;
    register(&server, "s", "PROTOBUF", "message M { optional int32 f = 1; }").await.ok();
    let new = body("PROTOBUF", "message M { optional sint32 f = 1; }");
    let explained = server.post("/compatibility/subjects/s/versions?explain=true", &new).await.ok();
    let finding = &explained["findings"][0];
    assert_eq!(finding["rule"], "proto/field-scalar-kind-changed");
    assert!(finding["witness"]["bytes"].is_string() && finding["witness"]["read"].is_string(), "{finding}");
    let fix = &finding["fixes"][0];
    assert_eq!(fix["resolvesAll"], true);
    assert_eq!(check(&server, "s", "PROTOBUF", text(fix, "schema")).await["is_compatible"], true);
}

#[tokio::test]
async fn fields_are_validated_where_a_subject_asks_for_it() {
    let server = Server::start_with(&["--compatibility", "NONE"]).await;
    let twice = "syntax = \"proto3\"; message M { string a = 1; string b = 1; }";
    let dollars = r#"{"type":"object","properties":{"$$a":{}}}"#;
    register(&server, "lax-p", "PROTOBUF", twice).await.ok();
    register(&server, "lax-j", "JSON", dollars).await.ok();
    server.put("/config", &json!({"compatibility": "BACKWARD", "validateFields": true})).await.ok();
    assert_eq!(register(&server, "p", "PROTOBUF", twice).await.error(), (422, 42201));
    assert_eq!(register(&server, "j", "JSON", dollars).await.error(), (422, 42201));
    for (schema_type, schema) in [("JSON", ORDER), ("PROTOBUF", PROTO)] {
        let body = json!({
            "schemaType": schema_type, "schema": schema,
            "metadata": {"properties": {"confluent:reserved": "id"}},
        });
        let answer = server.post(&format!("/subjects/r{schema_type}/versions"), &body).await;
        assert_eq!(answer.error(), (409, 40901));
        assert!(answer.text().contains("conflicts with the reserved field id"), "{}", answer.text());
    }
}

/// What clients see of a registry with all three types.
const SIGHTS: [&str; 8] = [
    "/schemas?deleted=true",
    "/schemas/ids/1",
    "/schemas/ids/2",
    "/schemas/ids/3",
    "/schemas/ids/4",
    "/subjects/common/versions/1/referencedby",
    "/avow/v1/changes?limit=100",
    "/avow/v1/subjects?field=id",
];

#[tokio::test]
async fn all_types_are_listed_searched_counted_backed_up_and_restored() {
    let server = Server::start().await;
    assert_eq!(server.get("/schemas/types").await.ok(), json!(["JSON", "PROTOBUF", "AVRO"]));
    register(&server, "common", "JSON", ORDER).await.ok();
    let mut referring = body("JSON", r#"{"type":"array","items":{"$ref":"common.json"}}"#);
    referring["references"] = json!([{"name": "common.json", "subject": "common", "version": -1}]);
    server.post("/subjects/orders/versions", &referring).await.ok();
    register(&server, "proto", "PROTOBUF", PROTO).await.ok();
    register(&server, "avro", "AVRO", r#"{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}"#)
        .await
        .ok();
    assert_eq!(server.get("/subjects/common/versions/1/referencedby").await.ok(), json!([2]));
    let found = server.get("/avow/v1/subjects?field=id").await.ok();
    let names: Vec<&str> = found["subjects"].as_array().expect("rows").iter().map(|row| text(row, "subject")).collect();
    assert_eq!(names, ["avro", "common", "proto"]);
    let snapshot = server.get("/avow/v1/snapshot").await.ok().to_string();
    assert!(snapshot.contains("PROTOBUF") && snapshot.contains("JSON"), "{snapshot}");
    let plan =
        json!({"operations": [{"op": "register", "subject": "planned", "schemaType": "JSON", "schema": "true"}]});
    server.post("/avow/v1/apply", &plan).await.ok();
    assert_eq!(server.get("/subjects/planned/versions/1").await.ok()["schemaType"], "JSON");
    let metrics = server.get("/metrics").await;
    for (schema_type, count) in [("JSON", 3), ("PROTOBUF", 1), ("AVRO", 1)] {
        let line =
            format!(r#"schema_registry_registrations_total{{schema_type="{schema_type}",result="created"}} {count}"#);
        assert!(metrics.text().contains(&line), "{line}");
    }

    let mut stream = Vec::new();
    store::backup(&server.database(), &mut stream, std::time::SystemTime::now().into()).await.expect("a backup");
    let target = Database::new().await;
    let url = target.url();
    store::restore(&url, &mut stream.as_slice()).await.expect("a whole backup");
    assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
    let restored = Server::start_on(target, &[]).await;
    for path in SIGHTS {
        assert_eq!(restored.get(path).await.ok(), server.get(path).await.ok(), "{path}");
    }
    assert_eq!(server.post("/subjects/orders", &referring).await.ok()["version"], 1);
}
