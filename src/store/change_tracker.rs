//! The log positions at which facts last changed: the check that every cached answer has to pass.

use crate::domain::{Context, SchemaId, Seq, Subject};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// A slot for the changes of one fact. Two facts may share one; that costs a reload, never a wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(u32);

/// The epoch of the log: after a failover, the new primary may lack the newest changes of the old one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogEpoch(u64);

/// For every fact, the log position of its newest change, in a table of fixed size.
///
/// An answer computed from facts read at position `p` is valid iff none of their slots is beyond `p`, and the log
/// is still in the epoch they were read in.
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

    /// A scope: its versions, who refers to them, its config and mode.
    pub fn scope(&self, subject: &Subject) -> Slot {
        self.slot((0, subject.as_str(), 0))
    }

    /// The content of an id and the versions that have it.
    pub fn id(&self, context: &Context, id: SchemaId) -> Slot {
        self.slot((1, context.as_str(), id.get()))
    }

    /// The list of contexts.
    pub fn contexts(&self) -> Slot {
        self.slot((2, "", 0))
    }

    /// The current epoch; to be read before a fact is.
    pub fn epoch(&self) -> LogEpoch {
        LogEpoch(self.epoch.load(Ordering::Acquire))
    }

    /// Whether the fact is unchanged since `seq` of that epoch.
    pub fn is_current(&self, slot: Slot, (epoch, seq): (LogEpoch, Seq)) -> bool {
        epoch == self.epoch() && self.slots[slot.0 as usize].load(Ordering::Acquire) <= seq.0
    }

    /// Records that the fact changed at `seq`.
    pub(super) fn mark(&self, slot: Slot, seq: Seq) {
        self.slots[slot.0 as usize].fetch_max(seq.0, Ordering::AcqRel);
    }

    /// Announces to subscribers that the log reaches `seq`, after the slots are updated.
    pub(super) fn advance(&self, seq: Seq) {
        self.head.send_if_modified(|head| {
            let newer = seq > *head;
            *head = seq.max(*head);
            newer
        });
    }

    /// The newest change this node knows of, for subscribers.
    pub fn head(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    /// Invalidates everything cached so far: the log it was read from has been replaced.
    ///
    /// Slots keep their positions. Facts read from now on are cached once the log has grown beyond them.
    pub(super) fn invalidate_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.head.send_replace(Seq(0));
    }
}
