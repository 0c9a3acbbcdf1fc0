//! Logs: readable on a terminal, JSON elsewhere.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// What is logged, and how it looks.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Logs")]
pub struct Logs {
    /// What to log: a level, or levels by module as in `info,avow_registry::store=debug`.
    ///
    /// `RUST_LOG` is heeded where this is not set.
    #[arg(long = "log", env = "AVOW_LOG", value_name = "FILTER")]
    pub filter: Option<String>,

    /// How log lines look: `auto` is pretty on a terminal and JSON elsewhere.
    #[arg(long = "log-format", env = "AVOW_LOG_FORMAT", default_value = "auto")]
    pub format: Format,

    /// Logs a line for every request.
    #[arg(long, env = "AVOW_ACCESS_LOG")]
    pub access_log: bool,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
#[error("invalid log filter: `{filter}`")]
pub struct Error {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Sends the logs of this process to standard error, so that standard output is left to what a command prints.
pub fn start(settings: &Logs) -> Result<(), Error> {
    let filter = settings.filter.clone().or_else(|| std::env::var("RUST_LOG").ok()).unwrap_or_default();
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .parse(&filter)
        .map_err(|source| Error { filter, source })?;
    let pretty = match settings.format {
        Format::Auto => stderr().is_terminal(),
        Format::Pretty => true,
        Format::Json => false,
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if pretty {
        logs.with_target(false).init();
    } else {
        logs.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
    Ok(())
}
