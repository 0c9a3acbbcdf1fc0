//! What the registry can be told from outside: flags, each with a twin in the environment.

use std::net::SocketAddr;
use std::time::Duration;

use avow_cli::value_parsers::{level, seconds};
use clap::ArgAction;

use crate::domain::Level;
use crate::{http, registry, store, telemetry};

/// Everything `avow serve` can be told.
#[derive(Debug, Clone, clap::Parser)]
pub struct Settings {
    /// Where the registry is reached.
    #[command(flatten)]
    pub listener: Listener,
    /// Where everything is kept.
    #[command(flatten)]
    pub database: Database,
    /// How a Postgres database is used.
    #[command(flatten)]
    pub postgres: Postgres,
    /// What holds until a client says otherwise.
    #[command(flatten)]
    pub rules: Rules,
    /// How much is remembered.
    #[command(flatten)]
    pub memory: Memory,
    /// What is logged.
    #[command(flatten)]
    pub logs: telemetry::Logs,
}

/// Where the registry is reached, and what a request may cost.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Listener")]
pub struct Listener {
    /// Address and port to listen on.
    ///
    /// There is no authentication yet: listen beyond loopback only where the network keeps strangers out.
    #[arg(long, env = "AVOW_LISTEN", default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// The largest request body; a larger one gets 413.
    #[arg(long, env = "AVOW_MAX_BODY_BYTES", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub max_body_bytes: usize,

    /// The largest request head (request line and headers); a larger one gets 431.
    #[arg(long, env = "AVOW_MAX_HEAD_BYTES", default_value_t = 16 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u32).range(8192..))]
    pub max_head_bytes: u32,

    /// Connections served at a time; further ones wait.
    #[arg(long, env = "AVOW_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Callers that may wait for changes at a time, by long poll or event stream; further ones get 503.
    #[arg(long, env = "AVOW_MAX_LISTENERS", default_value_t = 1_000, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_listeners: u32,

    /// How long a request may take; a longer one gets 504.
    #[arg(long, env = "AVOW_REQUEST_TIMEOUT", default_value = "30", value_name = "SECONDS", value_parser = seconds())]
    pub request_timeout: Duration,

    /// How long a connection may stay without sending the whole head of a next request.
    #[arg(long, env = "AVOW_IDLE_TIMEOUT", default_value = "60", value_name = "SECONDS", value_parser = seconds())]
    pub idle_timeout: Duration,

    /// How long requests under way may take once the server is told to stop.
    #[arg(long, env = "AVOW_DRAIN_TIMEOUT", default_value = "25", value_name = "SECONDS", value_parser = seconds())]
    pub drain_timeout: Duration,
}

/// Where everything is kept.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The database: `sqlite:///absolute/path.db`, `sqlite://relative.db` (the file is created when missing), or
    /// `postgres://user@host:5432/database`, with the password in `PGPASSWORD` or `~/.pgpass`.
    ///
    /// `DATABASE_URL` is heeded where this is not set. Without either it is `sqlite://avow.db`.
    #[arg(long, env = "AVOW_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl Database {
    /// The URL as people may see it: without a password.
    pub fn shown(&self) -> String {
        let url = self.url();
        let Some((scheme, (authority, rest))) =
            url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)))
        else {
            return url;
        };
        let user = authority.split(':').next().unwrap_or_default();
        let rest = if rest.contains("password") { rest.split('?').next().unwrap_or_default() } else { rest };
        format!("{scheme}://{user}@{rest}")
    }

    /// The URL given, or the one that holds when none is.
    pub fn url(&self) -> String {
        self.database_url
            .clone()
            .or_else(|| std::env::var("DATABASE_URL").ok())
            .unwrap_or_else(|| "sqlite://avow.db".to_owned())
    }
}

/// How a Postgres database is used. SQLite needs none of it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct Postgres {
    /// Where migrations are run, if not at the database URL: a connection past the pooler, a role that may change tables.
    #[arg(long, env = "AVOW_DATABASE_MIGRATE_URL", hide_env_values = true, value_name = "URL")]
    pub database_migrate_url: Option<String>,

    /// Whether the tables are brought up to date at the start; else `avow migrate` has to have done it.
    #[arg(long, env = "AVOW_DATABASE_MIGRATE", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub database_migrate: bool,

    /// Connections for reading, opened as they are needed; four more write and follow the log.
    #[arg(long, env = "AVOW_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub database_connections: u32,

    /// How long the database may take to answer before it counts as away.
    #[arg(long, env = "AVOW_DATABASE_TIMEOUT", default_value = "5", value_name = "SECONDS", value_parser = seconds())]
    pub database_timeout: Duration,

    /// What lies between the registry and Postgres; `auto` looks at the start.
    #[arg(long, env = "AVOW_DATABASE_POOLER", default_value = "auto", value_name = "KIND")]
    pub database_pooler: store::Pooler,

    /// How late a node may be to notice what others wrote. With 0 it never is: reads are linearizable.
    #[arg(long, env = "AVOW_READ_STALENESS", default_value_t = 0, value_name = "MILLISECONDS")]
    pub read_staleness: u64,
}

impl Postgres {
    /// What the store needs to know.
    pub fn options(&self) -> store::Options {
        store::Options {
            migrate_url: self.database_migrate_url.clone(),
            migrate: self.database_migrate,
            connections: self.database_connections,
            patience: self.database_timeout,
            pooler: self.database_pooler,
            staleness: Duration::from_millis(self.read_staleness),
        }
    }
}

/// What holds until a client says otherwise.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rules")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, by its own name on the command line")]
pub struct Rules {
    /// The compatibility level of subjects nobody gave another.
    #[arg(long, env = "AVOW_COMPATIBILITY", default_value = "BACKWARD", value_name = "LEVEL", value_parser = level(),
          ignore_case = true)]
    pub compatibility: Level,

    /// Whether clients may change modes (READWRITE, READONLY, IMPORT).
    #[arg(long, env = "AVOW_MODE_MUTABILITY", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub mode_mutability: bool,

    /// Whether names that tools reserve may not be used for fields, where no config says otherwise.
    #[arg(long, env = "AVOW_VALIDATE_FIELDS", default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub validate_fields: bool,

    /// Whether new schemas are held to all of Avro's rules, defaults included, where no config says otherwise.
    #[arg(long, env = "AVOW_VALIDATE_NEW_SCHEMAS", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub validate_new_schemas: bool,

    /// Whether a subject without a name is refused.
    #[arg(long, env = "AVOW_REJECT_EMPTY_SUBJECT", default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub reject_empty_subject: bool,
}

/// How much is remembered.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Memory")]
pub struct Memory {
    /// Mebibytes for all caches together; what does not fit is read from the database again.
    #[arg(long, env = "AVOW_CACHE_MIB", default_value_t = 88, value_name = "MIB")]
    pub cache_mib: u32,
}

impl Settings {
    /// What the interface needs to know.
    pub fn http(&self) -> http::Settings {
        http::Settings {
            max_body_bytes: self.listener.max_body_bytes,
            request_timeout: self.listener.request_timeout,
            access_log: self.logs.access_log,
        }
    }

    /// What the use cases need to know.
    pub fn registry(&self) -> registry::Settings {
        // Eleven parts: contents are kept as text and parsed, so theirs counts twice.
        let part = u64::from(self.memory.cache_mib) * 1024 * 1024 / 11;
        registry::Settings {
            level: self.rules.compatibility,
            mode_mutability: self.rules.mode_mutability,
            validate_fields: self.rules.validate_fields,
            validate_new_schemas: self.rules.validate_new_schemas,
            reject_empty_subject: self.rules.reject_empty_subject,
            listeners: self.listener.max_listeners as usize,
            answer_bytes: 4 * part,
            content_bytes: 2 * part,
            verdict_bytes: part,
            scope_bytes: 2 * part,
        }
    }
}

impl Listener {
    /// What connections may cost.
    pub fn limits(&self) -> http::server::Limits {
        http::server::Limits {
            connections: self.max_connections as usize,
            head_bytes: self.max_head_bytes,
            idle: self.idle_timeout,
            silence: self.idle_timeout + self.request_timeout,
        }
    }
}
