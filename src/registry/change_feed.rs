//! The change feed: subscribers wait for the next change of the log.

use super::{Error, Registry};
use crate::domain::{Change, Seq};
use crate::store::LogEpoch;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};

/// The number of log entries that are read at once.
pub const PAGE: u32 = 1_000;

/// The state shared by all subscribers.
#[derive(Debug)]
pub(super) struct ChangeFeed {
    recent: Mutex<Recent>,
    permits: Arc<Semaphore>,
    most: usize,
    ended: watch::Sender<bool>,
}

/// The newest entries, so that a change is read once however many wait for it.
#[derive(Debug, Default)]
struct Recent {
    /// The entries, without gaps.
    entries: VecDeque<Arc<Change>>,
    /// The position before the first of them.
    before: Seq,
    /// The epoch of the log they are from.
    epoch: LogEpoch,
    chars: usize,
}

/// The bounds of the buffer; a subscriber that lags behind reads from the database.
const RECENT_ENTRIES: usize = 1_024;
const RECENT_CHARS: usize = 4 << 20;

/// A subscriber. Their number is limited; dropping one makes room for another.
#[derive(Debug)]
pub struct Subscriber {
    registry: Arc<Registry>,
    head: watch::Receiver<Seq>,
    ended: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl ChangeFeed {
    pub(super) fn new(most: usize) -> Self {
        Self {
            recent: Mutex::default(),
            permits: Arc::new(Semaphore::new(most)),
            most,
            ended: watch::Sender::new(false),
        }
    }

    /// The number of subscribers.
    pub(super) fn subscribers(&self) -> usize {
        self.most - self.permits.available_permits()
    }
}

impl Recent {
    /// The newest buffered entry.
    fn newest(&self) -> Seq {
        Seq(self.before.0 + self.entries.len() as u64)
    }

    fn push(&mut self, change: Change) {
        self.chars += chars(&change);
        self.entries.push_back(Arc::new(change));
        while self.entries.len() > RECENT_ENTRIES || (self.chars > RECENT_CHARS && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.before = oldest.seq;
                self.chars -= chars(&oldest);
            }
        }
    }

    /// The entries after `after`; `None` if one of them is not buffered any more.
    fn after(&self, after: Seq) -> Option<impl Iterator<Item = &Arc<Change>>> {
        let skip = after.0.checked_sub(self.before.0)?;
        Some(self.entries.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)))
    }
}

fn chars(change: &Change) -> usize {
    change.before.as_ref().map_or(0, String::len) + change.after.as_ref().map_or(0, String::len)
}

impl Registry {
    /// The changes after `after` that exist now: at most `limit`, fewer where they are large.
    pub async fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Arc<Change>>, Error> {
        let changes = self.store.changes(after, limit.min(PAGE)).await?;
        if changes.is_empty() && after > self.store.head().await? {
            return Err(Error::BeyondLog(after));
        }
        Ok(changes.into_iter().map(Arc::new).collect())
    }

    /// Subscribes, unless there are too many subscribers.
    pub fn subscribe(self: &Arc<Self>) -> Result<Subscriber, Error> {
        let permit = Arc::clone(&self.feed.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Error::TooManySubscribers(self.feed.most))?;
        let (head, ended) = (self.store.change_tracker().head(), self.feed.ended.subscribe());
        Ok(Subscriber { registry: Arc::clone(self), head, ended, _permit: permit })
    }

    /// Wakes all subscribers and lets none wait any more, so that the server can stop.
    pub fn end_feed(&self) {
        self.feed.ended.send_replace(true);
    }

    /// The changes after `after` up to `head`, from the buffer where they are recent.
    async fn recent(&self, after: Seq, head: Seq, limit: u32) -> Result<Vec<Arc<Change>>, Error> {
        if head.0.saturating_sub(after.0) > RECENT_ENTRIES as u64 {
            return self.changes(after, limit).await;
        }
        let mut recent = self.feed.recent.lock().await;
        let epoch = self.store.change_tracker().epoch();
        if after > recent.newest() || recent.epoch != epoch {
            // There was no subscriber for a while, or the log was replaced.
            *recent = Recent { before: after, epoch, ..Recent::default() };
        }
        if recent.newest() < head {
            for change in self.store.changes(recent.newest(), PAGE).await? {
                recent.push(change);
            }
        }
        if let Some(entries) = recent.after(after) {
            return Ok(entries.take(limit.try_into().unwrap_or(usize::MAX)).map(Arc::clone).collect());
        }
        drop(recent);
        self.changes(after, limit).await
    }
}

impl Subscriber {
    /// Waits until there are changes after `after`, and returns them; none once the server stops.
    pub async fn next(&mut self, after: Seq, limit: u32) -> Result<Vec<Arc<Change>>, Error> {
        tokio::select! {
            biased;
            // The sender belongs to the registry, which this subscriber keeps alive.
            _ = self.ended.wait_for(|ended| *ended) => return Ok(Vec::new()),
            _ = self.head.wait_for(|head| *head > after) => {}
        }
        let head = *self.head.borrow();
        self.registry.recent(after, head, limit.min(PAGE)).await
    }
}
