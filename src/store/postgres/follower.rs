//! Following the log: the changes of the other nodes.
//!
//! One query is in flight at a time, however many requests wait. A request waits for the answer to a query sent after
//! the request arrived, so what it then finds in a cache is as fresh as if this node were the only one.

use super::connect::{Link, Options, statement};
use super::unit::Receipt;
use crate::domain::Seq;
use crate::store::{ChangeTracker, Error, Retry, Stats};
use sqlx::PgConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// The interval of polls that no request waits for.
const POLL: Duration = Duration::from_secs(1);

/// Changes read at a time.
const PAGE: usize = 500;

/// The number of consecutive broken connections after which the database counts as unavailable.
const ATTEMPTS: usize = 3;

/// The interval of polls while the database is unavailable; grows to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// The handle to the follower. Cheap to clone; the task ends with the last clone.
#[derive(Debug, Clone)]
pub(in crate::store) struct Follower {
    questions: Arc<Questions>,
    answers: watch::Receiver<Answer>,
    staleness: Duration,
}

#[derive(Debug, Default)]
struct Questions {
    /// The number of queries requested so far.
    wanted: AtomicU64,
    wake: Notify,
}

/// The newest answer.
#[derive(Debug, Clone)]
struct Answer {
    /// The last query it answers.
    question: u64,
    /// The position of the newest change.
    head: Seq,
    /// The time of the query: later commits are not in the answer, however long that took.
    at: Instant,
    /// The reason why the database is unavailable, if it is.
    unavailable: Option<Arc<str>>,
}

/// The task that sends the queries.
struct Asker {
    link: Link,
    connection: Option<PgConnection>,
    change_tracker: Arc<ChangeTracker>,
    stats: Arc<Stats>,
    timeout: Duration,
    questions: Arc<Questions>,
    answers: watch::Sender<Answer>,
    /// The newest change seen.
    last: Option<(i64, String)>,
}

/// The time within which the requests served by one answer return: a few turns of the scheduler, as any other task that
/// runs is likely to end in a query, too.
const QUIET: Duration = Duration::from_micros(15);

/// A round through the other tasks that lasts longer was no empty one.
const TURN: Duration = Duration::from_micros(10);

/// The maximum time to wait for more requests.
const GATHER: Duration = Duration::from_millis(1);

impl Follower {
    /// Finds the head of the log and starts to follow it.
    pub(super) async fn start(
        link: Link,
        mut connection: PgConnection,
        change_tracker: Arc<ChangeTracker>,
        stats: Arc<Stats>,
        options: &Options,
    ) -> Result<Self, Error> {
        const LAST: &str = "SELECT seq, receipt FROM changes ORDER BY seq DESC LIMIT 1";
        let last: Option<(i64, String)> = statement!(link, &mut connection, fetch_optional, sqlx::query_as(LAST))?;
        let head = Seq(last.as_ref().map_or(0, |(seq, _)| seq.unsigned_abs()));
        change_tracker.advance(head);
        let questions = Arc::new(Questions::default());
        let (answers, receiver) = watch::channel(Answer { question: 0, head, at: Instant::now(), unavailable: None });
        let asker = Asker {
            link,
            connection: Some(connection),
            change_tracker,
            stats,
            timeout: options.timeout,
            questions: Arc::clone(&questions),
            answers,
            last,
        };
        tokio::spawn(asker.run());
        Ok(Self { questions, answers: receiver, staleness: options.staleness })
    }

    /// Returns the position of the newest change once this node has seen all up to it: at least those that were
    /// committed before the call, less the configured staleness.
    pub(in crate::store) async fn catch_up(&self) -> Result<Seq, Error> {
        let mut answers = self.answers.clone();
        if !self.staleness.is_zero() {
            let answer = answers.borrow();
            if answer.unavailable.is_none() && answer.at.elapsed() <= self.staleness {
                return Ok(answer.head);
            }
        }
        let mine = self.questions.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        self.questions.wake.notify_one();
        loop {
            {
                let answer = answers.borrow_and_update();
                if let Some(reason) = &answer.unavailable {
                    return Err(Error::Unreachable(Arc::clone(reason)));
                }
                if answer.question >= mine {
                    return Ok(answer.head);
                }
            }
            answers.changed().await.map_err(|_| Error::Closed)?;
        }
    }

    /// The age of the last answer, measured from its query.
    pub(in crate::store) fn age(&self) -> Duration {
        self.answers.borrow().at.elapsed()
    }

    /// The duration of the current outage; `None` while the database answers.
    pub(in crate::store) fn outage(&self) -> Option<Duration> {
        let answer = self.answers.borrow();
        answer.unavailable.is_some().then(|| answer.at.elapsed())
    }

    /// The reason why the database is unavailable; `None` while it is available.
    pub(in crate::store) fn unreachable(&self) -> Option<Error> {
        self.answers.borrow().unavailable.as_ref().map(|reason| Error::Unreachable(Arc::clone(reason)))
    }

    /// Resolves when the database becomes unavailable.
    pub(in crate::store) async fn until_unreachable(&self) -> Error {
        let mut answers = self.answers.clone();
        match answers.wait_for(|answer| answer.unavailable.is_some()).await {
            Ok(answer) => Error::Unreachable(answer.unavailable.clone().unwrap_or_default()),
            Err(_) => Error::Closed,
        }
    }
}

impl Asker {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let (mut answered, mut served) = (0, 0);
        loop {
            if self.answers.is_closed() {
                return;
            }
            if self.questions.wanted.load(Ordering::Acquire) == answered {
                // Nodes that were started together should not poll together.
                let poll = POLL.mul_f64(0.9 + 0.2 * jitter());
                let _ = tokio::time::timeout(poll, self.questions.wake.notified()).await;
            }
            let question = self.gather(served).await;
            let began = Instant::now();
            let asked = tokio::time::timeout(self.timeout, self.insist()).await;
            let failure = match asked {
                Ok(Ok(head)) => {
                    served = question - answered;
                    answered = question;
                    self.stats.head_questions.observe(began.elapsed());
                    pause = FIRST_PAUSE;
                    self.change_tracker.advance(head);
                    let was_away = self.answers.borrow().unavailable.is_some();
                    self.answers.send_replace(Answer { question, head, at: began, unavailable: None });
                    if was_away {
                        tracing::info!(head = head.0, "The database is available again");
                    }
                    continue;
                }
                Ok(Err(error)) => error,
                Err(_) => Error::Unreachable("it did not answer in time".into()),
            };
            self.connection = None;
            let reason: Arc<str> = match &failure {
                Error::Unreachable(reason) => Arc::clone(reason),
                error => {
                    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    format!("{error}{cause}").into()
                }
            };
            self.answers.send_modify(|answer| {
                if answer.unavailable.is_none() {
                    tracing::error!(%reason, "The database is unavailable; ids and cached answers are still served, writes are not");
                }
                answer.unavailable = Some(reason);
            });
            tokio::time::sleep(pause.mul_f64(0.5 + jitter())).await;
            pause = LAST_PAUSE.min(pause * 2);
        }
    }

    /// Returns the number of requests that the next query will answer.
    ///
    /// A query costs more than some turns of other tasks, so requests that have arrived but not run yet are included.
    /// If the last answer served several, those are likely to return in a moment, and are waited for.
    async fn gather(&self, served: u64) -> u64 {
        let began = Instant::now();
        let (mut wanted, mut now, mut stirred) = (0, began, began);
        loop {
            let before = now;
            tokio::task::yield_now().await;
            now = Instant::now();
            // Every request counted here arrived before the query is sent.
            let seen = self.questions.wanted.load(Ordering::Acquire);
            if seen > wanted || now - before > TURN {
                (wanted, stirred) = (seen, now);
            }
            if served < 2 || now - stirred > QUIET || now - began > GATHER {
                return wanted;
            }
        }
    }

    /// Queries, and retries on other connections while that may help: one failed query is not an outage yet.
    async fn insist(&mut self) -> Result<Seq, Error> {
        let attempts = if self.answers.borrow().unavailable.is_some() { 1 } else { ATTEMPTS };
        for _ in 1..attempts {
            match self.ask().await {
                Err(Error::Unavailable(error)) => self.stats.retried(Retry::after(&error)),
                settled => return settled,
            }
        }
        self.ask().await
    }

    /// Reads all changes beyond the last known one and marks the facts they changed.
    async fn ask(&mut self) -> Result<Seq, Error> {
        const SQL: &str = "SELECT seq, receipt FROM changes WHERE seq >= $1 ORDER BY seq LIMIT $2";
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.link.connect().await?,
            };
            let from = self.last.as_ref().map_or(0, |(seq, _)| *seq);
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let rows: Result<Vec<(i64, String)>, _> =
                async { statement!(self.link, &mut connection, fetch_all, sqlx::query_as(SQL).bind(from).bind(limit)) }
                    .await;
            let rows = rows.inspect_err(|error| self.link.learn(error))?;
            self.connection = Some(connection);
            let count = rows.len();
            let mut rows = rows.into_iter();
            if self.last.is_some() && rows.next() != self.last {
                // A standby that lacked changes took over: what is cached may never have happened.
                tracing::error!(
                    from,
                    "The log does not continue where it was left; nothing remembered is used any more"
                );
                self.change_tracker.invalidate_all();
                self.last = None;
                continue;
            }
            for (seq, receipt) in rows {
                let parsed: Receipt = serde_json::from_str(&receipt)
                    .map_err(|error| Error::Invalid(format!("the receipt of change {seq} ({error})")))?;
                parsed.mark(&self.change_tracker, Seq(seq.unsigned_abs()));
                self.last = Some((seq, receipt));
            }
            if count < PAGE {
                return Ok(Seq(self.last.as_ref().map_or(0, |(seq, _)| seq.unsigned_abs())));
            }
        }
    }
}

/// A number from 0 to 1 that differs between nodes and times.
pub(super) fn jitter() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0
}
