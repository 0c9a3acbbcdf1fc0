//! Counters that cost next to nothing to increment, and the Prometheus text format.
//!
//! Every counter is a field known at compile time: nothing is looked up, hashed or locked to count, and no label can
//! grow. All other modules may depend on this one.

mod page;
pub mod process;

pub use page::{Family, Page};

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds `many`.
    pub fn add(&self, many: u64) {
        self.0.fetch_add(many, Ordering::Relaxed);
    }

    /// The current count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The upper bounds of durations in nanoseconds: those of OpenTelemetry for HTTP, and five below them, for answers
/// that come from a cache.
const BOUNDS: [u64; 19] = [
    50_000,
    100_000,
    250_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];

/// A histogram of durations.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one for what is beyond the last.
    buckets: [Counter; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// Records a duration.
    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[place].count();
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The observations so far.
    pub fn observed(&self) -> Observed {
        let mut observed = Observed::default();
        observed.add(self);
        observed
    }
}

/// The observations of one histogram, or of several together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    buckets: [u64; BOUNDS.len() + 1],
    nanos: u64,
}

impl Observed {
    /// Adds the observations of another histogram.
    pub fn add(&mut self, histogram: &Histogram) {
        for (sum, bucket) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *sum += bucket.get();
        }
        self.nanos = self.nanos.wrapping_add(histogram.nanos.load(Ordering::Relaxed));
    }

    /// The number of observations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// Counters, once per group of threads, so that threads do not wait for each other's cache line.
#[derive(Debug)]
pub struct Sharded<T>(Box<[Padded<T>]>);

/// Two cache lines: processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Padded<T>(T);

/// Threads beyond these share; each set costs the space of all counters.
const SHARDS: usize = 8;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

impl<T> Sharded<T> {
    /// One set per thread that can run at once.
    pub fn new(make: impl Fn() -> T) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self((0..threads.min(SHARDS)).map(|_| Padded(make())).collect())
    }

    /// The counters of this thread.
    pub fn mine(&self) -> &T {
        let thread = THREAD.try_with(|thread| *thread).unwrap_or_default();
        &self.0[thread % self.0.len()].0
    }

    /// The counters of all threads.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }

    /// One number summed over all threads.
    pub fn sum(&self, counter: impl Fn(&T) -> u64) -> u64 {
        self.iter().map(counter).fold(0, u64::wrapping_add)
    }
}

impl<T: Default> Default for Sharded<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_thread_counts_adds_up() {
        let counters = Sharded::<Counter>::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..1_000).for_each(|_| counters.mine().count()));
            }
        });
        assert_eq!(counters.sum(Counter::get), 20_000);
    }

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_is_not_below_it() {
        for (nanos, bucket) in [(0, 0), (50_000, 0), (50_001, 1), (10_000_000_000, 18), (10_000_000_001, 19)] {
            let histogram = Histogram::default();
            histogram.observe(Duration::from_nanos(nanos));
            let observed = histogram.observed();
            assert_eq!(observed.buckets.iter().position(|count| *count == 1), Some(bucket), "{nanos}");
            assert_eq!((observed.count(), observed.nanos), (1, nanos));
        }
    }
}
