//! What people paste into their CI: the action for GitHub, the hooks for pre-commit, the template for GitLab.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::check::{BROKEN, FINE, OLD};
use crate::work::Work;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A repository with a change that breaks, and one that does not.
fn repository() -> Work {
    let work = Work::with(&[("schemas/orders.avsc", OLD), ("schemas/fine one.avsc", OLD)]);
    work.git(&["init", "--quiet"]);
    work.commit("one");
    work.write("schemas/orders.avsc", BROKEN);
    work.write("schemas/fine one.avsc", FINE);
    work
}

fn action(work: &Work, inputs: &[(&str, &str)]) -> Output {
    let mut command = work.command("bash");
    command.arg(root().join("ci/github.sh")).env("AVOW_ACTION_PROGRAM", env!("CARGO_BIN_EXE_avow"));
    command.envs(inputs.iter().map(|(name, value)| (format!("AVOW_ACTION_{name}"), value)));
    command.output().expect("bash runs")
}

#[test]
fn the_action_annotates_and_fails() {
    let work = repository();
    let against = ("AGAINST", "git:HEAD");
    let output = action(&work, &[against, ("SARIF", "out/avow.sarif")]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.starts_with("::error file=schemas/orders.avsc,line=6,"), "{stdout}");
    assert!(work.read("out/avow.sarif").contains("type-mismatch"));
    assert_eq!(action(&work, &[against, ("ARGS", "--fail-on never")]).status.code(), Some(0));
    assert_eq!(action(&work, &[("COMMAND", "validate"), ("PATHS", "schemas")]).status.code(), Some(0));
    assert_eq!(action(&work, &[("COMMAND", "fmt"), ("PATHS", "schemas/orders.avsc")]).status.code(), Some(1));
}

#[test]
fn nothing_that_strangers_name_is_run() {
    let work = repository();
    for input in ["PATHS", "ARGS", "AGAINST", "REGISTRY", "SARIF", "COMMAND"] {
        action(&work, &[("AGAINST", "git:HEAD"), (input, "$(touch${IFS}owned) `touch owned` ; touch owned")]);
        assert!(!work.file("owned").exists(), "{input}");
    }
}

/// Every input of the action reaches its script.
#[test]
fn the_action_passes_all_its_inputs() {
    let action = std::fs::read_to_string(root().join("action.yml")).expect("action.yml");
    let script = ["ci/github.sh", "ci/install.sh"].map(|name| std::fs::read_to_string(root().join(name)).expect(name));
    let script = script.join("\n");
    let (inputs, runs) = action.split_once("\nruns:").expect("runs");
    let named = inputs.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    for input in named.filter(|name| !name.starts_with(' ')) {
        assert!(runs.contains(&format!("${{{{ inputs.{input} }}}}")), "{input} is not passed");
    }
    for line in runs.lines().filter_map(|line| line.trim().split_once(": ${{ inputs.")) {
        assert!(script.contains(line.0), "{} is not used", line.0);
    }
    assert!(!script.contains("${{"), "text of strangers would become text of the script");
}

/// Runs the script that installs avow, with a `cargo` that leaves a mark in its stead.
fn install(work: &Work, inputs: &[(&str, &str)]) -> Output {
    work.write("tools/cargo", "#!/bin/sh\nmkdir -p \"$8/bin\"\necho \"$@\" > \"$8/bin/avow\"\n");
    work.write("release/avow", "the program\n");
    work.write("releases/download/v1/none", "");
    let script = format!(
        "chmod +x tools/cargo && tar -czf releases/download/v1/avow-x86_64-unknown-linux-gnu.tar.gz -C release avow && \
         PATH=$PWD/tools:$PATH AVOW_ACTION_REPOSITORY=file://$PWD bash {} bin",
        root().join("ci/install.sh").display()
    );
    let mut command = work.command("bash");
    command.args(["-c", &script]).env("AVOW_ACTION_VERSION", "v1");
    command.envs(inputs.iter().map(|(name, value)| (format!("AVOW_ACTION_{name}"), value)));
    command.output().expect("bash runs")
}

#[test]
fn a_release_is_installed_if_it_is_the_one_that_was_pinned() {
    let work = Work::new();
    let built = install(&work, &[]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(work.read("bin/avow").contains("--tag v1"), "{}", work.read("bin/avow"));

    let refused = install(&Work::new(), &[("SHA256", &"0".repeat(64))]);
    assert!(!refused.status.success(), "another file than the one pinned");

    let work = Work::new();
    install(&work, &[]);
    // The time in the archive makes its checksum another one each time: the one of this folder.
    let sum = work.command("sh").args(["-c", "sha256sum releases/download/v1/*.gz"]).output().expect("sha256sum runs");
    let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned();
    let script = format!("AVOW_ACTION_REPOSITORY=file://$PWD bash {} bin", root().join("ci/install.sh").display());
    let mut command = work.command("bash");
    command.args(["-c", &script]).env("AVOW_ACTION_VERSION", "v1").env("AVOW_ACTION_SHA256", sum);
    let installed = command.output().expect("bash runs");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    assert_eq!(work.read("bin/avow"), "the program\n");
}

#[test]
fn each_hook_runs_on_the_files_it_is_given() {
    let hooks = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("hooks");
    let entries: Vec<&str> = hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: avow ")).collect();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let work = repository();
        let mut command = work.avow_command();
        command.args(entry.split(' ')).args(["schemas/orders.avsc", "schemas/fine one.avsc"]);
        let output = command.output().expect("avow runs");
        // Two files that define one type differently are a finding of the linter, too.
        let expected = i32::from(!entry.starts_with("fmt"));
        assert_eq!(output.status.code(), Some(expected), "{entry}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_template_for_gitlab_says_what_avow_understands() {
    let template = std::fs::read_to_string(root().join("ci/gitlab.yml")).expect("the template");
    let line = template.lines().find_map(|line| line.trim().strip_prefix("- avow ")).expect("a command");
    let work = repository();
    let ran = work.avow(&line.replace("$AVOW_CHECK", "--against git:HEAD"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let reports: Vec<PathBuf> =
        ["gl-code-quality-report.json", "avow.xml"].iter().map(|name| work.file(name)).collect();
    assert!(reports.iter().all(|report| report.is_file()));
    assert!(serde_json::from_str::<serde_json::Value>(&work.read("gl-code-quality-report.json")).is_ok());
}
