//! `avow diff` and `avow fmt`.

use serde_json::json;

use crate::check::{BROKEN, FINE, OLD};
use crate::support::Server;
use crate::work::Work;

const NESTED: &str = r#"{"type":"record","name":"com.acme.Order","fields":[
  {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
    {"name":"sku","type":"string","doc":"what"},
    {"name":"count","type":["null","int"],"default":null},
    {"name":"code","type":{"type":"fixed","name":"Code","size":4}}]}}},
  {"name":"first","type":"Line"},
  {"name":"note","type":"string"}]}"#;

const NESTED_LATER: &str = r#"{"type":"record","name":"com.acme.Order","fields":[
  {"name":"first","type":{"type":"record","name":"Line","fields":[
    {"name":"sku","type":"string","doc":"which"},
    {"name":"count","type":["null","string"],"default":null},
    {"name":"code","type":{"type":"fixed","name":"Code","size":8}}]}},
  {"name":"lines","type":{"type":"array","items":"Line"}},
  {"name":"remark","type":["null","string"],"default":null,"aliases":["note"]}]}"#;

#[test]
fn every_change_has_a_verdict_each_way() {
    let work = Work::with(&[
        ("old.avsc", OLD),
        ("broken.avsc", BROKEN),
        ("fine.avsc", FINE),
        ("nested.avsc", NESTED),
        ("later.avsc", NESTED_LATER),
    ]);
    work.golden(
        "diff.txt",
        &[
            "diff old.avsc broken.avsc",
            "diff old.avsc fine.avsc --level full",
            "diff old.avsc broken.avsc --level forward",
            "diff nested.avsc later.avsc",
            "diff later.avsc nested.avsc",
            "diff old.avsc old.avsc",
            "diff old.avsc fine.avsc -o json",
            "diff old.avsc gone.avsc",
            "diff old.avsc orders@x",
            "diff - -",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_may_be_anywhere() {
    let server = Server::start().await;
    server.register("orders", OLD).await;
    let id = server.register("orders", FINE).await;
    let mut work = Work::with(&[("schemas/a.avsc", OLD)]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    work.write("schemas/a.avsc", FINE);
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    let changes = |command: &str| {
        let ran = work.avow(&format!("diff {command} -o json"));
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        ran.json()["changes"].as_array().expect("a list").len()
    };
    for (command, expected) in [
        ("orders@1 orders@latest", 1),
        ("orders@2 schemas/a.avsc", 0),
        ("git:HEAD:schemas/a.avsc schemas/a.avsc", 1),
        (&format!("id:{id} schemas/a.avsc"), 0),
    ] {
        assert_eq!(changes(command), expected, "{command}");
    }
    for (command, code) in [("orders@7 orders@1", 3), ("nobody@1 orders@1", 3), ("git:HEAD:gone.avsc orders@1", 3)] {
        let ran = work.avow(&format!("diff {command}"));
        assert_eq!(ran.code, code, "{command}: {}", ran.stderr);
    }
    server.stop().await;
}

#[test]
fn layout_is_one() {
    let work = Work::with(&[("a.avsc", NESTED), ("b/b.avsc", OLD), ("c.avsc", "{")]);
    let files = "a.avsc b";
    work.golden(
        "fmt.txt",
        &[&format!("fmt --check {files}"), &format!("fmt {files}"), &format!("fmt --check {files}"), "fmt c.avsc"],
    );
    work.compare("formatted.avsc", &work.read("a.avsc"));
    assert_eq!(work.avow("diff a.avsc a.avsc -o json").json()["changes"], json!([]));
}

#[test]
fn what_would_be_formatted_is_shown_as_a_patch() {
    let work = Work::with(&[("a.avsc", "{\"type\":\"record\", \"name\":\"A\",\n \"fields\":[]}\n")]);
    let before = work.read("a.avsc");
    let shown = work.avow("fmt --diff a.avsc");
    assert_eq!(shown.code, 1, "{}", shown.stderr);
    assert!(shown.stdout.starts_with("--- a/a.avsc\n+++ b/a.avsc\n@@ "), "{}", shown.stdout);
    assert_eq!(work.read("a.avsc"), before);
    work.write("patch", &shown.stdout);
    work.git(&["apply", "patch"]);
    assert_eq!(work.avow("fmt --diff a.avsc").code, 0);
}
