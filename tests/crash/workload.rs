//! Clients that write through any node and record the responses, and the checks of those afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::client::{Client, V1};

/// A request of a client, and its response.
#[derive(Debug)]
pub(crate) struct Exchange {
    request: String,
    kind: &'static str,
    subject: String,
    /// Status, place in the log, and body; `None` where no answer came.
    answer: Option<(u16, Option<u64>, Value)>,
}

/// Clients at work.
pub(crate) struct Workload {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<Exchange>>>,
}

/// How long a client waits for an answer; then it counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

impl Workload {
    pub(crate) fn start(clients: usize, round: u64, nodes: &[SocketAddr]) -> Self {
        let (stop, acknowledged) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let clients = (0..clients)
            .map(|number| {
                let (stop, acknowledged, nodes) = (Arc::clone(&stop), Arc::clone(&acknowledged), nodes.to_vec());
                tokio::spawn(async move {
                    let mut exchanges = Vec::new();
                    let mut random = fastrand::Rng::new();
                    let nodes: Vec<Client> = nodes.into_iter().map(Client::new).collect();
                    while !stop.load(Ordering::Relaxed) {
                        let request = format!("{round}-{number}-{}", exchanges.len());
                        let done = act(&nodes[random.usize(..nodes.len())], &mut random, request).await;
                        match &done.answer {
                            Some((200, ..)) => drop(acknowledged.fetch_add(1, Ordering::Relaxed)),
                            Some((500.., ..)) | None => tokio::time::sleep(Duration::from_millis(20)).await,
                            Some(_) => {}
                        }
                        exchanges.push(done);
                    }
                    exchanges
                })
            })
            .collect();
        Self { stop, acknowledged, clients }
    }

    /// Waits until that many more requests were answered with a success: the registry works.
    pub(crate) async fn goes_on(&self, more: u64) {
        let goal = self.acknowledged.load(Ordering::Relaxed) + more;
        let wait = async {
            while self.acknowledged.load(Ordering::Relaxed) < goal {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), wait).await.expect("writes resume within a minute");
    }

    pub(crate) async fn stop(self) -> Vec<Exchange> {
        self.stop.store(true, Ordering::Relaxed);
        let mut exchanges = Vec::new();
        for client in self.clients {
            exchanges.extend(client.await.expect("a client"));
        }
        exchanges
    }
}

/// Does anything. What begins with `kept` is never deleted for good, so there ids and versions mean one thing for ever.
async fn act(node: &Client, random: &mut fastrand::Rng, request: String) -> Exchange {
    let kept = random.u8(0..3) > 0;
    let subject = format!("{}-{}", if kept { "kept" } else { "passing" }, random.u8(0..8));
    let content = if random.bool() { random.u32(0..200) } else { random.u32(..) };
    let schema = format!(r#"{{"type":"fixed","name":"{}","size":{content}}}"#, if kept { "K" } else { "P" });
    let level = ["NONE", "FULL"][random.usize(0..2)];
    let (kind, method, path, body) = match random.u8(0..12) {
        0..7 => ("register", "POST", format!("/subjects/{subject}/versions"), json!({ "schema": schema })),
        7 => ("config", "PUT", format!("/config/{subject}"), json!({ "compatibilityGroup": level })),
        8 => ("config", "DELETE", format!("/config/{subject}"), Value::Null),
        9 => ("soft-delete", "DELETE", format!("/subjects/{subject}/versions/latest"), Value::Null),
        10 => ("soft-delete", "DELETE", format!("/subjects/{subject}"), Value::Null),
        _ if kept => ("mode", "PUT", format!("/mode/{subject}"), json!({"mode": "READWRITE"})),
        _ => ("hard-delete", "DELETE", format!("/subjects/{subject}?permanent=true"), Value::Null),
    };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [V1, ("x-request-id", request.as_str())];
    let sent = tokio::time::timeout(PATIENCE, node.try_send(method, &path, &headers, body)).await;
    let answer = sent.ok().and_then(Result::ok).map(|answer| {
        let seq = answer.header("avow-seq").and_then(|seq| seq.parse().ok());
        (answer.status, seq, answer.json())
    });
    Exchange { request, kind, subject, answer }
}

/// The whole log, as a node returns it.
async fn log(node: SocketAddr) -> Vec<Value> {
    let client = Client::new(node);
    let mut log = Vec::new();
    loop {
        let page = client.get(&format!("/avow/v1/changes?after={}&limit=1000", log.len())).await.ok();
        let page = page.as_array().expect("a page");
        log.extend(page.iter().map(|event| event["data"].clone()));
        if page.is_empty() {
            return log;
        }
    }
}

/// Checks that every response is true; returns the numbers of acknowledged writes and of lost responses.
pub(crate) async fn check(exchanges: &[Exchange], node: SocketAddr) -> (usize, usize) {
    let log = log(node).await;
    let mut by_request = BTreeMap::new();
    let mut meanings = BTreeMap::new();
    let mut ids = BTreeMap::new();
    let mut versions = BTreeSet::new();
    let mut registered = BTreeSet::new();
    for (change, place) in log.iter().zip(1_u64..) {
        assert_eq!(change["seq"], place, "the log has no gaps");
        let request = change["requestId"].as_str().expect("a request");
        assert!(by_request.insert(request, change).is_none(), "written twice: {change}");
        if change["kind"] != "register" {
            continue;
        }
        let after = &change["after"];
        let (id, guid, subject) = (after["id"].to_string(), after["guid"].to_string(), change["subject"].to_string());
        assert_eq!(
            meanings.entry(id.clone()).or_insert_with(|| guid.clone()),
            &guid,
            "two contents of an id: {change}"
        );
        registered.insert((subject.clone(), after["version"].to_string(), id.clone()));
        if subject.contains("kept") {
            assert_eq!(ids.entry(guid).or_insert_with(|| id.clone()), &id, "two ids of a content: {change}");
            assert!(versions.insert((subject, after["version"].to_string())), "two versions of a number: {change}");
        }
    }
    let (mut acknowledged, mut lost) = (0, 0);
    for exchange in exchanges {
        let written = by_request.get(exchange.request.as_str());
        match &exchange.answer {
            Some((200, seq, body)) => {
                if let Some(change) = written {
                    acknowledged += 1;
                    assert_eq!(change["kind"], exchange.kind, "{exchange:?}");
                    assert_eq!(change["subject"], *exchange.subject, "{exchange:?}");
                    assert_eq!(change["seq"].as_u64(), *seq, "{exchange:?}");
                    if exchange.kind == "register" {
                        assert_eq!(change["after"]["id"], body["id"], "{exchange:?}");
                        assert_eq!(change["after"]["version"], body["version"], "{exchange:?}");
                    }
                } else {
                    // Only what is there already needs no change.
                    assert_eq!(exchange.kind, "register", "acknowledged and lost: {exchange:?}");
                    let key =
                        (json!(exchange.subject).to_string(), body["version"].to_string(), body["id"].to_string());
                    assert!(registered.contains(&key), "acknowledged and lost: {exchange:?}");
                }
            }
            Some((400..500, ..)) => assert!(written.is_none(), "refused and written: {exchange:?}"),
            // The outcome is unknown, so both are right.
            None | Some((503 | 504, ..)) => lost += 1,
            Some(_) => panic!("a fault: {exchange:?}"),
        }
    }
    (acknowledged, lost)
}
