//! The connections that read.
//!
//! The pool of sqlx asks each connection that comes back whether it is well, which costs every read a second round trip.
//! This one takes the word of whoever used it: a connection whose statement ended as it should is well.

use super::connect::Link;
use crate::store::Connections;
use sqlx::PgConnection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that is older makes room for another: the server's memory for one only grows.
const LIFETIME: Duration = Duration::from_mins(30);

/// A connection that did nothing for longer may have been forgotten by what lies between.
/// Of the clouds' balancers and gateways the most forgetful one does so after four minutes.
const IDLE: Duration = Duration::from_mins(3);

/// Connections for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    link: Link,
    /// How long to wait for a connection.
    timeout: Duration,
    permits: Arc<Semaphore>,
    shelf: Arc<Shelf>,
}

/// The connections nobody uses, the one used last on top.
#[derive(Debug, Default)]
struct Shelf {
    idle: Mutex<Vec<Connected>>,
    /// Held by each open connection once.
    open: Arc<()>,
}

#[derive(Debug)]
struct Connected {
    connection: PgConnection,
    born: Instant,
    used: Instant,
    _open: Arc<()>,
}

/// A connection on loan. One that is not given back is closed: it is in a state nobody knows.
#[derive(Debug)]
pub(in crate::store) struct Loan {
    connected: Connected,
    shelf: Arc<Shelf>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(link: Link, connections: u32, timeout: Duration) -> Self {
        let permits = usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { link, timeout, permits: Arc::new(Semaphore::new(permits)), shelf: Arc::default() }
    }

    pub(super) fn connections(&self) -> Connections {
        let open = Arc::strong_count(&self.shelf.open) - 1;
        Connections { open: u32::try_from(open).unwrap_or(u32::MAX), idle: self.shelf.idle().len() }
    }

    /// A connection, as soon as one is free.
    pub(super) async fn lend(&self) -> Result<Loan, sqlx::Error> {
        let lend = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let connected = match self.trusted() {
                Some(connected) => connected,
                None => self.connect().await?,
            };
            Ok(Loan { connected, shelf: Arc::clone(&self.shelf), _permit: permit })
        };
        tokio::time::timeout(self.timeout, lend).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// The connection used last that has no reason to be broken; those that have are closed.
    fn trusted(&self) -> Option<Connected> {
        loop {
            let connected = self.shelf.idle().pop()?;
            let age = connected.born.elapsed();
            if age < LIFETIME && connected.used.elapsed() < IDLE && !self.link.outlived_a_break(age) {
                return Some(connected);
            }
        }
    }

    async fn connect(&self) -> Result<Connected, sqlx::Error> {
        // Told before it is open: it must not outlive a break it did not see.
        let born = Instant::now();
        let open = Arc::clone(&self.shelf.open);
        Ok(Connected { connection: self.link.connect().await?, born, used: born, _open: open })
    }
}

impl Shelf {
    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loan {
    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connected.connection
    }

    /// For the next one, after a statement that ended as it should.
    pub(in crate::store) fn give_back(self) {
        self.shelf.idle().push(Connected { used: Instant::now(), ..self.connected });
    }
}
