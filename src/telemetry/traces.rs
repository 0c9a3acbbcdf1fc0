//! Spans for an OpenTelemetry collector, sent in the background.
//!
//! A request never waits for the collector: its span goes into a bounded queue, and is dropped and counted if that is
//! full. OpenTelemetry's own environment variables configure it; without an endpoint nothing is traced.

use crate::metrics::{Counter, Page};
use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span as SdkSpan, SpanData, SpanExporter as _, SpanProcessor};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The reason why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The protocol is not supported.
    #[error("OTEL_EXPORTER_OTLP_PROTOCOL is `{0}`; only http/protobuf is spoken, on port 4318 by custom")]
    Protocol(String),
    /// The endpoint, a header or a certificate is invalid.
    #[error("spans cannot be exported; check the variables OTEL_EXPORTER_OTLP_…")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// The outcomes of spans.
#[derive(Debug, Default)]
struct Counts {
    exported: Counter,
    failed: Counter,
    dropped: Counter,
}

/// Set once spans are exported. Global, as logging is.
static COUNTS: OnceLock<Counts> = OnceLock::new();

fn counts() -> &'static Counts {
    COUNTS.get_or_init(Counts::default)
}

/// Whether spans are exported.
pub(crate) fn are_on() -> bool {
    COUNTS.get().is_some()
}

/// Writes the counts of exported and dropped spans, if spans are exported.
pub(crate) fn write_metrics(page: &mut Page) {
    if let Some(counts) = COUNTS.get() {
        let help = "Spans of traces: sent to the collector, failed to be sent, or dropped because the queue was full.";
        page.counter("schema_registry_trace_spans_total", help)
            .sample(&[("result", "exported")], counts.exported.get())
            .sample(&[("result", "failed")], counts.failed.get())
            .sample(&[("result", "dropped")], counts.dropped.get());
    }
}

/// The trace context of a caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent<'h> {
    /// The trace, as hexadecimal digits.
    pub(crate) trace_id: &'h str,
    /// The caller's span, as hexadecimal digits.
    pub(crate) span_id: &'h str,
    /// Whether the caller samples the trace.
    pub(crate) sampled: bool,
    /// The `tracestate` of the caller.
    pub(crate) state: Option<&'h str>,
}

/// Makes a span of a request part of the caller's trace.
pub(crate) fn adopt(span: &Span, parent: Parent<'_>) {
    let (Ok(trace), Ok(caller)) = (TraceId::from_hex(parent.trace_id), SpanId::from_hex(parent.span_id)) else {
        return;
    };
    let flags = TraceFlags::default().with_sampled(parent.sampled);
    let state = parent.state.and_then(|state| TraceState::from_str(state).ok()).unwrap_or_default();
    let context = SpanContext::new(trace, caller, flags, true, state);
    // Fails only if the span is not exported.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

/// Sets the name and the outcome of a request's span, by OpenTelemetry's conventions.
pub(crate) fn answered(span: &Span, method: &str, route: &str, status: u16) {
    let name = if route.is_empty() { method.to_owned() } else { format!("{method} {route}") };
    span.context().span().update_name(name);
    span.set_attribute("http.request.method", method.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status));
    if !route.is_empty() {
        span.set_attribute("http.route", route.to_owned());
    }
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}

/// The background task.
#[derive(Debug)]
pub(super) struct Sending {
    finish: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// The time to flush the last spans when the process stops.
const LAST: Duration = Duration::from_secs(5);

impl Sending {
    /// Flushes pending spans.
    pub(super) async fn finish(self) {
        drop(self.finish);
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            tracing::warn!("The trace collector does not answer; the last spans are lost");
        }
    }
}

/// A non-empty environment variable.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The variable for traces or, if that is not set, the one for all signals.
fn otlp(name: &str) -> Option<String> {
    variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}")).or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
}

fn number(name: &str, otherwise: usize) -> usize {
    variable(name).and_then(|value| value.parse().ok()).filter(|number| *number > 0).unwrap_or(otherwise)
}

/// Starts to export spans if the environment names an endpoint.
pub(super) fn start<S>() -> Result<Option<(impl Layer<S>, Sending)>, Error>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    if disabled || otlp("ENDPOINT").is_none() {
        return Ok(None);
    }
    if let Some(protocol) = otlp("PROTOCOL").filter(|protocol| protocol != "http/protobuf") {
        return Err(Error::Protocol(protocol));
    }
    let resource = resource();
    let mut exporter =
        SpanExporter::builder().with_http().with_protocol(opentelemetry_otlp::Protocol::HttpBinary).build()?;
    exporter.set_resource(&resource);
    let (spans, queue) = mpsc::channel(number("OTEL_BSP_MAX_QUEUE_SIZE", 2_048));
    let (finish, finished) = oneshot::channel();
    let task = tokio::spawn(send(exporter, queue, finished));
    counts();
    let provider = SdkTracerProvider::builder().with_resource(resource).with_span_processor(Queue(spans)).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("avow"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        // The exporter must not trace itself.
        .with_filter(Targets::new().with_target("avow_registry", LevelFilter::DEBUG));
    Ok(Some((layer, Sending { finish, task })))
}

/// The service name: `avow`, unless the environment sets another one.
fn resource() -> Resource {
    let resource = Resource::builder_empty()
        .with_service_name("avow")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

/// Queues spans that have ended, and never waits.
#[derive(Debug)]
struct Queue(mpsc::Sender<SpanData>);

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut SdkSpan, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.0.try_send(span).is_err() {
            counts().dropped.count();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// [`Sending::finish`] flushes the last ones, as it can wait.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends batches, each as soon as it is full or old enough, until it is stopped.
async fn send(exporter: SpanExporter, mut queue: mpsc::Receiver<SpanData>, mut finish: oneshot::Receiver<()>) {
    let most = number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512);
    let delay = Duration::from_millis(number("OTEL_BSP_SCHEDULE_DELAY", 5_000) as u64);
    let mut answers = true;
    let mut finished = false;
    while !finished {
        let mut batch = Vec::new();
        let gather = async {
            let mut room = most;
            while room > 0 {
                match queue.recv_many(&mut batch, room).await {
                    // All senders are dropped.
                    0 => return,
                    received => room -= received,
                }
            }
        };
        finished = tokio::select! {
            _ = &mut finish => true,
            _ = tokio::time::timeout(delay, gather) => false,
        };
        if finished {
            while let Ok(span) = queue.try_recv() {
                batch.push(span);
            }
        }
        while !batch.is_empty() {
            let rest = batch.split_off(most.min(batch.len()));
            let count = batch.len() as u64;
            match exporter.export(batch).await {
                Ok(()) => {
                    counts().exported.add(count);
                    answers = true;
                }
                Err(error) => {
                    counts().failed.add(count);
                    if std::mem::replace(&mut answers, false) {
                        tracing::warn!(%error, "The trace collector refuses spans; they are dropped and counted");
                    }
                }
            }
            batch = rest;
        }
    }
}
