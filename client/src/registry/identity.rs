//! The identity of the registry, without which the ids of a snapshot are ambiguous.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use crate::rest::Client;
use crate::snapshot::SnapshotError;

/// The registry of the snapshot, and the registry that responds.
#[derive(Default)]
pub(super) struct Identity {
    /// Identity in the initial snapshot, if it has one.
    snapshot: Option<Arc<str>>,
    /// Identity of the registry, once requested; `None` inside if it has none.
    answered: OnceCell<Option<Arc<str>>>,
    refused: AtomicBool,
}

impl Identity {
    pub(super) fn of(snapshot: Option<&str>) -> Self {
        Self { snapshot: snapshot.map(Arc::from), ..Self::default() }
    }

    /// Whether the snapshot has an identity to compare.
    pub(super) fn can_be_checked(&self) -> bool {
        self.snapshot.is_some() && !self.is_refused()
    }

    /// Whether the snapshot belongs to another registry.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// The identity for a new snapshot.
    pub(super) fn registry_id(&self) -> Option<String> {
        let claimed = || self.snapshot.as_ref().filter(|_| !self.is_refused());
        self.answered.get().and_then(Option::as_ref).or_else(claimed).map(ToString::to_string)
    }

    /// Sets the identity from another response.
    pub(super) fn note(&self, registry: &str) {
        // A concurrent call set the same value.
        let _ = self.answered.set(Some(registry.into()));
    }

    /// Requests the identity once. The request is repeated later only if there was no response.
    pub(super) async fn ask(&self, client: &Client) {
        let asked = self.answered.get_or_try_init(|| async {
            match client.cluster_id().await {
                Ok(cluster) => Ok(cluster.identity().map(Arc::from)),
                Err(error) if error.is_retriable() || error.is_unauthenticated() => Err(error),
                Err(_) => Ok(None),
            }
        });
        // Without a response the snapshot is used as it is.
        drop(asked.await);
    }

    /// The mismatch of snapshot and registry, returned once.
    pub(super) fn check(&self) -> Result<(), SnapshotError> {
        let (Some(found), Some(Some(wanted))) = (&self.snapshot, self.answered.get()) else { return Ok(()) };
        if found == wanted || self.refused.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        Err(SnapshotError::OtherRegistry { found: found.to_string(), wanted: wanted.to_string() })
    }
}
