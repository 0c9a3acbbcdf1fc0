//! Schemas as code: `avow plan`, `avow apply` and `avow drift`, on an Avow registry and on an old one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::foreign::{self, Foreign};
use crate::old::Old;
use crate::support::Server;
use crate::work::{Ran, Work};

pub(crate) const ADDRESS: &str =
    r#"{"type":"record","name":"Address","namespace":"com.acme","fields":[{"name":"zip","type":"string"}]}"#;
/// The same document, as somebody else would write it.
const ADDRESS_AGAIN: &str = r#"{
  // Where to.
  "fields": [{"type": {"type": "string"}, "name": "zip"}],
  "name": "com.acme.Address",
  "type": "record"
}
"#;
pub(crate) const ADDRESS_MORE: &str = r#"{"type":"record","name":"Address","namespace":"com.acme","fields":[{"name":"zip","type":"string"},{"name":"city","type":"string","default":""}]}"#;
const ADDRESS_BROKEN: &str = r#"{"type":"record","name":"Address","namespace":"com.acme","fields":[{"name":"zip","type":"string"},{"name":"city","type":"string"}]}"#;
pub(crate) const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"id","type":"long"},{"name":"to","type":"Address"}]}"#;

const PROJECT: &str = r#"
[scope]
subjects = ["orders*", "addresses"]

[[subjects]]
files = "schemas/addresses.avsc"
level = "FULL"

[[subjects]]
files = "schemas/*.avsc"
"#;

/// A folder with a project, and a registry for it.
struct Desk {
    work: Work,
    url: String,
    transcript: String,
}

impl Desk {
    fn new(url: &str, files: &[(&str, &str)]) -> Self {
        let mut work = Work::with(files);
        work.set("AVOW_REGISTRY_URL", url);
        Self { work, url: url.to_owned(), transcript: String::new() }
    }

    /// A project of two schemas, of which one needs the other.
    fn shop(url: &str) -> Self {
        Self::new(url, &[("avow.toml", PROJECT), ("schemas/a-orders.avsc", ORDER), ("schemas/addresses.avsc", ADDRESS)])
    }

    /// Runs a command and writes down what it says.
    fn run(&mut self, arguments: &str) -> Ran {
        let ran = self.work.avow(arguments);
        self.transcript += &(ran.shown(arguments) + "\n");
        ran
    }

    /// Runs a command that has to end so.
    fn ends(&mut self, code: i32, arguments: &str) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{}", self.transcript);
        ran
    }

    /// Changes a file, and says so in the transcript.
    fn write(&mut self, path: &str, text: &str) {
        self.work.write(path, text);
        self.note(&format!("{path} is changed"));
    }

    fn note(&mut self, what: &str) {
        self.transcript += &["# ", what, "\n\n"].concat();
    }

    fn compare(&self, name: &str) {
        self.work.compare(name, &self.transcript.replace(&self.url, "http://registry"));
    }
}

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// What a registry holds, asked as any client would.
fn state(url: &str) -> BTreeMap<String, Value> {
    let work = Work::new();
    let asked =
        |arguments: &str| -> Value { work.avow(&format!("{arguments} -o json --registry {url} --quiet")).json() };
    let mut state = BTreeMap::new();
    for subject in asked("list").as_array().expect("a list") {
        let subject = subject.as_str().expect("a subject");
        let versions: Vec<Value> = asked(&format!("versions {subject}"))
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| json!([it["version"], it["references"]]))
            .collect();
        state.insert(subject.to_owned(), json!([versions, asked(&format!("config {subject}"))["compatibilityLevel"]]));
    }
    state
}

/// The life of a project: everything is created, changed, looked at; the same words at both kinds of registry.
fn life(desk: &mut Desk) {
    desk.ends(0, "plan");
    desk.ends(1, "plan --fail-on-changes -o markdown");
    desk.ends(1, "drift");
    desk.ends(2, "apply");
    desk.ends(0, "apply --yes");
    desk.ends(0, "plan --fail-on-changes");
    desk.ends(0, "apply --yes -o json");
    desk.ends(0, "drift");

    desk.write("schemas/addresses.avsc", ADDRESS_AGAIN);
    desk.ends(0, "plan --fail-on-changes");

    desk.write("schemas/addresses.avsc", ADDRESS_BROKEN);
    desk.ends(1, "plan");
    desk.ends(1, "apply --yes");

    desk.write("schemas/addresses.avsc", ADDRESS_MORE);
    desk.ends(0, "plan");
    desk.ends(1, "drift");
    desk.ends(0, "apply --yes");
    desk.ends(0, "plan --fail-on-changes");

    desk.write("avow.toml", &PROJECT.replace("FULL", "BACKWARD_TRANSITIVE"));
    desk.ends(1, "plan --fail-on-changes");
    desk.ends(0, "apply --yes");
    desk.ends(0, "drift");

    desk.write("schemas/addresses.avsc", ADDRESS);
    desk.ends(0, "plan");
    desk.ends(1, "drift");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_registry_are_planned_alike() {
    let (server, old) = (Server::start().await, Old::start().await);
    let mut avow = Desk::shop(&url(&server));
    life(&mut avow);
    avow.compare("plan.txt");
    let mut theirs = Desk::shop(&old.url());
    life(&mut theirs);
    let alike = theirs.transcript.replace(&theirs.url, "http://registry");
    assert_eq!(alike, avow.transcript.replace(&avow.url, "http://registry"));
    assert_eq!(state(&theirs.url), state(&avow.url));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_written_in_several_formats_at_once() {
    let server = Server::start().await;
    let mut desk = Desk::shop(&url(&server));
    desk.work.set("GITHUB_STEP_SUMMARY", &desk.work.file("summary.md").display().to_string());
    let human = desk.run("plan").stdout;
    let ran = desk.ends(0, "plan -o json=reports/plan.json -o github=reports/plan.github -o markdown=reports/plan.md");
    assert_eq!(ran.stdout, human, "people still see something");
    let document: Value = serde_json::from_str(&desk.work.read("reports/plan.json")).expect("JSON");
    assert_eq!(desk.ends(0, "plan -o json").json(), document);
    assert_eq!(desk.work.read("summary.md"), desk.work.read("reports/plan.md"));
    let lines = desk.ends(0, "plan -o jsonl").stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(json!(lines), document["subjects"]);
    let annotations = desk.work.read("reports/plan.github");
    assert!(annotations.contains("::notice file=schemas/addresses.avsc,title=plan addresses::create"), "{annotations}");

    desk.ends(0, "apply --yes");
    desk.work.write("schemas/addresses.avsc", ADDRESS_BROKEN);
    let refused = desk.ends(1, "plan -o github").stdout;
    assert!(refused.contains("::error file=schemas/addresses.avsc,title=plan addresses::"), "{refused}");
    assert!(refused.contains("%0Arefused: "), "{refused}");
    let comment = desk.ends(1, "plan -o markdown").stdout;
    assert!(comment.contains("\n  - `+` Address.city"), "a sign is no bullet of a list: {comment}");
    let drifted = desk.ends(1, "drift -o github -o json=drift.json").stdout;
    assert!(drifted.contains("::error file=schemas/addresses.avsc,title=drift addresses::"), "{drifted}");
    assert!(desk.work.read("drift.json").contains("\"files-ahead\""));
    desk.ends(2, "drift -o json -o markdown");
    desk.ends(2, "plan -o sarif");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_out_of_date_is_refused() {
    let server = Server::start().await;
    let old = Old::start().await;
    for at in [url(&server), old.url()] {
        let mut desk = Desk::shop(&at);
        desk.ends(0, "plan --out plan.json");
        desk.note("somebody registers a schema");
        let outside = Work::with(&[("a.avsc", "\"int\"")]);
        assert_eq!(outside.avow(&format!("register a.avsc --subject addresses --registry {at}")).code, 0);
        let before = state(&at);
        desk.ends(6, "apply plan.json --yes");
        desk.note("somebody sets a level");
        assert_eq!(outside.avow(&format!("config a-orders --level NONE --registry {at}")).code, 0);
        desk.ends(6, "apply plan.json --yes");
        assert_eq!(state(&at), before, "nothing was done");
        desk.compare("plan-stale.txt");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_plan_is_applied_once_and_a_second_time_changes_nothing() {
    let server = Server::start().await;
    let old = Old::start().await;
    for at in [url(&server), old.url()] {
        let mut desk = Desk::shop(&at);
        desk.ends(0, "plan --out plan.json");
        desk.ends(0, "apply plan.json --yes");
        let before = state(&at);
        let again = desk.ends(0, "apply plan.json --yes -o json").json();
        assert_eq!((&again["done"], &again["left"]), (&json!([]), &json!([])));
        assert_eq!(state(&at), before);
        // The plan is for one registry.
        let elsewhere = desk.work.avow("apply plan.json --yes --registry http://127.0.0.1:9");
        assert_eq!(elsewhere.code, 2, "{}", elsewhere.stderr);
        assert!(elsewhere.stderr.contains("the plan was made for"), "{}", elsewhere.stderr);
    }
    let log = server.get("/avow/v1/changes?limit=100").await.ok();
    assert_eq!(log.as_array().map(Vec::len), Some(3), "one entry for each step: {log}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stopped_half_way_is_resumed() {
    for kept in ["", "plan.json"] {
        let old = Old::start().await;
        let mut desk = Desk::shop(&old.url());
        desk.ends(0, "plan --out plan.json");
        // One registration is taken, and then no more.
        old.with(|held| held.patience = Some(1));
        let stopped = desk.ends(5, &format!("apply {kept} --yes -o json")).json();
        let shown = |steps: &Value| -> Vec<String> {
            let steps = steps.as_array().expect("steps");
            steps.iter().map(|step| format!("{} {}", step["op"], step["subject"]).replace('"', "")).collect()
        };
        assert_eq!(shown(&stopped["done"]), ["setConfig addresses", "register addresses"]);
        assert_eq!(shown(&stopped["left"]), ["register a-orders"]);
        assert!(desk.transcript.contains("`avow apply` again does the rest"), "{}", desk.transcript);
        old.with(|held| held.patience = None);
        let finished = desk.ends(0, &format!("apply {kept} --yes -o json")).json();
        assert_eq!(shown(&finished["done"]), ["register a-orders"]);
        let writes = old.with(|held| held.writes);
        desk.ends(0, &format!("apply {kept} --yes"));
        desk.ends(0, "plan --fail-on-changes");
        // Looking up is a `POST`, too.
        let again = old.with(|held| held.writes);
        assert!(again - writes <= 4, "{writes} {again}");
        assert_eq!(state(&desk.url)["a-orders"][0].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avow_registry_applies_a_plan_atomically() {
    let server = Server::start().await;
    let mut desk = Desk::shop(&url(&server));
    assert_eq!(server.put("/mode/a-orders", &json!({"mode": "READONLY"})).await.status, 200);
    desk.ends(1, "plan");
    desk.ends(1, "apply --yes");
    assert_eq!(server.get("/subjects").await.ok(), json!([]));
    desk.write(
        "avow.toml",
        &PROJECT.replace("files = \"schemas/*.avsc\"", "files = \"schemas/*.avsc\"\nmode = \"READWRITE\""),
    );
    desk.ends(0, "plan");
    desk.ends(0, "apply --yes");
    desk.ends(0, "drift");
    desk.write(
        "avow.toml",
        &PROJECT.replace("files = \"schemas/*.avsc\"", "files = \"schemas/*.avsc\"\nmode = \"READONLY\""),
    );
    desk.write("schemas/addresses.avsc", ADDRESS_MORE);
    desk.ends(0, "plan");
    desk.ends(0, "apply --yes");
    desk.ends(0, "plan --fail-on-changes");
    desk.compare("plan-mode.txt");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_in_the_scope_is_pruned() {
    let (server, old) = (Server::start().await, Old::start().await);
    for at in [url(&server), old.url()] {
        let mut desk = Desk::shop(&at);
        desk.ends(0, "apply --yes --quiet");
        let outside =
            Work::with(&[("a.avsc", "\"int\""), ("user.avsc", &ORDER.replace("Address", "com.acme.Address"))]);
        for subject in ["orders-old", "orders-older", "payments"] {
            assert_eq!(outside.avow(&format!("register a.avsc --subject {subject} --registry {at}")).code, 0);
        }
        desk.ends(0, "plan");
        desk.ends(1, "drift");
        desk.ends(0, "plan --prune");
        desk.ends(0, "apply --prune --yes");
        desk.ends(0, "plan --prune --fail-on-changes");
        assert_eq!(state(&at).into_keys().collect::<Vec<_>>(), ["a-orders", "addresses", "payments"]);
        desk.write("avow.toml", &PROJECT.replace("[scope]\nsubjects = [\"orders*\", \"addresses\"]\n", ""));
        desk.ends(2, "plan --prune");
        desk.ends(2, "apply --prune --yes");
        desk.compare("plan-prune.txt");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_refer_to_is_not_pruned() {
    let server = Server::start().await;
    let mut desk = Desk::shop(&url(&server));
    desk.ends(0, "apply --yes --quiet");
    desk.work.write("avow.toml", "[scope]\nsubjects = [\"a*\"]\n[[subjects]]\nfiles = \"other/*.avsc\"\n");
    desk.work.write("other/b.avsc", "\"int\"");
    // Together they can go: the one that refers first.
    desk.ends(0, "plan --prune");
    desk.work.write("avow.toml", "[scope]\nsubjects = [\"addr*\"]\n[[subjects]]\nfiles = \"other/*.avsc\"\n");
    desk.ends(1, "plan --prune");
    desk.ends(1, "apply --prune --yes");
    desk.work.write("avow.toml", "[scope]\nsubjects = [\"a*\"]\n[[subjects]]\nfiles = \"other/*.avsc\"\n");
    desk.ends(0, "apply --prune --yes");
    assert_eq!(server.get("/subjects").await.ok(), json!(["b"]));
    desk.compare("plan-referred.txt");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_by_hand_is_drift() {
    let server = Server::start().await;
    let mut desk = Desk::shop(&url(&server));
    desk.ends(0, "apply --yes --quiet");
    desk.note("a version, a level and a subject by hand");
    server.register("addresses", ADDRESS_MORE).await;
    assert_eq!(server.put("/config/addresses", &json!({"compatibility": "NONE"})).await.status, 200);
    server.register("orders-by-hand", "\"int\"").await;
    desk.ends(1, "drift");
    let json = desk.ends(1, "drift -o json").json();
    let drift: Vec<&Value> = json["subjects"].as_array().expect("subjects").iter().map(|it| &it["drift"]).collect();
    assert_eq!(json!(drift), json!([null, ["registry-ahead", "settings"], ["unmanaged"]]));
    desk.note("what the file is, is deleted");
    assert_eq!(server.delete("/subjects/a-orders").await.status, 200);
    assert_eq!(server.delete("/subjects/addresses/versions/1").await.status, 200);
    desk.ends(1, "drift");
    desk.ends(0, "plan");
    desk.ends(0, "undelete addresses@1 --yes");
    desk.ends(0, "undelete a-orders --yes");
    desk.ends(1, "drift -o markdown");
    desk.compare("drift.txt");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_deleted_subject_is_created_again() {
    let (server, old) = (Server::start().await, Old::start().await);
    for at in [url(&server), old.url()] {
        let mut desk = Desk::new(&at, &[("a.avsc", "\"int\"")]);
        desk.ends(0, "apply --yes");
        assert_eq!(desk.work.avow("delete a@1 --yes").code, 0);
        desk.ends(0, "plan");
        desk.ends(0, "apply --yes");
        desk.ends(0, "plan --fail-on-changes");
        assert_eq!(state(&at)["a"][0], json!([[2, null]]));
        desk.compare("plan-deleted.txt");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_rules_and_settings_are_compared_by_what_they_mean() {
    let server = Server::start().await;
    let toml = r#"
        [defaults]
        level = "FORWARD"
        [[subjects]]
        files = "a.avsc"
        config = { compatibilityGroup = "major", defaultMetadata = { properties = { team = "shop" } } }
        metadata = { properties = { owner = "ann" }, tags = { "com.acme.Address.zip" = ["PII"] } }
        rule_set = { domainRules = [{ name = "r", kind = "CONDITION", type = "CEL", mode = "WRITE", expr = "true" }] }
    "#;
    let mut desk = Desk::new(&url(&server), &[("avow.toml", toml), ("a.avsc", ADDRESS)]);
    desk.ends(0, "apply --yes");
    desk.ends(0, "plan --fail-on-changes");
    let stored = server.get("/subjects/a/versions/latest").await.ok();
    assert_eq!(stored["metadata"]["properties"], json!({"owner": "ann", "team": "shop"}));
    assert_eq!(stored["ruleSet"]["domainRules"][0]["name"], "r");
    assert_eq!(server.get("/config").await.ok()["compatibilityLevel"], "FORWARD");
    // Another owner is another schema.
    desk.write("avow.toml", &toml.replace("ann", "ben"));
    desk.ends(1, "plan --fail-on-changes");
    desk.ends(0, "apply --yes");
    desk.ends(0, "plan --fail-on-changes");
    // What is not declared is left alone.
    desk.write("avow.toml", "[[subjects]]\nfiles = \"a.avsc\"\n");
    desk.ends(0, "plan --fail-on-changes");
    desk.compare("plan-metadata.txt");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_normalised_there_is_compared_so_here() {
    let server = Server::start().await;
    assert_eq!(server.put("/config", &json!({"normalize": true})).await.status, 200);
    let text = r#"{"type":"record","name":"R","doc":"d","x":{"b":1,"a":2},"fields":[{"name":"f","type":{"type":"bytes","logicalType":"decimal","scale":2,"precision":4},"aliases":["h","g"],"order":"ascending"}]}"#;
    let mut desk = Desk::new(&url(&server), &[("r.avsc", text)]);
    desk.ends(0, "apply --yes");
    assert_ne!(
        server.get("/subjects/r/versions/1/schema").await.ok(),
        serde_json::from_str::<Value>(text).expect("JSON")
    );
    desk.ends(0, "plan --fail-on-changes");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_a_registry_of_its_own() {
    let server = Server::start().await;
    server.register("addresses", "\"int\"").await;
    let mut desk = Desk::shop(&url(&server));
    desk.work.set("AVOW_CONTEXT", "dev");
    desk.ends(0, "plan --out plan.json");
    desk.ends(0, "apply plan.json --yes");
    desk.ends(0, "plan --prune --fail-on-changes");
    desk.ends(0, "drift");
    let subjects = server.get("/subjects?subjectPrefix=:*:").await.ok();
    assert_eq!(subjects, json!([":.dev:a-orders", ":.dev:addresses", "addresses"]));
    assert_eq!(server.get("/subjects/addresses/versions").await.ok(), json!([1]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_written_down_or_found() {
    let server = Server::start().await;
    server.register("addresses", ADDRESS).await;
    server.register("addresses", ADDRESS_MORE).await;
    server.register("com.acme.Address", ADDRESS).await;
    let pinned = |version: i32| {
        format!(
            "[[subjects]]\nfiles = \"orders.avsc\"\nreferences = [{{ name = \"com.acme.Address\", subject = \"addresses\", version = {version} }}]\n"
        )
    };
    let mut desk = Desk::new(&url(&server), &[("orders.avsc", ORDER)]);
    let references = |desk: &mut Desk| {
        let plan = desk.ends(0, "plan -o json").json();
        plan["steps"][0]["references"][0].clone()
    };
    let to = |subject: &str, version: i32| json!({"name": "com.acme.Address", "subject": subject, "version": version});
    assert_eq!(references(&mut desk), to("com.acme.Address", 1), "a subject that is called like the type");
    desk.work.write("avow.toml", &pinned(1));
    assert_eq!(references(&mut desk), to("addresses", 1));
    desk.work.write("avow.toml", &pinned(-1));
    assert_eq!(references(&mut desk), to("addresses", 2));
    desk.work.write("avow.toml", &pinned(9));
    let missing = desk.ends(3, "plan");
    assert!(missing.stdout.contains("addresses@9, which the registry does not have"), "{}", missing.stdout);
    // A file of the project comes before the registry, unless something else is written down.
    desk.work.write("avow.toml", "");
    desk.work.write("addresses.avsc", ADDRESS);
    assert_eq!(references(&mut desk), to("addresses", 1), "the version that the file is, not the latest");
    desk.work.write("avow.toml", &(pinned(2) + "[[subjects]]\nfiles = \"*.avsc\"\n"));
    assert_eq!(references(&mut desk), to("addresses", 2));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_planned_is_said() {
    let server = Server::start().await;
    let (a, b) = (ORDER.replace("Address", "com.acme.B"), ORDER.replace("Order", "B").replace("Address", "Order"));
    let mut desk = Desk::new(&url(&server), &[("a.avsc", &a), ("b.avsc", &b)]);
    desk.ends(3, "plan");
    desk.write("b.avsc", "{\"type\":\"record\"}");
    desk.ends(3, "plan");
    desk.ends(3, "apply --yes");
    desk.write("avow.toml", "[[subjects]]\nfiles = \"*.avsc\"\nname = \"same\"\n");
    desk.ends(3, "plan");
    desk.write("plan.json", "{\"version\": 7, \"command\": \"plan\"}");
    desk.ends(3, "apply plan.json --yes");
    desk.write("plan.json", "{\"version\": 1, \"command\": \"drift\"}");
    desk.ends(3, "apply plan.json --yes");
    desk.ends(3, "apply gone.json --yes");
    desk.compare("plan-errors.txt");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_may_be_larger_than_a_request() {
    let server = Server::start().await;
    let mut desk = Desk::new(&url(&server), &[("base.avsc", ADDRESS)]);
    let long = "x".repeat(200_000);
    for number in 0..6 {
        let order = ORDER.replacen('{', &format!("{{\"doc\":\"{number}{long}\","), 1);
        desk.work.write(&format!("s{number}.avsc"), &order);
    }
    let done = desk.ends(0, "apply --yes -o json").json();
    assert_eq!((done["done"].as_array().map(Vec::len), &done["atomic"]), (Some(7), &json!(false)));
    desk.ends(0, "plan --fail-on-changes");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_an_outage_have_codes_of_their_own() {
    let held = foreign::Held { authorization: Some("Bearer right"), ..foreign::Held::default() };
    let foreign = Foreign::start(held).await;
    let mut desk = Desk::new(&foreign.url(), &[("a.avsc", "\"int\"")]);
    desk.work.set("AVOW_TOKEN", "wrong");
    for command in ["plan", "apply --yes", "drift", "pull"] {
        let ran = desk.ends(5, command);
        assert!(!ran.stderr.contains("wrong") && ran.stdout.is_empty(), "{}", ran.stderr);
        desk.ends(4, &format!("{command} --registry http://127.0.0.1:9 --timeout 1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_without_modes_and_settings_will_do() {
    let mut held = foreign::Held::default();
    held.subjects.insert("a".to_owned(), vec![Some(json!({"schema": ADDRESS})), Some(json!({"schema": ADDRESS_MORE}))]);
    held.subjects.insert("b".to_owned(), vec![Some(json!({"schema": ADDRESS}))]);
    let foreign = Foreign::start(held).await;
    let desk = Desk::new(&foreign.url(), &[("a.avsc", ADDRESS), ("b.avsc", ADDRESS_AGAIN)]);
    let plan = desk.work.avow("plan -o json");
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let plan = plan.json();
    let states: Vec<&Value> = plan["subjects"].as_array().expect("subjects").iter().map(|it| &it["states"]).collect();
    assert_eq!(json!(states), json!([["older"], ["unchanged"]]));
    assert_eq!((&plan["subjects"][0]["version"], &plan["subjects"][0]["latest"]), (&json!(1), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn some_files_are_planned_with_those_they_use() {
    let server = Server::start().await;
    let record = |name: &str, of: &str| {
        format!(r#"{{"type":"record","name":"{name}","fields":[{{"name":"x","type":"{of}"}}]}}"#)
    };
    let mut work = Work::with(&[
        ("a.avsc", &record("A", "int")),
        ("b.avsc", &record("B", "A")),
        ("c.avsc", &record("C", "B")),
        ("d.avsc", &record("D", "int")),
    ]);
    work.set("AVOW_REGISTRY_URL", &url(&server));
    let planned = |arguments: &str| -> Vec<Value> {
        let plan = work.avow(arguments).json();
        plan["subjects"].as_array().expect("a list").iter().map(|it| it["subject"].clone()).collect()
    };
    assert_eq!(planned("plan b.avsc --json"), ["a", "b"]);
    assert_eq!(planned("plan ./d.avsc --json"), ["d"]);
    assert_eq!(planned("plan --json"), ["a", "b", "c", "d"]);
    assert_eq!(work.avow("plan gone.avsc").code, 3);
    assert_eq!(work.avow("plan b.avsc --prune").code, 2);
    server.stop().await;
}
