//! A collector on a real port, which keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use tokio::net::TcpListener;

use crate::wire::Message;

/// A span as it arrived, with the attributes of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    /// 2 is a server's.
    pub(crate) kind: u64,
    pub(crate) state: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) key: String,
}

#[derive(Clone, Default)]
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let collector = Self { url, spans: Arc::default() };
        let taken = Arc::clone(&collector.spans);
        let take = async move |headers: HeaderMap, body: Bytes| {
            taken.lock().expect("no panic").extend(spans(&headers, &body));
            Bytes::new()
        };
        let app = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        collector
    }

    pub(crate) fn taken(&self) -> Vec<Span> {
        self.spans.lock().expect("no panic").clone()
    }

    /// The span of a trace that has a name, once it is there.
    pub(crate) async fn waits_for(&self, trace: &str, name: &str) -> Span {
        loop {
            let found = self.taken().into_iter().find(|span| span.trace == trace && span.name == name);
            if let Some(span) = found {
                return span;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// `ExportTraceServiceRequest` of opentelemetry-proto.
fn spans(headers: &HeaderMap, body: &[u8]) -> Vec<Span> {
    let header = |name| headers.get(name).map_or(String::new(), |value| value.to_str().expect("a text").to_owned());
    let mut found = Vec::new();
    for of_resource in Message::read(body).messages(1) {
        let resource =
            of_resource.messages(1).flat_map(|resource| attributes(&resource, 1)).collect::<BTreeMap<_, _>>();
        for span in of_resource.messages(2).flat_map(|scope| scope.messages(2).collect::<Vec<_>>()) {
            found.push(Span {
                trace: span.hex(1),
                id: span.hex(2),
                state: span.text(3),
                parent: span.hex(4),
                name: span.text(5),
                kind: span.number(6).unwrap_or_default(),
                attributes: attributes(&span, 9),
                resource: resource.clone(),
                content_type: header("content-type"),
                key: header("x-key"),
            });
        }
    }
    found
}

fn attributes(message: &Message<'_>, number: u64) -> BTreeMap<String, String> {
    let value = |value: Message<'_>| match value.number(3) {
        Some(number) => number.to_string(),
        None => value.text(1),
    };
    message
        .messages(number)
        .map(|pair| (pair.text(1), pair.messages(2).next().map(value).unwrap_or_default()))
        .collect()
}
