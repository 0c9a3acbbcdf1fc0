//! What the registry does not have, and when it may be asked again.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use super::Caches;
use crate::Error;

/// A miss is remembered for a while that doubles each time, so that what is registered a moment later is found soon
/// and garbage costs less and less. All misses together are paced, so that different garbage every time is too.
pub(crate) struct Missing<K> {
    known: Cache<K, Miss>,
    first: Duration,
    longest: Duration,
    patience: Duration,
    pace: Mutex<Pace>,
}

#[derive(Clone)]
struct Miss {
    error: Error,
    since: Instant,
    until: Instant,
    times: u32,
}

/// Misses that may still happen now; they come back with time.
struct Pace {
    left: f64,
    at: Instant,
}

const BURST: f64 = 200.0;
const A_SECOND: f64 = 20.0;

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Missing<K> {
    pub(crate) fn new(caches: &Caches) -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(caches.misses)
                .time_to_idle(caches.longest_miss.saturating_mul(2))
                .build(),
            first: caches.first_miss,
            longest: caches.longest_miss,
            patience: caches.patience,
            pace: Mutex::new(Pace { left: BURST, at: Instant::now() }),
        }
    }

    /// The miss, if it is too early to ask again.
    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<Error> {
        self.known.get(key).filter(|miss| now < miss.until).map(|miss| miss.error)
    }

    /// Whether it has been missing so long that it will hardly appear.
    pub(crate) fn for_long(&self, key: &K, now: Instant) -> bool {
        self.known.get(key).is_some_and(|miss| now.duration_since(miss.since) >= self.patience)
    }

    pub(crate) fn insert(&self, key: K, error: Error, now: Instant) {
        let (since, times) = self.known.get(&key).map_or((now, 0), |miss| (miss.since, miss.times + 1));
        let pause = self.first.saturating_mul(1 << times.min(20)).min(self.longest);
        self.known.insert(key, Miss { error, since, until: now + pause, times });
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.left = (pace.left - 1.0).max(0.0);
    }

    pub(crate) fn remove(&self, key: &K) {
        self.known.invalidate(key);
    }

    /// How long to wait until one more miss can be afforded.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(pace.at).as_secs_f64();
        pace.left = (pace.left + passed * A_SECOND).min(BURST);
        pace.at = now;
        (pace.left < 1.0).then(|| Duration::from_secs_f64((1.0 - pace.left) / A_SECOND))
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
        let missing = Missing::new(&Caches::default());
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
        assert!(missing.for_long(&7, now) && !missing.for_long(&7, start) && !missing.for_long(&8, now));
        missing.remove(&7);
        assert!(missing.get(&7, now).is_none() && !missing.for_long(&7, now));
    }

    #[test]
    fn garbage_is_paced() {
        let missing = Missing::new(&Caches::default());
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
