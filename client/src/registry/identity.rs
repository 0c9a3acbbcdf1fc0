//! Whose schemas these are: under another registry the ids of a snapshot mean something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use crate::rest::Client;
use crate::snapshot::SnapshotError;

/// Which registry a snapshot is of, and which one answers.
#[derive(Default)]
pub(super) struct Identity {
    /// Of the snapshot it began with, if that one says so.
    snapshot: Option<Arc<str>>,
    /// Of the registry, once it was asked; none if it does not tell.
    answered: OnceCell<Option<Arc<str>>>,
    refused: AtomicBool,
}

impl Identity {
    pub(super) fn of(snapshot: Option<&str>) -> Self {
        Self { snapshot: snapshot.map(Arc::from), ..Self::default() }
    }

    /// Whether there is anything to compare with.
    pub(super) fn is_claimed(&self) -> bool {
        self.snapshot.is_some() && !self.is_refused()
    }

    /// Whether the snapshot turned out to be of another registry.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// What a snapshot of everything known is to say.
    pub(super) fn known(&self) -> Option<String> {
        let claimed = || self.snapshot.as_ref().filter(|_| !self.is_refused());
        self.answered.get().and_then(Option::as_ref).or_else(claimed).map(ToString::to_string)
    }

    /// Notes what an answer said by the way.
    pub(super) fn note(&self, registry: &str) {
        // Whoever was first heard the same.
        let _ = self.answered.set(Some(registry.into()));
    }

    /// Asks the registry once. One that does not answer is asked again the next time, one that does not tell never.
    pub(super) async fn ask(&self, client: &Client) {
        let asked = self.answered.get_or_try_init(|| async {
            match client.cluster_id().await {
                Ok(told) => Ok(told.identity().map(Arc::from)),
                Err(error) if error.is_retriable() || error.is_unauthenticated() => Err(error),
                Err(_) => Ok(None),
            }
        });
        // Without an answer what is known has to do.
        drop(asked.await);
    }

    /// Why the snapshot is no good, told once.
    pub(super) fn verdict(&self) -> Result<(), SnapshotError> {
        let (Some(found), Some(Some(wanted))) = (&self.snapshot, self.answered.get()) else { return Ok(()) };
        if found == wanted || self.refused.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        Err(SnapshotError::OtherRegistry { found: found.to_string(), wanted: wanted.to_string() })
    }
}
