//! Metrics of the store.

use super::{Error, Outcome};
use crate::metrics::{Counter, Histogram, Observed, Page, Sharded};
use std::time::Duration;

/// The reason why a unit or a query was retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A serialisation failure.
    Serialization,
    /// A deadlock.
    Deadlock,
    /// Unknown whether it was committed.
    Ambiguous,
    /// A lock timeout.
    Lock,
    /// The database had no free connection.
    Connections,
    /// A pooler mixed up statements.
    Statement,
    /// The connection was lost.
    Lost,
}

impl Retry {
    /// The reason to retry after this error.
    pub(super) fn after(error: &sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some("40001") => Self::Serialization,
            Some("40P01") => Self::Deadlock,
            Some("40003") => Self::Ambiguous,
            Some("55P03") => Self::Lock,
            Some("53300") => Self::Connections,
            Some("42P05" | "26000") => Self::Statement,
            _ => Self::Lost,
        }
    }

    const ALL: [(Self, &'static str); 7] = [
        (Self::Serialization, "40001"),
        (Self::Deadlock, "40P01"),
        (Self::Ambiguous, "40003"),
        (Self::Lock, "55P03"),
        (Self::Connections, "53300"),
        (Self::Statement, "26000"),
        (Self::Lost, "connection"),
    ];
}

/// The pool of connections for reading, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open connections.
    pub open: u32,
    /// Idle connections.
    pub idle: usize,
}

/// Counters of units and queries. Each is raised where the event happens; all are written in one place.
#[derive(Debug, Default)]
pub struct Stats {
    committed: Counter,
    conflicts: Counter,
    refused: Counter,
    failed: Counter,
    /// From enqueuing a unit to its outcome.
    units: Histogram,
    retries: [Counter; Retry::ALL.len()],
    /// The polls of the follower, with their durations.
    pub head_questions: Histogram,
    reads: Sharded<Reads>,
}

/// The durations of the reads of one thread.
#[derive(Debug, Default)]
struct Reads {
    /// Until a connection was free.
    acquired: Histogram,
    /// Until the database had answered.
    answered: Histogram,
}

impl Stats {
    /// Records the outcome and the duration of a unit.
    pub(super) fn settled(&self, outcome: &Result<Outcome, Error>, took: Duration) {
        self.units.observe(took);
        match outcome {
            Ok(Outcome::Committed { .. }) => self.committed.count(),
            Ok(Outcome::Conflict) => self.conflicts.count(),
            Ok(Outcome::IdTaken | Outcome::FingerprintTaken | Outcome::IdsExhausted) => self.refused.count(),
            Err(_) => self.failed.count(),
        }
    }

    /// Records the time that a read waited for a connection.
    pub(super) fn acquired(&self, took: Duration) {
        self.reads.mine().acquired.observe(took);
    }

    /// Records the duration of a read, waiting and retries included.
    pub(super) fn read(&self, took: Duration) {
        self.reads.mine().answered.observe(took);
    }

    /// Counts a retry.
    pub fn retried(&self, why: Retry) {
        self.retries[why as usize].count();
    }

    fn observed(&self, which: impl Fn(&Reads) -> &Histogram) -> Observed {
        let mut observed = Observed::default();
        for reads in self.reads.iter() {
            observed.add(which(reads));
        }
        observed
    }

    /// Writes all metrics.
    pub fn write(&self, page: &mut Page, reads: Connections) {
        let help = "Units of writing, by outcome; after a conflict the decision is taken again.";
        page.counter("schema_registry_db_units_total", help)
            .sample(&[("outcome", "committed")], self.committed.get())
            .sample(&[("outcome", "conflict")], self.conflicts.get())
            .sample(&[("outcome", "refused")], self.refused.get())
            .sample(&[("outcome", "failed")], self.failed.get());
        let help = "Time until the database had answered, queueing included.";
        page.histogram("schema_registry_db_query_duration_seconds", help)
            .durations(&[("operation", "unit")], &self.units.observed())
            .durations(&[("operation", "head")], &self.head_questions.observed())
            .durations(&[("operation", "read")], &self.observed(|reads| &reads.answered));
        let help = "Time until a read had a connection.";
        page.histogram("schema_registry_db_pool_acquire_duration_seconds", help)
            .durations(&[("pool", "read")], &self.observed(|reads| &reads.acquired));
        let help = "Retried statements, by reason.";
        let mut retries = page.counter("schema_registry_db_retries_total", help);
        for (why, sqlstate) in Retry::ALL {
            retries.sample(&[("sqlstate", sqlstate)], self.retries[why as usize].get());
        }
        let idle = u32::try_from(reads.idle).unwrap_or(reads.open).min(reads.open);
        page.gauge("schema_registry_db_pool_connections", "Connections to the database.")
            .sample(&[("pool", "read"), ("state", "idle")], idle)
            .sample(&[("pool", "read"), ("state", "used")], reads.open - idle);
    }
}
