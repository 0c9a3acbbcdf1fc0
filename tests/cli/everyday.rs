//! The commands of every day, on an Avow registry and on an old one.

use serde_json::{Value, json};

use crate::old::Old;
use crate::support::Server;
use crate::work::Work;

const ADDRESS: &str =
    r#"{"type":"record","name":"Address","namespace":"com.acme","fields":[{"name":"zip","type":"string"}]}"#;
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"id","type":"long"},{"name":"to","type":"Address"}]}"#;

fn files() -> Work {
    Work::with(&[
        ("addresses.avsc", ADDRESS),
        ("orders.avsc", ORDER),
        ("broken/orders.avsc", &ORDER.replace("\"long\"", "\"string\"")),
        ("lost.avsc", &ORDER.replace("Address", "Lost")),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_filled_looked_at_and_emptied() {
    let server = Server::start().await;
    let mut work = files();
    work.golden_at(
        &format!("http://{}", server.address()),
        "everyday.txt",
        &[
            "register orders.avsc",
            "register addresses.avsc",
            "register orders.avsc --reference com.acme.Address=addresses@1 --dry-run",
            "register orders.avsc --reference com.acme.Address=addresses@latest",
            "register orders.avsc --reference com.acme.Address=addresses@1 -o json",
            "register broken/orders.avsc --dry-run --reference com.acme.Address=addresses@1",
            "register addresses.avsc --subject shop:addresses --context dev --metadata owner=ann",
            "list",
            "list o* -o json",
            "list --context dev",
            "list --long",
            "list -l -o jsonl addr* :.dev:*",
            "get orders",
            "get addresses@1 --pretty --quiet",
            "get id:9",
            "refs addresses",
            "refs orders@1 -o json",
            "search --field Z*",
            "search addr* --type com.* -o json --all-contexts",
            "search --field nothing",
            "config",
            "config orders",
            "config orders --level full_transitive --set normalize=true",
            "config orders --unset normalize -o json",
            "config orders --delete",
            "config orders --delete --yes",
            "mode",
            "mode orders --set readonly",
            "mode orders --set nonsense",
            "mode orders --delete",
            "delete addresses --yes",
            "delete orders",
            "delete orders --yes",
            "list --deleted",
            "versions orders",
            "delete orders@2 --yes",
            "delete orders --yes --permanent -o json",
            "delete addresses@latest --yes",
            "versions addresses --registry http://127.0.0.1:1 --timeout 1 --quiet",
        ],
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_fit_is_a_finding() {
    let server = Server::start().await;
    let mut work = Work::with(&[("a.avsc", "\"int\""), ("b/a.avsc", "\"string\"")]);
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    assert_eq!(work.avow("register a.avsc").code, 0);
    let refused = work.avow("register b/a.avsc");
    assert_eq!((refused.code, refused.stderr.as_str()), (1, "a: refused\n"));
    assert!(refused.stdout.contains("`value` is written as int but read as string"), "{}", refused.stdout);
    let dry = work.avow("register a b/a.avsc --dry-run --json");
    assert_eq!((dry.code, &dry.json()["results"][0]["findings"][0]["rule"]), (1, &"type-mismatch".into()));
    assert_eq!(work.avow("register other b/a.avsc").stdout, "other@1 (id 2) registered\n");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_hour_has_no_stumble() {
    let server = Server::start().await;
    let mut work = files();
    work.golden_at(
        &format!("http://{}", server.address()),
        "first-hour.txt",
        &[
            "init",
            "register addresses addresses.avsc",
            "get 1",
            "diff addresses addresses.avsc",
            "diff 1 addresses.avsc",
            "config addresses FULL",
            "mode addresses readonly",
            "sample addresses",
            "get adresses",
            "versions adresses",
            "diff adresses addresses.avsc",
            "get nothing",
            "search zip",
            "search ADDR",
            "search com.acme",
            "search nothing-like-it",
        ],
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_changed_what() {
    let server = Server::start().await;
    let mut work = files();
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    for command in ["register addresses.avsc", "config addresses FULL", "register other addresses.avsc"] {
        assert_eq!(work.avow(command).code, 0, "{command}");
    }
    let kinds = |arguments: &str| -> Vec<Value> {
        let events = work.avow(arguments).json();
        events.as_array().expect("a list").iter().map(|it| json!([it["data"]["kind"], it["subject"]])).collect()
    };
    let all = [json!(["register", "addresses"]), json!(["config", "addresses"]), json!(["register", "other"])];
    assert_eq!(kinds("log --json"), all);
    assert_eq!(kinds("log addresses --json"), all[..2]);
    let text = work.avow("log other").stdout;
    assert!(text.starts_with("3  ") && text.contains("register") && text.contains("version 1, id 1"), "{text}");
    let none = work.avow("log oter");
    assert_eq!((none.code, none.stderr.as_str()), (0, "`oter` was never changed; did you mean `other`?\n"));

    let mut command = work.avow_command();
    let mut follower =
        command.args(["log", "--follow"]).stdout(std::process::Stdio::piped()).spawn().expect("avow runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follower.stdout.take().expect("its output")));
    for number in 1..=3 {
        let line = lines.next().expect("a line").expect("text");
        assert!(line.starts_with(&format!("{number}  ")), "{line}");
    }
    assert_eq!(work.avow("mode other readonly").code, 0);
    let line = lines.next().expect("a line").expect("text");
    assert!(line.starts_with("4  ") && line.contains("READONLY"), "{line}");
    follower.kill().expect("it runs");
    follower.wait().expect("it ends");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_say_what_they_are() {
    let server = Server::start().await;
    let mut work = Work::with(&[("a.avsc", "\"int\""), ("b.avsc", "\"long\"")]);
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    for file in ["a", "b"] {
        assert_eq!(work.avow(&format!("register {file}.avsc --subject s")).code, 0);
    }
    assert_eq!(work.avow("delete s@1 --yes").code, 0);
    let shown = |arguments: &str| -> Vec<Value> {
        let versions = work.avow(arguments).json();
        let shown = |it: &Value| json!([it["version"], it["id"], it["deleted"], it["schema"]]);
        versions.as_array().expect("a list").iter().map(shown).collect()
    };
    assert_eq!(shown("versions s -o json"), [json!([2, 2, false, null])]);
    assert_eq!(shown("versions s --deleted -o json"), [json!([1, 1, true, null]), json!([2, 2, false, null])]);
    let text = work.avow("versions s --deleted").stdout;
    assert!(text.starts_with("1  id 1  AVRO  20") && text.contains("Z  deleted\n2"), "{text}");
    assert_eq!(work.avow("get s@1").code, 3);
    assert_eq!(work.avow("get s@1 --deleted").stdout, "\"int\"\n");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_registry_is_enough() {
    let old = Old::start().await;
    let mut work = files();
    work.golden_at(
        &old.url(),
        "everyday-old.txt",
        &[
            "register addresses.avsc",
            "register orders.avsc --reference com.acme.Address=addresses@1",
            "list",
            "list --long o*",
            "get orders --quiet",
            "refs orders",
            "search --field *z*",
            "search zip",
            "log orders",
            "config orders --level full",
            "config addresses",
            "mode addresses",
            "delete addresses@1 --yes",
            "undelete addresses@1",
            "undelete addresses@1 --yes",
            "versions addresses -o json",
        ],
    );
}
