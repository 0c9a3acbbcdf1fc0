//! The network between a node and its database, which can be slow, silent, closed, or rerouted.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// Forwards bytes until it is dropped, which closes all its connections.
pub(crate) struct Proxy {
    url: String,
    condition: watch::Sender<Condition>,
    accepting: JoinHandle<()>,
}

/// The condition of the network.
#[derive(Debug, Clone, Copy)]
struct Condition {
    upstream: SocketAddr,
    /// The latency of each direction.
    delay: Duration,
    frozen: bool,
    refusing: bool,
    /// The number of times all connections were closed.
    cuts: u64,
}

/// Chunks under way in one direction at most.
const UNDER_WAY: usize = 1024;

impl Proxy {
    /// A proxy in front of the database at `url`.
    pub(crate) async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (start, upstream, end) = around_address(url);
        let condition = Condition { upstream, delay: Duration::ZERO, frozen: false, refusing: false, cuts: 0 };
        let (condition, now) = watch::channel(condition);
        Self { url: format!("{start}{address}{end}"), condition, accepting: tokio::spawn(accept(listener, now)) }
    }

    /// The database's URL by way of this proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sets the latency added to every round trip.
    pub(crate) fn delay(&self, delay: Duration) {
        self.condition.send_modify(|now| now.delay = delay);
    }

    /// Closes all connections; new ones are accepted.
    pub(crate) fn cut(&self) {
        self.condition.send_modify(|now| now.cuts += 1);
    }

    /// Closes all connections, and new ones as soon as they are opened, until the condition changes.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.condition.send_modify(|now| {
            now.refusing = refusing;
            now.cuts += u64::from(refusing);
        });
    }

    /// Holds everything back, in both directions, until the condition changes, like a dead network.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.condition.send_modify(|now| now.frozen = frozen);
    }

    /// Reroutes to the database at `url`; connections to the other one are closed.
    pub(crate) fn lead_to(&self, url: &str) {
        let (_, upstream, _) = around_address(url);
        self.condition.send_modify(|now| {
            now.upstream = upstream;
            now.cuts += 1;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The address in a URL, and what is before and behind it.
pub(crate) fn around_address(url: &str) -> (&str, SocketAddr, &str) {
    let authority = url.find("://").expect("a URL") + 3;
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    let start = url[..end].rfind('@').map_or(authority, |at| at + 1);
    let host = &url[start..end];
    let addresses = if host.contains(':') { host.to_socket_addrs() } else { (host, 5432).to_socket_addrs() };
    (&url[..start], addresses.expect("a host that is known").next().expect("an address"), &url[end..])
}

async fn accept(listener: TcpListener, now: watch::Receiver<Condition>) {
    let mut connections = JoinSet::new();
    loop {
        let client = listener.accept().await.expect("a connection").0;
        while connections.try_join_next().is_some() {}
        let condition = *now.borrow();
        if !condition.refusing {
            let mut news = now.clone();
            let passing = pass(client, condition, now.clone());
            connections.spawn(async move {
                tokio::select! {
                    // A client that disconnects does so on purpose.
                    _ = passing => {}
                    _ = news.wait_for(|now| now.cuts != condition.cuts) => {}
                }
            });
        }
    }
}

async fn pass(client: TcpStream, condition: Condition, now: watch::Receiver<Condition>) -> io::Result<()> {
    tokio::time::sleep(condition.delay).await;
    let server = TcpStream::connect(condition.upstream).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        flow(from_client, to_server, |now| now.delay, now.clone()),
        flow(from_server, to_client, |_| Duration::ZERO, now)
    )?;
    Ok(())
}

/// Forwards each chunk after the latency, whatever is in flight before it.
async fn flow(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: impl Fn(&Condition) -> Duration,
    mut now: watch::Receiver<Condition>,
) -> io::Result<()> {
    let (sender, mut under_way) = mpsc::channel(UNDER_WAY);
    let condition = now.clone();
    let read = async move {
        loop {
            let mut chunk = Vec::with_capacity(16 << 10);
            if from.read_buf(&mut chunk).await? == 0 {
                return Ok(());
            }
            let due = Instant::now() + delay(&condition.borrow());
            if sender.send((due, chunk)).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = under_way.recv().await {
            tokio::time::sleep_until(due).await;
            if now.wait_for(|now| !now.frozen).await.is_err() {
                return Ok(());
            }
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write)?;
    Ok(())
}
