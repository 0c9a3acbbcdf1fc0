//! The answer cache: finished responses, kept until a fact they were computed from changes. A hit costs one look-up,
//! without any parsing.

use super::error::Error;
use super::extract::{Arrival, Incoming};
use super::meter::Operation;
use crate::domain::{SchemaType, Seq};
use crate::registry::{Authority, CacheSize, Freshness, Needs, ReadSet, Registration, Registry, View};
use axum::http::Method;
use bytes::Bytes;
use md5::{Digest, Md5};
use moka::future::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The maximum number of times an answer is recomputed because a fact changed meanwhile.
const ATTEMPTS: usize = 64;

/// The cache key: everything in a request that decides the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct AnswerKey {
    method: CachedMethod,
    /// Path and query, as sent.
    target: Box<str>,
    /// The body, as sent.
    pub(super) body: Bytes,
}

/// The methods whose answers are cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CachedMethod {
    Get,
    Post,
}

impl CachedMethod {
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET => Some(Self::Get),
            Method::POST => Some(Self::Post),
            _ => None,
        }
    }
}

impl AnswerKey {
    pub(super) fn get(target: &str) -> Self {
        Self::new(CachedMethod::Get, target, Bytes::new())
    }

    pub(super) fn post(target: &str, body: Bytes) -> Self {
        Self::new(CachedMethod::Post, target, body)
    }

    pub(super) fn new(method: CachedMethod, target: &str, body: Bytes) -> Self {
        Self { method, target: target.into(), body }
    }

    fn weight(&self) -> usize {
        96 + self.target.len() + self.body.len()
    }
}

/// The `Cache-Control` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// No header.
    Unspecified,
    /// Revalidate before each use, but serve stale rather than fail.
    Revalidate,
}

/// The metadata of a cached answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnswerMeta {
    pub(super) caching: Caching,
    /// The operation, for its counters.
    pub(super) operation: Operation,
}

/// A finished answer of status 200.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) body: Bytes,
    /// The entity tag, quoted.
    pub(super) etag: Bytes,
    pub(super) meta: AnswerMeta,
    /// The newest log position that it includes.
    pub(super) as_of: Seq,
    read_set: ReadSet,
    needs: Needs,
    /// The metric it counts for each time it is given.
    metric: Option<(SchemaType, Registration)>,
}

impl Answer {
    fn of(answered: Answered<'_>, meta: AnswerMeta) -> Arc<Self> {
        let (body, as_of, (read_set, metric, needs)) = match answered {
            Answered::Read(body, view) => {
                let (read_set, metric, needs) = view.into_parts();
                (body, read_set.span().map(|(_, newest)| newest).unwrap_or_default(), (read_set, metric, needs))
            }
            Answered::Wrote(body, written) => (body, written, Default::default()),
            Answered::Uncacheable(body) => (body, Seq::default(), Default::default()),
        };
        let hash: [u8; 16] = Md5::digest(&body).into();
        let etag = format!("\"{}\"", uuid::Uuid::from_bytes(hash).as_simple());
        Arc::new(Self { body, etag: etag.into(), meta, as_of, read_set, needs, metric })
    }

    fn weight(&self) -> usize {
        256 + self.body.len()
    }
}

/// The result of a handler.
#[derive(Debug)]
pub(super) enum Answered<'r> {
    /// A read: the same request gets the same answer until something in the view changes.
    Read(Bytes, View<'r>),
    /// A write, at this position of the log: valid for the requests that waited, not for later ones.
    Wrote(Bytes, Seq),
    /// A read of something that no view tracks.
    Uncacheable(Bytes),
}

/// A result that is not cached, for the requests that waited for it.
enum Unkept {
    Wrote(Arc<Answer>),
    Uncacheable(Arc<Answer>),
    Failed(Arc<Error>),
}

/// The answer cache of a registry.
#[derive(Debug)]
pub(super) struct Answers {
    registry: Arc<Registry>,
    cache: Cache<AnswerKey, Arc<Answer>>,
}

impl Answers {
    /// An empty cache of at most `bytes` bytes.
    pub(super) fn new(registry: Arc<Registry>, bytes: u64) -> Self {
        let weight =
            |key: &AnswerKey, answer: &Arc<Answer>| u32::try_from(key.weight() + answer.weight()).unwrap_or(u32::MAX);
        let cache =
            Cache::builder().max_capacity(bytes).eviction_listener(registry.answer_evictions()).weigher(weight).build();
        Self { registry, cache }
    }

    /// The size of the cache, for its metrics.
    pub(super) fn size(&self) -> CacheSize {
        CacheSize { entries: self.cache.entry_count(), bytes: self.cache.weighted_size() }
    }

    /// The answer cached for a request, if it still holds, and how current it is, or whatever will be computed instead.
    pub(super) async fn cached(&self, key: &AnswerKey, authority: &Authority) -> (Option<Arc<Answer>>, Freshness) {
        let registry = &*self.registry;
        let answer = self.cache.get(key).await.filter(|answer| answer.needs.are_met_by(authority));
        let freshness = match &answer {
            // The content of an id never changes; a change of who else has it may show a moment later.
            Some(answer) if !answer.read_set.has_to_wait() && answer.read_set.is_current(registry) => {
                // Unless changes cannot arrive.
                registry.outage().map_or(Freshness::Current(answer.as_of), Freshness::Stale)
            }
            _ => registry.catch_up().await,
        };
        let answer = answer.filter(|answer| answer.read_set.is_current(registry));
        registry.record_answer(answer.is_some(), answer.as_ref().and_then(|answer| answer.metric));
        (answer, freshness)
    }

    /// Whether an answer is cached for a request, even an outdated one.
    pub(super) fn contains(&self, key: &AnswerKey) -> bool {
        self.cache.contains_key(key)
    }

    /// Answers a request: from the cache while valid, else computed once for all concurrent requests.
    pub(super) async fn answer<'r, F>(
        &'r self,
        key: AnswerKey,
        incoming: &Incoming,
        caching: Caching,
        compute: impl Fn() -> F,
    ) -> Result<Arc<Answer>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        let registry = &*self.registry;
        let (meta, Arrival { consistency, authority, .. }) = (incoming.answer_meta(caching), &incoming.arrival);
        if let Some(answer) = self.cache.get(&key).await {
            registry.catch_up_at(consistency).await;
            match answer.read_set.is_current(registry) {
                true if answer.needs.are_met_by(authority) => return Ok(answer),
                true => return self.answer_alone(key, meta, compute).await,
                false => self.cache.invalidate(&key).await,
            }
        }
        if !authority.reads_everything() {
            return self.answer_alone(key, meta, compute).await;
        }
        let computed_here = AtomicBool::new(false);
        let computed = self
            .cache
            .try_get_with_by_ref(&key, async {
                computed_here.store(true, Ordering::Relaxed);
                match self.at_one_moment(&compute).await {
                    Ok(read @ Answered::Read(..)) => {
                        let answer = Answer::of(read, meta);
                        if answer.needs.is_whole() { Ok(answer) } else { Err(Unkept::Uncacheable(answer)) }
                    }
                    Ok(wrote @ Answered::Wrote(..)) => Err(Unkept::Wrote(Answer::of(wrote, meta))),
                    Ok(other @ Answered::Uncacheable(_)) => Err(Unkept::Uncacheable(Answer::of(other, meta))),
                    Err(error) => Err(Unkept::Failed(Arc::new(error))),
                }
            })
            .await;
        let computed_here = computed_here.into_inner();
        match computed {
            Ok(answer) if computed_here => return Ok(answer),
            Ok(answer) => {
                registry.catch_up_at(consistency).await;
                if answer.read_set.is_current(registry) && answer.needs.are_met_by(authority) {
                    return Ok(answer);
                }
            }
            Err(unkept) => match &*unkept {
                // Written while this request waited, so it happened after the request arrived.
                Unkept::Wrote(answer) => return Ok(Arc::clone(answer)),
                Unkept::Uncacheable(answer) if computed_here => return Ok(Arc::clone(answer)),
                Unkept::Failed(error) if computed_here => return Err(Error::Shared(Arc::clone(error))),
                Unkept::Uncacheable(_) | Unkept::Failed(_) => {}
            },
        }
        // Another request's result may have been computed before a change that this request must see.
        Ok(Answer::of(self.at_one_moment(&compute).await?, meta))
    }

    /// Answers one request by itself: others may see more or less than its caller. What left nothing out is cached.
    async fn answer_alone<'r, F>(
        &'r self,
        key: AnswerKey,
        meta: AnswerMeta,
        compute: impl Fn() -> F,
    ) -> Result<Arc<Answer>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        let answered = self.at_one_moment(&compute).await?;
        let cacheable = matches!(answered, Answered::Read(..));
        let answer = Answer::of(answered, meta);
        if cacheable && answer.needs.is_whole() {
            self.cache.insert(key, Arc::clone(&answer)).await;
        }
        Ok(answer)
    }

    /// Computes until everything that was read was true at one moment.
    async fn at_one_moment<'r, F>(&'r self, compute: &impl Fn() -> F) -> Result<Answered<'r>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        for _ in 0..ATTEMPTS {
            // Boxed: it is large, and every waiting future would be, too.
            match Box::pin(compute()).await? {
                Answered::Read(_, view) if !self.registry.is_of_one_moment(view.read_set()).await? => {}
                answered => return Ok(answered),
            }
        }
        Err(Error::Timeout)
    }
}
