//! Metrics of the store.

use super::{Error, Outcome};
use crate::metrics::{Counter, Histogram, Observed, Page, Sharded};
use std::time::Duration;

/// Why a unit, or a question, was put to the database again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The database could not order it among others.
    Serialization,
    /// It and another waited for each other.
    Deadlock,
    /// Unknown whether it was committed.
    Ambiguous,
    /// A lock was not to be had in time.
    Lock,
    /// The database had no connection to spare.
    Connections,
    /// A pooler mixed up statements.
    Statement,
    /// The connection was lost.
    Lost,
}

impl Retry {
    /// Why something may be tried again after this error.
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

/// Connections for reading, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open connections.
    pub open: u32,
    /// Idle connections.
    pub idle: usize,
}

/// Counters of units and questions. Each field is raised where the event happens; all are written in one place.
#[derive(Debug, Default)]
pub struct Stats {
    committed: Counter,
    conflicts: Counter,
    refused: Counter,
    failed: Counter,
    /// From handing a unit over to its outcome.
    units: Histogram,
    retries: [Counter; Retry::ALL.len()],
    /// Questions for what is new that a follower of the log put to the database, with how long they took.
    pub head_questions: Histogram,
    reads: Sharded<Reads>,
}

/// The durations of the reads of one thread.
#[derive(Debug, Default)]
struct Reads {
    /// Until there was a connection.
    acquired: Histogram,
    /// Until there was an answer.
    answered: Histogram,
}

impl Stats {
    /// Notes what became of a unit, and how long it took.
    pub(super) fn settled(&self, outcome: &Result<Outcome, Error>, took: Duration) {
        self.units.observe(took);
        match outcome {
            Ok(Outcome::Committed { .. }) => self.committed.count(),
            Ok(Outcome::Conflict) => self.conflicts.count(),
            Ok(Outcome::IdTaken | Outcome::FingerprintTaken | Outcome::IdsExhausted) => self.refused.count(),
            Err(_) => self.failed.count(),
        }
    }

    /// Notes how long a statement that reads waited for a connection.
    pub(super) fn acquired(&self, took: Duration) {
        self.reads.mine().acquired.observe(took);
    }

    /// Notes how long a statement that reads took, waiting and further attempts included.
    pub(super) fn read(&self, took: Duration) {
        self.reads.mine().answered.observe(took);
    }

    /// Notes that something is tried again.
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

    /// Writes it all down.
    pub fn write(&self, page: &mut Page, reads: Connections) {
        let help = "Units of writing, by what became of them; after a conflict the decision is taken again.";
        page.counter("schema_registry_db_units_total", help)
            .sample(&[("outcome", "committed")], self.committed.get())
            .sample(&[("outcome", "conflict")], self.conflicts.get())
            .sample(&[("outcome", "refused")], self.refused.get())
            .sample(&[("outcome", "failed")], self.failed.get());
        let help = "Time until the database had answered, waiting in line included.";
        page.histogram("schema_registry_db_query_duration_seconds", help)
            .durations(&[("operation", "unit")], &self.units.observed())
            .durations(&[("operation", "head")], &self.head_questions.observed())
            .durations(&[("operation", "read")], &self.observed(|reads| &reads.answered));
        let help = "Time until a statement that reads had a connection.";
        page.histogram("schema_registry_db_pool_acquire_duration_seconds", help)
            .durations(&[("pool", "read")], &self.observed(|reads| &reads.acquired));
        let help = "What was put to the database again, by the reason.";
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
