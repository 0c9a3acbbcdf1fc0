//! `avow check --against git:REF`, in a repository made for it.

use crate::check::{BROKEN, FINE, OLD};
use crate::work::Work;

/// Three versions on main, the middle one under another name, and a branch.
fn repository() -> Work {
    let work = Work::with(&[("avow.toml", "[[subjects]]\nfiles = \"**/*.avsc\"\nlevel = \"BACKWARD\"\n")]);
    work.git(&["init", "--quiet"]);
    work.write("schemas/orders.avsc", &OLD.replace("long", "string"));
    work.commit("one");
    work.git(&["mv", "schemas/orders.avsc", "schemas/purchases.avsc"]);
    work.commit("two");
    work.git(&["mv", "schemas/purchases.avsc", "schemas/orders.avsc"]);
    work.write("schemas/orders.avsc", OLD);
    work.write("schemas/same.avsc", OLD);
    work.commit("three");
    work.git(&["switch", "--quiet", "--create", "branch"]);
    work
}

#[test]
fn the_common_commit_is_what_counts() {
    let work = repository();
    work.git(&["switch", "--quiet", "main"]);
    work.write("schemas/orders.avsc", BROKEN);
    work.commit("main moves on");
    work.git(&["switch", "--quiet", "branch"]);
    work.write("schemas/orders.avsc", FINE);
    work.commit("mine");
    work.golden(
        "git.txt",
        &[
            "check --against git:main",
            "check --against git:main --explain",
            "check --against git:main --level backward_transitive",
            "check --against git:HEAD --all-versions schemas/orders.avsc",
            "check --against git:gone",
            "check",
        ],
    );
}

#[test]
fn how_far_to_look_back_can_be_said() {
    let work = repository();
    work.write("schemas/orders.avsc", FINE);
    let against = |flags: &str| {
        let ran = work.avow(&format!("check --against git:HEAD schemas/orders.avsc -o json {flags}"));
        ran.json()["results"][0]["against"].as_array().expect("versions").len()
    };
    for (flags, expected) in [
        ("", 1),
        ("--level backward_transitive", 2),
        ("--level backward_transitive --history 1", 1),
        ("--level backward_transitive --history 9", 2),
        ("--history 9", 1),
        ("--last 2", 2),
        ("--last 1 --level full_transitive", 1),
        ("--all-versions", 2),
    ] {
        assert_eq!(against(flags), expected, "{flags}");
    }
    for flags in ["--last 0", "--history x", "--last 1 --all-versions", "--last 1 --history 1"] {
        assert_eq!(work.avow(&format!("check --against git:HEAD {flags}")).code, 2, "{flags}");
    }
}

#[test]
fn a_file_that_moved_keeps_its_history() {
    let work = repository();
    std::fs::create_dir(work.file("schemas/same")).expect("a folder");
    work.git(&["mv", "schemas/orders.avsc", "schemas/same/orders.avsc"]);
    assert_eq!(work.avow("check --against git:main").code, 0);
    work.write("schemas/same/orders.avsc", BROKEN);
    assert_eq!(work.avow("check --against git:main schemas/same").code, 1);
}

#[test]
fn only_what_changed_is_looked_at() {
    let work = repository();
    work.write(
        "schemas/user.avsc",
        r#"{"type":"record","name":"User","fields":[{"name":"of","type":"com.acme.Order"}]}"#,
    );
    work.write("schemas/untouched.avsc", "\"string\"");
    work.commit("more");
    work.git(&["rm", "--quiet", "--cached", "schemas/same.avsc"]);
    work.git(&["rm", "--quiet", "schemas/same.avsc", "--force", "--ignore-unmatch"]);
    std::fs::remove_file(work.file("schemas/same.avsc")).unwrap_or_default();
    work.commit("one definition of an order is enough");
    work.write("schemas/orders.avsc", FINE);
    work.write("schemas/untracked.avsc", "\"int\"");
    let report = work.avow("check --against git:HEAD --changed-since HEAD -o json").json();
    let files: Vec<&str> =
        report["results"].as_array().expect("results").iter().filter_map(|it| it["file"].as_str()).collect();
    assert_eq!(files, ["schemas/orders.avsc", "schemas/untracked.avsc", "schemas/user.avsc"]);
}

#[test]
fn a_shallow_clone_cannot_vouch_for_every_version() {
    let work = repository();
    let source = format!("file://{}", work.path().display());
    work.git(&["clone", "--quiet", "--depth", "1", &source, "clone"]);
    let clone = Work::new();
    std::fs::rename(work.file("clone"), clone.file("clone")).expect("a folder");
    let run = |arguments: &str| {
        let output = clone.avow_command().current_dir(clone.file("clone")).args(arguments.split(' ')).output();
        let output = output.expect("avow runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run("check --against git:HEAD").0, Some(0));
    let (code, stderr) = run("check --against git:HEAD --all-versions");
    assert_eq!(code, Some(3));
    assert!(stderr.contains("git fetch --unshallow"), "{stderr}");
}
