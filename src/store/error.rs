//! Errors of the database, by what an operator would do about them.

use sqlx::error::DatabaseError;

/// The reason why a database operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the file open.
    #[error("the database {0} is in use by another Avow server; stop it first, or give this one a file of its own")]
    InUse(String),
    /// A newer program changed the file in an incompatible way.
    #[error("the database needs a newer Avow (format {needs}, this program knows {knows}); start the newer version")]
    TooNew {
        /// The lowest format version that may open the file.
        needs: i64,
        /// The newest format version this program knows.
        knows: i64,
    },
    /// The text is not a database URL.
    #[error(
        "`{0}` is no database URL; write sqlite:///absolute/path.db, sqlite://relative.db or postgres://user@host/database"
    )]
    BadUrl(String),
    /// The text is not a Postgres URL; it is not shown, as it may contain a password.
    #[error(
        "the database URL cannot be read; write postgres://user@host:5432/database, with the password in PGPASSWORD or ~/.pgpass"
    )]
    BadPostgresUrl,
    /// The tables are not up to date, and migrations are disabled.
    #[error("the database is not up to date; run `avow migrate`, or start without --database-migrate=false")]
    NotMigrated,
    /// The server is a standby.
    #[error(
        "the database is a standby, which takes no writes and may lag behind; name the primary in the database URL, or promote this one"
    )]
    Standby,
    /// The encoding of the database lacks some characters.
    #[error(
        "the database is encoded in {0}, which lacks characters that schemas may have; give Avow one of its own: CREATE DATABASE avow ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    /// Migrations would have to go through a pooler that mixes up statements.
    #[error(
        "the database is not up to date, and cannot be brought up to date through this pooler; give a direct connection with --database-migrate-url"
    )]
    MigrateThroughPooler,
    /// The database is unavailable, which has been logged.
    #[error("the database is unavailable ({0}); ids and cached answers are still served; try again later")]
    Unreachable(std::sync::Arc<str>),
    /// Authentication or authorisation failed.
    #[error(
        "the database refused the connection; check the user, its password, the name of the database, and that the user may create tables in a schema of its search_path"
    )]
    Refused(#[source] sqlx::Error),
    /// A text is too long for an index of the database.
    #[error("a name is too long for the database; shorten it")]
    TooLong(#[source] sqlx::Error),
    /// No space is left.
    #[error("the disk of the database is full; free some space, nothing needs a restart")]
    Full(#[source] sqlx::Error),
    /// The file or its file system is read-only.
    #[error("the database file cannot be written; check its permissions and its file system")]
    ReadOnly(#[source] sqlx::Error),
    /// The file is damaged.
    #[error("the database file is damaged; keep it, run `avow verify` on a copy, and restore a backup if that fails")]
    Corrupt(#[source] sqlx::Error),
    /// The program read something that it never writes.
    #[error("the database contains something Avow does not write: {0}; run `avow verify`")]
    Invalid(String),
    /// The backup cannot be read or written.
    #[error("the backup cannot be read or written")]
    Stream(#[source] std::io::Error),
    /// The contents of a backup do not match its summary.
    #[error("the backup is incomplete, so nothing was restored: {0}; take another one")]
    BadBackup(String),
    /// A restore would mix two registries.
    #[error("the database already contains a registry; restore into a new one")]
    NotEmpty,
    /// Busy, out of connections, closed or gone: a retry may help.
    #[error("the database does not answer; try again")]
    Unavailable(#[source] sqlx::Error),
    /// The writer has ended, which happens only while the program stops.
    #[error("the server is shutting down; try another one")]
    Closed,
    /// The migrations could not be applied.
    #[error("the database could not be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Anything else, which would be a bug of this program.
    #[error("the database refused a statement")]
    Other(#[source] sqlx::Error),
}

/// Reasons to refuse a new connection, as errors of the driver.
#[derive(Debug, thiserror::Error)]
#[error("the server is a standby")]
pub(super) struct IsStandby;

impl Error {
    /// Whether a retry, on another connection, may succeed.
    pub(super) fn may_pass(error: &sqlx::Error) -> bool {
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            // Serialisation, deadlock, ambiguous commit; a lock or connection timeout; mixed-up statements.
            Some("40001" | "40P01" | "40003" | "55P03" | "53300" | "42P05" | "26000") => true,
            _ => Self::is_lost_connection(error),
        }
    }

    /// Whether the connection is broken, and perhaps those that were opened before it.
    pub(super) fn is_lost_connection(error: &sqlx::Error) -> bool {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
            sqlx::Error::Database(error) => {
                let code = error.code();
                let code = code.as_deref().unwrap_or_default();
                // Connection exceptions; a server that stops, starts or fails over; one that is a standby now; an idle
                // transaction that timed out.
                code.starts_with("08") || code.starts_with("57P") || matches!(code, "25006" | "25P03")
            }
            _ => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(cause)
                if cause.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<IsStandby>) =>
            {
                return Self::Standby;
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => return Self::Unavailable(error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => return Self::Invalid(error.to_string()),
            _ => {}
        }
        if Self::may_pass(&error) {
            return Self::Unavailable(error);
        }
        let Some(refused) = error.as_database_error() else { return Self::Other(error) };
        let code = refused.code().unwrap_or_default();
        if refused.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
            return match &*code {
                "53100" => Self::Full(error),
                "54000" => Self::TooLong(error),
                "28000" | "28P01" | "3D000" | "3F000" | "42501" => Self::Refused(error),
                "53200" | "53400" | "57014" | "58030" => Self::Unavailable(error),
                _ => Self::Other(error),
            };
        }
        // SQLite's primary result code is the low byte of the extended one.
        match code.parse::<u32>().ok().map(|code| code & 0xff) {
            Some(5 | 6 | 10) => Self::Unavailable(error),
            Some(8 | 14) => Self::ReadOnly(error),
            Some(11 | 26) => Self::Corrupt(error),
            Some(13) => Self::Full(error),
            _ => Self::Other(error),
        }
    }
}
