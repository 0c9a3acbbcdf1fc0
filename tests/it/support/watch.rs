//! The reported state of a node, observed from outside.

use std::time::Duration;

use super::support::Server;

/// The state that a node reports.
pub(crate) async fn readiness(node: &Server) -> String {
    node.get("/readyz").await.ok()["status"].as_str().expect("a status").to_owned()
}

/// Waits until a node reports a state.
pub(crate) async fn until(node: &Server, status: &str) {
    let becomes = async {
        while readiness(node).await != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), becomes).await.expect("the status is reached in the end");
}

/// The value of a series of the metrics page; that there is none is an error.
pub(crate) async fn count(node: &Server, series: &str) -> u64 {
    let page = node.get("/metrics").await;
    let value = page.text().lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no `{series}`")).parse().expect("a number")
}
