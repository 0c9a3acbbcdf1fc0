//! A registry with its caches.
//!
//! The schema of an id or GUID never changes, so it is requested once and never expires. Only latest versions, misses and
//! the health of the registry do.

mod bounded_map;
mod builder;
mod identity;
mod latest;
mod load;
mod loaded;
mod negative_cache;
mod prefetch;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::error::Kind;
use crate::format::SchemaText;
use crate::observe::Event;
use crate::rest::{Addresses, Client, ConfigError, Reference};
use crate::single_flight::{SingleFlight, Waiter};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::wire::SchemaKey;
use identity::Identity;
use latest::Latest;
use load::Versions;
use negative_cache::NegativeCache;

pub(crate) use bounded_map::BoundedMap;
pub use builder::{Caches, RegistryBuilder};
pub use latest::LatestVersion;
pub use loaded::LoadedSchema;
#[cfg(any(feature = "json-schema", feature = "protobuf"))]
pub(crate) use loaded::SCHEMA_LIMITS;
pub(crate) use loaded::{Content, ResolvedReference, named};

/// How long loads fail without a request after the registry failed.
const FAILURE_TTL: Duration = Duration::from_secs(1);
/// Delay between a new schema and the write of the snapshot file.
const SAVE_DELAY: Duration = Duration::from_secs(1);

/// A registry with its caches, which clones share.
///
/// ```no_run
/// let registry = avow_client::Registry::connect("http://localhost:8081")?;
/// # Ok::<(), avow_client::rest::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

pub(crate) struct Inner {
    client: Option<Client>,
    schemas: RwLock<BoundedMap<SchemaKey, Arc<LoadedSchema>>>,
    loads: SingleFlight<SchemaKey, Arc<LoadedSchema>>,
    negative_cache: NegativeCache<SchemaKey>,
    latest: Latest,
    versions: Versions,
    failed: Mutex<Option<(Instant, Error)>>,
    capacity: usize,
    file: Option<PathBuf>,
    saving: AtomicBool,
    identity: Identity,
}

impl Registry {
    /// A registry at one address or several, with the default settings.
    pub fn connect(addresses: impl Into<Addresses>) -> Result<Self, ConfigError> {
        Ok(Self::new(Client::builder(addresses).build()?))
    }

    /// A registry with the settings of a client.
    pub fn new(client: Client) -> Self {
        Self::builder(client).build()
    }

    /// A builder, for other cache sizes or a snapshot.
    pub fn builder(client: Client) -> RegistryBuilder {
        RegistryBuilder::new(Some(client), Snapshot::default())
    }

    /// A registry that consists of a snapshot and never opens a socket.
    pub fn offline(snapshot: Snapshot) -> Self {
        RegistryBuilder::new(None, snapshot).build()
    }

    /// The client of the registry's HTTP API; an error for an offline registry.
    pub fn rest(&self) -> Result<&Client, Error> {
        self.0.client("the HTTP API")
    }

    /// A schema from memory.
    pub fn schema_now(&self, key: SchemaKey) -> Option<Arc<LoadedSchema>> {
        self.0.cached(key)
    }

    /// A schema, from memory or from the registry.
    ///
    /// Concurrent calls share one request. A schema that the registry does not have is requested again only after the
    /// lifetime of the miss.
    pub async fn schema(&self, key: SchemaKey) -> Result<Arc<LoadedSchema>, Error> {
        self.0.schema(key).await
    }

    /// Loads schemas concurrently; returns the first error after all have ended.
    pub async fn prefetch(&self, keys: impl IntoIterator<Item = SchemaKey>) -> Result<(), Error> {
        let in_progress: Vec<_> =
            keys.into_iter().filter(|key| self.0.cached(*key).is_none()).map(|key| self.0.start_load(key)).collect();
        let mut first = Ok(());
        for load in in_progress {
            let outcome = match load {
                Ok(load) => load.wait().await.map(drop),
                Err(error) => Err(error),
            };
            first = first.and(outcome);
        }
        first
    }

    /// Loads all versions, also deleted ones, of the subjects with a prefix. Returns the number of schemas.
    ///
    /// Avow sends them by the thousand, other registries one by one. Loading ends at the capacity of the cache.
    pub async fn prefetch_subjects(&self, prefix: &str) -> Result<usize, Error> {
        self.0.prefetch(self.rest()?, prefix).await
    }

    /// The latest version of a subject; cached for a minute, and for an hour while the registry fails.
    pub async fn latest(&self, subject: &str) -> Result<LatestVersion, Error> {
        self.0.latest(subject).await
    }

    /// A snapshot of all cached schemas.
    pub fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    pub(crate) async fn references(&self, direct: &[Reference]) -> Result<Vec<ResolvedReference>, Error> {
        load::references(self.rest()?, &self.0.versions, direct).await
    }

    /// A cached schema that is structurally equal.
    pub(crate) fn find_equal<S: SchemaText>(&self, schema: &S) -> Option<Arc<LoadedSchema>> {
        let schemas = self.0.schemas.read().unwrap_or_else(PoisonError::into_inner);
        let is_equal = |cached: &&Arc<LoadedSchema>| S::of(cached).is_ok_and(|cached| cached.is_equal(schema));
        schemas.values().find(is_equal).cloned()
    }

    /// Caches a schema.
    pub(crate) fn insert(&self, content: Content) -> Arc<LoadedSchema> {
        self.0.insert(LoadedSchema::new(content))
    }

    /// Caches a version, with its references loaded.
    pub(crate) async fn load_version(&self, version: crate::rest::Version) -> Result<Arc<LoadedSchema>, Error> {
        Ok(self.0.loaded_version(self.rest()?, version).await?.schema)
    }

    /// Whether a schema has been missing for longer than the grace period.
    pub(crate) fn is_long_missing(&self, key: SchemaKey) -> bool {
        self.0.client.is_none() || self.0.negative_cache.is_long_missing(&key, Instant::now())
    }

    /// The maximum number of cached schemas, or of plans.
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity
    }

    pub(crate) fn observe(&self, event: Event<'_>) {
        self.0.observe(event);
    }
}

impl Inner {
    fn client(&self, what: &str) -> Result<&Client, Error> {
        self.client.as_ref().ok_or_else(|| Error::new(what, Kind::Offline))
    }

    fn observe(&self, event: Event<'_>) {
        if let Some(client) = &self.client {
            client.observe(event);
        }
    }

    fn cached(&self, key: SchemaKey) -> Option<Arc<LoadedSchema>> {
        self.schemas.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone)
    }

    async fn schema(self: &Arc<Self>, key: SchemaKey) -> Result<Arc<LoadedSchema>, Error> {
        match self.cached(key) {
            Some(schema) => Ok(schema),
            None => self.start_load(key)?.wait().await,
        }
    }

    /// Starts or joins the load of a schema; fails if a recent failure or miss makes it pointless.
    fn start_load(self: &Arc<Self>, key: SchemaKey) -> Result<Waiter<Arc<LoadedSchema>>, Error> {
        let client = self.client(&format!("the schema with {key}"))?.clone();
        let now = Instant::now();
        if let Some(error) = self.negative_cache.get(&key, now).or_else(|| self.recent_failure(now)) {
            return Err(error);
        }
        if let Some(retry_after) = self.negative_cache.wait(now) {
            return Err(Error::new(format!("the schema with {key}"), Kind::Throttled { retry_after }));
        }
        let inner = Arc::clone(self);
        Ok(self.loads.join(&key, || {
            let load = async move { inner.load(&client, key).await };
            #[cfg(feature = "tracing")]
            let load = tracing::Instrument::instrument(load, tracing::debug_span!("avow.load", %key));
            load
        }))
    }

    async fn load(self: Arc<Self>, client: &Client, key: SchemaKey) -> Result<Arc<LoadedSchema>, Error> {
        // Another load may have ended between the look-up and the start of this one.
        if let Some(schema) = self.cached(key) {
            return Ok(schema);
        }
        if self.identity.can_be_checked() {
            self.identity.ask(client).await;
            self.check_snapshot();
        }
        let started = Instant::now();
        let outcome = load::schema(client, &self.versions, key).await;
        let now = Instant::now();
        match outcome {
            Ok(schema) => {
                self.negative_cache.remove(&key);
                self.observe(Event::Loaded { key, took: now - started });
                let schema = self.insert(schema);
                self.save_soon();
                Ok(schema)
            }
            Err(error) => {
                if error.is_not_found() {
                    self.observe(Event::Missing { key });
                }
                // An error of one schema does not stop the loads of others.
                if error.is_retriable() || error.is_unauthenticated() {
                    *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
                } else {
                    self.negative_cache.insert(key, error.clone(), now);
                }
                Err(error)
            }
        }
    }

    /// The error of the last load, while it is recent.
    fn recent_failure(&self, now: Instant) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .as_ref()
            .filter(|(at, _)| now.saturating_duration_since(*at) < FAILURE_TTL)
            .map(|(_, error)| error.clone())
    }

    fn insert(&self, schema: LoadedSchema) -> Arc<LoadedSchema> {
        let schema = Arc::new(schema);
        let mut evicted = 0;
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        for key in schema.keys() {
            evicted += schemas.insert(key, Arc::clone(&schema));
        }
        drop(schemas);
        if evicted > 0 {
            self.observe(Event::Evicted { schemas: evicted });
        }
        schema
    }

    fn snapshot(&self) -> Snapshot {
        let schemas = self.schemas.read().unwrap_or_else(PoisonError::into_inner);
        let context = self.client.as_ref().and_then(|client| client.context().map(str::to_owned));
        Snapshot::new(context, self.identity.registry_id(), schemas.values().map(|schema| schema.content.clone()))
    }

    /// Drops a snapshot of another registry.
    fn check_snapshot(&self) {
        if let Err(error) = self.identity.check() {
            self.reject_snapshot(&error);
        }
    }

    fn reject_snapshot(&self, error: &SnapshotError) {
        *self.schemas.write().unwrap_or_else(PoisonError::into_inner) = BoundedMap::new(self.capacity);
        self.observe(Event::SnapshotRefused { error });
    }

    /// Schedules a write of the snapshot file.
    fn save_soon(self: &Arc<Self>) {
        if self.file.is_none() || self.saving.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(SAVE_DELAY).await;
            inner.saving.store(false, Ordering::Release);
            if let Some(client) = &inner.client {
                inner.identity.ask(client).await;
                inner.check_snapshot();
            }
            let saved = tokio::task::spawn_blocking(move || inner.save()).await;
            drop(saved);
        });
    }

    fn save(&self) {
        // The file of another registry is not overwritten.
        let Some(file) = self.file.as_ref().filter(|_| !self.identity.is_refused()) else { return };
        if let Err(error) = self.snapshot().write(file) {
            self.observe(Event::SnapshotNotSaved { error: &error });
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("client", &self.0.client).finish_non_exhaustive()
    }
}
