//! The queue of units in front of the database's writer, and the outcome of the last write.

use super::Error;
use super::unit::{Outcome, Unit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// A unit, and the channel to its caller.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) unit: Unit,
    pub(super) reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// The maximum number of units in one commit; also the capacity of the queue.
pub(super) const BATCH: usize = 128;

/// The reason why the last write failed, as long as none has succeeded since.
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

    /// Whether the next write may succeed although nothing was done about the last failure.
    pub(super) fn may_pass(&self) -> bool {
        self.last().as_ref().is_some_and(|failure| failure.may_pass)
    }

    pub(super) fn set(&self, error: &Error) {
        let may_pass = match error {
            // Only the unit is invalid.
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

/// Enqueues a unit and waits for its outcome.
pub(super) async fn submit(writes: &mpsc::Sender<Job>, unit: Unit) -> Result<Outcome, Error> {
    let (reply, outcome) = oneshot::channel();
    writes.send(Job { unit, reply }).await.map_err(|_| Error::Closed)?;
    outcome.await.map_err(|_| Error::Closed)?
}
