//! Which facts have changed since when: the question every cached answer has to pass.

use crate::domain::{Context, SchemaId, Seq, Subject};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// The place where changes of one fact are noted. Two facts may share one; that costs a reload, never a wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(u32);

/// Which of the logs that the database has shown one after another: a server that takes over may not have got everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogEpoch(u64);

/// For every fact the log position of its newest change, in a table of fixed size.
///
/// An answer computed from facts read at position `p` is still true iff none of their slots lies beyond `p`, and the log is
/// still the one they were read from.
#[derive(Debug)]
pub struct ChangeTracker {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
    head: watch::Sender<Seq>,
    epoch: AtomicU64,
}

const SLOTS: u32 = 1 << 14;

impl ChangeTracker {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        Self { slots, hasher: RandomState::new(), head: watch::Sender::new(Seq(0)), epoch: AtomicU64::new(0) }
    }

    fn slot(&self, key: (u8, &str, i32)) -> Slot {
        let hash = self.hasher.hash_one(key) % u64::from(SLOTS);
        Slot(u32::try_from(hash).unwrap_or_default())
    }

    /// Everything kept under a scope: its versions, who refers to them, its config and mode.
    pub fn scope(&self, subject: &Subject) -> Slot {
        self.slot((0, subject.as_str(), 0))
    }

    /// What an id means and who holds it.
    pub fn id(&self, context: &Context, id: SchemaId) -> Slot {
        self.slot((1, context.as_str(), id.get()))
    }

    /// The list of contexts.
    pub fn contexts(&self) -> Slot {
        self.slot((2, "", 0))
    }

    /// The log there is now; to be asked before a fact is read.
    pub fn epoch(&self) -> LogEpoch {
        LogEpoch(self.epoch.load(Ordering::Acquire))
    }

    /// Whether the fact has not changed since `seq` of the log of that era.
    pub fn is_current(&self, slot: Slot, (epoch, seq): (LogEpoch, Seq)) -> bool {
        epoch == self.epoch() && self.slots[slot.0 as usize].load(Ordering::Acquire) <= seq.0
    }

    /// Notes that the fact changed at `seq`.
    pub(super) fn mark(&self, slot: Slot, seq: Seq) {
        self.slots[slot.0 as usize].fetch_max(seq.0, Ordering::AcqRel);
    }

    /// Tells whoever waits for changes that the log reaches as far as `seq`: once the slots are marked.
    pub(super) fn advance(&self, seq: Seq) {
        self.head.send_if_modified(|head| {
            let newer = seq > *head;
            *head = seq.max(*head);
            newer
        });
    }

    /// The newest change this node knows of, for whoever wants to be woken by the next one.
    pub fn head(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    /// Makes everything that is remembered outdated, for ever: the log it was read from is not the one there is.
    ///
    /// What was marked stays so. What is read from now on is remembered once the log has grown beyond that.
    pub(super) fn invalidate_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.head.send_replace(Seq(0));
    }
}
