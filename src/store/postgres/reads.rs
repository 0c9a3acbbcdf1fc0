//! Reads through a pool of connections; they fail at once while the database is unavailable.

use super::Follower;
use super::connect::Link;
use super::pool::{Pool, PooledConnection};
use crate::store::{Connections, Error, Retry, Stats};
use std::sync::Arc;
use std::time::Instant;

/// The connections for reading.
#[derive(Debug, Clone)]
pub(in crate::store) struct Reads {
    pool: Pool,
    link: Link,
    follower: Follower,
    stats: Arc<Stats>,
}

/// The number of broken connections after which a read gives up: a restart of the database breaks all of them at once.
const ATTEMPTS: u32 = 4;

impl Reads {
    pub(super) fn new(pool: Pool, link: Link, follower: Follower, stats: Arc<Stats>) -> Self {
        Self { pool, link, follower, stats }
    }

    pub(in crate::store) fn connections(&self) -> Connections {
        self.pool.connections()
    }

    pub(in crate::store) fn link(&self) -> &Link {
        &self.link
    }

    pub(in crate::store) fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(in crate::store) async fn connection(&self) -> Result<PooledConnection, sqlx::Error> {
        let began = Instant::now();
        let connection = self.pool.acquire().await?;
        self.stats.acquired(began.elapsed());
        Ok(connection)
    }

    /// One attempt to read. `None` if a retry may help: a connection was broken, or the database asks for it.
    pub(in crate::store) async fn attempt<T>(
        &self,
        attempt: &mut u32,
        read: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Option<Result<T, Error>> {
        *attempt += 1;
        let error = tokio::select! {
            read = read => match read {
                Ok(value) => return Some(Ok(value)),
                Err(error) => error,
            },
            unavailable = self.follower.until_unreachable() => return Some(Err(unavailable)),
        };
        self.link.learn(&error);
        if *attempt == ATTEMPTS || !Error::may_pass(&error) {
            return Some(Err(error.into()));
        }
        self.stats.retried(Retry::after(&error));
        None
    }
}
