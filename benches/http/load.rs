//! Load generators: wrk for repeated requests, and clients of this program for distinct ones.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::floor::Answer;

/// The number of connections that wrk keeps busy, by default.
pub(crate) const CONNECTIONS: u32 = 32;

/// The measurements of wrk.
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p99_ms: f64,
}

/// A request that wrk sends: a path and a body, which may be empty.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) body: String,
}

pub(crate) fn need_wrk() {
    assert!(Command::new("wrk").arg("-v").output().is_ok(), "wrk is missing: apt-get install wrk");
}

/// Sends requests for some seconds; `lua` is a script for wrk that makes them.
pub(crate) fn wrk(address: &str, lua: &Path, seconds: u32, clients: u32) -> Measured {
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{clients}"), &format!("-d{seconds}s"), "--latency", "-s"])
        .arg(lua)
        .arg(format!("http://{address}/"))
        .output()
        .expect("wrk runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap_or_else(|| panic!("{text}"));
        line.trim().to_owned()
    };
    let total =
        text.lines().find_map(|line| line.trim().split_once(" requests in ")).unwrap_or_else(|| panic!("{text}"));
    Measured {
        requests: total.0.parse().expect("a number"),
        per_second: after("Requests/sec:").parse().expect("a number"),
        p99_ms: milliseconds(&after("99%")),
    }
}

fn milliseconds(text: &str) -> f64 {
    let (unit, scale) = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)]
        .into_iter()
        .find(|(unit, _)| text.ends_with(unit))
        .expect("a unit of time");
    text.trim_end_matches(unit).parse::<f64>().expect("a number") * scale
}

/// The script with which wrk sends these requests, one after another and again from the first. They are formatted once,
/// so that wrk does not become the bottleneck.
pub(crate) fn script(method: &str, requests: &[Request]) -> String {
    let mut script =
        "local headers = {[\"Content-Type\"] = \"application/json\"}\nlocal paths, bodies = {}, {}\n".to_owned();
    for Request { path, body } in requests {
        writeln!(script, "paths[#paths + 1] = {path:?}").expect("a String");
        if !body.is_empty() {
            writeln!(script, "bodies[#paths] = [==[{body}]==]").expect("a String");
        }
    }
    write!(
        script,
        "local requests, next = {{}}, 0
init = function()
    for at, path in ipairs(paths) do
        requests[at] = wrk.format({method:?}, path, bodies[at] and headers, bodies[at])
    end
end
request = function()
    next = next % #requests + 1
    return requests[next]
end
"
    )
    .expect("a String");
    script
}

/// Sends one request and returns the answer.
pub(crate) fn once(method: &str, address: &str, path: &str, body: &str) -> Answer {
    runtime().block_on(async { Client::connect(address).await.send(method, path, body.to_owned()).await })
}

/// The outcome of new registrations.
pub(crate) struct Registered {
    pub(crate) per_second: f64,
    pub(crate) p99_ms: f64,
}

/// Registers a new schema with every request, from `clients` clients that are shared out among the servers.
pub(crate) fn register(addresses: &[&str], clients: u64, next: &AtomicU64, seconds: u32) -> Registered {
    let limit = Duration::from_secs(seconds.into());
    let begun = Instant::now();
    let took = runtime().block_on(futures_util::future::join_all((0..clients).zip(addresses.iter().cycle()).map(
        async |(_, address)| {
            let mut client = Client::connect(address).await;
            let mut took = Vec::new();
            while begun.elapsed() < limit {
                let sent = Instant::now();
                let number = next.fetch_add(1, Ordering::Relaxed);
                let path = format!("/subjects/bench-{number}/versions");
                let answer = client.send("POST", &path, crate::registration(number)).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
                took.push(sent.elapsed());
            }
            took
        },
    )));
    let mut took: Vec<Duration> = took.into_iter().flatten().collect();
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let done = took.len() as f64;
    Registered { per_second: done / begun.elapsed().as_secs_f64(), p99_ms: p99.as_secs_f64() * 1e3 }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

struct Client {
    address: String,
    connection: SendRequest<Full<Bytes>>,
}

impl Client {
    async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { address: address.to_owned(), connection: sender }
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> Answer {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .body(Full::from(body))
            .expect("a request");
        self.connection.ready().await.expect("an open connection");
        let (parts, body) = self.connection.send_request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a complete answer").to_bytes();
        let text = |value: &hyper::header::HeaderValue| value.to_str().expect("text").to_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Answer { status: parts.status.as_u16(), headers, body: String::from_utf8(body.to_vec()).expect("text") }
    }
}
