//! The cache of latest versions: refreshed ahead of expiry, served stale while the registry fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use super::{Caches, Inner, load};
use crate::observe::Event;
use crate::rest::Tagged;
use crate::single_flight::{SingleFlight, Waiter};
use crate::{Error, LoadedSchema, rest};

/// How long a stale version is served after a failure without another request.
const FAILURE_TTL: Duration = Duration::from_secs(5);

/// The latest version of a subject.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LatestVersion {
    pub version: i32,
    pub schema: Arc<LoadedSchema>,
}

/// Latest versions with their age.
pub(super) struct Latest {
    cached: Cache<String, Arc<Entry>>,
    in_progress: SingleFlight<String, LatestVersion>,
    fresh: Duration,
    stale: Duration,
}

struct Entry {
    latest: LatestVersion,
    etag: Option<String>,
    times: Mutex<Times>,
}

struct Times {
    confirmed: Instant,
    failed: Option<Instant>,
}

impl Latest {
    pub(super) fn new(caches: &Caches) -> Self {
        Self {
            cached: Cache::builder().max_capacity(caches.latest).time_to_live(caches.latest_max_stale).build(),
            in_progress: SingleFlight::new(),
            fresh: caches.latest_ttl,
            stale: caches.latest_max_stale,
        }
    }
}

impl Inner {
    /// The latest version, from the cache while it is fresh.
    pub(super) async fn latest(self: &Arc<Self>, subject: &str) -> Result<LatestVersion, Error> {
        let client = self.client("the latest version of a subject")?.clone();
        let now = Instant::now();
        let cached = self.latest.cached.get(subject);
        if let Some(entry) = &cached {
            let times = entry.times();
            let age = now.saturating_duration_since(times.0);
            let failed_recently = times.1.is_some_and(|failed| now.saturating_duration_since(failed) < FAILURE_TTL);
            if age < self.latest.fresh || failed_recently && age < self.latest.stale {
                // Refreshed ahead of expiry, so that no caller waits.
                if age >= self.latest.fresh.mul_f32(0.8) && !failed_recently {
                    drop(self.join(client, subject, Some(Arc::clone(entry))));
                }
                return Ok(entry.latest.clone());
            }
        }
        let outcome = self.join(client, subject, cached.clone()).wait().await;
        match (outcome, cached) {
            (Err(error), Some(entry)) if !error.is_not_found() => {
                let age = now.saturating_duration_since(entry.times().0);
                if age >= self.latest.stale {
                    return Err(error);
                }
                self.observe(Event::StaleServed { subject, age, error: &error });
                Ok(entry.latest.clone())
            }
            (outcome, _) => outcome,
        }
    }

    fn join(
        self: &Arc<Self>,
        client: rest::Client,
        subject: &str,
        cached: Option<Arc<Entry>>,
    ) -> Waiter<LatestVersion> {
        let (inner, name) = (Arc::clone(self), subject.to_owned());
        self.latest.in_progress.join(&name.clone(), || async move { inner.ask(&client, name, cached).await })
    }

    async fn ask(
        &self,
        client: &rest::Client,
        subject: String,
        cached: Option<Arc<Entry>>,
    ) -> Result<LatestVersion, Error> {
        let etag = cached.as_ref().and_then(|entry| entry.etag.as_deref());
        let answer = client.latest(&subject).if_changed(etag).await;
        if let Err(error) = &answer {
            match &cached {
                Some(_) if error.is_not_found() => self.latest.cached.invalidate(&subject),
                Some(entry) => entry.lock().failed = Some(Instant::now()),
                None => {}
            }
        }
        let now = Instant::now();
        match (answer?, cached) {
            (None, Some(entry)) => {
                *entry.lock() = Times { confirmed: now, failed: None };
                // Inserted again, because the cache counts from the insertion.
                self.latest.cached.insert(subject, Arc::clone(&entry));
                Ok(entry.latest.clone())
            }
            (None, None) => Err(Error::not_understood(subject, "an unexpected 304")),
            (Some(Tagged { value: answer, etag, .. }), _) => {
                let latest = self.loaded_version(client, answer).await?;
                let times = Mutex::new(Times { confirmed: now, failed: None });
                self.latest.cached.insert(subject, Arc::new(Entry { latest: latest.clone(), etag, times }));
                Ok(latest)
            }
        }
    }

    /// Caches a version, with its references loaded.
    pub(super) async fn loaded_version(
        &self,
        client: &rest::Client,
        version: rest::Version,
    ) -> Result<LatestVersion, Error> {
        let number = version.version;
        let schema = load::with_references(client, &self.versions, Some(version.id), version.schema).await?;
        Ok(LatestVersion { version: number, schema: self.insert(schema) })
    }
}

impl Entry {
    fn lock(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn times(&self) -> (Instant, Option<Instant>) {
        let times = self.lock();
        (times.confirmed, times.failed)
    }
}
