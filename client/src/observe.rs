//! What happens off the hot path, told as it happens: for logs, metrics and tests.

use std::time::Duration;

use crate::Error;
use crate::snapshot::SnapshotError;
use crate::wire::SchemaKey;

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
    /// A schema was loaded, with all that it refers to.
    #[non_exhaustive]
    Loaded {
        /// What it was asked for by.
        key: SchemaKey,
        /// How long it took.
        took: Duration,
    },
    /// The registry does not have a schema.
    #[non_exhaustive]
    Missing {
        /// What it was asked for by.
        key: SchemaKey,
    },
    /// A schema was made into a plan of decoding.
    #[non_exhaustive]
    Planned {
        /// The schema.
        key: SchemaKey,
        /// How long it took.
        took: Duration,
    },
    /// More schemas were loaded than are to be held: the oldest went.
    #[non_exhaustive]
    Forgotten {
        /// How many.
        schemas: usize,
    },
    /// The latest version of a subject could not be confirmed; the one last known is used.
    #[non_exhaustive]
    StaleServed {
        /// The subject.
        subject: &'a str,
        /// How long ago it was confirmed.
        age: Duration,
        /// Why it could not be.
        error: &'a Error,
    },
    /// The snapshot file could not be written.
    #[non_exhaustive]
    SnapshotNotSaved {
        /// Why.
        error: &'a SnapshotError,
    },
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
