//! The examples as a reader would run them.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::support::{PATIENCE, Sender, Server, Topic};

/// An example under way, killed in the end whatever happens.
struct Example {
    process: Child,
    says: Receiver<String>,
}

impl Example {
    fn start(name: &str, server: &Server) -> Self {
        let folder = env::current_exe().unwrap().parent().unwrap().with_file_name("examples");
        let mut process = Command::new(folder.join(name))
            .env("REGISTRY", server.url())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`cargo build -p avow-client --examples` was run before");
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (say, says) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { process, says }
    }

    /// The next lines, up to one with these words.
    fn lines_until(&self, enums: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.contains(enums)) {
            let line = self.says.recv_timeout(PATIENCE);
            lines.push(line.unwrap_or_else(|_| panic!("`{enums}` should follow on {lines:#?}")));
        }
        lines
    }

    /// Everything it says until it ends, which it does well.
    fn lines(mut self) -> Vec<String> {
        let lines = self.says.iter().collect();
        assert!(self.process.wait().unwrap().success(), "{lines:#?}");
        lines
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn what_one_writes_the_other_reads_or_puts_aside() {
    let server = Server::start();
    let orders = Topic::named("orders".to_owned(), 2).await;
    Topic::named("orders-dead-letters".to_owned(), 1).await;
    assert_eq!(Example::start("producer", &server).lines(), [""; 0]);
    Sender::new().send_raw(&orders, None, b"{\"id\":1}", None).await;

    let group = Example::start("consumer_group", &server);
    let mut lines = group.lines_until("dead letter");
    lines.extend((lines.len()..11).map(|_| group.says.recv_timeout(PATIENCE).unwrap()));
    lines.sort();
    let mut expected: Vec<String> = (0..10).map(|id| format!("cup {id} of order {id}")).collect();
    expected.push("dead letter: the record does not name its schema: JSON".to_owned());
    assert_eq!(lines, expected);

    let dead = Example::start("dead_letters", &server);
    let lines = dead.lines_until("avow.undecodable.reason");
    assert!(lines[0].starts_with("8 bytes, "), "{lines:#?}");
    assert!(lines[1].ends_with("avow.undecodable.class: not-framed"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker: tests/kafka/run"]
async fn payments_are_confirmed_while_their_schema_evolves() {
    let server = Server::start();
    for topic in ["payments", "booked"] {
        Topic::named(topic.to_owned(), 1).await;
    }
    let lines = Example::start("payments", &server).lines();
    let update = lines.iter().position(|line| line.contains("the till is updated")).expect("an update");
    let last = lines.last().unwrap();
    assert!(update < lines.len() - 1 && last.contains("| undecodable 0 |"), "{lines:#?}");
    let confirmed = |line: &str| {
        let number = line.split("confirmed").nth(1).and_then(|rest| rest.split('|').next()).expect("a number");
        number.trim().parse::<u64>().unwrap()
    };
    assert!(confirmed(last) > confirmed(&lines[update - 1]), "they go on after it: {lines:#?}");
}
