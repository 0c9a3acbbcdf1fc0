//! The listener: accepts connections, limits the cost of each, and drains them when the server stops.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::peer::{Connections, Peer};
use super::tls::Tls;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The limits of one connection, and of all of them together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The maximum number of connections; further ones wait to be accepted.
    pub connections: usize,
    /// Connections served at a time to one address; further ones are closed.
    pub connections_per_address: usize,
    /// Bytes of a request line and its headers; longer ones get 431.
    pub head_bytes: u32,
    /// The maximum time between a response and the complete head of the next request.
    pub head_timeout: Duration,
    /// The maximum time without a byte in either direction; longer than any request takes.
    pub idle_timeout: Duration,
}

/// The pause after a failed accept, mostly for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The maximum number of open streams of one HTTP/2 connection.
const STREAMS: u32 = 256;

/// Streams that a client may have reset before they were answered; one that resets more is disconnected.
const PENDING_RESETS: usize = 20;

/// Streams that may be reset for what the client did wrong in them; one that goes on is disconnected.
const ERROR_RESETS: usize = 256;

/// How often an HTTP/2 connection is asked whether its client is still there.
const PING: Duration = Duration::from_secs(30);

/// Serves requests with `answer` until `shutdown` resolves, then finishes open ones, or drops them at `give_up`.
pub async fn serve<F>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
    give_up: impl Future<Output = ()>,
) where
    F: Future<Output = Response> + Send + 'static,
{
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        // hyper counts from the end of the last response, so this bounds idle connections and slow heads alike.
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes as usize);
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.head_bytes)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .keep_alive_interval(PING);

    let permits = Arc::new(Semaphore::new(limits.connections));
    let by_address = Connections::new(limits.connections_per_address);
    let draining = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, address, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut shutdown => break,
        };
        let Some(counted) = by_address.count(address.ip()) else {
            tracing::debug!(%address, "A connection was closed: its address has too many");
            continue;
        };
        let (answer, tls, http, watcher) = (answer.clone(), tls.clone(), http.clone(), draining.watcher());
        let stream = Bounded::new(stream, limits.idle_timeout);
        connections.spawn(async move {
            let ended = match tls {
                None => watcher.watch(connection(&http, stream, Peer::new(address, None), answer)).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => {
                        let peer = Peer::new(address, tls.certificate(&stream));
                        watcher.watch(connection(&http, stream, peer, answer)).await
                    }
                    Err(error) => Err(error.into()),
                },
            };
            if let Err(error) = ended {
                tracing::debug!(error, "A connection ended early");
            }
            drop((counted, permit));
        });
    }
    drop(listener);
    tokio::select! {
        () = draining.shutdown() => {}
        () = give_up => tracing::warn!(connections = connections.len(), "Requests were dropped: draining took too long"),
    }
}

/// Serves HTTP on a connection.
fn connection<S, F>(
    http: &auto::Builder<TokioExecutor>,
    stream: S,
    peer: Peer,
    answer: impl Fn(Request) -> F + Send + 'static,
) -> impl GracefulConnection<Error = Box<dyn Error + Send + Sync>> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let peer = Arc::new(peer);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&peer));
        // An empty body costs no memory; that of a request without one would.
        let body = |body: Incoming| if body.is_end_stream() { Body::empty() } else { Body::new(body) };
        answer(request.map(body)).map(Ok::<_, Infallible>)
    });
    http.serve_connection(TokioIo::new(stream), service).into_owned()
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit) {
    let permit = Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // An answer is written at once; waiting for more to send with it would only delay it.
                let _ = stream.set_nodelay(true);
                return (stream, address, permit);
            }
            // The client disconnected before it was accepted.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                tracing::error!(%error, "Cannot accept connections");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Listens on `address`.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// A stream that fails after an idle timeout.
///
/// HTTP/1 has a time limit for heads; this covers what comes before the protocol is known, bodies, HTTP/2, and
/// clients that stop reading their answer.
struct Bounded {
    stream: TcpStream,
    idle_timeout: Duration,
    moved: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(stream: TcpStream, idle_timeout: Duration) -> Self {
        let moved = Instant::now();
        Self { stream, idle_timeout, moved, alarm: Box::pin(sleep_until(moved + idle_timeout)) }
    }

    /// Records progress, or fails when there has been none for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, progress: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.moved = Instant::now();
            return progress;
        }
        // The timer is reset only when it fires: once in a while instead of at every byte.
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let due = self.moved + self.idle_timeout;
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due);
        }
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(context, progress)
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.watch(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
