//! What can go wrong with a database, told apart by what an operator would do about it.

use sqlx::error::DatabaseError;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process serves the file.
    #[error("the database {0} is in use by another Avow server; stop it first, or give this one a file of its own")]
    InUse(String),
    /// A newer program changed the file in a way this one does not understand.
    #[error("the database needs a newer Avow (format {needs}, this program knows {knows}); start the newer version")]
    TooNew {
        /// The lowest format that may open the file.
        needs: i64,
        /// The newest format this program knows.
        knows: i64,
    },
    /// The text given is no database URL.
    #[error("`{0}` is no database URL; write sqlite:///absolute/path.db or sqlite://relative.db")]
    BadUrl(String),
    /// No space is left.
    #[error("the disk of the database is full; free some space, nothing needs a restart")]
    Full(#[source] sqlx::Error),
    /// The file or its file system takes no writes.
    #[error("the database file cannot be written; check its permissions and its file system")]
    ReadOnly(#[source] sqlx::Error),
    /// The file is damaged.
    #[error("the database file is damaged; keep it, run `avow verify` on a copy, and restore a backup if that fails")]
    Corrupt(#[source] sqlx::Error),
    /// Something was read that the program never writes.
    #[error("the database holds something Avow does not write: {0}; run `avow verify`")]
    Invalid(String),
    /// Busy, out of connections, closed or gone: trying again may help.
    #[error("the database does not answer; try again")]
    Unavailable(#[source] sqlx::Error),
    /// The writer has ended, which happens only while the program stops.
    #[error("the server is shutting down; try another one")]
    Closed,
    /// The migrations could not be applied.
    #[error("the database could not be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Anything else, which would be a fault of this program.
    #[error("the database refused a statement")]
    Other(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                return Self::Unavailable(error);
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => return Self::Invalid(error.to_string()),
            _ => {}
        }
        // SQLite's primary result code is the low byte of the extended one.
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6 | 10) => Self::Unavailable(error),
            Some(8 | 14) => Self::ReadOnly(error),
            Some(11 | 26) => Self::Corrupt(error),
            Some(13) => Self::Full(error),
            _ => Self::Other(error),
        }
    }
}
