//! Registries copied into one another: Avow, old ones, and dumps of topics.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::foreign::{Foreign, Held};
use crate::old::Old;
use crate::support::Server;
use crate::work::{Ran, Work};

const ADDRESS: &str = r#"{"type":"record","name":"Address","namespace":"n","fields":[{"name":"zip","type":"string"}]}"#;
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"n","fields":[{"name":"to","type":"Address"}]}"#;

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// A registry with a little of everything.
async fn full() -> Server {
    let server = Server::start().await;
    server.register("addresses", ADDRESS).await;
    let order = json!({"schema": ORDER, "references": [{"name": "n.Address", "subject": "addresses", "version": 1}]});
    // Called so that the alphabet is no help.
    server.post("/subjects/a-orders/versions", &order).await.ok();
    server.register("numbers", "\"int\"").await;
    server.register("numbers", "\"long\"").await;
    server.delete("/subjects/numbers/versions/1").await.ok();
    server.register("gone", "\"string\"").await;
    server.delete("/subjects/gone").await.ok();
    server.register(":.dev:numbers", "\"float\"").await;
    let kept = json!({"schema": "\"bytes\"", "metadata": {"properties": {"owner": "ann"}}});
    server.post("/subjects/kept/versions", &kept).await.ok();
    for _ in 0..2 {
        server.register("highest", "\"boolean\"").await;
        server.delete("/subjects/highest").await.ok();
        server.delete("/subjects/highest?permanent=true").await.ok();
    }
    server.put("/config", &json!({"compatibility": "FULL"})).await.ok();
    server.put("/config/numbers", &json!({"compatibility": "NONE", "normalize": true})).await.ok();
    server.put("/config/:.dev:", &json!({"compatibility": "FORWARD"})).await.ok();
    server.put("/mode/kept", &json!({"mode": "READONLY"})).await.ok();
    server
}

fn copy(work: &Work, arguments: &str) -> Ran {
    work.avow(&format!("copy {arguments}"))
}

fn certificate(ran: &Ran) -> Value {
    let certificate = ran.json();
    assert_eq!(certificate["differences"], json!([]), "{}", ran.stderr);
    assert_eq!(certificate["sha256From"], certificate["sha256To"]);
    assert_eq!(certificate["identicalIds"], certificate["ids"]);
    certificate
}

#[tokio::test(flavor = "multi_thread")]
async fn from_avow_to_avow() {
    let (source, target, work) = (full().await, Server::start().await, Work::new());
    let way = format!("--from {} --to {}", url(&source), url(&target));
    let planned = copy(&work, &format!("{way} --dry-run"));
    let expected = "7 versions to write, 2 to soft-delete, 3 configs, 1 mode, 1 highest id to reserve\n";
    assert_eq!((planned.code, planned.stderr.as_str()), (0, expected));
    assert_eq!(target.get("/subjects?deleted=true").await.ok(), json!([]), "a dry run writes nothing");

    let ran = copy(&work, &format!("{way} --verify -o json"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let proof = certificate(&ran);
    for (name, number) in
        [("subjects", 6), ("versions", 7), ("deleted", 2), ("ids", 7), ("references", 1), ("configs", 3), ("modes", 1)]
    {
        assert_eq!(proof[name], number, "{name}");
    }
    for path in
        ["/schemas?deleted=true&subjectPrefix=:*:", "/config", "/config/numbers", "/mode", "/mode/kept", "/contexts"]
    {
        let plain = |mut answer: Value| {
            for it in answer.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                it.remove("ts");
            }
            answer
        };
        assert_eq!(plain(target.get(path).await.ok()), plain(source.get(path).await.ok()), "{path}");
    }
    assert_eq!(target.register("new", "\"double\"").await, source.register("new", "\"double\"").await, "the next id");

    let again = copy(&work, &way);
    let nothing = "0 versions to write, 0 to soft-delete, 0 configs, 0 modes, 0 highest ids to reserve\n";
    assert_eq!((again.code, again.stderr.as_str()), (0, nothing));
    let text = copy(&work, &format!("{way} --verify --dry-run --quiet"));
    assert!(text.stdout.starts_with("the target is a copy of the source\n"), "{}", text.stdout);
    source.stop().await;
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn into_an_old_one_and_back() {
    let (source, old, back, work) = (full().await, Old::start().await, Server::start().await, Work::new());
    // An old registry has no contexts, and configures nothing but levels.
    source.delete("/subjects/:.dev:numbers").await.ok();
    source.delete("/subjects/:.dev:numbers?permanent=true").await.ok();
    source.delete("/config/:.dev:").await.ok();
    source.put("/config/numbers", &json!({"compatibility": "NONE", "normalize": null})).await.ok();
    let there = copy(&work, &format!("--from {} --to {} --verify -o json", url(&source), old.url()));
    assert_eq!(there.code, 0, "{}{}", there.stdout, there.stderr);
    certificate(&there);
    assert_eq!(old.with(|held| held.modes.clone()).get("").map(String::as_str), Some("READWRITE"), "put back");
    let home = copy(&work, &format!("--from {} --to {} --verify -o json", old.url(), url(&back)));
    assert_eq!(home.code, 0, "{}{}", home.stdout, home.stderr);
    assert_eq!(certificate(&home)["sha256To"], certificate(&there)["sha256From"]);
    source.stop().await;
    back.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_means_something_else_is_refused_before_anything_is_written() {
    let (source, old, work) = (full().await, Old::start().await, Work::new());
    let body = json!({"schema": "\"null\""});
    let other = crate::old::Version { id: 3, body, deleted: false };
    old.with(|held| held.subjects.insert("other".to_owned(), BTreeMap::from([(1, other)])));
    let ran = copy(&work, &format!("--from {} --to {}", url(&source), old.url()));
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("id 3 of context `.` means another schema at the target"), "{}", ran.stderr);
    assert_eq!(old.with(|held| held.writes), 0);
    source.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_goes_on() {
    let (source, old, work) = (Server::start().await, Old::start().await, Work::new());
    for at in 0..30 {
        source.register(&format!("s{at}"), &format!(r#"{{"type":"fixed","name":"F{at}","size":{}}}"#, at + 1)).await;
    }
    old.with(|held| held.patience = Some(12));
    let way = format!("--from {} --to {}", url(&source), old.url());
    let stopped = copy(&work, &way);
    assert_eq!(stopped.code, 5, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("run this again to go on"), "{}", stopped.stderr);
    let written = old.with(|held| (held.subjects.len(), held.modes.get("").cloned()));
    assert_eq!(written, (12, Some("READWRITE".to_owned())), "what was written stays, the mode is put back");

    old.with(|held| held.patience = Some(18));
    let ran = copy(&work, &format!("{way} --verify -o json"));
    assert_eq!(ran.code, 0, "only what is missing is written: {}{}", ran.stdout, ran.stderr);
    assert_eq!(certificate(&ran)["versions"], 30);
    source.stop().await;
}

const CONFLUENT: &str = r#"{"keytype":"NOOP","magic":0}	null
{"keytype":"CONFIG","magic":0}	{"compatibilityLevel":"FULL"}
{"keytype":"SCHEMA","subject":"ints","version":1,"magic":1}	{"subject":"ints","version":1,"id":1,"schemaType":"AVRO","schema":"\"int\"","deleted":false}
{"keytype":"SCHEMA","subject":"ints","version":2,"magic":1}	{"subject":"ints","version":2,"id":2,"schemaType":"AVRO","schema":"\"long\"","deleted":false}
{"keytype":"SCHEMA","subject":"gone","version":1,"magic":1}	{"subject":"gone","version":1,"id":9,"schema":"\"null\"","deleted":false}
{"keytype":"DELETE_SUBJECT","subject":"gone","magic":0}	{"subject":"gone","version":1}
{"keytype":"SCHEMA","subject":"gone","version":1,"magic":1}	null
{"keytype":"DELETE_SUBJECT","subject":"ints","magic":0}	{"subject":"ints","version":1}
{"keytype":"CONTEXT","tenant":"default","context":".dev","magic":0}	{"tenant":"default","context":".dev"}
{"keytype":"SCHEMA","subject":":.dev:a","version":3,"magic":1}	{"subject":":.dev:a","version":3,"id":1,"schema":"\"bytes\"","deleted":false}
{"keytype":"MODE","subject":":.dev:","magic":0}	{"subject":":.dev:","mode":"READONLY"}
Processed a total of 11 messages
"#;

const LOSSY: &str = r#"{"keytype":"SOMETHING","magic":0}	{}
{"keytype":"SCHEMA","subject":"other","version":1,"magic":1}	{"subject":"other","version":1,"id":2,"schema":"\"string\"","deleted":false}
{"keytype":"SCHEMA"
"#;

const KARAPACE: &str = r#"{"key": {"subject": "ints", "version": 1, "magic": 1, "keytype": "SCHEMA"}, "value": {"subject": "ints", "version": 1, "id": 1, "schema": "\"int\"", "deleted": true}}
{"key": "{\"keytype\":\"SCHEMA\",\"subject\":\"ints\",\"version\":2,\"magic\":0}", "value": "{\"subject\":\"ints\",\"version\":2,\"id\":2,\"schema\":\"\\\"long\\\"\"}"}
{"key": {"keytype": "SCHEMA", "subject": "gone", "version": 1, "magic": 1}, "value": {"subject": "gone", "version": 1, "id": 9, "schema": "\"null\"", "deleted": false}}
{"key": {"keytype": "SCHEMA", "subject": "gone", "version": 1, "magic": 1}, "value": null}
{"key": {"keytype": "SCHEMA", "subject": ":.dev:a", "version": 3, "magic": 1}, "value": {"subject": ":.dev:a", "version": 3, "id": 1, "schema": "\"bytes\"", "deleted": false}}
{"key": {"subject": null, "magic": 0, "keytype": "CONFIG"}, "value": {"compatibilityLevel": "full"}}
{"key": {"subject": ":.dev:", "magic": 0, "keytype": "MODE"}, "value": {"mode": "READONLY"}}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn dumps_of_topics_in_both_dialects() {
    let work = Work::with(&[("confluent", CONFLUENT), ("karapace", KARAPACE), ("nothing", "no\n")]);
    let mut proofs = Vec::new();
    for dump in ["confluent", "karapace"] {
        let target = Server::start().await;
        let ran = copy(&work, &format!("--from-topic {dump} --to {} --verify -o json", url(&target)));
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.starts_with("3 versions to write, 1 to soft-delete"), "{}", ran.stderr);
        proofs.push(certificate(&ran)["sha256From"].clone());
        assert_eq!(target.get("/subjects/ints/versions?deleted=true").await.ok(), json!([1, 2]));
        assert_eq!(target.get("/subjects/ints/versions").await.ok(), json!([2]));
        assert_eq!(target.get("/config").await.ok()["compatibilityLevel"], "FULL");
        assert_eq!(target.get("/mode/:.dev:").await.ok()["mode"], "READONLY");
        assert_eq!(target.register("new", "\"double\"").await, 10, "ids that are gone are not given out again");
        target.stop().await;
    }
    assert_eq!(proofs[0], proofs[1]);
    assert_eq!(copy(&work, "--from-topic nothing --to http://127.0.0.1:1").code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_not_copied_is_named_and_makes_it_no_copy() {
    let (work, target) = (Work::with(&[("dump", &format!("{CONFLUENT}{LOSSY}"))]), Server::start().await);
    let first = CONFLUENT.lines().count() + 1;
    let named = [
        format!("line {first}: records of the kind `SOMETHING` are not known here"),
        format!("line {}, `other`: version 1 gives id 2 another schema than an earlier line", first + 1),
        format!("line {}: it is not a key and a value in JSON", first + 2),
    ];
    let way = format!("--from-topic dump --to {}", url(&target));
    let ran = copy(&work, &way);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let verified = copy(&work, &format!("{way} --verify -o json"));
    assert_eq!(verified.code, 1, "{}", verified.stderr);
    let differences: Vec<String> = named.iter().map(|line| format!("not copied: {line}")).collect();
    assert_eq!(verified.json()["differences"], json!(differences));
    for line in &differences {
        assert!(ran.stderr.contains(line), "{}", ran.stderr);
    }
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_subjects_without_versions_are_verified() {
    let dump = r#"{"keytype":"SCHEMA","subject":"ints","version":1,"magic":1}	{"subject":"ints","version":1,"id":1,"schema":"\"int\"","deleted":false}
{"keytype":"CONFIG","subject":"orders-value","magic":0}	{"compatibilityLevel":"FULL"}
{"keytype":"MODE","subject":"frozen-value","magic":0}	{"mode":"READONLY"}
"#;
    let (work, target) = (Work::with(&[("dump", dump)]), Server::start().await);
    let way = format!("--from-topic dump --to {}", url(&target));
    let ran = copy(&work, &format!("{way} --verify"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let again = copy(&work, &format!("{way} --dry-run"));
    assert!(again.stderr.starts_with("0 versions to write, 0 to soft-delete, 0 configs, 0 modes"), "{}", again.stderr);
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_former_name_of_the_command_goes_on_working_and_says_so() {
    let (source, target, work) = (Server::start().await, Server::start().await, Work::new());
    source.register("ints", "\"int\"").await;
    let ran = work.avow(&format!("migrate --from {} --to {}", url(&source), url(&target)));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("note: `avow migrate --from` is now `avow copy --from`\n"), "{}", ran.stderr);
    assert_eq!(target.get("/subjects").await.ok(), json!(["ints"]));
    source.stop().await;
    target.stop().await;
}

#[test]
fn a_database_is_brought_up_to_date_as_before() {
    let work = Work::new();
    let ran = work.avow("migrate --database-url sqlite://a.db");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "sqlite://a.db is up to date\n"), "{}", ran.stderr);
    assert!(work.file("a.db").exists());
    for wrong in ["--to http://127.0.0.1:1", "--from http://127.0.0.1:1", "--verify"] {
        assert_eq!(work.avow(&format!("migrate {wrong}")).code, 2, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_gets_only_its_own_credentials() {
    let shut = Foreign::start(Held { broken: Some((401, "who is it?")), ..Held::default() }).await;
    let (open, work) = (Old::start().await, Work::new());
    let from = copy(&work, &format!("--from {} --to {}", shut.url(), open.url()));
    let to = copy(&work, &format!("--from {} --to {}", open.url(), shut.url()));
    assert!(from.stderr.contains("hint: put credentials of the source into AVOW_FROM_USER"), "{}", from.stderr);
    assert!(to.stderr.contains("hint: put credentials into AVOW_USER"), "{}", to.stderr);
}
