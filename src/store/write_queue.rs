//! The way of a unit to the database's writer, and what is known of the last write.

use super::Error;
use super::unit::{Outcome, Unit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// A unit, and the way back to its caller.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) unit: Unit,
    pub(super) reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// Units committed by one flush at most; also how many may wait before callers have to.
pub(super) const BATCH: usize = 128;

/// Why the last write failed, for as long as none has succeeded since.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteHealth(Arc<Mutex<Option<Failure>>>);

#[derive(Debug)]
struct Failure {
    reason: String,
    may_pass: bool,
}

impl WriteHealth {
    pub(super) fn failure(&self) -> Option<String> {
        self.last().as_ref().map(|failure| failure.reason.clone())
    }

    /// Whether the next write may succeed although nobody does anything about the last one.
    pub(super) fn may_pass(&self) -> bool {
        self.last().as_ref().is_some_and(|failure| failure.may_pass)
    }

    pub(super) fn set(&self, error: &Error) {
        let may_pass = match error {
            // Only the unit is to blame.
            Error::TooLong(_) => return,
            Error::Unavailable(_) | Error::Unreachable(_) | Error::Refused(_) => true,
            _ => false,
        };
        *self.last() = Some(Failure { reason: error.to_string(), may_pass });
    }

    pub(super) fn clear(&self) {
        *self.last() = None;
    }

    fn last(&self) -> MutexGuard<'_, Option<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands a unit to the writer and waits for what became of it.
pub(super) async fn submit(writes: &mpsc::Sender<Job>, unit: Unit) -> Result<Outcome, Error> {
    let (reply, outcome) = oneshot::channel();
    writes.send(Job { unit, reply }).await.map_err(|_| Error::Closed)?;
    outcome.await.map_err(|_| Error::Closed)?
}
