//! A node: the real program, killed without a word and started again.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::client::Client;

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    url: String,
    process: Option<Child>,
}

impl Node {
    pub(crate) fn start(url: &str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
        let mut node = Self { address, url: url.to_owned(), process: None };
        node.keep_running();
        node
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Restarts the process if it has ended, as a supervisor does.
    pub(crate) fn keep_running(&mut self) {
        if let Some(process) = &mut self.process
            && process.try_wait().expect("a child").is_none()
        {
            return;
        }
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_avow"), "serve", "--log", "off"])
            .args(["--listen", &self.address.to_string(), "--database-url", &self.url])
            .args(["--compatibility", "NONE", "--database-timeout", "2"])
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv (Debian: util-linux)");
        self.process = Some(process);
    }

    /// Whether it can do all that it should, asked until it can.
    pub(crate) async fn is_ready(&mut self) {
        let client = Client::new(self.address);
        for _ in 0..600 {
            self.keep_running();
            if let Ok(answer) = client.try_send("GET", "/readyz", &[], "").await
                && answer.status == 200
                && answer.json()["status"] == "ok"
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the node at {} does not get ready", self.address);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
