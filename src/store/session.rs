//! One connection to either database, for work that goes through all of it: scrubs, backups, restores.

use super::{DatabaseLock, Error, Options, postgres, sqlite};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};

/// A connection with a transaction open on it.
#[derive(Debug)]
pub(super) enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Does the same on whichever database it is.
macro_rules! on {
    ($session:expr, $connection:ident => $work:expr) => {
        match $session {
            crate::store::session::Session::Sqlite($connection) => $work,
            crate::store::session::Session::Postgres($connection) => $work,
        }
    };
}
pub(super) use on;

impl Session {
    /// Sees the database at `url` as of one moment and changes nothing; servers may be running on it.
    pub(super) async fn snapshot(url: &str) -> Result<Self, Error> {
        if postgres::is_postgres(url) {
            let mut connection = postgres::connect(url).await?;
            sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await?;
            return Ok(Self::Postgres(connection));
        }
        let options = sqlite::options(url)?.create_if_missing(false).pragma("query_only", "ON");
        let mut connection = options.connect().await?;
        sqlite::check_format(&mut connection).await?;
        sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
        Ok(Self::Sqlite(connection))
    }

    /// Creates or migrates the database at `url`, and keeps other writers out meanwhile.
    pub(super) async fn exclusive(url: &str) -> Result<(Self, DatabaseLock), Error> {
        if postgres::is_postgres(url) {
            postgres::migrate(url, false, Options::default().waking()).await?;
            let mut connection = postgres::connect(url).await?;
            // Every writer takes this lock first.
            sqlx::raw_sql("BEGIN; SELECT seq FROM log_head WHERE one = 1 FOR UPDATE").execute(&mut connection).await?;
            return Ok((Self::Postgres(connection), DatabaseLock::shared()));
        }
        let options = sqlite::options(url)?;
        let lock = DatabaseLock::of_file(options.get_filename())?;
        let mut connection = options.connect().await?;
        sqlite::migrate(&mut connection).await?;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok((Self::Sqlite(connection), lock))
    }

    /// The single number that a statement returns.
    pub(super) async fn number(&mut self, sql: &'static str) -> Result<i64, Error> {
        Ok(on!(self, connection => sqlx::query_scalar(sql).persistent(false).fetch_one(connection).await)?)
    }

    /// The position of the newest change.
    pub(super) async fn head(&mut self) -> Result<i64, Error> {
        self.number("SELECT seq FROM log_head").await
    }

    /// Commits what was written. Without it, nothing was.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        on!(&mut self, connection => sqlx::raw_sql("COMMIT").execute(connection).await.map(drop))?;
        self.close().await
    }

    /// Gives the connection back; what was not committed is undone.
    pub(super) async fn close(self) -> Result<(), Error> {
        Ok(on!(self, connection => connection.close().await)?)
    }
}
