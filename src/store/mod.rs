//! The only room that knows SQL: where versions, settings and the change log are kept.
//!
//! Reads are one statement each, so that each sees one moment. Writes are [`Unit`]s: data, not closures, so that one
//! database may run a unit as a transaction of a few statements and another as a single one.

mod apply;
mod changes;
mod error;
mod fill;
mod freshness;
mod listing;
mod lock;
mod open;
mod read;
mod rows;
mod stats;
mod unit;
mod verify;
mod writer;

pub use error::Error;
pub use fill::fill;
pub use freshness::{Freshness, Slot};
pub use listing::{DeletedFilter, ListedSchema, SubjectFilter};
pub use read::{Holder, Referrer, Scope, StoredVersion};
pub use stats::{Connections, Retry, Stats};
pub use unit::{Effect, Entry, Guard, IdChoice, NewVersion, Outcome, Unit};
pub use verify::{Report, verify};

use crate::metrics::Page;
use sqlx::SqlitePool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct Store {
    reads: SqlitePool,
    writes: mpsc::Sender<writer::Job>,
    freshness: Arc<Freshness>,
    trouble: Arc<Mutex<Option<String>>>,
    stats: Arc<Stats>,
    /// Held for as long as the file is ours.
    lock: Arc<lock::FileLock>,
}

impl Store {
    /// What has changed since when; marked by the writer before it reports a commit.
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// Resolves once the last clone is gone, what it was asked to write is written, and another server may open the file.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.lock.released()
    }

    /// Why the last write failed; `None` once one has succeeded.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes down what was counted.
    pub fn write_metrics(&self, page: &mut Page) {
        let reads = Connections { open: self.reads.size(), idle: self.reads.num_idle() };
        self.stats.write(page, reads);
        let head = self.freshness.head().borrow().0;
        page.gauge("schema_registry_change_feed_last_seq", "The newest change this node knows of.").sample(&[], head);
    }

    /// Writes one unit, or nothing of it.
    ///
    /// The unit is carried through even if the caller stops waiting.
    pub async fn write(&self, unit: Unit) -> Result<Outcome, Error> {
        let began = Instant::now();
        let outcome = writer::submit(&self.writes, unit).await;
        self.stats.settled(&outcome, began.elapsed());
        outcome
    }
}
