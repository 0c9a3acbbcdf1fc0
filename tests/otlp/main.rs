//! Spans reach a collector as parts of the callers' traces, and a failing collector does not affect requests.

#[expect(dead_code, reason = "the integration tests use more of it")]
#[path = "../it/support/client.rs"]
mod client;
mod collector;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use client::Client;
use collector::Collector;
use serde_json::json;
use tempfile::TempDir;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// The real program; it ends with the test.
struct Node {
    process: Child,
    client: Client,
    _directory: TempDir,
}

impl Node {
    async fn start(variables: &[(&str, &str)]) -> Self {
        let address = free_port();
        let directory = TempDir::new().expect("a directory");
        let process =
            command(address, &directory, variables).stderr(Stdio::piped()).spawn().expect("the server starts");
        // It listens before it answers.
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { process, client: Client::new(address), _directory: directory }
    }

    async fn get_within(&self, path: &str, trace: &str, sampled: bool) -> u16 {
        let parent = format!("00-{trace}-{CALLER}-0{}", u8::from(sampled));
        let headers = [("traceparent", parent.as_str()), ("tracestate", "vendor=1")];
        self.client.send("GET", path, &headers, "").await.status
    }

    async fn spans(&self, result: &str) -> u64 {
        let metrics = self.client.get("/metrics").await;
        let name = format!("schema_registry_trace_spans_total{{result=\"{result}\"}} ");
        let line = metrics.text().lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("{name} is missing")).parse().expect("a number")
    }

    /// Stops it, and returns its output.
    fn stop(self) -> Output {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(killed.expect("procps, or a shell").success());
        self.process.wait_with_output().expect("it ends")
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port")
}

fn command(address: SocketAddr, directory: &TempDir, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avow"));
    command
        .args(["serve", "--listen", &address.to_string()])
        .args(["--database-url", &format!("sqlite://{}", directory.path().join("avow.db").display())])
        .envs(variables.iter().copied());
    command
}

#[tokio::test]
async fn requests_are_spans_of_their_callers_traces() {
    let collector = Collector::start().await;
    let node = Node::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret-key"),
        ("OTEL_SERVICE_NAME", "orders-registry"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ])
    .await;

    let parent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [client::V1, ("traceparent", parent.as_str()), ("tracestate", "vendor=1")];
    let body = json!({"schema": "\"string\""}).to_string();
    assert_eq!(node.client.send("POST", "/subjects/s/versions", &headers, body).await.status, 200);
    let span = collector.waits_for(TRACE, "POST /subjects/{subject}/versions").await;
    assert_eq!((span.parent.as_str(), span.kind, span.state.as_str()), (CALLER, 2, "vendor=1"));
    let attribute = |name: &str| span.attributes.get(name).map(String::as_str);
    assert_eq!(attribute("http.response.status_code"), Some("200"), "{span:?}");
    assert_eq!(attribute("http.route"), Some("/subjects/{subject}/versions"));
    assert_eq!(attribute("http.request.method"), Some("POST"));
    for (name, value) in [
        ("service.name", "orders-registry"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(span.resource.get(name).map(String::as_str), Some(value), "{span:?}");
    }
    assert_eq!((span.content_type.as_str(), span.key.as_str()), ("application/x-protobuf", "secret-key"));
    // What the request waited for lies below it.
    let write = collector.waits_for(TRACE, "write").await;
    assert_eq!(write.parent, span.id);

    // The second answer comes from memory.
    for digit in ['a', 'b'] {
        let trace = digit.to_string().repeat(32);
        assert_eq!(node.get_within("/schemas/ids/1", &trace, true).await, 200);
        let span = collector.waits_for(&trace, "GET /schemas/ids/{id}").await;
        assert_eq!((span.parent.as_str(), span.kind), (CALLER, 2));
    }
    // A caller that does not keep its trace does not want the span of this server.
    let unkept = "c".repeat(32);
    assert_eq!(node.get_within("/schemas/ids/1", &unkept, false).await, 200);
    let unknown = "d".repeat(32);
    assert_eq!(node.get_within("/nowhere", &unknown, true).await, 404);
    collector.waits_for(&unknown, "GET").await;
    assert!(collector.taken().iter().all(|span| span.trace != unkept));
    // A caller without a trace begins one.
    assert_eq!(node.client.get("/subjects").await.status, 200);
    let alone = loop {
        if let Some(span) = collector.taken().into_iter().find(|span| span.name == "GET /subjects") {
            break span;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((alone.parent.as_str(), alone.trace.len()), ("", 32));
    assert!(node.spans("exported").await >= 6);
    assert_eq!((node.spans("failed").await, node.spans("dropped").await), (0, 0));
    assert!(node.stop().status.success());
}

#[tokio::test]
async fn the_last_spans_are_sent_when_it_stops() {
    let collector = Collector::start().await;
    let endpoint = format!("{}/v1/traces", collector.url);
    let variables = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
    let node = Node::start(&variables).await;
    assert_eq!(node.get_within("/subjects", TRACE, true).await, 200);
    assert_eq!(collector.taken(), []);
    let stopped = tokio::task::spawn_blocking(|| node.stop()).await.expect("a task");
    assert!(stopped.status.success());
    let span = collector.waits_for(TRACE, "GET /subjects").await;
    assert_eq!(span.resource["service.name"], "avow");
}

#[tokio::test]
async fn a_collector_that_does_not_answer_keeps_nobody_waiting() {
    // It takes connections, and that is all.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let node = Node::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5"),
    ])
    .await;
    while node.spans("dropped").await == 0 {
        assert_eq!(node.get_within("/subjects", TRACE, true).await, 200);
    }
    assert_eq!(node.spans("exported").await, 0);
    assert!(node.stop().status.success(), "it stops all the same");
}

#[tokio::test]
async fn a_missing_collector_is_logged_once() {
    let url = format!("http://{}", free_port());
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "1")];
    let node = Node::start(&variables).await;
    let mut failed = 0;
    for _ in 0..3 {
        assert_eq!(node.get_within("/subjects", TRACE, true).await, 200);
        while node.spans("failed").await == failed {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        failed = node.spans("failed").await;
    }
    let said = String::from_utf8(node.stop().stderr).expect("a text");
    assert_eq!(said.matches("The trace collector refuses spans").count(), 1, "{said}");
}

#[tokio::test]
async fn nothing_is_traced_unless_the_environment_says_so() {
    let collector = Collector::start().await;
    for variables in [
        [].as_slice(),
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url), ("OTEL_SDK_DISABLED", "true")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url), ("OTEL_TRACES_EXPORTER", "none")],
    ] {
        let node = Node::start(variables).await;
        assert_eq!(node.get_within("/subjects", TRACE, true).await, 200);
        assert!(!node.client.get("/metrics").await.text().contains("trace_spans"));
        assert!(node.stop().status.success());
    }
    assert_eq!(collector.taken(), []);
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let refused = command(free_port(), &directory, &variables).output().expect("it runs");
    let said = String::from_utf8(refused.stderr).expect("a text");
    assert!(!refused.status.success());
    assert!(said.contains("only http/protobuf is spoken"), "{said}");
}
