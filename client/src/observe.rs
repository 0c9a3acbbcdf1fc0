//! Events off the hot path, for logs, metrics and tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Error;
use crate::snapshot::SnapshotError;
use crate::wire::SchemaKey;

/// An event. There are none per record.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt at a request ended.
    #[non_exhaustive]
    Attempt {
        /// The method.
        method: &'a str,
        /// The path asked for, below the address of the registry.
        path: &'a str,
        /// The HTTP status; `None` without a response.
        status: Option<u16>,
        took: Duration,
    },
    /// A request will be repeated after a pause.
    #[non_exhaustive]
    Retry {
        /// The path asked for.
        path: &'a str,
        /// The error of the last attempt.
        error: &'a Error,
        /// The pause before the next one.
        pause: Duration,
    },
    /// Requests go to another address.
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
    /// A schema was loaded, with its references.
    #[non_exhaustive]
    Loaded {
        /// The key of the schema.
        key: SchemaKey,
        took: Duration,
    },
    /// The registry does not have a schema.
    #[non_exhaustive]
    Missing {
        /// The key of the schema.
        key: SchemaKey,
    },
    /// A decode plan was compiled for a schema.
    #[non_exhaustive]
    PlanCompiled {
        /// The schema.
        key: SchemaKey,
        took: Duration,
    },
    /// The oldest schemas were evicted.
    #[non_exhaustive]
    Evicted { schemas: usize },
    /// The latest version of a subject could not be refreshed; a stale one is used.
    #[non_exhaustive]
    StaleServed {
        /// The subject.
        subject: &'a str,
        /// The time since its last confirmation.
        age: Duration,
        /// The error of the refresh.
        error: &'a Error,
    },
    /// The snapshot it began with is of another registry: it was evicted, and its file is left as it is.
    #[non_exhaustive]
    SnapshotRefused {
        /// The mismatch.
        error: &'a SnapshotError,
    },
    /// The snapshot file could not be written.
    #[non_exhaustive]
    SnapshotNotSaved {
        /// The error.
        error: &'a SnapshotError,
    },
}

/// A receiver of events.
pub trait Observer: Send + Sync + 'static {
    /// Called synchronously; must not block.
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

/// Counters of events, for the metrics of a program.
///
/// ```
/// # use avow_client::{Counters, rest::Client};
/// let counters = Counters::shared();
/// let client = Client::builder("http://localhost:8081").observer(counters.clone()).build()?;
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
    plans_compiled: AtomicU64,
    evicted: AtomicU64,
    stale_served: AtomicU64,
    snapshots_refused: AtomicU64,
    snapshots_not_saved: AtomicU64,
}

/// The values of [`Counters`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Attempts at requests.
    pub attempts: u64,
    /// Attempts without a response or with a 5xx status.
    pub failed_attempts: u64,
    /// Repeated attempts.
    pub retries: u64,
    /// Changes of the address.
    pub failovers: u64,
    /// Times that the circuit opened because every address kept failing.
    pub circuits_opened: u64,
    /// Schemas loaded.
    pub loaded: u64,
    /// Schemas that the registry did not have.
    pub missing: u64,
    /// Decode plans compiled.
    pub plans_compiled: u64,
    /// Schemas evicted for want of room.
    pub evicted: u64,
    /// Stale latest versions used.
    pub stale_served: u64,
    /// Snapshots dropped because they belong to another registry.
    pub snapshots_refused: u64,
    /// Snapshot files not written.
    pub snapshots_not_saved: u64,
}

impl Counters {
    /// Shared counters, to pass to a client and to read.
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// The current values.
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
            plans_compiled: read(&self.plans_compiled),
            evicted: read(&self.evicted),
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
            Event::PlanCompiled { .. } => (&self.plans_compiled, 1),
            Event::Evicted { schemas } => (&self.evicted, schemas as u64),
            Event::StaleServed { .. } => (&self.stale_served, 1),
            Event::SnapshotRefused { .. } => (&self.snapshots_refused, 1),
            Event::SnapshotNotSaved { .. } => (&self.snapshots_not_saved, 1),
        };
        counter.fetch_add(by, Ordering::Relaxed);
    }
}

/// An observer that emits [`tracing`](https://docs.rs/tracing) events: failures as warnings, the rest at debug level.
#[cfg(feature = "tracing")]
#[derive(Debug, Clone, Copy, Default)]
pub struct Tracing;

#[cfg(feature = "tracing")]
impl Observer for Tracing {
    fn event(&self, event: Event<'_>) {
        use std::error::Error as StdError;

        use tracing::{debug, info, warn};

        match event {
            Event::Attempt { method, path, status, took } => {
                debug!(method, path, status, ?took, "request to the registry")
            }
            Event::Retry { path, error, pause } => {
                warn!(path, error = error as &dyn StdError, ?pause, "retrying a request")
            }
            Event::Failover { from, to } => warn!(from, to, "switching to another address of the registry"),
            Event::CircuitOpened => warn!("the registry keeps failing; one probe a second until it responds"),
            Event::CircuitClosed => info!("the registry responds again"),
            Event::Loaded { key, took } => debug!(%key, ?took, "loaded a schema"),
            Event::Missing { key } => warn!(%key, "the registry does not have a schema"),
            Event::PlanCompiled { key, took } => debug!(%key, ?took, "compiled a decode plan"),
            Event::Evicted { schemas } => warn!(schemas, "evicted the oldest schemas; raise `Caches::schemas`"),
            Event::StaleServed { subject, age, error } => {
                warn!(
                    subject,
                    ?age,
                    error = error as &dyn StdError,
                    "could not refresh the latest version; using a stale one"
                );
            }
            Event::SnapshotRefused { error } => warn!(error = error as &dyn StdError, "dropped the snapshot"),
            Event::SnapshotNotSaved { error } => warn!(error = error as &dyn StdError, "could not write the snapshot"),
        }
    }
}
