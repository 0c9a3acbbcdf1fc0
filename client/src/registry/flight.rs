//! One request however many wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::Error;
use crate::error::Kind;

type Outcome<V> = Option<Result<V, Error>>;

/// Loads under way, by what they are for.
///
/// A load runs as a task of its own: whoever waits may go away without disturbing the others.
pub(crate) struct Flights<K, V> {
    under_way: Arc<Mutex<HashMap<K, watch::Receiver<Outcome<V>>>>>,
}

/// A place in a load.
pub(crate) struct Passenger<V>(watch::Receiver<Outcome<V>>);

/// Takes the flight off the table however it ends.
struct Landing<K: Hash + Eq, V> {
    table: Arc<Mutex<HashMap<K, watch::Receiver<Outcome<V>>>>>,
    key: K,
}

impl<K: Hash + Eq, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self { under_way: Arc::default() }
    }

    /// Joins the load of `key`, or begins it.
    pub(crate) fn board<F>(&self, key: &K, load: impl FnOnce() -> F) -> Passenger<V>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let mut table = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = table.get(key) {
            return Passenger(flight.clone());
        }
        let (arrive, flight) = watch::channel(None);
        table.insert(key.clone(), flight.clone());
        drop(table);
        let landing = Landing { table: Arc::clone(&self.under_way), key: key.clone() };
        let load = load();
        tokio::spawn(async move {
            let outcome = load.await;
            // Off the table first: whoever comes from now on finds what was loaded, or loads again.
            drop(landing);
            let _ = arrive.send(Some(outcome));
        });
        Passenger(flight)
    }
}

impl<V: Clone> Passenger<V> {
    pub(crate) async fn arrival(mut self) -> Result<V, Error> {
        let outcome = self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| {
            Err(Error::new("loading", Kind::Unreachable { never_sent: true, source: "the runtime shut down".into() }))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn ten_thousand_wait_for_one() {
        let flights = Flights::<u32, u32>::new();
        let (loads, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let load = || {
            let (loads, go) = (Arc::clone(&loads), Arc::clone(&go));
            async move {
                loads.fetch_add(1, Ordering::SeqCst);
                go.notified().await;
                Ok(42)
            }
        };
        let mut passengers: Vec<_> = (0..10_000).map(|_| flights.board(&7, load)).collect();
        // Whoever began it goes away.
        drop(passengers.remove(0));
        go.notify_one();
        for passenger in passengers {
            assert_eq!(passenger.arrival().await.unwrap(), 42);
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        go.notify_one();
        assert_eq!(flights.board(&7, load).arrival().await.unwrap(), 42);
        assert_eq!(loads.load(Ordering::SeqCst), 2, "the first one has landed");
    }

    #[tokio::test]
    async fn a_load_that_panics_strands_nobody() {
        let flights = Flights::<u32, u32>::new();
        let passenger = flights.board(&7, || async { panic!("as the test wants it") });
        assert!(passenger.arrival().await.is_err());
        assert_eq!(flights.board(&7, || async { Ok(1) }).arrival().await.unwrap(), 1);
    }
}
