//! The only module that knows SQL: versions, settings and the change log.
//!
//! Reads are one statement each, so that each sees one moment. Writes are [`Unit`]s: data, not closures, so that one
//! database may run a unit as a transaction of a few statements and another as a single one.

/// Runs one read statement on the open database, of either kind. The query is written once.
macro_rules! read {
    ($store:expr, $fetch:ident, $query:expr) => {{
        let began = std::time::Instant::now();
        let result = match &$store.reads {
            crate::store::Reads::Sqlite(pool) => {
                async {
                    let mut connection = pool.acquire().await?;
                    $store.stats.acquired(began.elapsed());
                    Ok($query.$fetch(&mut *connection).await?)
                }
                .await
            }
            crate::store::Reads::Postgres(reads) => {
                let mut attempt = 0;
                loop {
                    // Boxed: the code for Postgres would make every future that reads a large one.
                    let read = Box::pin(async {
                        let mut pooled = reads.connection().await?;
                        let value =
                            crate::store::postgres::statement!(reads.link(), pooled.connection(), $fetch, $query)?;
                        pooled.release();
                        Ok(value)
                    });
                    if let Some(result) = reads.attempt(&mut attempt, read).await {
                        break result;
                    }
                }
            }
        };
        $store.stats.read(began.elapsed());
        result
    }};
}

mod backup;
mod change_tracker;
mod changes;
mod counts;
mod error;
mod listing;
mod lock;
mod open;
mod postgres;
mod read;
mod restore;
mod rows;
mod session;
mod snapshot;
mod sqlite;
mod stats;
mod subject_search;
mod unit;
mod verify;
mod write_queue;

pub use backup::{Summary, backup};
pub use change_tracker::{ChangeTracker, LogEpoch, Slot};
pub use counts::Counts;
pub use error::Error;
pub use listing::{DeletedFilter, ListedSchema, SubjectFilter};
pub use postgres::{Options, Pooler};
pub use read::{Holder, Referrer, Scope, StoredVersion};
pub use restore::restore;
pub use snapshot::HeldId;
pub use stats::{Connections, Retry, Stats};
pub use subject_search::ListedSubject;
pub use unit::{Effect, Guard, IdChoice, LogEntry, NewVersion, Outcome, Part, Unit};
pub use verify::{Report, verify};

use crate::domain::Seq;
use crate::metrics::Page;
use error::IsStandby;
use lock::DatabaseLock;
use sqlx::SqlitePool;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracing::Instrument;
use write_queue::WriteHealth;

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct Store {
    reads: Reads,
    writes: mpsc::Sender<write_queue::Job>,
    change_tracker: Arc<ChangeTracker>,
    write_health: WriteHealth,
    stats: Arc<Stats>,
    lock: Arc<DatabaseLock>,
}

/// The connections for reading.
#[derive(Debug, Clone)]
enum Reads {
    Sqlite(SqlitePool),
    Postgres(postgres::Reads),
}

impl Reads {
    fn connections(&self) -> Connections {
        match self {
            Self::Sqlite(pool) => Connections { open: pool.size(), idle: pool.num_idle() },
            Self::Postgres(reads) => reads.connections(),
        }
    }
}

impl Store {
    /// The positions at which facts last changed; updated by the writer before it reports a commit.
    pub fn change_tracker(&self) -> &ChangeTracker {
        &self.change_tracker
    }

    /// Returns the position of the newest change once this node has seen all up to it, including those that other nodes
    /// committed before the call. Fails if the database is unavailable.
    pub async fn catch_up(&self) -> Result<Seq, Error> {
        match &self.reads {
            // This process is the only writer.
            Reads::Sqlite(_) => Ok(*self.change_tracker.head().borrow()),
            Reads::Postgres(reads) => reads.follower().catch_up().await,
        }
    }

    /// The reason why the database is unavailable, as an error; for callers that already know it is.
    pub fn unavailable(&self) -> Error {
        let error = match &self.reads {
            Reads::Sqlite(_) => None,
            Reads::Postgres(reads) => reads.follower().unreachable(),
        };
        error.unwrap_or_else(|| Error::Unreachable("it did not answer a moment ago".into()))
    }

    /// Whether the last statement succeeded, writes included.
    fn is_up(&self) -> bool {
        let unavailable = match &self.reads {
            Reads::Sqlite(_) => None,
            Reads::Postgres(reads) => reads.follower().unreachable(),
        };
        unavailable.is_none() && self.write_failure().is_none()
    }

    /// The time since the database last answered; zero where it cannot become unavailable.
    pub fn age(&self) -> Duration {
        match &self.reads {
            Reads::Sqlite(_) => Duration::ZERO,
            Reads::Postgres(reads) => reads.follower().age(),
        }
    }

    /// The duration of the current outage; `None` while the database answers.
    pub fn outage(&self) -> Option<Duration> {
        match &self.reads {
            Reads::Sqlite(_) => None,
            Reads::Postgres(reads) => reads.follower().outage(),
        }
    }

    /// Resolves once the last clone is dropped, pending writes are done, and another server may open the file.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.lock.released()
    }

    /// The reason why the last write failed; `None` once one has succeeded.
    pub fn write_failure(&self) -> Option<String> {
        self.write_health.failure()
    }

    /// Writes the metrics of the store.
    pub fn write_metrics(&self, page: &mut Page) {
        self.stats.write(page, self.reads.connections());
        let head = self.change_tracker.head().borrow().0;
        page.gauge("schema_registry_change_feed_last_seq", "The newest change this node knows of.").sample(&[], head);
        let help =
            "Seconds since the database last reported its newest change; 0 where this process is the only writer.";
        page.gauge("schema_registry_change_feed_lag_seconds", help).sample(&[], self.age().as_secs_f64());
        let help = "Whether the database answers and the last write did not fail.";
        page.gauge("schema_registry_db_up", help).sample(&[], u8::from(self.is_up()));
    }

    /// Writes a unit atomically.
    ///
    /// The write completes even if the caller stops waiting.
    pub async fn write(&self, unit: Unit) -> Result<Outcome, Error> {
        if let Reads::Postgres(reads) = &self.reads
            && let Some(unavailable) = reads.follower().unreachable()
        {
            // It would only wait to be refused.
            return Err(unavailable);
        }
        let began = Instant::now();
        let span = tracing::debug_span!("write", parts = unit.parts.len());
        let outcome = write_queue::submit(&self.writes, unit).instrument(span).await;
        self.stats.settled(&outcome, began.elapsed());
        outcome
    }
}
