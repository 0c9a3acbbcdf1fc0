//! The real server, on a port the system chooses and a private database.

use std::net::SocketAddr;

use avow_registry::commands::serve::Running;
use avow_registry::settings::Settings;
use bytes::Bytes;
use clap::Parser;
use serde_json::Value;

use super::super::database::Database;
use super::client::V1;
use super::{Answer, Client};

/// A running registry, empty at the start, removed when dropped.
pub(crate) struct Server {
    running: Running,
    client: Client,
    database: Database,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further flags, as a person would give them.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        Self::start_on(Database::new().await, flags).await
    }

    /// Starts a server on a database that others may use as well.
    pub(crate) async fn start_on(database: Database, flags: &[&str]) -> Self {
        let url = database.url();
        let settings =
            Settings::parse_from(["avow", "--listen", "127.0.0.1:0", "--database-url", &url].iter().chain(flags));
        let running = Running::start(&settings).await.expect("the server starts");
        let client = Client::new(running.address);
        Self { running, client, database }
    }

    /// The URL of its database, for direct queries.
    pub(crate) fn database(&self) -> String {
        self.database.url()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Returns its database once the requests under way are answered.
    pub(crate) async fn stop(self) -> Database {
        self.running.stop().await;
        self.database
    }

    /// Stops the server and starts another on the same file.
    pub(crate) async fn restart(self) -> Self {
        self.running.stop().await;
        Self::start_on(self.database, &[]).await
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

    /// Sends any request, for which the helpers above are too strict.
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
