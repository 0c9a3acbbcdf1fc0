//! A budget of steps and bytes for work over input that a stranger can send.
//!
//! Every walk of the format crates (parse, normalise, check, explain, diff, lint, resolve) takes a `&Budget` and calls
//! [`Budget::step`] for every node it visits and [`Budget::hold`] for every byte it keeps. The first call that goes past the
//! limit returns [`Exceeded`], which the walk passes up with `?`; the caller turns it into one error with one code. A budget
//! counts, it does not look at a clock: the same input always costs the same.
//!
//! A budget belongs to one piece of work on one thread. [`Budget::cancel_with`] lets another thread stop it.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Steps between two looks at the cancellation flag.
const CANCELLATION_INTERVAL: u64 = 1024;

/// Steps and bytes that one piece of work may spend.
#[derive(Debug)]
pub struct Budget {
    steps: Cell<u64>,
    step_limit: u64,
    bytes: Cell<u64>,
    most_bytes: Cell<u64>,
    byte_limit: u64,
    cancelled: Option<Arc<AtomicBool>>,
}

/// The limits of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes visited, pairs compared, candidates tried.
    pub steps: u64,
    /// Bytes kept in memory at the same time.
    pub bytes: u64,
}

impl Limits {
    /// No limit: for input that is trusted, or bounded elsewhere.
    pub const UNLIMITED: Self = Self { steps: u64::MAX, bytes: u64::MAX };
}

/// Why a piece of work stopped before its end. It says nothing about the input except that it costs too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// More steps than the limit.
    Steps { limit: u64 },
    /// More bytes than the limit.
    Bytes { limit: u64 },
    /// The caller has gone, and nobody waits for the result.
    Cancelled,
}

impl Budget {
    pub fn new(limits: Limits) -> Self {
        Self {
            steps: Cell::new(0),
            step_limit: limits.steps,
            bytes: Cell::new(0),
            most_bytes: Cell::new(0),
            byte_limit: limits.bytes,
            cancelled: None,
        }
    }

    /// A budget that never ends: for input that is trusted, or bounded elsewhere.
    pub fn unlimited() -> Self {
        Self::new(Limits::UNLIMITED)
    }

    /// Stops the work with [`Exceeded::Cancelled`] soon after `flag` becomes true.
    #[must_use]
    pub fn cancel_with(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancelled = Some(flag);
        self
    }

    /// Spends one step.
    #[inline]
    pub fn step(&self) -> Result<(), Exceeded> {
        self.spend(1)
    }

    /// Spends `steps` at once: for work whose size is known before it is done, such as comparing two texts.
    #[inline]
    pub fn spend(&self, steps: u64) -> Result<(), Exceeded> {
        let before = self.steps.get();
        let after = before.saturating_add(steps);
        self.steps.set(after);
        if after > self.step_limit {
            return Err(Exceeded::Steps { limit: self.step_limit });
        }
        if before / CANCELLATION_INTERVAL != after / CANCELLATION_INTERVAL {
            self.look_for_cancellation()?;
        }
        Ok(())
    }

    /// Takes `bytes` that stay allocated; give them back with [`Budget::release`].
    #[inline]
    pub fn hold(&self, bytes: usize) -> Result<(), Exceeded> {
        let after = self.bytes.get().saturating_add(bytes as u64);
        self.bytes.set(after);
        self.most_bytes.set(self.most_bytes.get().max(after));
        if after > self.byte_limit {
            return Err(Exceeded::Bytes { limit: self.byte_limit });
        }
        Ok(())
    }

    /// Gives back bytes taken with [`Budget::hold`].
    #[inline]
    pub fn release(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes as u64));
    }

    /// Memory that is given back when the returned guard is dropped.
    pub fn scope(&self) -> Held<'_> {
        Held { budget: self, bytes: 0 }
    }

    /// Steps spent so far.
    pub fn steps_spent(&self) -> u64 {
        self.steps.get()
    }

    /// Bytes held now.
    pub fn bytes_held(&self) -> u64 {
        self.bytes.get()
    }

    /// The most bytes held at any one time.
    pub fn most_bytes_held(&self) -> u64 {
        self.most_bytes.get()
    }

    #[cold]
    fn look_for_cancellation(&self) -> Result<(), Exceeded> {
        match &self.cancelled {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Exceeded::Cancelled),
            _ => Ok(()),
        }
    }
}

/// Bytes that a part of the work holds; dropping it releases them.
#[derive(Debug)]
pub struct Held<'b> {
    budget: &'b Budget,
    bytes: usize,
}

impl Held<'_> {
    /// Takes `bytes` more.
    #[inline]
    pub fn hold(&mut self, bytes: usize) -> Result<(), Exceeded> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.budget.hold(bytes)
    }

    /// The bytes held by this scope.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps { limit } => write!(f, "this takes more than {limit} steps"),
            Self::Bytes { limit } => write!(f, "this takes more than {limit} bytes of memory"),
            Self::Cancelled => f.write_str("the request was cancelled"),
        }
    }
}

impl std::error::Error for Exceeded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_first_step_past_the_limit() {
        let budget = Budget::new(Limits { steps: 3, bytes: 0 });
        assert_eq!(budget.spend(3), Ok(()));
        assert_eq!(budget.step(), Err(Exceeded::Steps { limit: 3 }));
    }

    #[test]
    fn bytes_given_back_can_be_taken_again() {
        let budget = Budget::new(Limits { steps: 0, bytes: 10 });
        assert_eq!(budget.hold(10), Ok(()));
        budget.release(4);
        assert_eq!(budget.hold(4), Ok(()));
        assert_eq!(budget.hold(1), Err(Exceeded::Bytes { limit: 10 }));
    }

    #[test]
    fn a_scope_releases_what_it_held() {
        let budget = Budget::new(Limits { steps: 0, bytes: 10 });
        {
            let mut scope = budget.scope();
            assert_eq!(scope.hold(8), Ok(()));
            assert_eq!(scope.hold(8), Err(Exceeded::Bytes { limit: 10 }));
        }
        assert_eq!(budget.bytes_held(), 0);
    }

    #[test]
    fn a_cancelled_budget_stops_within_the_interval() {
        let flag = Arc::new(AtomicBool::new(false));
        let budget = Budget::unlimited().cancel_with(Arc::clone(&flag));
        assert_eq!(budget.spend(5 * CANCELLATION_INTERVAL), Ok(()));
        flag.store(true, Ordering::Relaxed);
        let stopped_in_time = (0..CANCELLATION_INTERVAL).any(|_| budget.step().is_err());
        assert!(stopped_in_time);
    }
}
