//! Cases from public reports, each with the right value.

use serde_json::json;
use std::fmt::Write as _;

use crate::support::Server;
use crate::work::Work;

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// A project that `avow pull` wrote is as the registry has it, whichever command looks at it.
fn is_as_it_was(work: &Work, commands: &[&str]) {
    for command in commands {
        let ran = work.avow(command);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_reference_is_loaded_by_every_command() {
    let (server, work) = (Server::start().await, Work::new());
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    for namespace in ["v1", "v2"] {
        let money = r#"{"type":"record","name":"Money","namespace":"NS","fields":[{"name":"cents","type":"long"}]}"#;
        server.register("money", &money.replace("NS", namespace)).await;
    }
    let bill = json!({
        "schema": r#"{"type":"record","name":"Bill","fields":[{"name":"sum","type":"v1.Money"}]}"#,
        "references": [{"name": "v1.Money", "subject": "money", "version": 1}],
    });
    server.post("/subjects/bill/versions", &bill).await.ok();
    assert_eq!(work.avow(&format!("pull -r {}", url(&server))).code, 0);
    let commands = ["plan --fail-on-changes", "check", "drift", "validate", "lint", "sample schemas/bill.avsc"];
    is_as_it_was(&work, &commands);
    assert_eq!(work.avow("lock").code, 0);
    server.stop().await;
    is_as_it_was(&work, &["check --against lock", "validate -r http://127.0.0.1:1", "lint"]);
    std::fs::remove_file(work.file("avow.lock")).expect("it was there");
    let ran = work.avow("validate --timeout 1");
    assert_eq!(ran.code, 3, "what cannot be looked at is not green: {}", ran.stdout);
    assert!(ran.stdout.contains("The reference v1.Money (money@1) cannot be loaded"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_reference_stays_where_it_is_although_the_tree_has_a_newer_one() {
    let server = Server::start().await;
    for subject in ["cash", "till"] {
        server.put(&format!("/config/{subject}"), &json!({"compatibility": "FORWARD"})).await.ok();
    }
    let old = r#"{"type":"record","name":"Cash","namespace":"w","fields":[{"name":"cents","type":"long"}]}"#;
    let new = old.replace("]}", ",{\"name\":\"cur\",\"type\":\"string\"}]}");
    server.register("cash", old).await;
    server.register("cash", &new).await;
    let till = r#"{"type":"record","name":"Till","fields":[{"name":"sum","type":"w.Cash"}]}"#;
    let body = json!({"schema": till, "references": [{"name": "w.Cash", "subject": "cash", "version": 2}]});
    server.post("/subjects/till/versions", &body).await.ok();
    let project = format!(
        "[registry]\nurl = \"{}\"\n[[subjects]]\nfiles = \"till.avsc\"\n\
         references = [{{ name = \"w.Cash\", subject = \"cash\", version = 1 }}]\n[[subjects]]\nfiles = \"*.avsc\"\n",
        url(&server)
    );
    let work = Work::with(&[("cash.avsc", &new), ("till.avsc", till), ("avow.toml", &project)]);
    for command in ["check --against registry", "plan", "apply --yes"] {
        let ran = work.avow(command);
        assert_eq!(ran.code, 1, "{command}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("Till.sum.cur"), "{command}: {}", ran.stdout);
    }
    server.stop().await;
}

#[test]
fn symbolic_links_are_followed_here_and_in_git() {
    let money = r#"{"type":"record","name":"M","fields":[{"name":"a","type":"int"}]}"#;
    let work = Work::with(&[("shared/money.avsc", money), ("avow.toml", "[[subjects]]\nfiles = \"topics/*.avsc\"\n")]);
    std::fs::create_dir(work.file("topics")).expect("a folder");
    std::os::unix::fs::symlink("../shared/money.avsc", work.file("topics/pay-value.avsc")).expect("a link");
    work.git(&["init", "--quiet"]);
    work.commit("one");
    work.git(&["switch", "--quiet", "--create", "pr"]);
    work.write("shared/money.avsc", &money.replace("int", "string"));
    work.commit("two");
    for arguments in ["", "topics/pay-value.avsc", "--changed-since main"] {
        let ran = work.avow(&format!("check --against git:main {arguments}"));
        assert_eq!(ran.code, 1, "{arguments}: {}{}", ran.stdout, ran.stderr);
    }
    std::os::unix::fs::symlink("nowhere.avsc", work.file("topics/lost.avsc")).expect("a link");
    let ran = work.avow("validate");
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("topics/lost.avsc"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_nested_in_another_file_is_found() {
    let server = Server::start().await;
    let order = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"state","type":{"type":"enum","name":"State","symbols":["NEW"]}}]}"#;
    let invoice = r#"{"type":"record","name":"Invoice","namespace":"shop","fields":[{"name":"state","type":"State","default":"NEW"}]}"#;
    let mut work = Work::with(&[("order-value.avsc", order), ("invoice-value.avsc", invoice)]);
    is_as_it_was(&work, &["validate", "lint"]);
    work.set("AVOW_REGISTRY_URL", &url(&server));
    is_as_it_was(&work, &["plan", "apply --yes", "check", "drift", "plan --fail-on-changes"]);
    let again = work.avow("register other invoice-value.avsc --reference shop.Order=order-value@1");
    assert_eq!(again.code, 0, "{}", again.stderr);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_former_times_are_taken_where_the_registry_takes_them() {
    let (server, work) = (Server::start().await, Work::new());
    server.put("/config/event-value", &json!({"validateNewSchemas": false})).await.ok();
    server.register("event-value", r#"{"type":"record","name":"Event","namespace":"hdfs.Event$","fields":[{"name":"size","type":["int","null"],"default":"null"}]}"#).await;
    assert_eq!(work.avow(&format!("pull -r {}", url(&server))).code, 0);
    is_as_it_was(&work, &["plan --fail-on-changes", "drift", "check", "validate"]);
    let text = work.read("schemas/event-value.avsc");
    let wider =
        text.replacen("\"fields\": [", "\"fields\": [{\"name\":\"path\",\"type\":\"string\",\"default\":\"\"},", 1);
    work.write("schemas/event-value.avsc", &wider);
    is_as_it_was(&work, &["check", "plan", "register schemas/event-value.avsc"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_may_belong_to_several_subjects() {
    let server = Server::start().await;
    let mut project = String::new();
    for subject in ["orders-value", "orders-retry-value", "orders-dlq-value"] {
        writeln!(project, "[[subjects]]\nfiles = \"order.avsc\"\nname = \"{subject}\"").expect("a String");
    }
    let order = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"}]}"#;
    let mut work = Work::with(&[("order.avsc", order), ("avow.toml", &project)]);
    work.set("AVOW_REGISTRY_URL", &url(&server));
    assert_eq!(work.avow("plan --json").json()["summary"]["create"], 3);
    is_as_it_was(&work, &["apply --yes", "check", "lock", "check --against lock", "drift"]);
    let twice = project.replace("orders-retry-value", "orders-value");
    work.write("avow.toml", &twice);
    for command in ["check", "plan"] {
        let ran = work.avow(command);
        assert_eq!(ran.code, 3, "{command}");
        assert!(ran.stderr.contains("give `order.avsc` the subject `orders-value`"), "{}", ran.stderr);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_reference_need_not_be_that_of_its_type() {
    let (server, work) = (Server::start().await, Work::new());
    server
        .register(
            "company",
            r#"{"type":"record","name":"Company","namespace":"com.ex","fields":[{"name":"name","type":"string"}]}"#,
        )
        .await;
    let user = json!({
        "schema": r#"{"type":"record","name":"User","namespace":"com.ex","fields":[{"name":"works_at","type":"Company"}]}"#,
        "references": [{"name": "company.avsc", "subject": "company", "version": 1}],
    });
    server.post("/subjects/user-value/versions", &user).await.ok();
    server.register("other-value", "\"string\"").await;
    assert_eq!(work.avow(&format!("pull -r {}", url(&server))).code, 0);
    let commands = [
        "plan --fail-on-changes",
        "drift",
        "check",
        "check schemas/other-value.avsc schemas/user-value.avsc",
        "lock",
        "check --against lock",
    ];
    is_as_it_was(&work, &commands);
    let diff = work.avow("diff user-value@1 schemas/user-value.avsc");
    assert!(diff.stdout.contains("no change"), "{}{}", diff.stdout, diff.stderr);
    server.stop().await;
}

#[test]
fn a_file_that_cannot_be_read_hides_nothing() {
    let work = Work::with(&[("bad.avsc", "\"strng\"")]);
    std::fs::write(work.file("latin1.avsc"), b"{\"doc\":\"caf\xe9\"}").expect("a file");
    std::fs::write(work.file("utf16.avsc"), b"\xff\xfe\"\0i\0").expect("a file");
    for command in ["validate", "lint", "check --against dir:."] {
        let ran = work.avow(&format!("{command} -o junit=report.xml"));
        assert_eq!(ran.code, 3, "{command}: {}", ran.stderr);
        for expected in ["strng", "cannot read `latin1.avsc`", "it is UTF-16"] {
            assert!(ran.stdout.contains(expected), "{command}: {}", ran.stdout);
        }
        std::fs::remove_file(work.file("report.xml")).expect("a report");
    }
}

#[test]
fn what_cannot_be_compared_is_not_green() {
    let work = Work::with(&[("lfs.avsc", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")]);
    std::fs::write(work.file("utf16.avsc"), b"\xff\xfe\"\0i\0").expect("a file");
    work.write("open.avsc", r#"{"type":"record","name":"A","fields":[{"name":"x","type":"Gone"}]}"#);
    let other = Work::with(&[("inner.avsc", "\"int\"")]);
    other.git(&["init", "--quiet"]);
    other.commit("one");
    work.git(&["init", "--quiet"]);
    work.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &other.path().display().to_string(),
        "sub",
    ]);
    work.commit("one");
    for file in ["lfs.avsc", "utf16.avsc", "open.avsc", "sub/inner.avsc"] {
        work.write(file, "\"string\"");
        let ran = work.avow(&format!("check --against git:HEAD {file}"));
        assert_eq!(ran.code, 3, "{file}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("not-compared"), "{file}: {}", ran.stdout);
    }
}

#[test]
fn a_deleted_schema_is_reported() {
    let work = Work::with(&[("schemas/a.avsc", "\"int\""), ("schemas/b.avsc", "\"int\"")]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    std::fs::remove_file(work.file("schemas/b.avsc")).expect("it was there");
    let ran = work.avow("check --against git:HEAD");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("warning[schema-deleted]: b: The file of `b`"), "{}", ran.stdout);
    for (level, code) in [("error", 1), ("off", 0)] {
        work.write("avow.toml", &format!("[check]\ndeleted = \"{level}\"\n"));
        assert_eq!(work.avow("check --against git:HEAD").code, code, "{level}");
    }
    work.write("avow.toml", "[check]\ndeleted = \"error\"\n");
    work.git(&["mv", "schemas/a.avsc", "schemas/b.avsc"]);
    assert_eq!(work.avow("check --against git:HEAD schemas/b.avsc").code, 0, "a file alone");
}

#[test]
fn a_reference_that_is_bumped_in_the_project_file_is_a_change() {
    let project = "[[subjects]]\nfiles = \"a.avsc\"\nlevel = \"FULL\"\n[[subjects]]\nfiles = \"b.avsc\"\n";
    let work = Work::with(&[("a.avsc", "\"int\""), ("b.avsc", "\"int\""), ("avow.toml", project)]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    let files = || work.avow("check --against git:HEAD --changed-since HEAD --json").json()["summary"]["files"].clone();
    assert_eq!(files(), 0);
    work.write("avow.toml", &project.replace("FULL", "BACKWARD"));
    assert_eq!(files(), 1);
}

/// Runs a hint as a person would paste it: `run: COMMAND` in the shell, and the flag that it names.
fn follow(work: &Work, folder: &str, command: &str, flag: &str, reference: &str) {
    let mut reference = reference.to_owned();
    for _ in 0..4 {
        let mut avow = work.avow_command();
        avow.current_dir(work.file(folder)).args(command.split(' ')).arg(format!("{flag}{reference}"));
        let output = avow.output().expect("avow runs");
        if output.status.code() == Some(0) {
            return;
        }
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let hint = stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: "))
            .unwrap_or_else(|| panic!("{stderr}"))
            .to_owned();
        if let Some(run) = hint.strip_prefix("run: ") {
            let run = run.split(", and compare").next().expect("a command");
            let status = work.command("sh").current_dir(work.file(folder)).args(["-c", run]).status();
            assert!(status.expect("a shell").success(), "{run}");
        }
        let marker = if flag.is_empty() { "--since " } else { flag };
        if let Some((_, named)) = hint.split_once(marker) {
            named.split_whitespace().next().expect("a reference").clone_into(&mut reference);
        }
    }
    panic!("the hints of {command} {flag} in {folder} lead nowhere");
}

#[test]
fn hints_about_git_do_what_they_promise() {
    let work = Work::with(&[("up/a.avsc", "{\"type\":\"record\",\"name\":\"A\",\"namespace\":\"a\",\"fields\":[]}")]);
    let up = |arguments: &[&str]| work.git(&[&["-C", "up"], arguments].concat());
    up(&["init", "--quiet"]);
    up(&["add", "--all"]);
    up(&["commit", "--quiet", "--message", "one"]);
    up(&["tag", "v1"]);
    up(&["switch", "--quiet", "--create", "topic"]);
    up(&["commit", "--quiet", "--allow-empty", "--message", "two"]);
    up(&["switch", "--quiet", "main"]);
    let source = format!("file://{}", work.file("up").display());
    work.git(&["clone", "--quiet", &source, "no-branch"]);
    work.git(&["-C", "no-branch", "switch", "--quiet", "--create", "pr"]);
    work.git(&["-C", "no-branch", "branch", "--quiet", "-D", "main"]);
    work.git(&["clone", "--quiet", "--no-tags", &source, "no-tags"]);
    work.git(&["clone", "--quiet", "--depth", "1", "--branch", "topic", &source, "shallow"]);
    work.git(&["clone", "--quiet", &source, "no-head"]);
    work.git(&["-C", "no-head", "remote", "set-head", "origin", "--delete"]);
    for (folder, reference) in
        [("no-branch", "main"), ("no-tags", "v1"), ("shallow", "origin/main"), ("no-head", "origin/HEAD")]
    {
        follow(&work, folder, "check --against", "git:", reference);
    }
    work.write("no-head/avow.toml", "[lint.rules]\nrename-needs-alias = \"warn\"\n");
    follow(&work, "no-head", "lint --since", "", "origin/HEAD");
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let work = Work::with(&[("a.avsc", "\"int\"")]);
    work.git(&["init", "--quiet"]);
    for command in ["check", "check --against git:HEAD", "check --against git:origin/main"] {
        let ran = work.avow(command);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("1 new subject"), "{}", ran.stdout);
    }
}

#[test]
fn a_fix_keeps_line_ends_and_the_byte_order_mark() {
    let empty = "\u{feff}{\r\n  \"type\": \"record\",\r\n  \"name\": \"R\",\r\n  \"fields\": []\r\n}\r\n";
    let field = "[\r\n    {\r\n      \"name\": \"a\",\r\n      \"type\": \"string\"\r\n    }\r\n  ]";
    let work = Work::with(&[("old/r.avsc", empty), ("r.avsc", &empty.replace("[]", field))]);
    let ran = work.avow("check --against dir:old --fix r.avsc");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let fixed = field.replace("\"string\"", "\"string\",\r\n      \"default\": \"\"");
    assert_eq!(work.read("r.avsc"), empty.replace("[]", &fixed));
}

#[test]
fn what_is_read_as_another_value_is_a_warning() {
    let of = |scale: u32| {
        format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"v","type":{{"type":"bytes","logicalType":"decimal","precision":6,"scale":{scale}}}}}]}}"#
        )
    };
    let work = Work::with(&[("old/r.avsc", &of(2)), ("r.avsc", &of(3))]);
    let check = "check --against dir:old r.avsc";
    let ran = work.avow(check);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("warning[meaning-changed]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("`10.00` that was written is read as `1.000`"), "{}", ran.stdout);
    assert_eq!(work.avow(&format!("{check} --fail-on warning")).code, 1);
    work.write("avow.toml", "[check]\nmeaning = \"error\"\n");
    assert_eq!(work.avow(check).code, 1);
    assert!(work.avow("diff old/r.avsc r.avsc").stdout.contains("[read as another value]"));
}

#[test]
fn pipes_and_devices_are_refused() {
    let work = Work::new();
    std::os::unix::fs::symlink("/dev/zero", work.file("zero.avsc")).expect("a link");
    assert!(work.command("mkfifo").arg("pipe.avsc").status().expect("mkfifo runs").success());
    for command in ["validate zero.avsc", "validate pipe.avsc", "fmt --check"] {
        let ran = work.avow(command);
        assert_eq!(ran.code, 3, "{command}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("not a regular file"), "{command}: {}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_cannot_write_to_the_terminal() {
    let server = Server::start().await;
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J";
    let schema = json!({"type": "record", "name": "R", "doc": evil, "fields": []}).to_string();
    server.register("evil", &schema).await;
    let mut work = Work::new();
    work.set("AVOW_REGISTRY_URL", &url(&server));
    for command in [
        "get evil -o json",
        "diff evil@1 evil@latest --json",
        "search R",
        "list --long",
        "decode --schema evil --bare 00",
    ] {
        let ran = work.avow(command);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{command}: {all:?}");
    }
    server.stop().await;
}

#[test]
fn a_misspelt_setting_is_an_error() {
    let work = Work::with(&[
        ("avow.toml", "[[subjects]]\nfiles = \"shcemas/*.avsc\"\n[[subjects]]\nfiles = \"*.avsc\"\n"),
        ("a.avsc", "\"int\""),
    ]);
    let ran = work.avow("config orders --set normalise=true");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `normalize`?"), "{}", ran.stderr);
    let ran = work.avow("check --against dir:.");
    assert!(ran.stderr.contains("no file matches `files = \"shcemas/*.avsc\"`"), "{}", ran.stderr);
}

#[test]
fn the_first_project_file_is_written() {
    let work = Work::with(&[("schemas/a.avsc", "\"int\""), ("b.avsc", "\"int\"")]);
    assert_eq!(work.avow("init -r http://registry:8081").code, 0);
    assert!(work.read("avow.toml").contains("url = \"http://registry:8081\""));
    is_as_it_was(&work, &["validate", "check --against dir:."]);
    assert_eq!(work.avow("init").code, 2, "it does not overwrite");
}
