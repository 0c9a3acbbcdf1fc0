//! Configuration of a registry.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use super::identity::Identity;
use super::latest::Latest;
use super::load::Versions;
use super::negative_cache::NegativeCache;
use super::{BoundedMap, Inner, LoadedSchema, Registry};
use crate::rest::Client;
use crate::single_flight::SingleFlight;
use crate::snapshot::{Snapshot, SnapshotError};

/// Sizes and lifetimes of the caches.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Caches {
    /// Schemas in memory; 10,000. The oldest quarter is evicted when there are more.
    pub schemas: usize,
    /// Subjects with a cached latest version; 1,000.
    pub latest: u64,
    /// Time until a latest version is requested again; one minute.
    pub latest_ttl: Duration,
    /// Time for which a stale latest version is served while the registry fails; one hour.
    pub latest_max_stale: Duration,
    /// Entries of the negative cache; 10,000.
    pub misses: u64,
    /// Lifetime of the first miss of a key, doubled by each further one; one second.
    pub miss_ttl: Duration,
    /// Maximum lifetime of a miss; five minutes.
    pub max_miss_ttl: Duration,
    /// Time for which records of a missing schema are retried before they are dead letters; ten seconds, in which a
    /// lagging follower catches up.
    pub miss_grace_period: Duration,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            schemas: 10_000,
            latest: 1_000,
            latest_ttl: Duration::from_mins(1),
            latest_max_stale: Duration::from_hours(1),
            misses: 10_000,
            miss_ttl: Duration::from_secs(1),
            max_miss_ttl: Duration::from_mins(5),
            miss_grace_period: Duration::from_secs(10),
        }
    }
}

/// The builder of a [`Registry`].
#[must_use = "call `build`"]
pub struct RegistryBuilder {
    client: Option<Client>,
    caches: Caches,
    snapshot: Snapshot,
    file: Option<PathBuf>,
}

impl RegistryBuilder {
    pub(super) fn new(client: Option<Client>, snapshot: Snapshot) -> Self {
        Self { client, caches: Caches::default(), snapshot, file: None }
    }

    /// Sets sizes and lifetimes of the caches.
    pub fn caches(mut self, caches: Caches) -> Self {
        self.caches = caches;
        self
    }

    /// Starts with the schemas of a snapshot.
    pub fn snapshot(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// Starts with the schemas of a snapshot file, if it exists, and keeps it up to date.
    ///
    /// A file of another context is an error. For a file of another registry see [`open`](Self::open).
    pub fn snapshot_file(mut self, path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let path = path.as_ref();
        if path.exists() {
            let snapshot = Snapshot::read(path)?;
            snapshot.check_context(self.client.as_ref().and_then(Client::context))?;
            self.snapshot = snapshot;
        }
        self.file = Some(path.to_owned());
        Ok(self)
    }

    /// Builds the registry after a check that the snapshot belongs to it.
    ///
    /// If the registry does not respond the snapshot is used, and the check is repeated before the next load: a snapshot of
    /// another registry is then dropped, as after [`build`](Self::build).
    pub async fn open(self) -> Result<Registry, SnapshotError> {
        let registry = self.into_registry();
        let inner = &registry.0;
        if let Some(client) = inner.client.as_ref().filter(|_| inner.identity.can_be_checked()) {
            inner.identity.ask(client).await;
            inner.identity.check()?;
        }
        Ok(registry)
    }

    /// Builds the registry, without a request.
    ///
    /// Within a Tokio runtime the identity of a snapshot is checked in the background.
    pub fn build(self) -> Registry {
        let registry = self.into_registry();
        let inner = Arc::clone(&registry.0);
        if let (Some(client), Ok(runtime)) = (inner.client.clone(), tokio::runtime::Handle::try_current())
            && inner.identity.can_be_checked()
        {
            runtime.spawn(async move {
                inner.identity.ask(&client).await;
                inner.check_snapshot();
            });
        }
        registry
    }

    fn into_registry(self) -> Registry {
        let caches = &self.caches;
        let inner = Inner {
            client: self.client,
            schemas: RwLock::new(BoundedMap::new(caches.schemas)),
            loads: SingleFlight::new(),
            negative_cache: NegativeCache::new(caches),
            latest: Latest::new(caches),
            versions: Versions::builder().max_capacity(1_000).time_to_live(Duration::from_mins(5)).build(),
            failed: Mutex::new(None),
            capacity: caches.schemas,
            file: self.file,
            saving: AtomicBool::new(false),
            identity: Identity::of(self.snapshot.registry()),
        };
        for content in self.snapshot.into_contents() {
            inner.insert(LoadedSchema::new(content));
        }
        Registry(Arc::new(inner))
    }
}
