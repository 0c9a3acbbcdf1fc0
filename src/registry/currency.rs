//! How current an answer is: what a node must know before it answers, and what it says while it cannot know.

use super::view::Basis;
use super::{Error, Registry};
use crate::domain::Seq;
use std::time::Duration;
use tracing::Instrument;

/// How current the answers to a request are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Currency {
    /// They show everything that was committed before the request came, which is at least all up to this position.
    Current(Seq),
    /// The database has not answered for this long; they show what was known then.
    Stale(Duration),
    /// Nobody has asked: the request is about this process alone.
    Unasked,
}

/// How often an answer is computed again because what it rests on changed meanwhile.
pub(super) const ATTEMPTS: usize = 64;

impl Registry {
    /// Makes sure that this node knows of everything that was committed, on any node, before the call.
    pub async fn catch_up(&self) -> Currency {
        match self.store.catch_up().instrument(tracing::debug_span!("catch_up")).await {
            Ok(seq) => Currency::Current(seq),
            Err(_) => Currency::Stale(self.store.age()),
        }
    }

    /// The refusal of whoever wants to write while the database is away.
    pub fn away(&self) -> Error {
        Error::Store(self.store.away())
    }

    /// Whether everything an answer rests on was true at one moment: that of the newest of it.
    ///
    /// Facts are read one after another, and another node may have changed the first before the last was read.
    pub(super) async fn is_of_one_moment(&self, basis: &Basis) -> Result<bool, Error> {
        let Some((oldest, newest)) = basis.span() else { return Ok(true) };
        if oldest == newest {
            return Ok(true);
        }
        if *self.store.freshness().head().borrow() < newest {
            self.store.catch_up().await?;
        }
        Ok(basis.is_current(self))
    }
}
