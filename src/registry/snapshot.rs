//! Schemas of many ids with their references: the initial state of a client.

use super::references::{self, Targets};
use super::{Authority, Error, Registry};
use crate::domain::{Content, ContentKey, Context, Glob, Identity, Reference, SchemaId, Seq, Subject};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// The schema of an id.
#[derive(Debug, Clone)]
pub struct SnapshotEntry {
    /// The id.
    pub id: SchemaId,
    pub key: ContentKey,
    /// The content.
    pub content: Arc<Content>,
    /// The references, directly or not, each after its own references.
    pub documents: Vec<(Reference, Arc<Content>)>,
}

impl SnapshotEntry {
    fn bytes(&self) -> usize {
        self.content.text.len() + self.documents.iter().map(|(_, content)| content.text.len()).sum::<usize>()
    }
}

/// A page of the schemas of a registry's ids.
#[derive(Debug, Clone)]
pub struct SnapshotPage {
    /// The identity of this registry.
    pub identity: Identity,
    /// The log position that the page is valid at.
    pub seq: Seq,
    /// The schemas, ascending by id.
    pub entries: Vec<SnapshotEntry>,
    /// The start of the next page; `None` on the last one.
    pub next: Option<(i32, String)>,
}

/// The maximum number of ids that one request looks at, and of bytes of text that it returns, plus one schema.
const MOST_IDS: usize = 5_000;
const MOST_BYTES: usize = 8 << 20;

/// The number of ids read, and of contents fetched, at a time.
const WINDOW: usize = 500;
const AT_ONCE: usize = 8;

impl Registry {
    /// The identity of this registry.
    pub async fn identity(&self) -> Result<Identity, crate::store::Error> {
        self.identity.get_or_try_init(|| self.store.identity()).await.copied()
    }

    /// The same from the cache, for callers that must not wait.
    pub fn known_identity(&self) -> Option<Identity> {
        self.identity.get().copied()
    }

    /// A page of the schemas of a context, at most `limit`: those whose ids the matching subjects have or had.
    ///
    /// An id is left out if its schema cannot be read completely any more.
    pub async fn snapshot_page(
        &self,
        authority: &Authority,
        context: &Context,
        names: &[Glob],
        from: Option<(i32, String)>,
        limit: usize,
    ) -> Result<SnapshotPage, Error> {
        let identity = self.identity().await?;
        let seq = self.store.head().await?;
        let mut from = from.unwrap_or((-1, String::new()));
        let (mut entries, mut bytes, mut looked) = (Vec::new(), 0, 0);
        loop {
            let most = i64::try_from(WINDOW).unwrap_or(i64::MAX);
            let held = self.store.held_ids(context, (from.0, &from.1), most).await?;
            let is_last = held.len() < WINDOW;
            let wanted = held.iter().filter(|held| is_like(names, &held.subject) && authority.reads(&held.subject));
            let mut wanted: Vec<(SchemaId, ContentKey)> = wanted.map(|held| (held.id, held.key)).collect();
            wanted.dedup();
            let mut found =
                stream::iter(wanted).map(|(id, key)| self.snapshot_entry(context, id, key)).buffered(AT_ONCE);
            // Already returned, if a page ended between two subjects with the same id.
            let last = entries.last().map(|last: &SnapshotEntry| last.id);
            while let Some(entry) = found.try_next().await? {
                let Some(entry) = entry.filter(|entry| Some(entry.id) != last) else { continue };
                bytes += entry.bytes();
                let after = (entry.id.get(), char::MAX.to_string());
                entries.push(entry);
                if entries.len() == limit || bytes >= MOST_BYTES {
                    return Ok(SnapshotPage { identity, seq, entries, next: Some(after) });
                }
            }
            let Some(end) = held.last().filter(|_| !is_last) else {
                return Ok(SnapshotPage { identity, seq, entries, next: None });
            };
            from = (end.id.get(), end.subject.to_string());
            looked += held.len();
            if looked >= MOST_IDS {
                return Ok(SnapshotPage { identity, seq, entries, next: Some(from) });
            }
        }
    }

    /// What these ids of a context mean; those that mean nothing are left out.
    pub async fn snapshot_of(
        &self,
        authority: &Authority,
        context: &Context,
        ids: Vec<SchemaId>,
    ) -> Result<SnapshotPage, Error> {
        let identity = self.identity().await?;
        let seq = self.store.head().await?;
        let entries: Vec<Option<SnapshotEntry>> = stream::iter(ids)
            .map(async |id| {
                let mut view = self.view(authority);
                let Some(holder) = view.holder(context, id).await? else { return Ok(None) };
                match self.readable_holder(&mut view, context, holder).await? {
                    Some(holder) => self.snapshot_entry(context, id, holder.stored.key).await,
                    None => Ok(None),
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(SnapshotPage { identity, seq, entries: entries.into_iter().flatten().collect(), next: None })
    }

    async fn snapshot_entry(
        &self,
        context: &Context,
        id: SchemaId,
        key: ContentKey,
    ) -> Result<Option<SnapshotEntry>, Error> {
        let content = self.content(key).await?;
        // A caller that may read a schema may read its references.
        let mut view = self.view(&Authority::unlimited());
        let documents = match references::resolve(&mut view, context, &content, Targets::All).await {
            Err(Error::InvalidSchema { .. }) => return Ok(None),
            documents => documents?,
        };
        let documents = documents.named.into_iter().zip(documents.contents).collect();
        Ok(Some(SnapshotEntry { id, key, content, documents }))
    }
}

fn is_like(names: &[Glob], subject: &Subject) -> bool {
    names.is_empty() || names.iter().any(|glob| glob.is_subject(subject))
}
