//! What is known of a registry, so that it is asked once.
//!
//! Ids and GUIDs never change what they mean: what was loaded by one is never asked for again. Only what is latest,
//! what is missing, and whether the registry answers have a clock.

mod bounded;
mod bulk;
mod identity;
mod latest;
mod load;
mod loaded;
mod missing;
mod single_flight;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::error::Kind;
use crate::observe::Event;
use crate::rest::{Client, ConfigError, Reference};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::wire::SchemaKey;
use identity::Identity;
use latest::Latest;
use load::Versions;
use missing::Missing;
use single_flight::{SingleFlight, Waiter};

pub(crate) use bounded::Bounded;
pub use latest::LatestVersion;
pub use loaded::LoadedSchema;
pub(crate) use loaded::{Content, Referenced};

/// After a load that failed for the registry's reasons, not the schema's, loads fail without asking for so long.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long new schemas are gathered before the snapshot file is written.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// How much is remembered, and for how long.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Caches {
    /// Schemas held in memory; 10,000. The oldest quarter goes when there are more.
    pub schemas: usize,
    /// Subjects whose latest version is held; 1,000.
    pub latest: u64,
    /// For so long the latest version is taken for it; one minute.
    pub latest_fresh: Duration,
    /// For so long it is served while the registry does not answer; one hour.
    pub latest_stale: Duration,
    /// Misses remembered; 10,000.
    pub misses: u64,
    /// How long a miss is remembered at first; one second, doubling.
    pub first_miss: Duration,
    /// How long at most; five minutes.
    pub longest_miss: Duration,
    /// How long a schema may be missing before its records are for the dead-letter topic; ten seconds, in which a
    /// registry that lags behind another catches up.
    pub patience: Duration,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            schemas: 10_000,
            latest: 1_000,
            latest_fresh: Duration::from_mins(1),
            latest_stale: Duration::from_hours(1),
            misses: 10_000,
            first_miss: Duration::from_secs(1),
            longest_miss: Duration::from_mins(5),
            patience: Duration::from_secs(10),
        }
    }
}

/// A registry, and everything that was learned from it. Clones share all of it.
///
/// ```no_run
/// let registry = avow_client::Registry::connect(["http://localhost:8081"])?;
/// # Ok::<(), avow_client::rest::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

pub(crate) struct Inner {
    client: Option<Client>,
    schemas: RwLock<Bounded<SchemaKey, Arc<LoadedSchema>>>,
    loads: SingleFlight<SchemaKey, Arc<LoadedSchema>>,
    missing: Missing<SchemaKey>,
    latest: Latest,
    versions: Versions,
    failed: Mutex<Option<(Instant, Error)>>,
    bound: usize,
    file: Option<PathBuf>,
    saving: AtomicBool,
    identity: Identity,
}

impl Registry {
    /// A registry at one address or several, with everything as it usually is.
    pub fn connect<I>(addresses: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Ok(Self::new(Client::builder(addresses).build()?))
    }

    /// What a client reaches.
    pub fn new(client: Client) -> Self {
        Self::builder(client).build()
    }

    /// What a client reaches, with caches of another size or a snapshot to begin with.
    pub fn builder(client: Client) -> RegistryBuilder {
        RegistryBuilder { client: Some(client), caches: Caches::default(), snapshot: Snapshot::default(), file: None }
    }

    /// What a snapshot holds, and nothing else: no socket is ever opened.
    pub fn offline(snapshot: Snapshot) -> Self {
        RegistryBuilder { client: None, caches: Caches::default(), snapshot, file: None }.build()
    }

    /// The registry's HTTP API; an error of a registry that is offline.
    pub fn rest(&self) -> Result<&Client, Error> {
        self.0.client("the HTTP API")
    }

    /// A schema, if it is in memory.
    pub fn schema_now(&self, key: SchemaKey) -> Option<Arc<LoadedSchema>> {
        self.0.known(key)
    }

    /// A schema, from memory or from the registry.
    ///
    /// However many ask for one that is not in memory, the registry is asked once. A schema that it does not have is
    /// asked for again only after a while.
    pub async fn schema(&self, key: SchemaKey) -> Result<Arc<LoadedSchema>, Error> {
        self.0.schema(key).await
    }

    /// Loads schemas, all at once; the first error, after all are loaded or failed.
    pub async fn prefetch(&self, keys: impl IntoIterator<Item = SchemaKey>) -> Result<(), Error> {
        let in_progress: Vec<_> =
            keys.into_iter().filter(|key| self.0.known(*key).is_none()).map(|key| self.0.begin(key)).collect();
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

    /// Loads what all subjects whose names begin so hold, or held: every schema that records may have been written with.
    /// Returns how many schemas that were.
    ///
    /// A registry of Avow hands them out by the thousand, others one after another. As many are loaded as are held in
    /// memory at a time.
    pub async fn prefetch_subjects(&self, prefix: &str) -> Result<usize, Error> {
        self.0.load_all(self.rest()?, prefix).await
    }

    /// The latest version of a subject; from memory for a minute, and for an hour while the registry does not answer.
    pub async fn latest(&self, subject: &str) -> Result<LatestVersion, Error> {
        self.0.latest(subject).await
    }

    /// Everything learned so far.
    pub fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    pub(crate) async fn references(&self, direct: &[Reference]) -> Result<Vec<Referenced>, Error> {
        load::references(self.rest()?, &self.0.versions, direct).await
    }

    /// Keeps a schema that was had in another way.
    pub(crate) fn keep(&self, content: Content) -> Arc<LoadedSchema> {
        self.0.keep(LoadedSchema::new(content))
    }

    /// A version that was had in another way, with all that it refers to.
    pub(crate) async fn complete(&self, version: crate::rest::Version) -> Result<Arc<LoadedSchema>, Error> {
        Ok(self.0.loaded_version(self.rest()?, version).await?.schema)
    }

    /// Whether a schema has been missing for so long that it will hardly appear.
    pub(crate) fn unknown_for_long(&self, key: SchemaKey) -> bool {
        self.0.client.is_none() || self.0.missing.for_long(&key, Instant::now())
    }

    /// How many schemas, or plans made of them, are held at most.
    pub(crate) fn bound(&self) -> usize {
        self.0.bound
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

    fn known(&self, key: SchemaKey) -> Option<Arc<LoadedSchema>> {
        self.schemas.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone)
    }

    async fn schema(self: &Arc<Self>, key: SchemaKey) -> Result<Arc<LoadedSchema>, Error> {
        match self.known(key) {
            Some(schema) => Ok(schema),
            None => self.begin(key)?.wait().await,
        }
    }

    /// Begins to load a schema, or joins those who have; refused where it is known that it would be in vain.
    fn begin(self: &Arc<Self>, key: SchemaKey) -> Result<Waiter<Arc<LoadedSchema>>, Error> {
        let client = self.client(&format!("the schema with {key}"))?.clone();
        let now = Instant::now();
        if let Some(error) = self.missing.get(&key, now).or_else(|| self.failed_just_now(now)) {
            return Err(error);
        }
        if let Some(retry_after) = self.missing.wait(now) {
            return Err(Error::new(format!("the schema with {key}"), Kind::Paced { retry_after }));
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
        if let Some(schema) = self.known(key) {
            return Ok(schema);
        }
        if self.identity.is_claimed() {
            self.identity.ask(client).await;
            self.confirm();
        }
        let begun = Instant::now();
        let outcome = load::schema(client, &self.versions, key).await;
        let now = Instant::now();
        match outcome {
            Ok(schema) => {
                self.missing.remove(&key);
                self.observe(Event::Loaded { key, took: now - begun });
                let schema = self.keep(schema);
                self.save_soon();
                Ok(schema)
            }
            Err(error) => {
                if error.is_not_found() {
                    self.observe(Event::Missing { key });
                }
                // What is wrong with one schema does not keep others from being asked for.
                if error.is_retriable() || error.is_unauthenticated() {
                    *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
                } else {
                    self.missing.insert(key, error.clone(), now);
                }
                Err(error)
            }
        }
    }

    /// The error of the last load, if that failed a moment ago.
    fn failed_just_now(&self, now: Instant) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .as_ref()
            .filter(|(at, _)| now.saturating_duration_since(*at) < AFTER_FAILURE)
            .map(|(_, error)| error.clone())
    }

    fn keep(&self, schema: LoadedSchema) -> Arc<LoadedSchema> {
        let schema = Arc::new(schema);
        let mut gone = 0;
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        for key in schema.keys() {
            gone += schemas.insert(key, Arc::clone(&schema));
        }
        drop(schemas);
        if gone > 0 {
            self.observe(Event::Forgotten { schemas: gone });
        }
        schema
    }

    fn snapshot(&self) -> Snapshot {
        let schemas = self.schemas.read().unwrap_or_else(PoisonError::into_inner);
        let context = self.client.as_ref().and_then(|client| client.context().map(str::to_owned));
        Snapshot::new(context, self.identity.known(), schemas.values().map(|schema| schema.content.clone()))
    }

    /// Forgets a snapshot that turns out to be of another registry.
    fn confirm(&self) {
        if let Err(error) = self.identity.verdict() {
            self.refuse(&error);
        }
    }

    fn refuse(&self, error: &SnapshotError) {
        *self.schemas.write().unwrap_or_else(PoisonError::into_inner) = Bounded::new(self.bound);
        self.observe(Event::SnapshotRefused { error });
    }

    /// Writes the snapshot file, a moment later, with everything learned until then.
    fn save_soon(self: &Arc<Self>) {
        if self.file.is_none() || self.saving.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(SAVE_AFTER).await;
            inner.saving.store(false, Ordering::Release);
            if let Some(client) = &inner.client {
                inner.identity.ask(client).await;
                inner.confirm();
            }
            let saved = tokio::task::spawn_blocking(move || inner.save()).await;
            drop(saved);
        });
    }

    fn save(&self) {
        // The file of another registry is left as it is.
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

/// A [`Registry`] to be.
#[must_use = "call `build`"]
pub struct RegistryBuilder {
    client: Option<Client>,
    caches: Caches,
    snapshot: Snapshot,
    file: Option<PathBuf>,
}

impl RegistryBuilder {
    /// Sets how much is remembered, and for how long.
    pub fn caches(mut self, caches: Caches) -> Self {
        self.caches = caches;
        self
    }

    /// Begins with what a snapshot holds.
    pub fn snapshot(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// Begins with what the file holds, if there is one, and keeps it up to date with everything learned.
    ///
    /// A file of another context, whose ids mean something else, is refused. So is one of another registry, as soon as
    /// that can be told: see [`open`](Self::open).
    pub fn snapshot_file(mut self, path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let path = path.as_ref();
        if path.exists() {
            let snapshot = Snapshot::read(path)?;
            snapshot.must_be_of(self.client.as_ref().and_then(Client::context))?;
            self.snapshot = snapshot;
        }
        self.file = Some(path.to_owned());
        Ok(self)
    }

    /// The registry, once it has been asked whether the snapshot is its own; one of another registry is refused.
    ///
    /// While no registry answers the snapshot has to do: then, as after [`build`](Self::build), the question is asked
    /// before the next schema is loaded, and a snapshot of another registry is forgotten.
    pub async fn open(self) -> Result<Registry, SnapshotError> {
        let registry = self.make();
        let inner = &registry.0;
        if let Some(client) = inner.client.as_ref().filter(|_| inner.identity.is_claimed()) {
            inner.identity.ask(client).await;
            inner.identity.verdict()?;
        }
        Ok(registry)
    }

    /// The registry; nothing has been asked yet.
    ///
    /// Within a Tokio runtime a registry with a snapshot is asked in the background whether that is its own.
    pub fn build(self) -> Registry {
        let registry = self.make();
        let inner = Arc::clone(&registry.0);
        if let (Some(client), Ok(runtime)) = (inner.client.clone(), tokio::runtime::Handle::try_current())
            && inner.identity.is_claimed()
        {
            runtime.spawn(async move {
                inner.identity.ask(&client).await;
                inner.confirm();
            });
        }
        registry
    }

    fn make(self) -> Registry {
        let caches = &self.caches;
        let inner = Inner {
            client: self.client,
            schemas: RwLock::new(Bounded::new(caches.schemas)),
            loads: SingleFlight::new(),
            missing: Missing::new(caches),
            latest: Latest::new(caches),
            versions: Versions::builder().max_capacity(1_000).time_to_live(Duration::from_mins(5)).build(),
            failed: Mutex::new(None),
            bound: caches.schemas,
            file: self.file,
            saving: AtomicBool::new(false),
            identity: Identity::of(self.snapshot.registry()),
        };
        for content in self.snapshot.into_contents() {
            inner.keep(LoadedSchema::new(content));
        }
        Registry(Arc::new(inner))
    }
}
