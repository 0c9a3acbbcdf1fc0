//! The pool of connections for reading.
//!
//! The pool of sqlx pings each returned connection, which costs every read a second round trip.
//! This one trusts the last statement: a connection on which it succeeded is healthy.

use super::connect::Link;
use crate::store::Connections;
use sqlx::PgConnection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The maximum age of a connection: the server's memory for one only grows.
const LIFETIME: Duration = Duration::from_mins(30);

/// The maximum idle time, after which a load balancer in between may have dropped the connection.
/// Of the cloud providers' load balancers and gateways, the shortest idle timeout is four minutes.
const IDLE: Duration = Duration::from_mins(3);

/// The pool. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    link: Link,
    /// The time to wait for a connection.
    timeout: Duration,
    permits: Arc<Semaphore>,
    idle_list: Arc<IdleList>,
}

/// The idle connections, the one used last on top.
#[derive(Debug, Default)]
struct IdleList {
    idle: Mutex<Vec<Connected>>,
    /// Cloned into each open connection.
    open: Arc<()>,
}

#[derive(Debug)]
struct Connected {
    connection: PgConnection,
    born: Instant,
    used: Instant,
    _open: Arc<()>,
}

/// A connection on loan from the pool. It is closed unless it is released: its state is unknown then.
#[derive(Debug)]
pub(in crate::store) struct PooledConnection {
    connected: Connected,
    idle_list: Arc<IdleList>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(link: Link, connections: u32, timeout: Duration) -> Self {
        let permits = usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { link, timeout, permits: Arc::new(Semaphore::new(permits)), idle_list: Arc::default() }
    }

    pub(super) fn connections(&self) -> Connections {
        let open = Arc::strong_count(&self.idle_list.open) - 1;
        Connections { open: u32::try_from(open).unwrap_or(u32::MAX), idle: self.idle_list.idle().len() }
    }

    /// Waits for a connection.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, sqlx::Error> {
        let acquire = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let connected = match self.trusted() {
                Some(connected) => connected,
                None => self.connect().await?,
            };
            Ok(PooledConnection { connected, idle_list: Arc::clone(&self.idle_list), _permit: permit })
        };
        tokio::time::timeout(self.timeout, acquire).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// The most recently used connection that is not suspect; suspects are closed.
    fn trusted(&self) -> Option<Connected> {
        loop {
            let connected = self.idle_list.idle().pop()?;
            let age = connected.born.elapsed();
            if age < LIFETIME && connected.used.elapsed() < IDLE && !self.link.outlived_a_break(age) {
                return Some(connected);
            }
        }
    }

    async fn connect(&self) -> Result<Connected, sqlx::Error> {
        // Taken before it is open: it must not survive a break it did not notice.
        let born = Instant::now();
        let open = Arc::clone(&self.idle_list.open);
        Ok(Connected { connection: self.link.connect().await?, born, used: born, _open: open })
    }
}

impl IdleList {
    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PooledConnection {
    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connected.connection
    }

    /// Returns the connection to the pool, after a statement that succeeded.
    pub(in crate::store) fn release(self) {
        self.idle_list.idle().push(Connected { used: Instant::now(), ..self.connected });
    }
}
