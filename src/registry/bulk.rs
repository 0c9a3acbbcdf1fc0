//! What many ids mean, each with all that it refers to: what a client begins with.

use super::references::{self, Targets};
use super::{Error, Registry};
use crate::domain::{Content, ContentKey, Context, Glob, Identity, Reference, SchemaId, Seq, Subject};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// What an id means.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// The id.
    pub id: SchemaId,
    pub key: ContentKey,
    /// The content.
    pub content: Arc<Content>,
    /// All that it refers to, directly or not, each behind what it refers to itself.
    pub documents: Vec<(Reference, Arc<Content>)>,
}

impl Meaning {
    fn bytes(&self) -> usize {
        self.content.text.len() + self.documents.iter().map(|(_, content)| content.text.len()).sum::<usize>()
    }
}

/// A part of what a registry's ids mean.
#[derive(Debug, Clone)]
pub struct Meanings {
    /// Which registry this is.
    pub identity: Identity,
    /// The place in the change log that it is true at.
    pub seq: Seq,
    /// By id.
    pub meanings: Vec<Meaning>,
    /// Where to go on; nothing after the last part.
    pub next: Option<(i32, String)>,
}

/// Ids that one request looks at, and bytes of texts that it hands out, at the most and a schema more.
const MOST_IDS: usize = 5_000;
const MOST_BYTES: usize = 8 << 20;

/// Ids read, and contents fetched, at a time.
const WINDOW: usize = 500;
const AT_ONCE: usize = 8;

impl Registry {
    /// Which registry this is.
    pub async fn identity(&self) -> Result<Identity, crate::store::Error> {
        self.identity.get_or_try_init(|| self.store.identity()).await.copied()
    }

    /// The same if it is known already, for whoever must not wait.
    pub fn known_identity(&self) -> Option<Identity> {
        self.identity.get().copied()
    }

    /// What the ids of a context mean that subjects like these hold or held, at most `limit`; from an earlier end on.
    ///
    /// An id is left out whose schema cannot be had whole any more.
    pub async fn meanings(
        &self,
        context: &Context,
        names: &[Glob],
        from: Option<(i32, String)>,
        limit: usize,
    ) -> Result<Meanings, Error> {
        let identity = self.identity().await?;
        let seq = self.store.head().await?;
        let mut from = from.unwrap_or((-1, String::new()));
        let (mut meanings, mut bytes, mut looked) = (Vec::new(), 0, 0);
        loop {
            let most = i64::try_from(WINDOW).unwrap_or(i64::MAX);
            let held = self.store.held_ids(context, (from.0, &from.1), most).await?;
            let is_last = held.len() < WINDOW;
            let wanted = held.iter().filter(|held| is_like(names, &held.subject));
            let mut wanted: Vec<(SchemaId, ContentKey)> = wanted.map(|held| (held.id, held.key)).collect();
            wanted.dedup();
            let mut told = stream::iter(wanted).map(|(id, key)| self.meaning(context, id, key)).buffered(AT_ONCE);
            // Told already, if a window ended between two subjects that hold it.
            let last = meanings.last().map(|last: &Meaning| last.id);
            while let Some(meaning) = told.try_next().await? {
                let Some(meaning) = meaning.filter(|meaning| Some(meaning.id) != last) else { continue };
                bytes += meaning.bytes();
                let after = (meaning.id.get(), char::MAX.to_string());
                meanings.push(meaning);
                if meanings.len() == limit || bytes >= MOST_BYTES {
                    return Ok(Meanings { identity, seq, meanings, next: Some(after) });
                }
            }
            let Some(end) = held.last().filter(|_| !is_last) else {
                return Ok(Meanings { identity, seq, meanings, next: None });
            };
            from = (end.id.get(), end.subject.to_string());
            looked += held.len();
            if looked >= MOST_IDS {
                return Ok(Meanings { identity, seq, meanings, next: Some(from) });
            }
        }
    }

    /// What these ids of a context mean; those that mean nothing are left out.
    pub async fn meanings_of(&self, context: &Context, ids: Vec<SchemaId>) -> Result<Meanings, Error> {
        let identity = self.identity().await?;
        let seq = self.store.head().await?;
        let meanings: Vec<Option<Meaning>> = stream::iter(ids)
            .map(async |id| match self.view().holder(context, id).await? {
                Some(holder) => self.meaning(context, id, holder.stored.key).await,
                None => Ok(None),
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Meanings { identity, seq, meanings: meanings.into_iter().flatten().collect(), next: None })
    }

    async fn meaning(&self, context: &Context, id: SchemaId, key: ContentKey) -> Result<Option<Meaning>, Error> {
        let content = self.content(key).await?;
        let documents = match references::resolve(&mut self.view(), context, &content, Targets::All).await {
            Err(Error::InvalidSchema { .. }) => return Ok(None),
            documents => documents?,
        };
        let documents = documents.named.into_iter().zip(documents.contents).collect();
        Ok(Some(Meaning { id, key, content, documents }))
    }
}

fn is_like(names: &[Glob], subject: &Subject) -> bool {
    names.is_empty() || names.iter().any(|glob| glob.is_subject(subject))
}
