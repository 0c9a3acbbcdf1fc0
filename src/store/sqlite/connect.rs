//! Opening a SQLite file: lock, migrations, format check, connections.

use super::writer;
use crate::store::lock::DatabaseLock;
use crate::store::open::FORMAT;
use crate::store::write_queue::WriteHealth;
use crate::store::{ChangeTracker, Error, Reads, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Connections for reading. Each brings a thread and a page cache; two cores do not use more.
const READERS: u32 = 4;

pub(in crate::store) async fn open(url: &str) -> Result<Store, Error> {
    let options = options(url)?;
    let lock = Arc::new(DatabaseLock::of_file(options.get_filename())?);
    let mut writer = options.connect().await?;
    migrate(&mut writer).await?;
    let reads = SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone().pragma("query_only", "ON"))
        .await?;
    let change_tracker = Arc::new(ChangeTracker::new());
    let write_health = WriteHealth::default();
    let writes = writer::start(options, writer, Arc::clone(&change_tracker), write_health.clone(), Arc::clone(&lock));
    let store =
        Store { reads: Reads::Sqlite(reads), writes, change_tracker, write_health, stats: Arc::default(), lock };
    store.change_tracker.advance(store.head().await?);
    Ok(store)
}

/// The settings every connection shares.
pub(in crate::store) fn options(url: &str) -> Result<SqliteConnectOptions, Error> {
    let path = url.strip_prefix("sqlite:").ok_or_else(|| Error::BadUrl(url.to_owned()))?;
    if path.trim_start_matches('/').is_empty() || path.contains(":memory:") || path.contains("mode=memory") {
        return Err(Error::BadUrl(url.to_owned()));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| Error::BadUrl(url.to_owned()))?;
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An id a client has seen must outlive a power cut, or it will be assigned twice.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging())
}

/// Brings the file at `url` up to date and closes it.
pub(in crate::store) async fn migrate_file(url: &str) -> Result<(), Error> {
    let options = options(url)?;
    let _lock = DatabaseLock::of_file(options.get_filename())?;
    let mut connection = options.connect().await?;
    migrate(&mut connection).await?;
    Ok(connection.close().await?)
}

pub(in crate::store) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    // A newer program may have added migrations that older ones are compatible with: only `lowest_format` decides.
    let known: bool =
        sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'facts'")
            .fetch_one(&mut *connection)
            .await?;
    if known {
        check_format(connection).await?;
    }
    let mut migrator = sqlx::migrate!("migrations/sqlite");
    migrator.set_ignore_missing(true);
    // A table that others refer to can only be rebuilt while references are not checked.
    sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut *connection).await?;
    migrator.run(&mut *connection).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => Error::from(error),
        other => Error::Migration(other),
    })?;
    sqlx::raw_sql("PRAGMA foreign_keys = ON").execute(connection).await?;
    Ok(())
}

pub(in crate::store) async fn check_format(connection: &mut SqliteConnection) -> Result<(), Error> {
    let needs: i64 =
        sqlx::query_scalar("SELECT value FROM facts WHERE name = 'lowest_format'").fetch_one(connection).await?;
    if needs > FORMAT { Err(Error::TooNew { needs, knows: FORMAT }) } else { Ok(()) }
}
