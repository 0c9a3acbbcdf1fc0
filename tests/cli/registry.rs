//! `avow check` against registries: Avow, and a foreign one with only the old API.

use serde_json::{Value, json};

use crate::check::{BROKEN, FINE, OLD};
use crate::foreign::{Foreign, Held};
use crate::support::Server;
use crate::work::Work;

const STRING_ID: &str = r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"id","type":"string"},{"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","PAID"]}}]}"#;

fn version(schema: &str) -> Value {
    json!({"schema": schema})
}

/// Version 1 has other ids than version 2, so that a transitive level has something to say.
fn held() -> Held {
    let mut held = Held::default();
    held.subjects.insert("orders".to_owned(), vec![Some(version(STRING_ID)), None, Some(version(OLD))]);
    held.subjects.insert("all-orders".to_owned(), vec![Some(version(STRING_ID)), Some(version(OLD))]);
    held.levels.insert("all-orders".to_owned(), "FULL_TRANSITIVE");
    held
}

async fn avow() -> Server {
    let server = Server::start().await;
    for subject in ["orders", "all-orders"] {
        assert_eq!(server.put(&format!("/config/{subject}"), &json!({"compatibility": "NONE"})).await.status, 200);
        server.register(subject, STRING_ID).await;
    }
    // A number that is gone.
    server.register("orders", "\"int\"").await;
    assert_eq!(server.delete("/subjects/orders/versions/2").await.status, 200);
    for (subject, level) in [("orders", "BACKWARD"), ("all-orders", "FULL_TRANSITIVE")] {
        assert_eq!(server.put(&format!("/config/{subject}"), &json!({"compatibility": "NONE"})).await.status, 200);
        server.register(subject, OLD).await;
        assert_eq!(server.put(&format!("/config/{subject}"), &json!({"compatibility": level})).await.status, 200);
    }
    server
}

fn files() -> Work {
    Work::with(&[("orders.avsc", FINE), ("all-orders.avsc", FINE), ("brand-new.avsc", OLD)])
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_registry_get_the_same_report() {
    let (foreign, server) = (Foreign::start(held()).await, avow().await);
    for (name, files) in [
        ("registry.txt", vec![("orders.avsc", FINE), ("all-orders.avsc", FINE), ("brand-new.avsc", OLD)]),
        ("registry-broken.txt", vec![("orders.avsc", BROKEN)]),
        // Incompatible with version 1, and there already.
        ("registry-same.txt", vec![("orders.avsc", OLD), ("all-orders.avsc", OLD)]),
    ] {
        let work = Work::with(&files);
        let shown = |url: &str| {
            let ran = work.avow(&format!("check --registry {url} --explain"));
            format!("{}{}[exit code {}]\n", ran.stdout, ran.stderr, ran.code)
        };
        let by_avow = shown(&format!("http://{}", server.address()));
        assert_eq!(shown(&foreign.url()), by_avow);
        work.compare(name, &by_avow);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avow_registry_is_asked_once() {
    let (foreign, work) = (Foreign::start(held()).await, files());
    let ran = work.avow(&format!("check --registry {} orders.avsc", foreign.url()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expected = [
        "POST /avow/v1/compatibility",
        "GET /subjects/orders/versions",
        "GET /config/orders?defaultToGlobal=true",
        "GET /config",
        "GET /subjects/orders/versions/3",
    ];
    assert_eq!(foreign.asked(), expected, "a foreign one is asked for the latest version only");
    work.avow(&format!("check --registry {} all-orders.avsc", foreign.url()));
    let asked = foreign.asked();
    assert!(asked.iter().any(|line| line.ends_with("/versions/1")), "all versions of a transitive level: {asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_that_other_tools_rely_on() {
    let server = avow().await;
    let mut work = Work::with(&[("some/order.avsc", BROKEN)]);
    let url = format!("http://{}", server.address());
    let ran = work.avow(&format!(
        "check --registry {url} --subject orders some/order.avsc -o json -o junit=j.xml -o sarif=s.sarif"
    ));
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let report = ran.json();
    assert_eq!(report["version"], 1);
    let result = &report["results"][0];
    assert_eq!(result["subject"], "orders");
    assert_eq!(result["level"], "BACKWARD");
    assert_eq!(result["against"], json!([3]));
    assert_eq!(result["compatible"], false);
    let rules: Vec<&Value> = result["findings"].as_array().expect("a list").iter().map(|it| &it["rule"]).collect();
    assert_eq!(rules, ["type-mismatch", "missing-enum-symbols", "missing-default"]);
    assert!(work.read("j.xml").contains("failures=\"1\""));
    assert!(work.read("s.sarif").contains("missing-default"));

    work.set("AVOW_REGISTRY_URL", &url);
    assert_eq!(work.avow("check --subject orders some/order.avsc").code, 1, "the variable does the same");
    let fixed = work.avow("check --subject orders some/order.avsc --fix");
    assert_eq!(fixed.code, 0, "{}{}", fixed.stdout, fixed.stderr);
    assert_eq!(work.avow("check --subject orders some/order.avsc").code, 0);
    assert_eq!(work.avow("check --subject orders some/order.avsc --level full_transitive").code, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_come_from_the_project_first_and_then_from_the_registry() {
    let server = Server::start().await;
    let address = r#"{"type":"record","name":"com.acme.Address","fields":[{"name":"zip","type":"int"}]}"#;
    server.register("com.acme.Address", address).await;
    let order = r#"{"type":"record","name":"com.acme.Order","fields":[{"name":"to","type":"com.acme.Address"}]}"#;
    let registered = json!({
        "schema": order,
        "references": [{"name": "com.acme.Address", "subject": "com.acme.Address", "version": 1}],
    });
    assert_eq!(server.post("/subjects/order/versions", &registered).await.status, 200);

    let wider = order.replace("]}", ",{\"name\":\"note\",\"type\":\"string\",\"default\":\"\"}]}");
    let work = Work::with(&[("order.avsc", &wider)]);
    let check = format!("check --registry http://{} --explain order.avsc", server.address());
    let ran = work.avow(&check);
    assert_eq!(ran.code, 0, "from the registry: {}{}", ran.stdout, ran.stderr);
    work.write("address.avsc", &address.replace("int", "string"));
    let ran = work.avow(&check);
    assert_eq!(ran.code, 1, "from the project, where it has changed: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("`Order.to.zip` is written as int but read as string"), "{}", ran.stdout);

    work.write("gone.avsc", &order.replace("com.acme.Address", "com.acme.Gone"));
    let ran = work.avow(&check.replace("order.avsc", "gone.avsc"));
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("unresolved-reference"), "{}", ran.stdout);

    // Where the subject is called otherwise, the project file says so.
    std::fs::remove_file(work.file("address.avsc")).expect("it was there");
    server.register("addresses", &address.replace("Address", "Gone")).await;
    work.write(
        "avow.toml",
        "[[subjects]]\nfiles = \"gone.avsc\"\nreferences = [{ name = \"com.acme.Gone\", subject = \"addresses\", version = 1 }]\n",
    );
    assert_eq!(work.avow(&check.replace("order.avsc", "gone.avsc")).code, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subjects_are_looked_for_in_the_context_that_is_named() {
    let server = avow().await;
    server.register(":.dev:orders", STRING_ID).await;
    let work = files();
    let url = format!("http://{}", server.address());
    for flags in ["", "--last 1"] {
        let check = |more: &str| work.avow(&format!("check --registry {url} orders.avsc {flags} {more}")).code;
        assert_eq!((check(""), check("--context dev"), check("--context none")), (0, 1, 0), "{flags}");
    }
    let lines = work.avow(&format!("check --registry {url} -o jsonl")).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let whole = work.avow(&format!("check --registry {url} -o json")).json();
    assert_eq!(json!(lines), whole["results"]);
    assert_eq!(lines.len(), 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_has_codes_of_its_own() {
    let work = files();
    let nobody = work.avow("check --registry http://127.0.0.1:1 --timeout 1 orders.avsc");
    assert_eq!(nobody.code, 4, "{}", nobody.stderr);

    for (status, code) in [(401, 5), (403, 5), (413, 3), (500, 4), (503, 4)] {
        let foreign = Foreign::start(Held { broken: Some((status, "because")), ..held() }).await;
        let ran = work.avow(&format!("check --registry {} --timeout 1 orders.avsc", foreign.url()));
        assert_eq!(ran.code, code, "{status}: {}", ran.stderr);
        assert!(ran.stderr.contains("because"), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_reported_with_its_reason_once() {
    let foreign = Foreign::start(Held { broken: Some((500, "because")), ..held() }).await;
    let work = Work::new();
    for at in 0..20 {
        work.write(&format!("s{at}.avsc"), "\"int\"");
    }
    let ran = work.avow(&format!("plan --registry {}", foreign.url()));
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("500: because"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_the_environment_or_from_files() {
    let basic = Some("Basic YW5uOmh1bnRlcjI=");
    for (variables, flags, expected) in [
        (vec![("AVOW_USER", "ann"), ("AVOW_PASSWORD", "hunter2")], "", basic),
        (vec![("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", "ann:hunter2")], "", basic),
        (vec![], "--user ann --password-file password", basic),
        (vec![("AVOW_TOKEN", "t0ken")], "", Some("Bearer t0ken")),
        (vec![], "--token-file token", Some("Bearer t0ken")),
    ] {
        let foreign = Foreign::start(Held { authorization: expected, ..held() }).await;
        let mut work = files();
        work.write("password", "hunter2\n");
        work.write("token", "t0ken\n");
        for (name, value) in variables {
            work.set(name, value);
        }
        work.set("SCHEMA_REGISTRY_URL", &foreign.url());
        let ran = work.avow(&format!("check orders.avsc {flags}"));
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_stop_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let work = files();
    let mut child = work.avow_command().args(["check", "--registry", &url, "orders.avsc"]).spawn().expect("avow runs");
    // It has come as far as asking.
    let _asking = listener.accept().expect("a connection");
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("a signal").success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_file_answers_as_the_registry_did() {
    let server = avow().await;
    let (address, order) = (
        "{\"type\":\"fixed\",\"name\":\"com.acme.Address\",\"size\":3}",
        "{\"type\":\"array\",\"items\":\"com.acme.Address\"}",
    );
    server.register("addresses", address).await;
    let references = json!([{"name": "com.acme.Address", "subject": "addresses", "version": 1}]);
    let list = json!({"schema": order, "references": references});
    assert_eq!(server.post("/subjects/list/versions", &list).await.status, 200);

    let work = files();
    work.write("list.avsc", &order.replace("array", "map").replace("items", "values"));
    let locked = work.avow(&format!("lock --registry http://{}", server.address()));
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let lock = work.read("avow.lock").replace(&server.address().to_string(), "registry");
    work.compare("avow.lock", &lock);
    work.write("address.avsc", address);
    let online = work.avow(&format!("check --registry http://{} --explain", server.address()));
    server.stop().await;
    let offline = work.avow("check --explain");
    assert_eq!((offline.code, offline.stdout), (online.code, online.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_names_a_registry() {
    let profile = |name: &str, foreign: &Foreign| format!("[profiles.{name}]\nurl = \"{}\"\n", foreign.url());
    let (here, there) = (Foreign::start(Held::default()).await, Foreign::start(Held::default()).await);
    let mut work = files();
    let toml =
        format!("[registry]\nurl = \"http://127.0.0.1:1\"\n{}{}", profile("here", &here), profile("there", &there));
    work.write("avow.toml", &toml);
    // Whether `avow check` could ask, and whom it asked.
    let asked = |work: &Work, flags: &str| {
        let ran = work.avow(&format!("check orders.avsc {flags}"));
        (ran.code, !here.asked().is_empty(), !there.asked().is_empty())
    };
    assert_eq!(asked(&work, "--timeout 1"), (4, false, false), "the file's own");
    assert_eq!(asked(&work, "--profile here"), (0, true, false));
    work.set("AVOW_PROFILE", "there");
    assert_eq!(asked(&work, ""), (0, false, true), "a variable before the file");
    assert_eq!(asked(&work, "--profile here"), (0, true, false), "a flag before a variable");
    assert_eq!(asked(&work, &format!("--registry {}", here.url())), (0, true, false));
    work.set("AVOW_REGISTRY_URL", &there.url());
    assert_eq!(asked(&work, "--profile here"), (0, true, false), "a flag before the variable of the other flag");
    work.set("AVOW_PROFILE", "here");
    assert_eq!(asked(&work, ""), (0, false, true), "the address before the name");

    let unknown = work.avow("list --profile nowhere");
    assert_eq!(unknown.code, 2);
    assert_eq!(unknown.stderr, "error: there is no profile `nowhere`; avow.toml has `here`, `there`\n");
    assert_eq!(work.avow("list --profile here --registry http://127.0.0.1:1").code, 2, "one of the two");
}
