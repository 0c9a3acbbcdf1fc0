//! `avow pull`: a registry as files, after which there is nothing to plan; and what comes back from a deletion.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::old::Old;
use crate::plan::{ADDRESS, ADDRESS_MORE, ORDER};
use crate::support::Server;
use crate::work::Work;

/// Every file below a folder.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                files.insert(name, fs::read_to_string(path).expect("text"));
            }
        }
    }
    files
}

fn shown(files: &BTreeMap<String, String>, url: &str) -> String {
    let files = files.iter().map(|(name, text)| format!("--- {name}\n{text}"));
    files.collect::<String>().replace(url, "http://registry")
}

async fn full_server() -> Server {
    let server = Server::start().await;
    server.register("addresses", ADDRESS).await;
    let order = |subject: &str| (format!("/subjects/{subject}/versions"), subject.to_owned());
    for (subject, version) in [("orders-value", 1), ("orders-latest", 2)] {
        if version == 2 {
            server.register("addresses", ADDRESS_MORE).await;
        }
        let (path, _) = order(subject);
        let references = json!([{"name": "com.acme.Address", "subject": "addresses", "version": version}]);
        let body = json!({"schema": ORDER, "references": references});
        assert_eq!(server.post(&path, &body).await.status, 200);
    }
    let beside = json!({
        "schema": "\"string\"",
        "metadata": {"properties": {"owner": "ann"}, "tags": {"x": ["PII"]}},
        "ruleSet": {"domainRules": [{"name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "true"}]},
    });
    assert_eq!(server.post("/subjects/beside/versions", &beside).await.status, 200);
    server.register("sl%2Fash%20%7Bname%7D", "\"long\"").await;
    server.register("Beside", "\"int\"").await;
    assert_eq!(server.put("/config/addresses", &json!({"compatibility": "FULL", "normalize": true})).await.status, 200);
    assert_eq!(server.put("/mode/Beside", &json!({"mode": "READONLY"})).await.status, 200);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_is_what_is_there() {
    let server = full_server().await;
    let url = format!("http://{}", server.address());
    let mut work = Work::new();
    work.set("AVOW_REGISTRY_URL", &url);
    let ran = work.avow("pull");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let files = tree(work.path());
    work.compare("pull.txt", &(ran.shown("pull") + &shown(&files, &url)));
    for command in ["plan --fail-on-changes", "drift", "fmt --check", "pull"] {
        let ran = work.avow(command);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(tree(work.path()), files, "pulling again changes nothing");

    let mut other = Work::new();
    other.set("AVOW_REGISTRY_URL", &url);
    assert_eq!(other.avow("pull").code, 0);
    assert_eq!(tree(other.path()), files, "the same everywhere");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_follow_the_registry_and_nothing_of_ones_own_is_lost() {
    let server = full_server().await;
    let url = format!("http://{}", server.address());
    let mut work = Work::with(&[
        (
            "avow.toml",
            "# ours\n[check]\nfail_on = \"breaking\" # really\n\n[[subjects]] # all\nfiles = \"avro/**/*.avsc\"\n",
        ),
        ("avro/places/addresses.avsc", ADDRESS),
    ]);
    work.set("AVOW_REGISTRY_URL", &url);
    let pull = "pull addresses orders-* --dir avro/pulled --scope";
    let first = work.avow(pull);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    work.compare("pull-again.txt", &(first.shown(pull) + &shown(&tree(work.path()), &url)));
    assert_eq!(work.avow("plan --prune --fail-on-changes").code, 0);

    // The registry moves on: what the file was is known there, so nothing is lost.
    let more = ADDRESS_MORE
        .replace("city", "town")
        .replace("\"fields\":[", "\"fields\":[{\"name\":\"no\",\"type\":\"int\",\"default\":0},");
    server.register("addresses", &more).await;
    assert_eq!(work.avow("drift").code, 1);
    assert_eq!(work.avow("pull").code, 0);
    assert_eq!(work.avow("plan --fail-on-changes").code, 0);
    assert!(work.read("avro/places/addresses.avsc").contains("town"));

    // A file that holds something of its own is kept.
    let own = work.read("avro/places/addresses.avsc").replace("town", "village");
    work.write("avro/places/addresses.avsc", &own);
    let before = tree(work.path());
    let refused = work.avow("pull");
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("avro/places/addresses.avsc"), "{}", refused.stderr);
    assert_eq!(tree(work.path()), before);
    assert_eq!(work.avow("pull --force").code, 0);
    assert!(work.read("avro/places/addresses.avsc").contains("town"));
    assert_eq!(work.avow("plan --fail-on-changes").code, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_registry_is_pulled_too() {
    let old = Old::start().await;
    let mut work = Work::with(&[("addresses.avsc", ADDRESS), ("orders.avsc", ORDER), ("more.avsc", ADDRESS_MORE)]);
    work.set("AVOW_REGISTRY_URL", &old.url());
    for arguments in [
        "register addresses.avsc",
        "register orders.avsc --reference com.acme.Address=addresses@1",
        "register more.avsc --subject addresses",
        "config addresses --level FULL",
    ] {
        assert_eq!(work.avow(arguments).code, 0);
    }
    let mut empty = Work::new();
    empty.set("AVOW_REGISTRY_URL", &old.url());
    assert_eq!(empty.avow("pull").code, 0);
    let plan = empty.avow("plan --fail-on-changes");
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
    assert!(empty.read("avow.toml").contains("version = 1"), "{}", empty.read("avow.toml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_pulled_by_itself() {
    let server = Server::start().await;
    server.register("addresses", "\"int\"").await;
    server.register(":.dev:addresses", ADDRESS).await;
    let mut work = Work::new();
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    work.set("AVOW_CONTEXT", "dev");
    assert_eq!(work.avow("pull").stdout, "schemas/addresses.avsc\navow.toml\n");
    assert!(work.read("schemas/addresses.avsc").contains("zip"));
    assert_eq!(work.avow("plan --fail-on-changes").code, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_comes_back_as_it_was() {
    let server = Server::start().await;
    server.register("a", "\"int\"").await;
    server.register("a", "\"long\"").await;
    let id = server.register(":.dev:sl%2Fash", ADDRESS).await;
    let mut work = Work::new();
    work.golden_at(
        &format!("http://{}", server.address()),
        "undelete.txt",
        &[
            "undelete a",
            "delete a@1 --yes",
            "undelete a@1",
            "undelete a@1 --yes",
            "delete a --yes",
            "undelete a --yes -o json",
            "delete sl/ash --context dev --yes",
            "undelete sl/ash --context dev --yes",
            "undelete gone --yes",
        ],
    );
    // The same numbers, the same ids: nothing was registered again.
    assert_eq!(server.get("/subjects/a/versions").await.ok(), json!([1, 2]));
    assert_eq!(server.get("/subjects/:.dev:sl%2Fash/versions/1").await.ok()["id"], json!(id));
    server.stop().await;
}
