//! A person at a terminal: what is final is asked for first. `script` of util-linux makes the terminal.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::Server;
use crate::work::Work;

/// Runs a command at a terminal whose person types `typed`, and then nothing more.
fn at_terminal(work: &Work, arguments: &str, typed: &str) -> (Option<i32>, String) {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_avow"));
    let mut script = work.command("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).env("TERM", "dumb").env("NO_COLOR", "1");
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script of util-linux runs");
    child.stdin.take().expect("it was asked for").write_all(typed.as_bytes()).expect("somebody reads");
    let output = child.wait_with_output().expect("an end");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_before_a_person_says_so() {
    let server = Server::start().await;
    let mut work = Work::with(&[("orders.avsc", "\"int\"")]);
    work.set("AVOW_REGISTRY_URL", &format!("http://{}", server.address()));
    let subjects = |work: &Work| work.avow("list").stdout;
    for typed in ["n\n", "\n", ""] {
        let (code, shown) = at_terminal(&work, "apply", typed);
        assert_eq!(code, Some(0), "{typed:?}: {shown}");
        assert!(shown.contains("+ orders (orders.avsc): create, version 1"), "{typed:?}: {shown}");
        assert!(shown.contains("[y/N] ") && shown.contains("nothing was changed"), "{typed:?}: {shown}");
        assert_eq!(subjects(&work), "", "{typed:?}");
    }
    let (code, shown) = at_terminal(&work, "apply", "y\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("done: orders: version 1 registered"), "{shown}");
    assert_eq!(subjects(&work), "orders\n");

    let (_, shown) = at_terminal(&work, "delete orders", "no\n");
    assert!(shown.contains("orders@1"), "{shown}");
    assert_eq!(subjects(&work), "orders\n");
    let (code, shown) = at_terminal(&work, "delete orders", "yes\n");
    assert_eq!((code, subjects(&work)), (Some(0), String::new()), "{shown}");
    server.stop().await;
}
