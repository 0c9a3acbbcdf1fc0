//! Writers: waiting units are sent together, and again while it is unknown whether they were committed.
//!
//! While a call is in flight the next units gather, so that they share its cost. If the database is distant, a second
//! call is sent before the first returns.

use super::Follower;
use super::connect::{Link, statement};
use super::follower::jitter;
use super::unit::{Call, Reply};
use crate::domain::Seq;
use crate::store::unit::{Outcome, Unit};
use crate::store::write_queue::{BATCH, Job, WriteHealth, submit};
use crate::store::{ChangeTracker, DatabaseLock, Error, Retry, Stats};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};

/// The connection that writes, and its settings.
struct Writer {
    link: Link,
    connection: Option<PgConnection>,
    timeout: Duration,
    follower: Follower,
    change_tracker: Arc<ChangeTracker>,
    write_health: WriteHealth,
    stats: Arc<Stats>,
}

/// The queue, for the writer whose turn it is.
type Queue = Arc<Mutex<mpsc::Receiver<Job>>>;

/// The number of writers of a node; each has a connection. With a distant database two left work waiting, four did no
/// better.
const WRITERS: usize = 3;

/// A call to a nearby database returns by then, and waiting units are better sent in one call than in two.
const NEAR: Duration = Duration::from_millis(8);

/// The interval at which a node whose last write failed probes whether the next one would succeed.
const PROBE: Duration = Duration::from_secs(1);

/// Starts the writers; they end when the last sender is dropped.
pub(super) fn start(
    link: &Link,
    timeout: Duration,
    follower: &Follower,
    change_tracker: &Arc<ChangeTracker>,
    write_health: &WriteHealth,
    stats: &Arc<Stats>,
    lock: &Arc<DatabaseLock>,
) -> mpsc::Sender<Job> {
    let (sender, queue) = mpsc::channel::<Job>(BATCH);
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..WRITERS {
        let writer = Writer {
            link: link.clone(),
            connection: None,
            timeout,
            follower: follower.clone(),
            change_tracker: Arc::clone(change_tracker),
            write_health: write_health.clone(),
            stats: Arc::clone(stats),
        };
        let (queue, lock) = (Arc::clone(&queue), Arc::clone(lock));
        tokio::spawn(async move {
            writer.run(queue).await;
            drop(lock);
        });
    }
    tokio::spawn(probe(sender.downgrade(), follower.clone(), write_health.clone()));
    sender
}

/// Writes nothing, through the write path, so that a node recovers its health without a registration.
async fn probe(queue: mpsc::WeakSender<Job>, follower: Follower, write_health: WriteHealth) {
    loop {
        tokio::time::sleep(PROBE).await;
        let Some(queue) = queue.upgrade() else { break };
        if write_health.may_pass() && follower.unreachable().is_none() {
            let nothing = Unit { guards: Vec::new(), parts: Vec::new() };
            // The outcome is recorded in the write health.
            let _ = submit(&queue, nothing).await;
        }
    }
}

impl Writer {
    async fn run(mut self, queue: Queue) {
        loop {
            let mut jobs = Vec::with_capacity(BATCH);
            let mut turn = queue.lock().await;
            if turn.recv_many(&mut jobs, BATCH).await == 0 {
                break;
            }
            let mut sent = std::pin::pin!(self.commit_all(jobs));
            if tokio::time::timeout(NEAR, &mut sent).await.is_err() {
                drop(turn);
                sent.await;
            }
        }
        if let Some(connection) = self.connection {
            // No goodbye to a server that is gone.
            let _ = connection.close().await;
        }
    }

    async fn commit_all(&mut self, jobs: Vec<Job>) {
        let mut calls = Vec::with_capacity(jobs.len());
        let mut replies = Vec::with_capacity(jobs.len());
        for Job { unit, reply } in jobs {
            match Call::of(&unit) {
                Ok(parts) => {
                    calls.push(parts);
                    replies.push(reply);
                }
                Err(error) => drop(reply.send(Err(error))),
            }
        }
        let deadline = Instant::now() + self.timeout;
        if calls.len() > 1 {
            let outcomes = match self.commit(&mut calls, deadline).await {
                Ok(outcomes) => Some(outcomes),
                Err(Error::Unavailable(reason)) => {
                    // None of them would succeed alone.
                    let reason: Arc<str> = reason.to_string().into();
                    Some(calls.iter().map(|_| Err(Error::Unreachable(Arc::clone(&reason)))).collect())
                }
                Err(_) => None,
            };
            if let Some(outcomes) = outcomes {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // A caller that stopped waiting does not cancel the write.
                    let _ = reply.send(outcome);
                }
                return;
            }
        }
        // A single unit, or one that made the database refuse the whole call.
        for (call, reply) in calls.iter_mut().zip(replies) {
            let outcome = self.commit(std::slice::from_mut(call), deadline).await;
            let outcome = outcome.and_then(|outcomes| outcomes.into_iter().next().unwrap_or(Ok(Outcome::Conflict)));
            let _ = reply.send(outcome);
        }
    }

    /// Writes units together, with retries until the deadline.
    async fn commit(
        &mut self,
        calls: &mut [Vec<Call>],
        deadline: Instant,
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let known = *self.change_tracker.head().borrow();
        let mut pause = Duration::from_millis(5);
        let parts: usize = calls.iter().map(Vec::len).sum();
        loop {
            let sent = self.send(calls, deadline).await;
            let error = match sent {
                Ok(replies) if replies.len() == parts => {
                    self.write_health.clear();
                    let mut replies = replies.into_iter();
                    let of_unit = |parts: &Vec<Call>| replies.by_ref().take(parts.len()).collect();
                    let outcomes: Vec<_> = calls
                        .iter()
                        .map(of_unit)
                        .map(|replies| Reply::outcome(replies, &self.change_tracker))
                        .collect();
                    let newest = outcomes.iter().filter_map(|outcome| match outcome {
                        Ok(Outcome::Committed { seq, .. }) => Some(*seq),
                        _ => None,
                    });
                    self.change_tracker.advance(newest.max().unwrap_or(Seq(0)));
                    return Ok(outcomes);
                }
                Ok(_) => return Err(Error::Invalid("another number of outcomes than of parts".to_owned())),
                Err(error) => error,
            };
            self.link.learn(&error);
            // It is not always known whether they were written; the retry finds their ids in the log.
            for call in calls.iter_mut().flatten() {
                call.may_have_been_written_after(known);
            }
            let again =
                Error::may_pass(&error) && Instant::now() + pause < deadline && self.follower.unreachable().is_none();
            if !again {
                let error = Error::from(error);
                self.write_health.set(&error);
                return Err(error);
            }
            self.stats.retried(Retry::after(&error));
            tokio::time::sleep(pause.mul_f64(0.5 + jitter())).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn send(&mut self, calls: &[Vec<Call>], deadline: Instant) -> Result<Vec<Reply>, sqlx::Error> {
        // A transaction that waits for the log's head gives up when this program does: a stuck one that locks it
        // must not block more and more of them. Set for the transaction only, as a pooler may be in between.
        const SQL: &str = "WITH bound AS MATERIALIZED (SELECT set_config('lock_timeout', $2, TRUE) AS millis)
            SELECT avow_write_3($1) FROM bound WHERE millis IS NOT NULL";
        let parts: Vec<&Call> = calls.iter().flatten().collect();
        let units = serde_json::to_string(&parts).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let work = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.link.connect().await?,
            };
            let bound = self.link.bound().to_string();
            let query = || sqlx::query_scalar::<_, String>(SQL).bind(&units).bind(&bound);
            let outcomes = statement!(self.link, &mut connection, fetch_one, query())?;
            // After a failure the state of the connection is unknown, so it is replaced.
            self.connection = Some(connection);
            Ok::<String, sqlx::Error>(outcomes)
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let outcomes = match tokio::time::timeout(left, work).await {
            Ok(outcomes) => outcomes?,
            Err(_) => return Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        };
        serde_json::from_str(&outcomes).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}
