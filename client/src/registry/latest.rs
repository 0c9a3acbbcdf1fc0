//! The latest version of a subject: fresh for a while, then asked for again, stale rather than not at all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use super::single_flight::SingleFlight;
use super::{Caches, Inner, load};
use crate::observe::Event;
use crate::rest::Tagged;
use crate::{Error, LoadedSchema, rest};

/// After a failure, what is stale is served without asking for so long.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The latest version of a subject.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LatestVersion {
    /// Its number.
    pub version: i32,
    /// Its schema.
    pub schema: Arc<LoadedSchema>,
}

/// Versions with the time they were had.
pub(super) struct Latest {
    known: Cache<String, Arc<Entry>>,
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
            known: Cache::builder().max_capacity(caches.latest).time_to_live(caches.latest_stale).build(),
            in_progress: SingleFlight::new(),
            fresh: caches.latest_fresh,
            stale: caches.latest_stale,
        }
    }
}

impl Inner {
    /// The latest version; from memory as long as it is fresh.
    pub(super) async fn latest(self: &Arc<Self>, subject: &str) -> Result<LatestVersion, Error> {
        let client = self.client("the latest version of a subject")?.clone();
        let now = Instant::now();
        let known = self.latest.known.get(subject);
        if let Some(entry) = &known {
            let times = entry.times();
            let age = now.saturating_duration_since(times.0);
            let resting = times.1.is_some_and(|failed| now.saturating_duration_since(failed) < AFTER_FAILURE);
            if age < self.latest.fresh || resting && age < self.latest.stale {
                // Ahead of time, so that nobody waits for it.
                if age >= self.latest.fresh.mul_f32(0.8) && !resting {
                    drop(self.join(client, subject, Some(Arc::clone(entry))));
                }
                return Ok(entry.latest.clone());
            }
        }
        let outcome = self.join(client, subject, known.clone()).wait().await;
        match (outcome, known) {
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
        known: Option<Arc<Entry>>,
    ) -> super::single_flight::Waiter<LatestVersion> {
        let (inner, name) = (Arc::clone(self), subject.to_owned());
        self.latest.in_progress.join(&name.clone(), || async move { inner.ask(&client, name, known).await })
    }

    async fn ask(
        &self,
        client: &rest::Client,
        subject: String,
        known: Option<Arc<Entry>>,
    ) -> Result<LatestVersion, Error> {
        let etag = known.as_ref().and_then(|entry| entry.etag.as_deref());
        let answer = client.latest(&subject).if_changed(etag).await;
        if let Err(error) = &answer {
            match &known {
                Some(_) if error.is_not_found() => self.latest.known.invalidate(&subject),
                Some(entry) => entry.lock().failed = Some(Instant::now()),
                None => {}
            }
        }
        let now = Instant::now();
        match (answer?, known) {
            (None, Some(entry)) => {
                *entry.lock() = Times { confirmed: now, failed: None };
                // The cache counts from when it was put there.
                self.latest.known.insert(subject, Arc::clone(&entry));
                Ok(entry.latest.clone())
            }
            (None, None) => Err(Error::not_understood(subject, "304 without having been asked for it")),
            (Some(Tagged { value: answer, etag, .. }), _) => {
                let latest = self.loaded_version(client, answer).await?;
                let times = Mutex::new(Times { confirmed: now, failed: None });
                self.latest.known.insert(subject, Arc::new(Entry { latest: latest.clone(), etag, times }));
                Ok(latest)
            }
        }
    }

    /// A version that was had in another way, with all that it refers to.
    pub(super) async fn loaded_version(
        &self,
        client: &rest::Client,
        version: rest::Version,
    ) -> Result<LatestVersion, Error> {
        let number = version.version;
        let schema = load::complete(client, &self.versions, Some(version.id), version.schema).await?;
        Ok(LatestVersion { version: number, schema: self.keep(schema) })
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
