//! The negative cache: schemas that the registry does not have.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use super::Caches;
use crate::Error;

/// Misses by key, with a lifetime that doubles each time: a schema registered a moment later is found soon, and garbage
/// costs less and less. A token bucket bounds the rate of all misses, for garbage that differs every time.
pub(crate) struct NegativeCache<K> {
    cached: Cache<K, Miss>,
    first: Duration,
    longest: Duration,
    miss_grace_period: Duration,
    bucket: Mutex<TokenBucket>,
}

#[derive(Clone)]
struct Miss {
    error: Error,
    since: Instant,
    until: Instant,
    times: u32,
}

/// The misses that are still allowed, refilled over time.
struct TokenBucket {
    left: f64,
    at: Instant,
}

const BUCKET_CAPACITY: f64 = 200.0;
const REFILL_PER_SECOND: f64 = 20.0;

impl<K: Hash + Eq + Clone + Send + Sync + 'static> NegativeCache<K> {
    pub(crate) fn new(caches: &Caches) -> Self {
        Self {
            cached: Cache::builder()
                .max_capacity(caches.misses)
                .time_to_idle(caches.max_miss_ttl.saturating_mul(2))
                .build(),
            first: caches.miss_ttl,
            longest: caches.max_miss_ttl,
            miss_grace_period: caches.miss_grace_period,
            bucket: Mutex::new(TokenBucket { left: BUCKET_CAPACITY, at: Instant::now() }),
        }
    }

    /// The miss, while it lasts.
    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<Error> {
        self.cached.get(key).filter(|miss| now < miss.until).map(|miss| miss.error)
    }

    /// Whether the key has been missing for longer than the grace period.
    pub(crate) fn is_long_missing(&self, key: &K, now: Instant) -> bool {
        self.cached.get(key).is_some_and(|miss| now.duration_since(miss.since) >= self.miss_grace_period)
    }

    pub(crate) fn insert(&self, key: K, error: Error, now: Instant) {
        let (since, times) = self.cached.get(&key).map_or((now, 0), |miss| (miss.since, miss.times + 1));
        let pause = self.first.saturating_mul(1 << times.min(20)).min(self.longest);
        self.cached.insert(key, Miss { error, since, until: now + pause, times });
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.left = (bucket.left - 1.0).max(0.0);
    }

    pub(crate) fn remove(&self, key: &K) {
        self.cached.invalidate(key);
    }

    /// The time until one more miss is allowed; `None` if it is now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * REFILL_PER_SECOND).min(BUCKET_CAPACITY);
        bucket.at = now;
        (bucket.left < 1.0).then(|| Duration::from_secs_f64((1.0 - bucket.left) / REFILL_PER_SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn error() -> Error {
        Error::new("GET /schemas/ids/7", Kind::TimedOut)
    }

    #[test]
    fn a_miss_is_remembered_longer_each_time() {
        let missing = NegativeCache::new(&Caches::default());
        let start = Instant::now();
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            missing.insert(7, error(), now);
            let mut pause = 0;
            while missing.get(&7, now).is_some() {
                now += Duration::from_secs(1);
                pause += 1;
            }
            pauses.push(pause);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert!(
            missing.is_long_missing(&7, now)
                && !missing.is_long_missing(&7, start)
                && !missing.is_long_missing(&8, now)
        );
        missing.remove(&7);
        assert!(missing.get(&7, now).is_none() && !missing.is_long_missing(&7, now));
    }

    #[test]
    fn garbage_is_paced() {
        let missing = NegativeCache::new(&Caches::default());
        let start = Instant::now();
        let mut asked = 0;
        for tick in 0..10_000_u32 {
            let now = start + tick * Duration::from_millis(1);
            if missing.wait(now).is_none() {
                missing.insert(tick, error(), now);
                asked += 1;
            }
        }
        assert!((395..=401).contains(&asked), "{asked} in ten seconds");
    }
}
