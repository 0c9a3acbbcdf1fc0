//! Logs: readable on a terminal, JSON elsewhere. With the feature `otlp` also traces.

#[cfg(feature = "otlp")]
pub(crate) mod traces;

use std::io::{IsTerminal, stderr};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The logs.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Logs")]
pub struct Logs {
    /// What to log: a level, or levels by module as in `info,avow_registry::store=debug`.
    ///
    /// Defaults to `RUST_LOG`.
    #[arg(long = "log", env = "AVOW_LOG", value_name = "FILTER")]
    pub filter: Option<String>,

    /// The format of log lines: `auto` is pretty on a terminal and JSON elsewhere.
    #[arg(long = "log-format", env = "AVOW_LOG_FORMAT", default_value = "auto")]
    pub format: Format,

    /// Log a line for every request.
    #[arg(long, env = "AVOW_ACCESS_LOG")]
    pub access_log: bool,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The reason why logging or tracing could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is invalid.
    #[error("invalid log filter: `{filter}`")]
    Filter { filter: String, source: tracing_subscriber::filter::ParseError },
    /// Spans cannot be exported.
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Traces(#[from] traces::Error),
}

/// The background exporters.
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    spans: Option<traces::Sending>,
}

impl Telemetry {
    /// Flushes pending spans.
    #[cfg_attr(not(feature = "otlp"), expect(clippy::unused_async, reason = "spans have to be waited for"))]
    pub async fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(spans) = self.spans {
            spans.finish().await;
        }
    }
}

/// Sends the logs of this process to standard error, which leaves standard output to commands, and its spans to the
/// collector that the environment names.
///
/// Must be called within the runtime, which the exporter needs.
pub fn start(settings: &Logs) -> Result<Telemetry, Error> {
    let filter = settings.filter.clone().or_else(|| std::env::var("RUST_LOG").ok()).unwrap_or_default();
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .parse(&filter)
        .map_err(|source| Error::Filter { filter, source })?;
    let pretty = match settings.format {
        Format::Auto => stderr().is_terminal(),
        Format::Pretty => true,
        Format::Json => false,
    };
    let logs = tracing_subscriber::fmt::layer().with_writer(stderr);
    let logs = if pretty {
        logs.with_target(false).boxed()
    } else {
        logs.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    };
    #[cfg(feature = "otlp")]
    {
        let (layer, spans) = traces::start()?.unzip();
        tracing_subscriber::registry().with(layer).with(logs.with_filter(filter)).init();
        Ok(Telemetry { spans })
    }
    #[cfg(not(feature = "otlp"))]
    {
        tracing_subscriber::registry().with(filter).with(logs).init();
        if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
            tracing::warn!("OTEL_EXPORTER_OTLP_ENDPOINT is set, but this program was built without the feature `otlp`");
        }
        Ok(Telemetry {})
    }
}
