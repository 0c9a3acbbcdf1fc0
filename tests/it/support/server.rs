//! The real server, on a port the system chooses and a SQLite file nobody else has.

use std::net::SocketAddr;

use avow_registry::cli::serve::Running;
use avow_registry::settings::Settings;
use bytes::Bytes;
use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::client::V1;
use super::{Answer, Client};

/// A running registry, empty at the start, gone when dropped.
pub(crate) struct Server {
    running: Running,
    client: Client,
    directory: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further flags, as a person would give them.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        Self::start_in(TempDir::new().expect("a directory"), flags).await
    }

    async fn start_in(directory: TempDir, flags: &[&str]) -> Self {
        let database = format!("sqlite://{}", directory.path().join("avow.db").display());
        let settings =
            Settings::parse_from(["avow", "--listen", "127.0.0.1:0", "--database-url", &database].iter().chain(flags));
        let running = Running::start(&settings).await.expect("the server starts");
        let client = Client::new(running.address);
        Self { running, client, directory }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Returns once the requests under way are answered.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }

    /// Stops the server; the URL of its database, which is there for as long as the directory is.
    pub(crate) async fn stop_keeping_the_file(self) -> (String, TempDir) {
        self.running.stop().await;
        (format!("sqlite://{}", self.directory.path().join("avow.db").display()), self.directory)
    }

    /// Stops the server and starts another on the same file.
    pub(crate) async fn restart(self) -> Self {
        self.running.stop().await;
        Self::start_in(self.directory, &[]).await
    }

    /// A connection of one's own, for tests that need several at once.
    pub(crate) fn connect(&self) -> Client {
        Client::new(self.running.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.client.get(path).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.client.send("DELETE", path, &[], Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.client.send("PUT", path, &[V1], body.to_string()).await
    }

    /// Sends anything, for what the helpers above are too polite for.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.client.send(method, path, headers, body).await
    }

    /// Registers a schema that must be accepted, and returns its id.
    pub(crate) async fn register(&self, subject: &str, schema: &str) -> i64 {
        let answer =
            self.post(&format!("/subjects/{subject}/versions"), &serde_json::json!({ "schema": schema })).await;
        answer.ok()["id"].as_i64().expect("an id")
    }
}
