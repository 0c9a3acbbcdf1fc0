//! The pending changes of a request, laid over the stored state, so that its second step sees the first one.

use super::view::View;
use super::write::Change;
use super::{Error, Registry};
use crate::domain::{Content, ContentKey, ReferencedVersion, SchemaId, Seq, Subject, Timestamp, Version};
use crate::store::{Effect, Guard, IdChoice, NewVersion, Referrer, Scope, StoredVersion};
use std::collections::HashMap;
use std::sync::Arc;

/// Contents and references that are not stored yet.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    contents: HashMap<ContentKey, Arc<Content>>,
    /// The pending referrers.
    uses: Vec<(ReferencedVersion, ReferencedVersion)>,
}

impl View<'_> {
    /// A stored or pending content.
    pub(super) async fn content(&self, key: ContentKey) -> Result<Arc<Content>, Error> {
        match self.overlay().contents.get(&key) {
            Some(content) => Ok(Arc::clone(content)),
            None => Registry::content(self.registry(), key).await,
        }
    }

    /// The referrers of a version, pending ones included.
    pub(super) async fn referrers(&self, target: &ReferencedVersion) -> Result<Vec<Referrer>, Error> {
        let mut referrers = self.registry().store.referrers(target).await?;
        for (used, user) in &self.overlay().uses {
            if used == target {
                referrers.push(Referrer { version: user.clone(), id: PENDING, deleted: false });
            }
        }
        // Pending changes of a referrer are in the scopes that were read.
        referrers.retain_mut(|referrer| match self.seen(&referrer.version.subject) {
            None => true,
            Some(scope) => match scope.version(referrer.version.version) {
                Some(stored) => {
                    referrer.deleted = stored.deleted;
                    true
                }
                None => false,
            },
        });
        Ok(referrers)
    }

    /// Applies a change to the overlay, and replaces its guards by the revisions of the scopes they are about.
    pub(super) async fn assume(&mut self, change: &mut Change, now: Timestamp) -> Result<(), Error> {
        for guard in std::mem::take(&mut change.guards) {
            match guard {
                // The version may be one that this request adds.
                Guard::Version { version, .. } => drop(self.scope(&version.subject).await?),
                other => change.guards.push(other),
            }
        }
        for effect in &change.effects {
            match effect {
                Effect::AddVersion(new) => self.assume_version(new, now).await?,
                Effect::SoftDelete(subject, versions) => {
                    for stored in &mut self.scope_mut(subject).await?.versions {
                        stored.deleted |= versions.contains(&stored.version);
                    }
                }
                Effect::HardDelete(subject, versions) | Effect::Supersede(subject, versions) => {
                    self.remove(subject, versions).await?;
                }
                Effect::SetConfig(subject, config) => {
                    self.scope_mut(subject).await?.config = config.as_deref().cloned();
                }
                Effect::SetMode(subject, mode) => self.scope_mut(subject).await?.mode = *mode,
                Effect::RecordContext(context) => self.record(context).await?,
                Effect::Undelete(subject, versions) => {
                    for stored in &mut self.scope_mut(subject).await?.versions {
                        stored.deleted &= !versions.contains(&stored.version);
                    }
                }
                // No later decision depends on them.
                Effect::ForgetContext(_) | Effect::ReserveIds(..) => {}
            }
        }
        Ok(())
    }

    async fn assume_version(&mut self, new: &NewVersion, now: Timestamp) -> Result<(), Error> {
        let id = match new.id {
            IdChoice::Explicit(id) => id,
            IdChoice::OfContent => PENDING,
        };
        let stored = StoredVersion {
            version: new.version,
            id,
            key: new.key,
            shape: new.shape,
            refers: !new.content.references.is_empty(),
            deleted: false,
            time: now,
            written: Seq(u64::MAX),
        };
        self.remove(&new.subject, &[new.version]).await?;
        let versions = &mut self.scope_mut(&new.subject).await?.versions;
        let place = versions.partition_point(|known| known.version < new.version);
        versions.insert(place, stored);
        let user = ReferencedVersion { subject: new.subject.clone(), version: new.version };
        let overlay = self.overlay_mut();
        overlay.contents.insert(new.key, Arc::clone(&new.content));
        overlay.uses.extend(new.targets.iter().map(|target| (target.clone(), user.clone())));
        Ok(())
    }

    async fn remove(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), Error> {
        self.scope_mut(subject).await?.versions.retain(|stored| !versions.contains(&stored.version));
        self.overlay_mut().uses.retain(|(_, user)| user.subject != *subject || !versions.contains(&user.version));
        Ok(())
    }

    async fn scope_mut(&mut self, subject: &Subject) -> Result<&mut Scope, Error> {
        self.scope(subject).await?;
        Ok(self.seen_mut(subject).expect("it was read in the line before"))
    }
}

/// A placeholder for an id that the writer has not assigned yet.
pub(super) const PENDING: SchemaId = SchemaId::LOWEST;
