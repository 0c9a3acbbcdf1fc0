//! Freshness: the changes a node must have seen before it answers, and its answers while the database is unavailable.

use super::view::ReadSet;
use super::{Error, Registry};
use crate::domain::Seq;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tracing::Instrument;

/// The freshness of the answers to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Includes everything committed before the request arrived, which is at least all up to this position.
    Current(Seq),
    /// The database has not answered for this long; the answer shows the state known then.
    Stale(Duration),
    /// Not determined: the request is about this process alone.
    Unasked,
}

/// The position of a request in the order of all changes: after everything that was committed before it arrived, once
/// that is known, and after its own writes. Clones share the position.
#[derive(Debug, Clone, Default)]
pub struct RequestConsistency(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    asked: OnceCell<Freshness>,
    written: AtomicU64,
}

impl From<Freshness> for RequestConsistency {
    fn from(asked: Freshness) -> Self {
        Self(Arc::new(Known { asked: OnceCell::new_with(Some(asked)), written: AtomicU64::default() }))
    }
}

impl RequestConsistency {
    /// Whether the request knows the changes committed before it arrived.
    pub(super) fn has_asked(&self) -> bool {
        self.0.asked.initialized()
    }

    /// The log position of the request's own write; 0 without one.
    pub fn written(&self) -> Seq {
        Seq(self.0.written.load(Ordering::Relaxed))
    }

    pub(super) fn wrote(&self, seq: Seq) {
        self.0.written.fetch_max(seq.0, Ordering::Relaxed);
    }

    /// The freshness of an answer that includes everything up to `as_of`.
    pub fn freshness(&self, as_of: Seq) -> Freshness {
        match (self.written(), self.0.asked.get()) {
            // A write is current by definition, even if the database was unavailable when the request arrived.
            (written, _) if written > Seq(0) => Freshness::Current(written),
            (_, Some(asked)) => *asked,
            // Another request wrote it while this one waited.
            (_, None) if as_of > Seq(0) => Freshness::Current(as_of),
            (_, None) => Freshness::Unasked,
        }
    }
}

impl Registry {
    /// Waits until this node has seen everything that was committed, on any node, before the call.
    pub async fn catch_up(&self) -> Freshness {
        match self.store.catch_up().instrument(tracing::debug_span!("catch_up")).await {
            Ok(seq) => Freshness::Current(seq),
            Err(_) => Freshness::Stale(self.store.age()),
        }
    }

    /// The same for a request that may not have waited yet, and waits at most once.
    pub async fn catch_up_at(&self, consistency: &RequestConsistency) -> Freshness {
        *consistency.0.asked.get_or_init(|| self.catch_up()).await
    }

    /// The duration of the current outage; `None` while the database answers.
    pub fn outage(&self) -> Option<Duration> {
        self.store.outage()
    }

    /// The refusal of a write while the database is unavailable.
    pub fn unavailable(&self) -> Error {
        Error::Store(self.store.unavailable())
    }

    /// Whether all facts of an answer were true at one moment: that of the newest of them.
    ///
    /// Facts are read one after another, and another node may have changed the first before the last was read.
    pub async fn is_of_one_moment(&self, read_set: &ReadSet) -> Result<bool, Error> {
        let Some((oldest, newest)) = read_set.span() else { return Ok(true) };
        if oldest == newest {
            return Ok(true);
        }
        if *self.store.change_tracker().head().borrow() < newest {
            self.store.catch_up().await?;
        }
        Ok(read_set.is_current(self))
    }
}
