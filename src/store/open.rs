//! Opening a database of either kind.

use super::{Error, Options, Store, postgres, sqlite};

/// The newest format of the database this program understands.
pub(super) const FORMAT: i64 = 2;

impl Store {
    /// Opens the database at `url`, creating and migrating it as needed: `sqlite://…`, or `postgres://…` with the options'
    /// defaults.
    ///
    /// Refuses a file that another server has open and a database that needs a newer program.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, &Options::default()).await
    }

    /// The same with all settings of a Postgres database.
    pub async fn open_with(url: &str, options: &Options) -> Result<Self, Error> {
        if postgres::is_postgres(url) { postgres::open(url, options).await } else { sqlite::open(url).await }
    }

    /// Migrates the database at `url` and closes it.
    pub async fn migrate(url: &str) -> Result<(), Error> {
        if postgres::is_postgres(url) {
            return postgres::migrate(url, false, Options::default().waking()).await;
        }
        sqlite::migrate_file(url).await
    }

    /// Asks the database for the position of its newest change, which proves that it answers.
    pub async fn head(&self) -> Result<crate::domain::Seq, Error> {
        let head: i64 = read!(self, fetch_one, sqlx::query_scalar("SELECT seq FROM log_head"))?;
        Ok(crate::domain::Seq(head.unsigned_abs()))
    }
}
