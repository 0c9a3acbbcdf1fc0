//! Opening a Postgres database: pooler detection, migrations, connections.

use super::pool::Pool;
use super::reads::Reads;
use super::{Follower, migrate, writer};
use crate::store::{ChangeTracker, DatabaseLock, Error, IsStandby, Stats, Store, WriteHealth};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Settings of a Postgres database.
#[derive(Debug, Clone)]
pub struct Options {
    /// The URL for migrations, if it differs from the other one; for a pooler in between.
    pub migrate_url: Option<String>,
    /// Whether the tables are migrated when the database is opened.
    pub migrate: bool,
    /// Connections for reading. Three more write and follow the log.
    pub connections: u32,
    /// The timeout of one statement, after which the database counts as unavailable.
    pub timeout: Duration,
    /// The kind of pooler in between.
    pub pooler: Pooler,
    /// The maximum age of answers. Zero: a request waits until the database has reported its newest change.
    pub staleness: Duration,
}

impl Options {
    /// The timeout of the first connection: a sleeping database needs a while to wake, and no client waits yet.
    pub(in crate::store) fn waking(&self) -> Duration {
        self.timeout * 6
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            migrate_url: None,
            migrate: true,
            connections: 16,
            timeout: Duration::from_secs(5),
            pooler: Pooler::Auto,
            staleness: Duration::ZERO,
        }
    }
}

/// The kind of pooler between the program and Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pooler {
    /// Detect it.
    Auto,
    /// None, or one that gives each client a connection of its own.
    None,
    /// A pooler that may run each transaction on another connection, and does not keep track of prepared statements.
    Transaction,
}

/// A factory of connections, and the state they share.
#[derive(Debug, Clone)]
pub(in crate::store) struct Link {
    options: Arc<PgConnectOptions>,
    /// Set where a statement must not outlive its transaction: the next one may run elsewhere.
    transient: Arc<AtomicBool>,
    /// The timeout of an idle transaction of a stuck program, and of a statement that waits for a lock.
    timeout: Duration,
    /// The time when the last connection broke. Older ones are not trusted any more.
    broke: Arc<std::sync::Mutex<Option<Instant>>>,
}

impl Link {
    /// A new connection.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        connect(&self.options, self.timeout).await
    }

    /// Whether statements have to be prepared for each transaction anew.
    pub(in crate::store) fn is_transient(&self) -> bool {
        self.transient.load(Ordering::Relaxed)
    }

    /// Learns from an error: that connections broke, or that statements of different clients were mixed up.
    pub(super) fn learn(&self, error: &sqlx::Error) {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if matches!(code.as_deref(), Some("42P05" | "26000")) && !self.transient.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "A pooler between Avow and Postgres mixes up prepared statements; Avow does without them from now on. \
                 Set --database-pooler=transaction, or have the pooler keep track of them"
            );
        }
        if Error::is_lost_connection(error) {
            *self.broke.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
        }
    }

    /// The beginning of such a transaction: in one round trip, as a pooler may run the next statement elsewhere.
    pub(in crate::store) fn begin(&self) -> AssertSqlSafe<String> {
        let millis = self.bound();
        AssertSqlSafe(format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = {millis}"))
    }

    /// The timeout as a setting of the database, in milliseconds; 0 would mean none.
    pub(super) fn bound(&self) -> u128 {
        self.timeout.as_millis().clamp(1, 3_600_000)
    }

    /// Whether a connection broke since one of this age was opened.
    pub(super) fn outlived_a_break(&self, age: Duration) -> bool {
        let broke = *self.broke.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        broke.is_some_and(|broke| broke.elapsed() <= age)
    }
}

/// Whether a database URL names Postgres.
pub(in crate::store) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

pub(super) fn parse(url: &str) -> Result<PgConnectOptions, Error> {
    // The error of the parser may quote the password.
    let options = PgConnectOptions::from_str(url).map_err(|_| Error::BadPostgresUrl)?;
    Ok(options.application_name("avow").disable_statement_logging())
}

/// A new connection to a server that accepts writes.
///
/// A standby lags behind: its newest change is not the newest one that was acknowledged.
pub(super) async fn connect(options: &PgConnectOptions, timeout: Duration) -> Result<PgConnection, sqlx::Error> {
    let connected = async {
        let mut connection = options.connect().await?;
        // In the simple protocol, which no pooler mixes up.
        let standby = sqlx::raw_sql("SELECT pg_is_in_recovery()").fetch_one(&mut connection).await?;
        if standby.try_get(0)? { Err(sqlx::Error::Io(io::Error::other(IsStandby))) } else { Ok(connection) }
    };
    let late = || sqlx::Error::Io(io::ErrorKind::TimedOut.into());
    tokio::time::timeout(timeout, connected).await.unwrap_or_else(|_| Err(late()))
}

/// Opens the database, migrates it if wanted, and starts the writers and the follower.
pub(in crate::store) async fn open(url: &str, options: &Options) -> Result<Store, Error> {
    let (timeout, waking) = (options.timeout, options.waking());
    let to_database = parse(url)?;
    let pooled = match options.pooler {
        Pooler::None => false,
        Pooler::Transaction => true,
        Pooler::Auto => mixes_up_statements(&to_database, waking).await?,
    };
    if options.migrate {
        migrate(options.migrate_url.as_deref().unwrap_or(url), pooled && options.migrate_url.is_none(), waking).await?;
    } else {
        migrate::check(&mut connect(&to_database, waking).await?).await?;
    }
    let link = Link {
        options: Arc::new(to_database),
        transient: Arc::new(AtomicBool::new(pooled)),
        timeout,
        broke: Arc::default(),
    };
    let change_tracker = Arc::new(ChangeTracker::new());
    let stats = Arc::<Stats>::default();
    let connection = connect(&link.options, waking).await?;
    let follower =
        Follower::start(link.clone(), connection, Arc::clone(&change_tracker), Arc::clone(&stats), options).await?;
    let lock = Arc::new(DatabaseLock::shared());
    let write_health = WriteHealth::default();
    let writes = writer::start(&link, timeout, &follower, &change_tracker, &write_health, &stats, &lock);
    let pool = Pool::new(link.clone(), options.connections, timeout);
    let reads = crate::store::Reads::Postgres(Reads::new(pool, link, follower, Arc::clone(&stats)));
    Ok(Store { reads, writes, change_tracker, write_health, stats, lock })
}

/// Whether two client connections share a server connection without separate prepared statements.
///
/// Measured with `PgBouncer` 1.18 in transaction mode: sqlx numbers its statements per connection, so one client's `s_1`
/// runs as another's, and the wrong rows come back without any error.
async fn mixes_up_statements(options: &PgConnectOptions, timeout: Duration) -> Result<bool, Error> {
    let mut one = connect(options, timeout).await?;
    let mut other = connect(options, timeout).await?;
    let mut shared = false;
    for _ in 0..3 {
        shared |= backend(&mut one).await? == backend(&mut other).await?;
    }
    // Each is the first statement of its connection, and so has the same name as the other.
    let first = sqlx::query_scalar::<_, i64>("SELECT $1::BIGINT + 1").bind(1_i64).fetch_one(&mut one).await;
    let second = sqlx::query_scalar::<_, i64>("SELECT $1::BIGINT + 2").bind(1_i64).fetch_one(&mut other).await;
    let distinguished = matches!((&first, &second), (Ok(2), Ok(3)));
    if shared {
        // Leaves the connection as clean as it was.
        let _ = sqlx::raw_sql("DEALLOCATE ALL").execute(&mut one).await;
    }
    drop((one.close().await, other.close().await));
    if distinguished {
        return Ok(false);
    }
    if shared {
        tracing::warn!(
            "Between Avow and Postgres is a pooler in transaction mode that keeps no track of prepared statements; each \
             read takes three round trips through it. Give Avow a direct connection, or raise max_prepared_statements"
        );
        return Ok(true);
    }
    first.and(second)?;
    Ok(true)
}

/// The process that serves a connection. Queried in the simple protocol, which no pooler mixes up.
async fn backend(connection: &mut PgConnection) -> Result<i32, Error> {
    Ok(sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)?)
}

/// Runs one statement on a connection, in a transaction of its own where it must not outlive that.
macro_rules! statement {
    ($link:expr, $connection:expr, $fetch:ident, $query:expr) => {
        if $link.is_transient() {
            let mut tx = sqlx::Connection::begin_with($connection, $link.begin()).await?;
            let value = $query.persistent(false).$fetch(&mut *tx).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(value)
        } else {
            $query.$fetch($connection).await
        }
    };
}
pub(in crate::store) use statement;
