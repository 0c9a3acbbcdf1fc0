//! How current an answer is: what a node must know before it answers, and what it says while it cannot know.

use super::view::ReadSet;
use super::{Error, Registry};
use crate::domain::Seq;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tracing::Instrument;

/// How current the answers to a request are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// They show everything that was committed before the request came, which is at least all up to this position.
    Current(Seq),
    /// The database has not answered for this long; they show what was known then.
    Stale(Duration),
    /// Nobody has asked: the request is about this process alone.
    Unasked,
}

/// A request's place in the order of all changes: behind everything that was committed before it came, once it has asked what
/// that is, and behind what it wrote itself. A clone is the same place.
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
    /// Whether the request knows what was committed before it came.
    pub(super) fn has_asked(&self) -> bool {
        self.0.asked.initialized()
    }

    /// The position in the log of what the request wrote; 0 while it has written nothing.
    pub fn written(&self) -> Seq {
        Seq(self.0.written.load(Ordering::Relaxed))
    }

    pub(super) fn wrote(&self, seq: Seq) {
        self.0.written.fetch_max(seq.0, Ordering::Relaxed);
    }

    /// How current an answer is that was given here and shows everything up to `as_of`.
    pub fn freshness(&self, as_of: Seq) -> Freshness {
        match (self.written(), self.0.asked.get()) {
            // What was written is as current as can be, also if the database was away when the request came.
            (written, _) if written > Seq(0) => Freshness::Current(written),
            (_, Some(asked)) => *asked,
            // Another request wrote it while this one waited.
            (_, None) if as_of > Seq(0) => Freshness::Current(as_of),
            (_, None) => Freshness::Unasked,
        }
    }
}

impl Registry {
    /// Makes sure that this node knows of everything that was committed, on any node, before the call.
    pub async fn catch_up(&self) -> Freshness {
        match self.store.catch_up().instrument(tracing::debug_span!("catch_up")).await {
            Ok(seq) => Freshness::Current(seq),
            Err(_) => Freshness::Stale(self.store.age()),
        }
    }

    /// The same for a request that may not have asked yet, and asks once.
    pub async fn catch_up_at(&self, consistency: &RequestConsistency) -> Freshness {
        *consistency.0.asked.get_or_init(|| self.catch_up()).await
    }

    /// For how long the database has been away; `None` while it answers.
    pub fn outage(&self) -> Option<Duration> {
        self.store.outage()
    }

    /// The refusal of whoever wants to write while the database is away.
    pub fn unavailable(&self) -> Error {
        Error::Store(self.store.unavailable())
    }

    /// Whether everything an answer rests on was true at one moment: that of the newest of it.
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
