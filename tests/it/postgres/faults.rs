//! A failure of any statement: a write happens once and is reported, or does not happen and is refused.

use avow_registry::store;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::database::Database;
use super::faulty::{Fault, Faulty, Of};
use super::support::{Answer, Server};

/// Everything that writes, by the kind of its change; registering what is known writes nothing.
const WRITES: [(&str, Option<&str>); 11] = [
    ("register", Some("register")),
    ("register again", None),
    ("refer", Some("register")),
    ("import", Some("register")),
    ("soft-delete", Some("soft-delete")),
    ("hard-delete", Some("hard-delete")),
    ("set config", Some("config")),
    ("delete config", Some("config")),
    ("set mode", Some("mode")),
    ("delete mode", Some("mode")),
    ("delete context", Some("forget-context")),
];

const FAULTS: [Fault; 6] = [
    Fault::Refused("40001"),
    Fault::Refused("40P01"),
    Fault::Unknown,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::Late,
];

/// More statements than any write takes.
const MANY: usize = 60;

/// A node whose database fails on demand, and one beside it that sees the real state.
struct Nodes {
    url: String,
    faulty: Faulty,
    tried: Server,
    witness: Server,
    number: usize,
    head: u64,
}

impl Nodes {
    async fn start(flags: &[&str]) -> Self {
        let database = Database::new().await;
        let url = database.url();
        let witness = Server::start_on(database, &["--compatibility", "NONE"]).await;
        let faulty = Faulty::before(&url).await;
        let flags = [&["--compatibility", "NONE"], flags].concat();
        let tried = Server::start_on(Database::at(faulty.url()), &flags).await;
        Self { url, faulty, tried, witness, number: 0, head: 0 }
    }

    /// Sets up the state that a write needs.
    async fn prepare(&self, write: &str) {
        let (subject, versions, schema) = names(self.number);
        let witness = &self.witness;
        match write {
            "register again" | "refer" | "soft-delete" | "hard-delete" => {
                drop(witness.post(&versions, &schema).await.ok());
            }
            "import" => drop(witness.put(&format!("/mode/{subject}"), &json!({"mode": "IMPORT"})).await.ok()),
            "delete config" => {
                drop(witness.put(&format!("/config/{subject}"), &json!({"compatibility": "FULL"})).await.ok());
            }
            "delete mode" => drop(witness.put(&format!("/mode/{subject}"), &json!({"mode": "READONLY"})).await.ok()),
            "delete context" => {
                let path = format!("/subjects/:.{subject}:x");
                witness.post(&format!("{path}/versions"), &schema).await.ok();
                witness.delete(&path).await.ok();
                witness.delete(&format!("{path}?permanent=true")).await.ok();
            }
            _ => {}
        }
        if write == "hard-delete" {
            witness.delete(&format!("/subjects/{subject}")).await.ok();
        }
    }

    async fn write(&self, number: usize, write: &str) -> Answer {
        let (subject, versions, mut schema) = names(number);
        let tried = self.tried.connect();
        let send = async |method: &str, path: String, body: Value| {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            tried.send(method, &path, &[("content-type", "application/json")], body).await
        };
        match write {
            "register" | "register again" => send("POST", versions, schema).await,
            "refer" => {
                let name = format!("R{number}");
                let text = format!(r#"{{"type":"record","name":"U","fields":[{{"name":"f","type":"{name}"}}]}}"#);
                let body = json!({
                    "schema": text, "references": [{"name": name, "subject": subject, "version": 1}]
                });
                send("POST", format!("/subjects/u-{subject}/versions"), body).await
            }
            "import" => {
                schema["id"] = (1_000_000 + number).into();
                schema["version"] = 7.into();
                send("POST", versions, schema).await
            }
            "soft-delete" => send("DELETE", format!("/subjects/{subject}"), Value::Null).await,
            "hard-delete" => send("DELETE", format!("/subjects/{subject}?permanent=true"), Value::Null).await,
            "set config" => send("PUT", format!("/config/{subject}"), json!({"compatibility": "FULL"})).await,
            "delete config" => send("DELETE", format!("/config/{subject}"), Value::Null).await,
            "set mode" => send("PUT", format!("/mode/{subject}"), json!({"mode": "READONLY"})).await,
            "delete mode" => send("DELETE", format!("/mode/{subject}"), Value::Null).await,
            _ => send("DELETE", format!("/contexts/.{subject}"), Value::Null).await,
        }
    }

    /// The kinds of the changes since the last question.
    async fn news(&mut self) -> Vec<String> {
        let mut kinds = Vec::new();
        loop {
            let page = self.witness.get(&format!("/avow/v1/changes?after={}&limit=1000", self.head)).await.ok();
            let page = page.as_array().expect("a page");
            for change in page {
                self.head += 1;
                assert_eq!(change["data"]["seq"], self.head, "no gaps");
                kinds.push(change["data"]["kind"].as_str().expect("a kind").to_owned());
            }
            if page.is_empty() {
                return kinds;
            }
        }
    }

    /// Performs one write while `times` statements fail after `after` others; returns the outcome, and whether any failed.
    async fn attempt(&mut self, write: &str, fault: Fault, after: usize) -> Attempt {
        self.number += 1;
        self.prepare(write).await;
        self.news().await;
        self.faulty.arm(fault, Of::Everything, after, 1);
        let answer = self.write(self.number, write).await;
        let struck = self.faulty.disarm();
        self.faulty.deliver().await;
        Attempt { answer, struck, news: self.news().await }
    }

    /// Performs all writes at once, while as many statements fail.
    async fn attempt_all(
        &mut self,
        fault: Fault,
        of: Of,
        after: usize,
        times: usize,
    ) -> (Vec<Answer>, usize, Vec<String>) {
        let first = self.number + 1;
        for (write, _) in WRITES {
            self.number += 1;
            self.prepare(write).await;
        }
        self.news().await;
        self.faulty.arm(fault, of, after, times);
        let writes = WRITES.iter().zip(first..).map(|((write, _), number)| self.write(number, write));
        let answers = join_all(writes).await;
        let struck = self.faulty.disarm();
        self.faulty.deliver().await;
        (answers, struck, self.news().await)
    }

    async fn end_sound(self) {
        drop((self.tried.stop().await, self.witness.stop().await));
        let report = store::verify(&self.url).await.expect("a database");
        assert_eq!(report.faults, Vec::<String>::new());
    }
}

/// Resources of one attempt only: a subject, the path of its versions, and a schema.
fn names(number: usize) -> (String, String, Value) {
    let schema = json!({ "schema": format!(r#"{{"type":"record","name":"R{number}","fields":[]}}"#) });
    (format!("s{number}"), format!("/subjects/s{number}/versions"), schema)
}

struct Attempt {
    answer: Answer,
    struck: usize,
    news: Vec<String>,
}

#[tokio::test]
async fn any_one_statement_may_fail_and_the_write_happens_once() {
    let mut nodes = Nodes::start(&[]).await;
    let mut struck = 0;
    for (write, kind) in WRITES {
        for fault in FAULTS {
            for after in 0..MANY {
                let attempt = nodes.attempt(write, fault, after).await;
                let what = format!("{write}, {fault:?} after {after}: {}", attempt.answer.text());
                assert!([200, 204].contains(&attempt.answer.status), "{what}");
                assert_eq!(attempt.news.first().map(String::as_str), kind, "{what}");
                assert_eq!(attempt.news.len(), usize::from(kind.is_some()), "{what}");
                struck += attempt.struck;
                if attempt.struck == 0 {
                    break;
                }
                assert!(after + 1 < MANY, "{what}");
            }
        }
    }
    assert!(struck > 100, "{struck}");
    nodes.end_sound().await;
}

/// The kinds of all changes that are to be found afterwards.
fn all_kinds() -> Vec<&'static str> {
    let mut kinds: Vec<_> = WRITES.iter().filter_map(|(_, kind)| *kind).collect();
    kinds.sort_unstable();
    kinds
}

async fn any_one_statement_may_fail_while_many_write(flags: &[&str]) {
    let mut nodes = Nodes::start(flags).await;
    for fault in FAULTS {
        for after in 0..MANY {
            let (answers, struck, mut news) = nodes.attempt_all(fault, Of::Everything, after, 1).await;
            for (answer, (write, _)) in answers.iter().zip(WRITES) {
                assert!([200, 204].contains(&answer.status), "{write}, {fault:?} after {after}: {}", answer.text());
            }
            news.sort();
            assert_eq!(news, all_kinds(), "{fault:?} after {after}");
            if struck == 0 {
                break;
            }
        }
    }
    nodes.end_sound().await;
}

#[tokio::test]
async fn any_one_statement_may_fail_while_many_write_and_each_write_happens_once() {
    any_one_statement_may_fail_while_many_write(&[]).await;
}

/// There each statement has a transaction, so that there are more to fail.
#[tokio::test]
async fn any_one_statement_may_fail_behind_a_pooler_and_each_write_happens_once() {
    any_one_statement_may_fail_while_many_write(&["--database-pooler", "transaction"]).await;
}

#[tokio::test]
async fn writes_that_cannot_be_done_are_refused_and_happen_at_most_once() {
    let mut nodes = Nodes::start(&["--database-timeout", "1"]).await;
    for fault in FAULTS {
        for _ in 0..2 {
            let (answers, _, mut news) = nodes.attempt_all(fault, Of::Writers, 0, usize::MAX).await;
            for (answer, (write, kind)) in answers.iter().zip(WRITES) {
                let what = format!("{write}, {fault:?}: {}", answer.text());
                if kind.is_some() {
                    assert_eq!(answer.error(), (503, 503), "{what}");
                    assert!(answer.header("retry-after").is_some(), "{what}");
                } else {
                    assert_eq!(answer.status, 200, "{what}");
                }
            }
            if [Fault::Unknown, Fault::LostAfter, Fault::Late].contains(&fault) {
                let mut left = all_kinds();
                news.retain(|kind| match left.iter().position(|other| other == kind) {
                    Some(at) => {
                        left.remove(at);
                        false
                    }
                    None => true,
                });
            }
            assert_eq!(news, [""; 0], "{fault:?}");
        }
    }
    nodes.end_sound().await;
}
