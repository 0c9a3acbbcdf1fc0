//! The settings of the server: flags, each with an environment variable.

mod access;
mod tls;

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use avow_cli::value_parsers::{level, seconds};
use clap::ArgAction;

use crate::domain::Level;
use crate::{http, registry, store, telemetry};

pub use access::{Access, Exposed};
pub use tls::{ClientAuth, InvalidTls, Tls};

/// The settings of `avow serve`.
#[derive(Debug, Clone, clap::Parser)]
pub struct Settings {
    #[command(flatten)]
    pub listener: Listener,
    #[command(flatten)]
    pub access: Access,
    #[command(flatten)]
    pub tls: Tls,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub postgres: Postgres,
    #[command(flatten)]
    pub rules: Rules,
    #[command(flatten)]
    pub memory: Memory,
    #[command(flatten)]
    pub logs: telemetry::Logs,
}

/// The listener and the limits of requests.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Listener")]
pub struct Listener {
    #[command(flatten)]
    pub address: Address,

    /// The largest request body; a larger one gets 413.
    #[arg(long, env = "AVOW_MAX_BODY_BYTES", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub max_body_bytes: usize,

    /// The largest request head (request line and headers); a larger one gets 431.
    #[arg(long, env = "AVOW_MAX_HEAD_BYTES", default_value_t = 16 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u32).range(8192..))]
    pub max_head_bytes: u32,

    /// The maximum number of open connections; further ones wait.
    #[arg(long, env = "AVOW_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// The most open connections of one address; further ones are closed.
    #[arg(long, env = "AVOW_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1_000, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_address: u32,

    /// The most clients waiting for changes, by long poll or event stream; further ones get 503.
    #[arg(long, env = "AVOW_MAX_LISTENERS", default_value_t = 1_000, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_listeners: u32,

    /// The longest time for a request; a longer one gets 504.
    #[arg(long, env = "AVOW_REQUEST_TIMEOUT", default_value = "30", value_name = "SECONDS", value_parser = seconds())]
    pub request_timeout: Duration,

    /// The longest time a connection may be idle before it is closed.
    #[arg(long, env = "AVOW_IDLE_TIMEOUT", default_value = "60", value_name = "SECONDS", value_parser = seconds())]
    pub idle_timeout: Duration,

    /// The longest time to finish open requests once the server is asked to stop.
    #[arg(long, env = "AVOW_DRAIN_TIMEOUT", default_value = "25", value_name = "SECONDS", value_parser = seconds())]
    pub drain_timeout: Duration,
}

/// The address of the server, as an option of the server and its health check.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Listener")]
pub struct Address {
    /// Address and port to listen on: `localhost:8081`, `8081` for that port of loopback, or `:8081` for that port of every
    /// interface.
    #[arg(long, env = "AVOW_LISTEN", default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT",
          value_parser = parse_address)]
    listen: SocketAddr,

    /// Port to listen on, instead of the one in `--listen`.
    #[arg(long, env = "AVOW_PORT", value_name = "PORT")]
    port: Option<u16>,
}

impl Address {
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip(), self.port.unwrap_or(self.listen.port()))
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse::<u16>().map_err(|_| format!("`{text}` is not a port; ports are 0 to 65535"));
    if let Some(every) = text.strip_prefix(':').filter(|rest| !rest.contains(':')) {
        return Ok((Ipv4Addr::UNSPECIFIED, port(every)?).into());
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((Ipv4Addr::LOCALHOST, port(text)?).into());
    }
    if !text.contains(':') {
        return Err(format!("no port; write `{text}:8081`"));
    }
    let addresses: Vec<SocketAddr> = text.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let preferred = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    preferred.copied().ok_or_else(|| format!("`{text}` has no address"))
}

/// The database.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The database: `sqlite:///absolute/path.db`, `sqlite://relative.db` (the file is created when missing), or
    /// `postgres://user@host:5432/database`, with the password in `PGPASSWORD` or `~/.pgpass`.
    ///
    /// Defaults to `DATABASE_URL`, then to `sqlite://avow.db`.
    #[arg(long, env = "AVOW_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl Database {
    /// The URL without credentials, for people.
    pub fn redacted(&self) -> String {
        avow_cli::redacted(&self.url())
    }

    /// The URL, or the default one.
    pub fn url(&self) -> String {
        self.database_url
            .clone()
            .or_else(|| std::env::var("DATABASE_URL").ok())
            .unwrap_or_else(|| "sqlite://avow.db".to_owned())
    }
}

/// Settings for Postgres; SQLite needs none of them.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct Postgres {
    /// The URL for migrations if it differs: a direct connection past the pooler, or a role that may change tables.
    #[arg(long, env = "AVOW_DATABASE_MIGRATE_URL", hide_env_values = true, value_name = "URL")]
    pub database_migrate_url: Option<String>,

    /// Whether to migrate the database at the start; otherwise run `avow migrate` first.
    #[arg(long, env = "AVOW_DATABASE_MIGRATE", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub database_migrate: bool,

    /// The maximum number of connections for reads, opened on demand; four more write and follow the change log.
    #[arg(long, env = "AVOW_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub database_connections: u32,

    /// The longest time for an answer of the database before it counts as unavailable.
    #[arg(long, env = "AVOW_DATABASE_TIMEOUT", default_value = "5", value_name = "SECONDS", value_parser = seconds())]
    pub database_timeout: Duration,

    /// The pooler between the registry and Postgres; `auto` detects it at the start.
    #[arg(long, env = "AVOW_DATABASE_POOLER", default_value = "auto", value_name = "KIND")]
    pub database_pooler: store::Pooler,

    /// The maximum staleness of reads. With 0 they are linearizable: every node sees every earlier write.
    #[arg(long, env = "AVOW_READ_STALENESS", default_value_t = 0, value_name = "MILLISECONDS")]
    pub read_staleness: u64,
}

impl Postgres {
    /// The settings of the store.
    pub fn options(&self) -> store::Options {
        store::Options {
            migrate_url: self.database_migrate_url.clone(),
            migrate: self.database_migrate,
            connections: self.database_connections,
            timeout: self.database_timeout,
            pooler: self.database_pooler,
            staleness: Duration::from_millis(self.read_staleness),
        }
    }
}

/// Defaults until a client sets something else.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rules")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, by its own name on the command line")]
pub struct Rules {
    /// The default compatibility level.
    #[arg(long, env = "AVOW_COMPATIBILITY", default_value = "BACKWARD", value_name = "LEVEL", value_parser = level(),
          ignore_case = true)]
    pub compatibility: Level,

    /// Whether clients may change modes (READWRITE, READONLY, IMPORT).
    #[arg(long, env = "AVOW_MODE_MUTABILITY", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub mode_mutability: bool,

    /// Whether to refuse fields with reserved names, unless a config sets it.
    #[arg(long, env = "AVOW_VALIDATE_FIELDS", default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub validate_fields: bool,

    /// Whether to validate new schemas strictly, defaults included, unless a config sets it.
    #[arg(long, env = "AVOW_VALIDATE_NEW_SCHEMAS", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub validate_new_schemas: bool,

    /// Whether to refuse a subject with an empty name.
    #[arg(long, env = "AVOW_REJECT_EMPTY_SUBJECT", default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub reject_empty_subject: bool,
}

/// The caches.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Memory")]
pub struct Memory {
    /// Mebibytes for all caches together.
    #[arg(long, env = "AVOW_CACHE_MIB", default_value_t = 88, value_name = "MIB")]
    pub cache_mib: u32,
}

impl Memory {
    /// One of the eleven parts that the caches share: contents are cached as text and parsed, so they count twice.
    fn part(&self) -> u64 {
        u64::from(self.cache_mib) * 1024 * 1024 / 11
    }
}

impl Settings {
    /// The settings of the HTTP interface.
    pub fn http(&self) -> http::Settings {
        http::Settings {
            max_body_bytes: self.listener.max_body_bytes,
            request_timeout: self.listener.request_timeout,
            answer_bytes: 4 * self.memory.part(),
            access_log: self.logs.access_log,
            guard: self.access.guard(self.listener.address.socket(), &self.tls),
            hashing: self.access.hashing(),
        }
    }

    /// The settings of the use cases.
    pub fn registry(&self) -> registry::Settings {
        let part = self.memory.part();
        registry::Settings {
            level: self.rules.compatibility,
            mode_mutability: self.rules.mode_mutability,
            validate_fields: self.rules.validate_fields,
            validate_new_schemas: self.rules.validate_new_schemas,
            reject_empty_subject: self.rules.reject_empty_subject,
            max_subscribers: self.listener.max_listeners as usize,
            content_bytes: 2 * part,
            verdict_bytes: part,
            scope_bytes: 2 * part,
        }
    }
}

impl Listener {
    /// The limits of connections.
    pub fn limits(&self) -> http::server::Limits {
        http::server::Limits {
            connections: self.max_connections as usize,
            connections_per_address: self.max_connections_per_address as usize,
            head_bytes: self.max_head_bytes,
            head_timeout: self.idle_timeout,
            idle_timeout: self.idle_timeout + self.request_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn every_flag_has_a_twin_in_the_environment() {
        for flag in Settings::command().get_arguments() {
            let twin = format!("AVOW_{}", flag.get_id().as_str().to_uppercase());
            // The field and the flag differ: `--log` and `--log-format`.
            let expected = match twin.as_str() {
                "AVOW_FILTER" => "AVOW_LOG",
                "AVOW_FORMAT" => "AVOW_LOG_FORMAT",
                same => same,
            };
            assert_eq!(flag.get_env().and_then(|name| name.to_str()), Some(expected), "{flag}");
        }
    }

    #[test]
    fn addresses_as_people_write_them() {
        for (text, expected) in [
            ("127.0.0.1:9000", Some("127.0.0.1:9000")),
            ("localhost:8081", Some("127.0.0.1:8081")),
            (":8081", Some("0.0.0.0:8081")),
            ("8081", Some("127.0.0.1:8081")),
            ("[::1]:8081", Some("[::1]:8081")),
            ("[::]:0", Some("[::]:0")),
            ("localhost", None),
            ("70000", None),
            (":x", None),
            ("", None),
        ] {
            let expected = expected.map(|address| address.parse().expect("an address"));
            assert_eq!(parse_address(text).ok(), expected, "{text}");
        }
        let settings = |flags: &[&str]| Settings::try_parse_from(["avow"].iter().chain(flags)).expect("settings");
        let address = |flags: &[&str]| settings(flags).listener.address.socket().to_string();
        assert_eq!(address(&["--port", "9000"]), "127.0.0.1:9000");
        assert_eq!(address(&["--listen", ":8081", "--port", "9000"]), "0.0.0.0:9000");
    }
}
