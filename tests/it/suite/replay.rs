//! The log suffices: after any sequence of requests, the state can be rebuilt from the log alone.

use std::collections::BTreeSet;

use avow_registry::store;
use serde_json::{Value, json};

use super::support::Server;

const SUBJECTS: [&str; 7] = ["a", "b", "c", ":.x:a", ":.x:b", ":.y:a", "a b"];
const CONTEXTS: [&str; 2] = [".x", ".y"];

/// A schema of few, half of them with a reference.
fn schema(random: &mut fastrand::Rng) -> Value {
    let number = random.u8(0..6);
    if random.bool() {
        return json!({"schema": format!(r#"{{"type":"record","name":"R{number}","fields":[]}}"#)});
    }
    let subject = SUBJECTS[random.usize(0..SUBJECTS.len())];
    let fields = format!(r#"[{{"name":"f","type":"R{number}"}}]"#);
    json!({
        "schema": format!(r#"{{"type":"record","name":"S{}","fields":{fields}}}"#, random.u8(0..3)),
        "references": [{"name": format!("R{number}"), "subject": subject, "version": random.i32(-1..4).max(1)}],
    })
}

/// Sends a random request; most are refused.
pub(crate) async fn step(server: &Server, random: &mut fastrand::Rng) {
    let subject = SUBJECTS[random.usize(0..SUBJECTS.len())];
    let context = CONTEXTS[random.usize(0..CONTEXTS.len())];
    let path = percent_encoding::utf8_percent_encode(subject, percent_encoding::NON_ALPHANUMERIC);
    let scope = match random.u8(0..4) {
        0 => String::new(),
        1 => format!("/:{context}:"),
        _ => format!("/{path}"),
    };
    let version = random.i32(1..6);
    match random.u8(0..25) {
        24 => {
            let floor = json!({"floor": random.i32(0..200)});
            server.put(&format!("/avow/v1/contexts/{context}/id-floor"), &floor).await;
        }
        22 | 23 => {
            server.post(&format!("/avow/v1/subjects/{path}/versions/{version}/restore"), &json!({})).await;
        }
        20 | 21 => {
            let mut operations = Vec::new();
            for _ in 0..random.u8(1..5) {
                let subject = SUBJECTS[random.usize(0..SUBJECTS.len())];
                let mut operation = match random.u8(0..8) {
                    0..5 => schema(random),
                    5 => json!({"config": {"compatibility": "FULL"}}),
                    6 => json!({"mode": "READWRITE"}),
                    _ => json!({"version": version}),
                };
                let fields = operation.as_object_mut().expect("an object");
                let op = [
                    ("schema", "register"),
                    ("config", "setConfig"),
                    ("mode", "setMode"),
                    ("version", "deleteVersion"),
                ]
                .into_iter()
                .find_map(|(field, op)| fields.contains_key(field).then_some(op));
                fields.insert("op".to_owned(), op.into());
                fields.insert("subject".to_owned(), subject.into());
                operations.push(operation);
            }
            server.post("/avow/v1/apply", &json!({ "operations": operations })).await;
        }
        0..8 => {
            let mut body = schema(random);
            if random.u8(0..3) == 0 {
                body["id"] = random.i32(1..40).into();
                body["version"] = version.into();
            }
            server.post(&format!("/subjects/{path}/versions"), &body).await;
        }
        8 => drop(server.delete(&format!("/subjects/{path}")).await),
        9 => drop(server.delete(&format!("/subjects/{path}?permanent=true")).await),
        10 | 11 => drop(server.delete(&format!("/subjects/{path}/versions/{version}")).await),
        12 | 13 => drop(server.delete(&format!("/subjects/{path}/versions/{version}?permanent=true")).await),
        14 => {
            let level = ["NONE", "FULL"][random.usize(0..2)];
            server.put(&format!("/config{scope}"), &json!({"compatibility": level, "alias": null})).await;
        }
        15 => drop(server.delete(&format!("/config{scope}")).await),
        16 => {
            // What is soft-deleted makes room for an import.
            server.delete(&format!("/subjects/{path}")).await;
            server.put(&format!("/mode/{path}"), &json!({"mode": "IMPORT"})).await;
        }
        17 => {
            let mode = ["READWRITE", "IMPORT", "READONLY"][random.usize(0..3)];
            server.put(&format!("/mode{scope}?force={}", random.bool()), &json!({ "mode": mode })).await;
        }
        18 => drop(server.delete(&format!("/mode{scope}?recursive={}", random.bool())).await),
        _ => drop(server.delete(&format!("/contexts/{context}")).await),
    }
}

/// The numbers of all versions and of the live ones, as a past state shows them.
fn versions(past: &Value) -> [Vec<Value>; 2] {
    let all = past["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let live = all.iter().filter(|version| version["deleted"] == false);
    [all.iter().map(|it| it["version"].clone()).collect(), live.map(|it| it["version"].clone()).collect()]
}

/// The newest change, and the same numbers from the tables.
async fn now(server: &Server) -> (u64, [Vec<Value>; 2]) {
    let changes = server.get("/avow/v1/changes?limit=1000").await.ok();
    let listed = async |query| server.get(&format!("/subjects/a/versions{query}")).await.json();
    let numbers = |list: Value| list.as_array().cloned().unwrap_or_default();
    let shown = [numbers(listed("?deleted=true").await), numbers(listed("").await)];
    (changes.as_array().map_or(0, Vec::len) as u64, shown)
}

#[tokio::test]
async fn the_log_of_a_random_run_gives_exactly_its_state() {
    let mut seen = BTreeSet::new();
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let server = Server::start_with(&["--compatibility", "NONE"]).await;
        let mut moments = Vec::new();
        for number in 0..400 {
            step(&server, &mut random).await;
            if number % 10 == 0 {
                moments.push(now(&server).await);
            }
        }
        for (seq, shown) in moments {
            let past = server.get(&format!("/avow/v1/subjects/a?as_of={seq}")).await;
            assert_eq!(versions(&past.json()), shown, "seed {seed}, as of {seq}");
        }
        // The kinds of entries: each must have occurred, or it was not tested.
        for event in server.get("/avow/v1/changes?limit=1000").await.ok().as_array().expect("a page") {
            let data = &event["data"];
            let kind = data["kind"].as_str().expect("a kind");
            for (side, prefix) in [("before", "before "), ("after", "")] {
                let keys = data[side].as_object().into_iter().flatten().map(|(key, _)| key);
                seen.extend(keys.map(|key| format!("{kind} {prefix}{key}")));
            }
            seen.insert(kind.to_owned());
        }
        let database = server.stop().await;
        let report = store::verify(&database.url()).await.expect("a database");
        assert_eq!(report.faults, Vec::<String>::new(), "seed {seed}");
        assert!(report.changes > 20, "seed {seed}: {report:?}");
    }
    for expected in [
        "register imported",
        "register newContext",
        "register references",
        "register supersedes",
        "register before version",
        "soft-delete before versions",
        "hard-delete before versions",
        "hard-delete before config",
        "hard-delete before mode",
        "config before compatibilityLevel",
        "mode before modes",
        "mode before versions",
        "forget-context",
        "restore versions",
        "id-floor lastId",
    ] {
        assert!(seen.contains(expected), "{expected} is not in {seen:?}");
    }
}
