//! Finished answers, kept until a fact they rest on changes. One look-up serves them, without parsing anything.

use super::stats::{Memory, Registration};
use super::view::{Basis, View};
use super::{Error, Registry};
use bytes::Bytes;
use md5::{Digest, Md5};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request as it came: whatever decides the answer is in here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// The first letter of the method.
    pub method: u8,
    /// Path and query, as sent.
    pub target: Box<str>,
    /// The body, as sent.
    pub body: Bytes,
}

impl AnswerKey {
    pub(super) fn weight(&self) -> usize {
        96 + self.target.len() + self.body.len()
    }
}

/// How an answer may be kept by caches on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Not at all, as far as we are concerned.
    None,
    /// Ask before each use, but rather serve it than fail.
    Revalidate,
}

/// What the interface notes on an answer that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How caches on the way may keep it.
    pub caching: Caching,
    /// Which of the interface's operations it answers, for its counters.
    pub operation: u16,
}

/// A finished answer of status 200.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// Its entity tag, quoted.
    pub etag: Bytes,
    /// What the interface noted on it.
    pub mark: Mark,
    basis: Basis,
    /// What it counts as each time it is given.
    tally: Option<Registration>,
}

impl Answer {
    fn new(body: Bytes, mark: Mark, (basis, tally): (Basis, Option<Registration>)) -> Arc<Self> {
        let hash: [u8; 16] = Md5::digest(&body).into();
        let etag = format!("\"{}\"", uuid::Uuid::from_bytes(hash).as_simple());
        Arc::new(Self { body, etag: etag.into(), mark, basis, tally })
    }

    pub(super) fn weight(&self) -> usize {
        256 + self.body.len()
    }
}

/// What a use case hands back to be answered.
#[derive(Debug)]
pub enum Answered<'r> {
    /// It only read: the same request gets the same answer until something in the view changes.
    Read(Bytes, View<'r>),
    /// It wrote: true for whoever waited, not for whoever asks again.
    Wrote(Bytes),
}

enum Unkept {
    Wrote(Arc<Answer>),
    Failed(Arc<Error>),
}

impl Registry {
    /// The answer kept for a request, if it still holds.
    pub async fn kept(&self, key: &AnswerKey) -> Option<Arc<Answer>> {
        let answer = self.answers.get(key).await.filter(|answer| answer.basis.is_current(self));
        self.stats.sought(Memory::Answers, answer.is_some());
        if let Some(tally) = answer.as_ref().and_then(|answer| answer.tally) {
            self.stats.registered(tally);
        }
        answer
    }

    /// Answers a request: from memory while it holds, else computed once for all who ask at the same time.
    pub async fn answer<'r, F>(
        &'r self,
        key: AnswerKey,
        mark: Mark,
        compute: impl Fn() -> F,
    ) -> Result<Arc<Answer>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        if let Some(answer) = self.answers.get(&key).await {
            if answer.basis.is_current(self) {
                return Ok(answer);
            }
            self.answers.invalidate(&key).await;
        }
        let computed_here = AtomicBool::new(false);
        let computed = self
            .answers
            .try_get_with_by_ref(&key, async {
                computed_here.store(true, Ordering::Relaxed);
                match compute().await {
                    Ok(Answered::Read(body, view)) => Ok(Answer::new(body, mark, view.into_parts())),
                    Ok(Answered::Wrote(body)) => Err(Unkept::Wrote(Answer::new(body, mark, Default::default()))),
                    Err(error) => Err(Unkept::Failed(Arc::new(error))),
                }
            })
            .await;
        let computed_here = computed_here.into_inner();
        match computed {
            Ok(answer) if computed_here || answer.basis.is_current(self) => Ok(answer),
            // It was written while this request waited, so it happened after the request came.
            Err(unkept) if matches!(&*unkept, Unkept::Wrote(_)) => match &*unkept {
                Unkept::Wrote(answer) => Ok(Arc::clone(answer)),
                Unkept::Failed(error) => Err(Error::Shared(Arc::clone(error))),
            },
            Err(unkept) if computed_here => match &*unkept {
                Unkept::Failed(error) => Err(Error::Shared(Arc::clone(error))),
                Unkept::Wrote(answer) => Ok(Arc::clone(answer)),
            },
            // Somebody else's result, of a computation that may have begun before a change this request must see.
            Ok(_) | Err(_) => match compute().await? {
                Answered::Read(body, view) => Ok(Answer::new(body, mark, view.into_parts())),
                Answered::Wrote(body) => Ok(Answer::new(body, mark, Default::default())),
            },
        }
    }
}
