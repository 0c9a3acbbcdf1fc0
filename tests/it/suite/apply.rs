//! Plans: atomic, in order, idempotent, and refused when stale.

use serde_json::{Value, json};

use super::support::{Answer, Server};

const ONE: &str = r#"{"type":"record","name":"One","fields":[]}"#;
const ONE_MORE: &str = r#"{"type":"record","name":"One","fields":[{"name":"a","type":["null","int"],"default":null}]}"#;
const BROKEN: &str = r#"{"type":"record","name":"One","fields":[{"name":"a","type":"int"}]}"#;
const TWO: &str = r#"{"type":"record","name":"Two","fields":[{"name":"one","type":"One"}]}"#;

fn register(subject: &str, schema: &str) -> Value {
    json!({"op": "register", "subject": subject, "schema": schema})
}

fn referring(subject: &str, target: &str, version: i32) -> Value {
    let references = json!([{"name": "One", "subject": target, "version": version}]);
    json!({"op": "register", "subject": subject, "schema": TWO, "references": references})
}

async fn apply(server: &Server, operations: &[Value]) -> Answer {
    server.post("/avow/v1/apply", &json!({ "operations": operations })).await
}

/// The outcome of each operation, in a word, with the version or versions where there are any.
fn outcomes(answer: &Value) -> Vec<String> {
    let step = |step: &Value| match (&step["version"], &step["versions"]) {
        (Value::Number(version), _) => format!("{} {version}", step["state"].as_str().expect("a state")),
        (_, Value::Array(versions)) => format!("{} {versions:?}", step["state"].as_str().expect("a state")),
        _ => step["state"].as_str().expect("a state").to_owned(),
    };
    answer["results"].as_array().expect("results").iter().map(step).collect()
}

async fn head(server: &Server) -> usize {
    server.get("/avow/v1/changes?limit=1000").await.ok().as_array().expect("a page").len()
}

/// Everything that a plan could have changed.
async fn state(server: &Server) -> Vec<String> {
    let mut bodies = Vec::new();
    for path in ["/subjects?deleted=true", "/schemas?deleted=true", "/config", "/mode", "/contexts", "/avow/v1/changes"]
    {
        bodies.push(server.get(path).await.text().to_owned());
    }
    bodies
}

#[tokio::test]
async fn a_plan_is_done_in_order_and_a_second_time_does_nothing() {
    let server = Server::start().await;
    server.register("old", ONE).await;
    let plan = [
        json!({"op": "setConfig", "subject": "new", "config": {"compatibility": "FULL"}}),
        register("new", ONE),
        referring("user", "new", 1),
        referring(":.x:user", ":.:new", 1),
        register("old", ONE_MORE),
        json!({"op": "setMode", "subject": "old", "mode": "READONLY"}),
        json!({"op": "setConfig", "config": {"compatibility": "NONE"}}),
    ];
    let dry = server.post("/avow/v1/apply", &json!({"operations": plan, "dryRun": true})).await.ok();
    let expected = ["changed", "created 1", "created 1", "created 1", "created 2", "changed", "changed"];
    assert_eq!((outcomes(&dry), &dry["applied"]), (expected.map(String::from).to_vec(), &json!(false)));
    assert_eq!(head(&server).await, 1, "a dry run writes nothing");

    let done = apply(&server, &plan).await.ok();
    assert_eq!((outcomes(&done), &done["applied"]), (expected.map(String::from).to_vec(), &json!(true)));
    let ids: Vec<&Value> = done["results"].as_array().expect("results").iter().map(|step| &step["id"]).collect();
    // The same content has the same id within a context; contexts count separately.
    assert_eq!(json!(ids), json!([null, 1, 2, 1, 3, null, null]));
    assert_eq!(head(&server).await, 8, "one entry each");
    assert_eq!(server.get("/subjects/new/versions/1/referencedby").await.ok(), json!([2, 1]));
    assert_eq!(server.get("/config/new").await.ok(), json!({"compatibilityLevel": "FULL"}));
    assert_eq!(server.get("/config").await.ok()["compatibilityLevel"], "NONE");
    assert_eq!(server.get("/schemas/ids/3").await.ok()["schema"], ONE_MORE);

    let before = state(&server).await;
    let again = apply(&server, &plan).await.ok();
    let same = ["unchanged", "unchanged 1", "unchanged 1", "unchanged 1", "unchanged 2", "unchanged", "unchanged"];
    assert_eq!((outcomes(&again), &again["applied"]), (same.map(String::from).to_vec(), &json!(false)));
    assert_eq!(state(&server).await, before);
    server.stop().await;
}

#[tokio::test]
async fn what_one_step_does_the_next_one_sees() {
    let server = Server::start().await;
    server.register("a", ONE).await;
    for (operations, expected) in [
        // A level that forbids what comes next.
        (
            vec![
                json!({"op": "setConfig", "subject": "a", "config": {"compatibility": "NONE"}}),
                register("a", BROKEN),
            ],
            ["changed", "created 2"],
        ),
        (
            vec![json!({"op": "setMode", "subject": "a", "mode": "READONLY"}), register("a", TWO)],
            ["changed", "refused"],
        ),
        // There is no referrer any more once its user is gone; a user of the same plan counts.
        (
            vec![referring("u", "a", 1), json!({"op": "deleteVersion", "subject": "a", "version": 1})],
            ["created 1", "refused"],
        ),
        (
            vec![json!({"op": "deleteVersion", "subject": "a", "version": 1}), referring("u", "a", 1)],
            ["deleted [Number(1)]", "refused"],
        ),
        (
            vec![register("b", ONE), json!({"op": "deleteSubject", "subject": "b"})],
            ["created 1", "deleted [Number(1)]"],
        ),
        (vec![register("c", ONE), register("c", ONE)], ["created 1", "refused"]),
        (
            vec![json!({"op": "deleteConfig", "subject": "a"}), json!({"op": "deleteMode", "subject": "a"})],
            ["changed", "unchanged"],
        ),
        (vec![json!({"op": "deleteSubject", "subject": "b"}), json!({"op": "deleteMode"})], ["unchanged", "unchanged"]),
    ] {
        let refused = expected.contains(&"refused");
        let answer = apply(&server, &operations).await;
        assert_eq!(outcomes(&answer.json()), expected, "{operations:?}: {}", answer.text());
        assert_eq!(answer.status == 200, !refused, "{}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_done_where_anything_is_refused() {
    let server = Server::start().await;
    server.register("a", ONE).await;
    let before = state(&server).await;
    for (bad, code, says) in [
        (register("a", BROKEN), (409, 40901), "operation 3 (a): Schema being registered is incompatible"),
        (register("b", "{"), (422, 42201), "operation 3 (b): Invalid schema"),
        (referring("b", "nowhere", 1), (422, 42201), "No schema reference found"),
        (
            json!({"op": "setConfig", "subject": "b", "config": {"compatibility": "SOME"}}),
            (422, 42203),
            "Invalid compat",
        ),
        (json!({"op": "setMode", "subject": "b", "mode": "SOME"}), (422, 42204), "Invalid mode"),
        (json!({"op": "setMode", "mode": "IMPORT"}), (400, 400), "with `force`, or not in a plan"),
        (json!({"op": "deleteVersion", "subject": "a", "version": 7}), (404, 40402), "Version 7 not found"),
        (json!({"op": "deleteVersion", "subject": "a", "version": 0}), (422, 42202), "not a valid version"),
        (json!({"op": "deleteSubject", "subject": "b"}), (404, 40401), "Subject 'b' not found"),
        (json!({"op": "register", "subject": "b", "schema": ONE, "id": 7}), (400, 400), "one by one"),
        (json!({"op": "setMode", "subject": "b"}), (400, 400), "needs `mode`"),
        (json!({"op": "setConfig", "subject": "b"}), (400, 400), "needs `config`"),
        (json!({"op": "drop"}), (400, 400), "it is one of register"),
        (json!({"subject": "x".repeat(1001), "op": "deleteConfig"}), (422, 42208), "not a valid"),
    ] {
        let first = [register("first", ONE), json!({"op": "setMode", "subject": "a", "mode": "IMPORT", "force": true})];
        let back = json!({"op": "setMode", "subject": "a", "mode": "READWRITE"});
        let [one, _] = first;
        let answer = apply(&server, &[one, back, bad.clone()]).await;
        assert_eq!(answer.error(), code, "{bad}: {}", answer.text());
        assert!(answer.json()["message"].as_str().expect("a message").contains(says), "{}", answer.text());
        assert_eq!(state(&server).await, before, "{bad}");
    }
    let refused = apply(&server, &[register("a", BROKEN)]).await.json();
    let finding = &refused["results"][0]["findings"][0];
    assert_eq!((&finding["rule"], &finding["path"]), (&json!("missing-default"), &json!("One.a")), "{refused}");
    let many = vec![register("a", ONE); 1_001];
    assert_eq!(apply(&server, &many).await.error(), (400, 400));
    assert_eq!(apply(&server, &[]).await.ok()["results"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_refused_and_says_why() {
    let server = Server::start().await;
    server.register("a", ONE).await;
    let step = register("a", ONE_MORE);
    let dry = server.post("/avow/v1/apply", &json!({"operations": [step], "dryRun": true})).await.ok();
    let (seq, revision) = (&dry["seq"], &dry["results"][0]["revision"]);
    assert_eq!((seq, &dry["results"][0]["latest"]), (&json!(1), &json!(1)));

    // Unrelated changes do no harm.
    server.register("elsewhere", ONE).await;
    let expecting = |expect: Value| {
        let mut step = step.clone();
        step["expect"] = expect;
        json!({"operations": [step]})
    };
    for plan in [
        json!({"operations": [step], "seq": seq, "dryRun": true}),
        with(&expecting(json!({"latest": 1, "revision": revision})), "dryRun", &json!(true)),
    ] {
        assert_eq!(outcomes(&server.post("/avow/v1/apply", &plan).await.ok()), ["created 2"]);
    }

    server.put("/config/a", &json!({"compatibility": "FULL"})).await.ok();
    server.put("/mode", &json!({"mode": "READWRITE"})).await.ok();
    for (plan, says) in [
        (json!({"operations": [step], "seq": seq}), "since change 1 there was config (3), mode of `` (4); plan again"),
        (expecting(json!({ "revision": revision })), "its revision is"),
        (expecting(json!({"latest": 0})), "its latest version is 1, not none; plan again"),
        (expecting(json!({"latest": 2})), "its latest version is 1, not 2; plan again"),
    ] {
        let answer = server.post("/avow/v1/apply", &plan).await;
        assert_eq!(answer.error(), (409, 40990), "{}", answer.text());
        assert!(answer.json()["message"].as_str().expect("a message").contains(says), "{}", answer.text());
    }
    let now = server.get("/avow/v1/changes").await.ok().as_array().expect("a page").len();
    let plan = json!({"operations": [step], "seq": now});
    assert_eq!(outcomes(&server.post("/avow/v1/apply", &plan).await.ok()), ["created 2"]);
    server.stop().await;
}

fn with(plan: &Value, name: &str, value: &Value) -> Value {
    let mut plan = plan.clone();
    plan[name] = value.clone();
    plan
}

#[tokio::test]
async fn plans_that_meet_are_done_one_after_the_other() {
    let server = Server::start().await;
    let plans = (0..16).map(|number| {
        let client = server.connect();
        async move {
            // Each registers a content of its own and a shared one, under subjects in an order of its own.
            let own = format!(r#"{{"type":"record","name":"Own{number}","fields":[]}}"#);
            let mut operations = vec![register("shared", ONE), register(&format!("own-{number}"), &own)];
            operations.push(referring(&format!("user-{}", number % 4), "shared", 1));
            let turn = number % operations.len();
            if turn == 1 {
                operations.swap(0, 1);
            }
            client.post("/avow/v1/apply", &json!({ "operations": operations })).await.ok()
        }
    });
    let done = futures_util::future::join_all(plans).await;
    let created = |answer: &Value| outcomes(answer).iter().filter(|step| step.starts_with("created")).count();
    assert_eq!(done.iter().map(created).sum::<usize>(), 16 + 1 + 4);
    assert_eq!(head(&server).await, 16 + 1 + 4);
    // Ids are dense: one for each content.
    assert_eq!(server.get("/schemas/ids/18").await.status, 200);
    assert_eq!(server.get("/schemas/ids/19").await.status, 404);
    server.stop().await;
}
