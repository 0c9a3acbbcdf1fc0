//! A registry that does what the test says: hangs, lies, lags, breaks off, and remembers what it was asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::tls::Secured;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// As it came over the wire, with its query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    after: Duration,
    breaks_off: bool,
}

impl Reply {
    #[expect(clippy::needless_pass_by_value, reason = "it is made where it is given")]
    pub(crate) fn ok(body: Value) -> Self {
        Self::text(200, body.to_string())
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), after: Duration::ZERO, breaks_off: false }
    }

    pub(crate) fn error(code: u32, message: &str) -> Self {
        let status = if code > 999 { code / 100 } else { code };
        let status = u16::try_from(status).expect("a status");
        Self::text(status, json!({ "error_code": code, "message": message }).to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Takes its time.
    pub(crate) fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }

    /// Never comes.
    pub(crate) fn hangs() -> Self {
        Self::ok(Value::Null).after(Duration::from_hours(1))
    }

    /// The connection is gone in the middle of the answer.
    pub(crate) fn breaks_off(mut self) -> Self {
        self.breaks_off = true;
        self
    }

    fn response(self) -> Response {
        let mut response = Response::builder().status(self.status).header("content-type", "application/json");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = if self.breaks_off {
            let half = Bytes::from(self.body[..self.body.len() / 2].to_owned());
            let parts = [Ok(half), Err(std::io::Error::other("cut"))];
            Body::from_stream(futures_util::stream::iter(parts))
        } else {
            Body::from(self.body)
        };
        response.body(body).expect("a response")
    }
}

type Script = Box<dyn FnMut(&Asked) -> Reply + Send>;

struct Inner {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
    killed: AtomicBool,
}

/// A scripted registry on a port of its own.
pub(crate) struct Double {
    pub(crate) url: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

impl Double {
    pub(crate) async fn start(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        Self::on(listener, url, script)
    }

    /// The same behind TLS.
    pub(crate) async fn secured(acceptor: TlsAcceptor, script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        Self::on(Secured { listener, acceptor }, url, script)
    }

    fn on<L>(listener: L, url: String, script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self
    where
        L: Listener,
        L::Addr: std::fmt::Debug,
    {
        let inner =
            Inner { script: Mutex::new(Box::new(script)), asked: Mutex::default(), killed: AtomicBool::new(false) };
        let inner = Arc::new(inner);
        let server = serve(listener, Arc::clone(&inner));
        Self { url, inner, server }
    }

    /// Dies: what is under way breaks off, and nobody listens any more.
    pub(crate) async fn kill(&mut self) {
        self.inner.killed.store(true, Ordering::SeqCst);
        self.server.abort();
        while TcpStream::connect(self.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Lives again, at the same address.
    pub(crate) async fn revive(&mut self) {
        self.inner.killed.store(false, Ordering::SeqCst);
        let listener = TcpListener::bind(self.address()).await.expect("the same port");
        self.server = serve(listener, Arc::clone(&self.inner));
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Answers these in turn, the last one for ever.
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<_> = replies.into_iter().collect();
        replies.reverse();
        Self::start(move |_| {
            let next = replies.pop().expect("a reply");
            if replies.is_empty() {
                replies.push(next.clone());
            }
            next
        })
        .await
    }

    /// Changes its mind.
    pub(crate) fn now(&self, script: impl FnMut(&Asked) -> Reply + Send + 'static) {
        *self.inner.script.lock().unwrap() = Box::new(script);
    }

    /// All it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// All it was asked so far, in short.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn serve<L>(listener: L, inner: Arc<Inner>) -> JoinHandle<()>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    let app = Router::new().fallback(answer).with_state(inner);
    tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") })
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    if inner.killed.load(Ordering::SeqCst) {
        return Reply::text(200, "dead").breaks_off().response();
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into()),
    };
    let reply = (inner.script.lock().unwrap())(&asked);
    inner.asked.lock().unwrap().push(asked);
    tokio::time::sleep(reply.after).await;
    reply.response()
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}
