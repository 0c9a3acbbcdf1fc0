//! What a request means to do, laid over what is there: so that its second step is decided as if the first were done.

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
    /// Who would refer to what.
    uses: Vec<(ReferencedVersion, ReferencedVersion)>,
}

impl View<'_> {
    /// A content that is stored, or would be.
    pub(super) async fn content(&self, key: ContentKey) -> Result<Arc<Content>, Error> {
        match self.overlay().contents.get(&key) {
            Some(content) => Ok(Arc::clone(content)),
            None => Registry::content(self.registry(), key).await,
        }
    }

    /// Who refers to a version, or would.
    pub(super) async fn referrers(&self, target: &ReferencedVersion) -> Result<Vec<Referrer>, Error> {
        let mut referrers = self.registry().store.referrers(target).await?;
        for (used, user) in &self.overlay().uses {
            if used == target {
                referrers.push(Referrer { version: user.clone(), id: PENDING, deleted: false });
            }
        }
        // What is done to a referrer in the same request is in the scopes that were read.
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

    /// Goes on as if the change were made, and holds its guards by the revisions of the scopes they are about.
    pub(super) async fn assume(&mut self, change: &mut Change, now: Timestamp) -> Result<(), Error> {
        for guard in std::mem::take(&mut change.guards) {
            match guard {
                // The version may be one that this very request adds.
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
                // Nothing that is decided later rests on them.
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

/// The id of a version that has none yet: only the writer knows it.
pub(super) const PENDING: SchemaId = SchemaId::LOWEST;
