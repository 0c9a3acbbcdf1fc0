//! Migrations, by one node at a time.

use super::connect::{self, parse};
use crate::store::Error;
use crate::store::open::FORMAT;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection, Row};
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Migrates the database. While one node does so the others wait.
///
/// `pooled` means that a pooler would mix up statements: then the database must be up to date already.
pub(in crate::store) async fn migrate(url: &str, pooled: bool, timeout: Duration) -> Result<(), Error> {
    let options = parse(url)?;
    let mut connection = connect::connect(&options, timeout).await?;
    check_encoding(&mut connection).await?;
    if is_current(&mut connection).await? {
        return Ok(connection.close().await?);
    }
    if pooled {
        return Err(Error::MigrateThroughPooler);
    }
    let mut queue = connect::connect(&options, timeout).await?;
    let turn = wait_for_turn(&mut queue).await?;
    check_format(&mut connection).await?;
    let mut migrations = Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
    // The migrator's own lock is of a kind that poolers lose and not every database knows; the row above does for it.
    migrations.set_locking(false).set_ignore_missing(true);
    migrations.run(&mut connection).await.map_err(|error| match error {
        MigrateError::Execute(error) => Error::from(error),
        other => Error::Migration(other),
    })?;
    sqlx::raw_sql("COMMIT").execute(turn).await?;
    Ok(connection.close().await?)
}

/// A connection to a database that is up to date.
pub(in crate::store) async fn connect(url: &str) -> Result<PgConnection, Error> {
    let mut connection = parse(url)?.connect().await?;
    check_tables(&mut connection).await?;
    Ok(connection)
}

/// Refuses a database that no node can work with as it is.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), Error> {
    check_encoding(connection).await?;
    check_tables(connection).await
}

/// Refuses a database that is not up to date, or that needs a newer program.
async fn check_tables(connection: &mut PgConnection) -> Result<(), Error> {
    if is_current(connection).await? { Ok(()) } else { Err(Error::NotMigrated) }
}

/// Waits for the migration lock. It is a row, locked by a transaction that a pooler cannot take apart.
async fn wait_for_turn(connection: &mut PgConnection) -> Result<&mut PgConnection, Error> {
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration_lock (one BIGINT NOT NULL PRIMARY KEY)";
    const ROW: &str = "INSERT INTO migration_lock (one) VALUES (1) ON CONFLICT (one) DO NOTHING";
    // Two nodes create the table at the same moment: one of them is refused, and then finds it.
    let mut created = sqlx::raw_sql(TABLE).execute(&mut *connection).await;
    if let Err(sqlx::Error::Database(error)) = &created
        && matches!(error.code().as_deref(), Some("23505" | "42P07" | "42710"))
    {
        created = sqlx::raw_sql(TABLE).execute(&mut *connection).await;
    }
    created?;
    for sql in [ROW, "BEGIN", "SELECT one FROM migration_lock WHERE one = 1 FOR UPDATE"] {
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
    }
    Ok(connection)
}

/// Whether every migration of this program has been applied.
async fn is_current(connection: &mut PgConnection) -> Result<bool, Error> {
    if !exists(connection, "SELECT to_regclass('_sqlx_migrations') IS NOT NULL").await? {
        return Ok(false);
    }
    check_format(connection).await?;
    let done = sqlx::raw_sql("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success");
    let done: i64 = done.fetch_one(connection).await?.try_get(0)?;
    Ok(MIGRATIONS.iter().all(|migration| migration.version <= done))
}

/// Refuses a database that would refuse some schemas, and not know the highest character, which bounds of lists end with.
async fn check_encoding(connection: &mut PgConnection) -> Result<(), Error> {
    let encoding: String = sqlx::raw_sql("SHOW server_encoding").fetch_one(connection).await?.try_get(0)?;
    if encoding.eq_ignore_ascii_case("UTF8") { Ok(()) } else { Err(Error::Encoding(encoding)) }
}

async fn check_format(connection: &mut PgConnection) -> Result<(), Error> {
    if !exists(connection, "SELECT to_regclass('facts') IS NOT NULL").await? {
        return Ok(());
    }
    let needs =
        sqlx::raw_sql("SELECT value FROM facts WHERE name = 'lowest_format'").fetch_optional(connection).await?;
    let needs: i64 = needs.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    if needs > FORMAT { Err(Error::TooNew { needs, knows: FORMAT }) } else { Ok(()) }
}

/// In the simple protocol, as all here: no pooler mixes it up.
async fn exists(connection: &mut PgConnection, sql: &'static str) -> Result<bool, Error> {
    Ok(sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)?)
}
