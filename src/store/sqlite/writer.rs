//! The single writer of a SQLite file: waiting units are committed together.
//!
//! A commit costs one flush of the disk whatever its size, so the next units gather while one runs.

use super::unit::{Ends, run};
use crate::store::lock::DatabaseLock;
use crate::store::unit::{Outcome, Unit};
use crate::store::write_queue::{BATCH, Job, WriteHealth};
use crate::store::{ChangeTracker, Error};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The connection that writes. After a failure its state is unknown, so it is replaced.
struct Writer {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    change_tracker: Arc<ChangeTracker>,
    write_health: WriteHealth,
}

/// Starts the writer; it ends, and gives the file back, when the last sender is dropped.
pub(super) fn start(
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    change_tracker: Arc<ChangeTracker>,
    write_health: WriteHealth,
    lock: Arc<DatabaseLock>,
) -> mpsc::Sender<Job> {
    let (sender, mut queue) = mpsc::channel::<Job>(BATCH);
    let mut writer = Writer { options, connection: Some(connection), change_tracker, write_health };
    tokio::spawn(async move {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            writer.commit_all(std::mem::take(&mut jobs)).await;
        }
        if let Some(connection) = writer.connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(error = %error, "The database did not close cleanly; nothing acknowledged is lost");
        }
        drop(lock);
    });
    sender
}

impl Writer {
    async fn commit_all(&mut self, jobs: Vec<Job>) {
        let (units, replies): (Vec<Unit>, Vec<_>) = jobs.into_iter().map(|job| (job.unit, job.reply)).unzip();
        if units.len() > 1
            && let Ok(outcomes) = self.commit(&units).await
        {
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                // A caller that stopped waiting does not cancel the write.
                let _ = reply.send(Ok(outcome));
            }
            return;
        }
        // A unit alone, or one spoilt the transaction of all: each gets a transaction of its own.
        for (unit, reply) in units.into_iter().zip(replies) {
            let outcome = self.commit(&[unit]).await;
            let _ = reply.send(outcome.map(|outcomes| outcomes.into_iter().next().unwrap_or(Outcome::Conflict)));
        }
    }

    /// Commits units together. On an error none of them is written.
    async fn commit(&mut self, units: &[Unit]) -> Result<Vec<Outcome>, Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let committed = transact(&mut connection, &self.change_tracker, units).await;
        match &committed {
            Ok(_) => {
                self.connection = Some(connection);
                self.write_health.clear();
            }
            Err(error) => self.write_health.set(error),
        }
        committed
    }
}

/// Runs units in one transaction. After an error the connection is to be dropped, which rolls it back.
async fn transact(
    connection: &mut SqliteConnection,
    change_tracker: &ChangeTracker,
    units: &[Unit],
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::new();
    let mut touched = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let ends = Ends { opens: index == 0, closes: index + 1 == units.len() };
        outcomes.push(run(connection, change_tracker, &mut touched, unit, ends).await?);
    }
    if !matches!(outcomes.last(), Some(Outcome::Committed { .. })) {
        sqlx::query("COMMIT").execute(connection).await?;
    }
    for (slot, seq) in touched {
        change_tracker.mark(slot, seq);
    }
    let newest = outcomes.iter().rev().find_map(|outcome| match outcome {
        Outcome::Committed { seq, .. } => Some(*seq),
        _ => None,
    });
    if let Some(seq) = newest {
        change_tracker.advance(seq);
    }
    Ok(outcomes)
}
