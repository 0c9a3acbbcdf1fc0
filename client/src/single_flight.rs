//! Deduplication of concurrent loads.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::Error;
use crate::error::Kind;

type Outcome<V> = Option<Result<V, Error>>;

/// Loads in progress by key: concurrent requests for one key share one load.
///
/// A load runs in its own task, so a waiter that is dropped does not cancel it for the others.
pub(crate) struct SingleFlight<K, V> {
    in_progress: Arc<Mutex<HashMap<K, watch::Receiver<Outcome<V>>>>>,
}

/// The pending result of a load.
pub(crate) struct Waiter<V>(watch::Receiver<Outcome<V>>);

/// Removes a load from the table when it ends, also by a panic.
struct RemoveOnDrop<K: Hash + Eq, V> {
    table: Arc<Mutex<HashMap<K, watch::Receiver<Outcome<V>>>>>,
    key: K,
}

impl<K: Hash + Eq, V> Drop for RemoveOnDrop<K, V> {
    fn drop(&mut self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<K, V> SingleFlight<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self { in_progress: Arc::default() }
    }

    /// Joins the load of `key`, or starts it.
    pub(crate) fn join<F>(&self, key: &K, load: impl FnOnce() -> F) -> Waiter<V>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let mut table = self.in_progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = table.get(key) {
            return Waiter(result.clone());
        }
        let (sender, result) = watch::channel(None);
        table.insert(key.clone(), result.clone());
        drop(table);
        let remove_on_drop = RemoveOnDrop { table: Arc::clone(&self.in_progress), key: key.clone() };
        let load = load();
        tokio::spawn(async move {
            let outcome = load.await;
            // Removed before the result is sent: a later caller finds the result in the cache, or loads again.
            drop(remove_on_drop);
            let _ = sender.send(Some(outcome));
        });
        Waiter(result)
    }
}

impl<V: Clone> Waiter<V> {
    pub(crate) async fn wait(mut self) -> Result<V, Error> {
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
        let in_progress = SingleFlight::<u32, u32>::new();
        let (loads, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let load = || {
            let (loads, go) = (Arc::clone(&loads), Arc::clone(&go));
            async move {
                loads.fetch_add(1, Ordering::SeqCst);
                go.notified().await;
                Ok(42)
            }
        };
        let mut waiters: Vec<_> = (0..10_000).map(|_| in_progress.join(&7, load)).collect();
        // The waiter that started the load is dropped.
        drop(waiters.remove(0));
        go.notify_one();
        for waiter in waiters {
            assert_eq!(waiter.wait().await.unwrap(), 42);
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        go.notify_one();
        assert_eq!(in_progress.join(&7, load).wait().await.unwrap(), 42);
        assert_eq!(loads.load(Ordering::SeqCst), 2, "the first load has ended");
    }

    #[tokio::test]
    async fn a_load_that_panics_fails_its_waiters() {
        let in_progress = SingleFlight::<u32, u32>::new();
        let waiter = in_progress.join(&7, || async { panic!("on purpose") });
        assert!(waiter.wait().await.is_err());
        assert_eq!(in_progress.join(&7, || async { Ok(1) }).wait().await.unwrap(), 1);
    }
}
