//! The one writer of a SQLite file: units that wait together are committed together.
//!
//! A commit costs a flush of the disk whatever it holds, so while one runs the next units gather.

use super::apply::Work;
use super::lock::FileLock;
use super::unit::{Outcome, Unit};
use super::{Error, Freshness};
use sqlx::{Connection, SqliteConnection};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A unit and whoever waits for it.
#[derive(Debug)]
pub(super) struct Job {
    unit: Unit,
    reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// Units committed by one flush at most; also how many may wait before callers have to.
const BATCH: usize = 128;

/// Starts the writer; it ends, and gives the file back, when the last sender is dropped.
pub(super) fn start(
    mut connection: SqliteConnection,
    freshness: Arc<Freshness>,
    lock: Arc<FileLock>,
) -> mpsc::Sender<Job> {
    let (sender, mut queue) = mpsc::channel::<Job>(BATCH);
    tokio::spawn(async move {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            commit_all(&mut connection, &freshness, std::mem::take(&mut jobs)).await;
        }
        if let Err(error) = connection.close().await {
            tracing::warn!(error = %error, "the database did not close cleanly; nothing acknowledged is lost");
        }
        drop(lock);
    });
    sender
}

/// Hands a unit to the writer and waits for what became of it.
pub(super) async fn submit(writes: &mpsc::Sender<Job>, unit: Unit) -> Result<Outcome, Error> {
    let (reply, outcome) = oneshot::channel();
    writes.send(Job { unit, reply }).await.map_err(|_| Error::Closed)?;
    outcome.await.map_err(|_| Error::Closed)?
}

async fn commit_all(connection: &mut SqliteConnection, freshness: &Freshness, jobs: Vec<Job>) {
    if jobs.len() > 1
        && let Ok(outcomes) = commit(connection, freshness, jobs.iter().map(|job| &job.unit)).await
    {
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            // A caller that went away does not undo what it asked for.
            let _ = job.reply.send(Ok(outcome));
        }
        return;
    }
    // A unit alone, or one spoilt the transaction of all: each gets a transaction of its own.
    for job in jobs {
        let outcome = commit(connection, freshness, std::iter::once(&job.unit)).await;
        let _ = job.reply.send(outcome.map(|outcomes| outcomes.into_iter().next().unwrap_or(Outcome::Conflict)));
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    freshness: &Freshness,
    units: impl Iterator<Item = &Unit>,
) -> Result<Vec<Outcome>, Error> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut outcomes = Vec::new();
    let mut touched = Vec::new();
    for unit in units {
        outcomes.push(Work::new(&mut tx, freshness, &mut touched, unit).run(unit).await?);
    }
    tx.commit().await?;
    for (slot, seq) in touched {
        freshness.mark(slot, seq);
    }
    Ok(outcomes)
}
