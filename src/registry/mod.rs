//! The use cases: everything a client can ask of a registry, as Rust functions.
//!
//! Each runs on a [`View`]: it records what was read, so that a write can be guarded by it and a finished answer
//! can be cached until any of it changes.

mod access;
mod apply;
mod candidate;
mod change_feed;
mod compatibility;
mod configs;
mod contexts;
mod counts;
mod delete;
mod effective;
mod error;
mod explain;
mod freshness;
mod lookup;
mod modes;
mod overlay;
mod past;
mod read;
mod references;
mod register;
mod snapshot;
mod stats;
mod subject_search;
mod undelete;
mod verdicts;
mod view;
mod write;

pub use access::{Authority, Needs};
pub use apply::{Action, Applied, Expectation, Operation, Plan, StepOutcome, StepResult};
pub use candidate::Draft;
pub use change_feed::{PAGE as FEED_PAGE, Subscriber};
pub use compatibility::Verdict;
pub use error::Error;
pub use explain::{Explained, Explanation, Question, Reply};
pub use freshness::{Freshness, RequestConsistency};
pub use lookup::LookupOptions;
pub use past::{Past, PastSubject};
pub use read::{Listing, Page, Tagged};
pub use register::RegisterOptions;
pub use snapshot::{SnapshotEntry, SnapshotPage};
pub use stats::{CacheSize, Registration};
pub use subject_search::{Cursor, Found, FoundSubject, LevelOf, Lookup, Search};
pub use view::{ReadSet, View};
pub use write::Settled;

pub use crate::store::{DeletedFilter, SubjectFilter};
pub use avow_schema::Format;

use crate::domain::{Content, ContentKey, Context, Identity, Level, SchemaId, Subject, Timestamp, Version};
use crate::store::{Scope, Store, StoredVersion};
use moka::future::Cache;
use stats::CacheKind;
use std::sync::Arc;

/// The operator's settings.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named after the contract's")]
pub struct Settings {
    /// The default level.
    pub level: Level,
    /// Whether modes may be changed.
    pub mode_mutability: bool,
    /// Whether reserved fields are checked by default.
    pub validate_fields: bool,
    /// Whether new schemas are parsed strictly by default.
    pub validate_new_schemas: bool,
    /// Whether a subject without a name is refused.
    pub reject_empty_subject: bool,
    /// The maximum number of callers that wait for changes.
    pub max_subscribers: usize,
    /// The bytes of the content cache, and of the cache of parsed contents.
    pub content_bytes: u64,
    /// The bytes of the cache of verdicts on pairs of schemas.
    pub verdict_bytes: u64,
    /// The bytes of the cache of version lists and settings.
    pub scope_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: Level::Backward,
            mode_mutability: true,
            validate_fields: false,
            validate_new_schemas: true,
            reject_empty_subject: false,
            max_subscribers: 1_000,
            content_bytes: 16 << 20,
            verdict_bytes: 8 << 20,
            scope_bytes: 16 << 20,
        }
    }
}

/// The caller, request id and time of a change.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The authority it acts on, under whose name it is logged.
    pub authority: Authority,
    /// The request's id.
    pub request_id: Arc<str>,
    /// The time of the request.
    pub now: Timestamp,
    pub consistency: RequestConsistency,
}

/// A schema as answers describe it.
#[derive(Debug, Clone)]
pub struct Described {
    pub subject: Subject,
    pub version: Version,
    pub id: SchemaId,
    pub key: ContentKey,
    pub content: Arc<Content>,
    /// The last write and the deletion state of the stored version; absent where the request itself matched.
    pub stored: Option<(Timestamp, bool)>,
}

/// The registry: a store, and its caches.
#[derive(Debug)]
pub struct Registry {
    store: Store,
    settings: Settings,
    scopes: Cache<Subject, Arc<Scope>>,
    contents: Cache<ContentKey, Arc<Content>>,
    parsed: Cache<candidate::ParsedKey, Arc<avow_schema::ParsedSchema>>,
    verdicts: Cache<verdicts::VerdictKey, Arc<avow_schema::Verdict>>,
    queues: write::Queues,
    stats: stats::Stats,
    counts: counts::CountSchedule,
    feed: change_feed::ChangeFeed,
    identity: tokio::sync::OnceCell<Identity>,
    /// Held while a past state is rebuilt.
    past_turn: tokio::sync::Mutex<()>,
}

impl Registry {
    /// A registry over an open store.
    pub fn new(store: Store, settings: Settings) -> Arc<Self> {
        let clamp = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let stats = stats::Stats::default();
        let scopes = Cache::builder()
            .max_capacity(settings.scope_bytes)
            .eviction_listener(stats.evictions(CacheKind::Scopes))
            .weigher(move |subject: &Subject, scope: &Arc<Scope>| {
                clamp(256 + subject.as_str().len() + scope.versions.len() * size_of::<StoredVersion>())
            })
            .build();
        let contents = Cache::builder()
            .max_capacity(settings.content_bytes)
            .eviction_listener(stats.evictions(CacheKind::Contents))
            .weigher(move |_, content: &Arc<Content>| clamp(content.weight()))
            .build();
        // A parsed schema takes a few times the space of its text.
        let parsed = Cache::builder()
            .max_capacity(settings.content_bytes)
            .eviction_listener(stats.evictions(CacheKind::Parsed))
            .weigher(move |key: &candidate::ParsedKey, _| clamp(key.weight()))
            .build();
        let verdicts = Cache::builder()
            .max_capacity(settings.verdict_bytes)
            .eviction_listener(stats.evictions(CacheKind::Verdicts))
            .weigher(move |_, verdict: &Arc<avow_schema::Verdict>| clamp(256 + 256 * verdict.findings.len()))
            .build();
        let (queues, feed) = (write::Queues::new(), change_feed::ChangeFeed::new(settings.max_subscribers));
        Arc::new(Self {
            store,
            settings,
            scopes,
            contents,
            parsed,
            verdicts,
            queues,
            stats,
            counts: counts::CountSchedule::default(),
            feed,
            identity: tokio::sync::OnceCell::new(),
            past_turn: tokio::sync::Mutex::default(),
        })
    }

    /// The reason why the registry is degraded; `None` if it is healthy.
    pub async fn degradation(&self) -> Option<String> {
        match self.store.head().await {
            Ok(_) => self.store.write_failure(),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Starts to read, on somebody's authority.
    pub fn view(&self, authority: &Authority) -> View<'_> {
        View::new(self, authority.clone())
    }

    /// The content under a key.
    async fn content(&self, key: ContentKey) -> Result<Arc<Content>, Error> {
        let mut found = true;
        let load = async {
            found = false;
            match self.store.content(key).await {
                Ok(Some(content)) => Ok(Arc::new(content)),
                Ok(None) => Err(Error::damaged(format_args!("no content under the fingerprint {key}"))),
                Err(error) => Err(error.into()),
            }
            // All waiters share the error, with its variant.
            .map_err(Arc::new)
        };
        let content = self.contents.try_get_with(key, load).await;
        self.stats.record_lookup(CacheKind::Contents, found);
        content.map_err(|error| Error::Shared(Arc::clone(&error)))
    }

    /// The highest id of a context as answers report it, at least 1 (contract 3.2).
    pub async fn max_id(&self, context: &Context) -> Result<i32, Error> {
        Ok(self.store.last_id(context).await?.max(1))
    }
}
