//! What happens off the hot path, told as it happens: for logs, metrics and tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// Every address keeps failing: only one probe a second is sent from now on.
    CircuitOpened,
    /// The registry answers again.
    CircuitClosed,
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
    /// The snapshot it began with is of another registry: it was forgotten, and its file is left as it is.
    #[non_exhaustive]
    SnapshotRefused {
        /// Whose it is, and whose it should be.
        error: &'a SnapshotError,
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

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn event(&self, event: Event<'_>) {
        (**self).event(event);
    }
}

/// Counts what happens; for programs to publish in their own metrics.
///
/// ```
/// # use avow_client::{Counters, rest::Client};
/// let counters = Counters::shared();
/// let client = Client::builder(["http://localhost:8081"]).observer(counters.clone()).build()?;
/// assert_eq!(counters.read().attempts, 0);
/// # Ok::<(), avow_client::rest::ConfigError>(())
/// ```
#[derive(Debug, Default)]
pub struct Counters {
    attempts: AtomicU64,
    failed_attempts: AtomicU64,
    retries: AtomicU64,
    failovers: AtomicU64,
    circuits_opened: AtomicU64,
    loaded: AtomicU64,
    missing: AtomicU64,
    planned: AtomicU64,
    forgotten: AtomicU64,
    stale_served: AtomicU64,
    snapshots_refused: AtomicU64,
    snapshots_not_saved: AtomicU64,
}

/// What [`Counters`] have counted, since they were made.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Attempts at requests.
    pub attempts: u64,
    /// Attempts without an answer, or with one that the registry cannot serve.
    pub failed_attempts: u64,
    /// Attempts that were a repetition.
    pub retries: u64,
    /// Changes of the address asked.
    pub failovers: u64,
    /// Times that the circuit opened because every address kept failing.
    pub circuits_opened: u64,
    /// Schemas loaded.
    pub loaded: u64,
    /// Schemas that the registry did not have.
    pub missing: u64,
    /// Plans of decoding made.
    pub planned: u64,
    /// Schemas forgotten for want of room.
    pub forgotten: u64,
    /// Latest versions that could not be confirmed.
    pub stale_served: u64,
    /// Snapshots that were of another registry.
    pub snapshots_refused: u64,
    /// Snapshot files not written.
    pub snapshots_not_saved: u64,
}

impl Counters {
    /// Counters to give to a client and to read from elsewhere.
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// What was counted until now.
    pub fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            attempts: read(&self.attempts),
            failed_attempts: read(&self.failed_attempts),
            retries: read(&self.retries),
            failovers: read(&self.failovers),
            circuits_opened: read(&self.circuits_opened),
            loaded: read(&self.loaded),
            missing: read(&self.missing),
            planned: read(&self.planned),
            forgotten: read(&self.forgotten),
            stale_served: read(&self.stale_served),
            snapshots_refused: read(&self.snapshots_refused),
            snapshots_not_saved: read(&self.snapshots_not_saved),
        }
    }
}

impl Observer for Counters {
    fn event(&self, event: Event<'_>) {
        let (counter, by) = match event {
            Event::Attempt { status, .. } => {
                if status.is_none_or(|status| status >= 500) {
                    self.failed_attempts.fetch_add(1, Ordering::Relaxed);
                }
                (&self.attempts, 1)
            }
            Event::Retry { .. } => (&self.retries, 1),
            Event::Failover { .. } => (&self.failovers, 1),
            Event::CircuitOpened => (&self.circuits_opened, 1),
            Event::CircuitClosed => return,
            Event::Loaded { .. } => (&self.loaded, 1),
            Event::Missing { .. } => (&self.missing, 1),
            Event::Planned { .. } => (&self.planned, 1),
            Event::Forgotten { schemas } => (&self.forgotten, schemas as u64),
            Event::StaleServed { .. } => (&self.stale_served, 1),
            Event::SnapshotRefused { .. } => (&self.snapshots_refused, 1),
            Event::SnapshotNotSaved { .. } => (&self.snapshots_not_saved, 1),
        };
        counter.fetch_add(by, Ordering::Relaxed);
    }
}

/// Tells [`tracing`](https://docs.rs/tracing) what happens: failures as warnings, the rest for debugging.
#[cfg(feature = "tracing")]
#[derive(Debug, Clone, Copy, Default)]
pub struct Tracing;

#[cfg(feature = "tracing")]
impl Observer for Tracing {
    fn event(&self, event: Event<'_>) {
        use tracing::{debug, info, warn};

        match event {
            Event::Attempt { method, path, status, took } => debug!(method, path, status, ?took, "asked the registry"),
            Event::Retry { path, error, pause } => warn!(path, %error, ?pause, "asking the registry again"),
            Event::Failover { from, to } => warn!(from, to, "asking another address of the registry"),
            Event::CircuitOpened => warn!("the registry keeps failing; it is asked once a second until it answers"),
            Event::CircuitClosed => info!("the registry answers again"),
            Event::Loaded { key, took } => debug!(%key, ?took, "loaded a schema"),
            Event::Missing { key } => warn!(%key, "the registry does not have a schema"),
            Event::Planned { key, took } => debug!(%key, ?took, "made a plan of decoding"),
            Event::Forgotten { schemas } => warn!(schemas, "forgot the oldest schemas; there are more than fit"),
            Event::StaleServed { subject, age, error } => {
                warn!(subject, ?age, %error, "could not confirm the latest version; using the one last known");
            }
            Event::SnapshotRefused { error } => warn!(%error, "forgot the snapshot"),
            Event::SnapshotNotSaved { error } => warn!(%error, "could not write the snapshot"),
        }
    }
}
