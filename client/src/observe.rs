//! What happens off the hot path, told as it happens: for logs, metrics and tests.

use std::time::Duration;

use crate::Error;

/// Something that happened. Never one per record: what is decoded and encoded from memory is silent.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt at a request came back, with an answer or without.
    #[non_exhaustive]
    Attempt {
        /// The method.
        method: &'a str,
        /// The path asked for, below the address of the registry.
        path: &'a str,
        /// The HTTP status; none if there was no answer.
        status: Option<u16>,
        /// How long it took.
        took: Duration,
    },
    /// A request will be tried again after a pause.
    #[non_exhaustive]
    Retry {
        /// The path asked for.
        path: &'a str,
        /// Why the last attempt failed.
        error: &'a Error,
        /// The pause before the next one.
        pause: Duration,
    },
    /// Requests go to another address from now on.
    #[non_exhaustive]
    Failover {
        /// The address left.
        from: &'a str,
        /// The address taken.
        to: &'a str,
    },
    /// Every address keeps failing: from now on one request a second finds out whether that has changed.
    Resting,
    /// A registry answers again.
    Recovered,
}

/// Hears what happens.
pub trait Observer: Send + Sync + 'static {
    /// Called where it happens; has to be quick.
    fn event(&self, event: Event<'_>);
}

impl<F: Fn(Event<'_>) + Send + Sync + 'static> Observer for F {
    fn event(&self, event: Event<'_>) {
        self(event);
    }
}
