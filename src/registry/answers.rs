//! Finished answers, kept until a fact they rest on changes. One look-up serves them, without parsing anything.

use super::currency::ATTEMPTS;
use super::stats::{Memory, Registration};
use super::view::{Basis, View};
use super::{Currency, Error, Place, Registry};
use crate::domain::Seq;
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
    /// The newest position of the log that it shows.
    pub as_of: Seq,
    basis: Basis,
    /// What it counts as each time it is given.
    tally: Option<Registration>,
}

impl Answer {
    fn new(body: Bytes, mark: Mark, view: View<'_>) -> Arc<Self> {
        let (basis, tally) = view.into_parts();
        let as_of = basis.span().map(|(_, newest)| newest).unwrap_or_default();
        Self::make(body, mark, as_of, (basis, tally))
    }

    fn unkept(body: Bytes, mark: Mark, written: Seq) -> Arc<Self> {
        Self::make(body, mark, written, Default::default())
    }

    fn make(body: Bytes, mark: Mark, as_of: Seq, (basis, tally): (Basis, Option<Registration>)) -> Arc<Self> {
        let hash: [u8; 16] = Md5::digest(&body).into();
        let etag = format!("\"{}\"", uuid::Uuid::from_bytes(hash).as_simple());
        Arc::new(Self { body, etag: etag.into(), mark, as_of, basis, tally })
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
    /// It wrote, at this place in the log: true for whoever waited, not for whoever asks again.
    Wrote(Bytes, Seq),
}

enum Unkept {
    Wrote(Arc<Answer>),
    Failed(Arc<Error>),
}

impl Registry {
    /// The answer kept for a request, if it still holds, and how current it is, or whatever will be computed instead.
    pub async fn kept(&self, key: &AnswerKey) -> (Option<Arc<Answer>>, Currency) {
        let answer = self.answers.get(key).await;
        let currency = match &answer {
            // What an id means never changes; who else holds it may be told a moment later.
            Some(answer) if !answer.basis.has_to_wait() && answer.basis.is_current(self) => {
                // Unless nobody will tell it.
                self.store.outage().map_or(Currency::Current(answer.as_of), Currency::Stale)
            }
            _ => self.catch_up().await,
        };
        let answer = answer.filter(|answer| answer.basis.is_current(self));
        self.stats.sought(Memory::Answers, answer.is_some());
        if let Some(tally) = answer.as_ref().and_then(|answer| answer.tally) {
            self.stats.registered(tally);
        }
        (answer, currency)
    }

    /// Whether an answer is kept for a request, be it outdated or not.
    pub fn keeps(&self, key: &AnswerKey) -> bool {
        self.answers.contains_key(key)
    }

    /// Answers a request: from memory while it holds, else computed once for all who ask at the same time.
    pub async fn answer<'r, F>(
        &'r self,
        key: AnswerKey,
        mark: Mark,
        place: &Place,
        compute: impl Fn() -> F,
    ) -> Result<Arc<Answer>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        if let Some(answer) = self.answers.get(&key).await {
            self.catch_up_at(place).await;
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
                match self.at_one_moment(&compute).await {
                    Ok(Answered::Read(body, view)) => Ok(Answer::new(body, mark, view)),
                    Ok(Answered::Wrote(body, seq)) => Err(Unkept::Wrote(Answer::unkept(body, mark, seq))),
                    Err(error) => Err(Unkept::Failed(Arc::new(error))),
                }
            })
            .await;
        let computed_here = computed_here.into_inner();
        if !computed_here && computed.is_ok() {
            self.catch_up_at(place).await;
        }
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
            Ok(_) | Err(_) => match self.at_one_moment(&compute).await? {
                Answered::Read(body, view) => Ok(Answer::new(body, mark, view)),
                Answered::Wrote(body, seq) => Ok(Answer::unkept(body, mark, seq)),
            },
        }
    }

    /// Computes until what was read was all true at one moment.
    async fn at_one_moment<'r, F>(&'r self, compute: &impl Fn() -> F) -> Result<Answered<'r>, Error>
    where
        F: Future<Output = Result<Answered<'r>, Error>>,
    {
        for _ in 0..ATTEMPTS {
            // In a box: it is large, and whoever waits here would be, too.
            match Box::pin(compute()).await? {
                Answered::Read(_, view) if !self.is_of_one_moment(view.basis()).await? => {}
                answered => return Ok(answered),
            }
        }
        Err(Error::Timeout)
    }
}
