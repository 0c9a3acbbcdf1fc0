//! The metrics of requests: counts and durations by operation and status, and open requests.

use super::AppState;
use super::extract::Unnegotiated;
use super::openapi::Refusals;
use crate::metrics::{Histogram, Observed, Page, Sharded, process};
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use utoipa::openapi::OpenApi;

/// A method and a path of the API description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operation(pub(super) u16);

impl Operation {
    /// Everything else: unknown paths, other methods, the documentation's own pages.
    pub(super) const OTHER: Self = Self(0);
}

/// The counted statuses; the last stands for any other.
const STATUSES: [(u16, &str); 19] = [
    (200, "200"),
    (204, "204"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (406, "406"),
    (409, "409"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (429, "429"),
    (500, "500"),
    (501, "501"),
    (503, "503"),
    (504, "504"),
    (0, "other"),
];

/// The operations that look up one schema, by the key of the look-up.
const LOOKUPS: [(&str, &str, &str); 7] = [
    ("id", "GET", "/schemas/ids/{id}"),
    ("id", "GET", "/schemas/ids/{id}/schema"),
    ("guid", "GET", "/schemas/guids/{guid}"),
    ("version", "GET", "/subjects/{subject}/versions/{version}"),
    ("version", "GET", "/subjects/{subject}/versions/{version}/schema"),
    ("metadata", "GET", "/subjects/{subject}/metadata"),
    ("content", "POST", "/subjects/{subject}"),
];

/// Whether a status belongs to a result.
type Belongs = fn(u16) -> bool;

/// The results of a look-up, by the statuses of [`STATUSES`].
const RESULTS: [(&str, Belongs); 4] = [
    ("found", |status| (200..400).contains(&status)),
    ("not_found", |status| status == 404),
    ("invalid", |status| (400..500).contains(&status) && status != 404),
    ("error", |status| !(200..500).contains(&status)),
];

/// The durations of one operation, by status; most pairs never occur, so each is allocated on first use.
type ByStatus = [OnceLock<Box<Histogram>>; STATUSES.len()];

/// The counters of one thread.
#[derive(Debug)]
struct Counts {
    active: AtomicI64,
    took: Box<[ByStatus]>,
}

/// All counters of requests.
#[derive(Debug)]
pub(super) struct Meter {
    /// Method and path, by operation.
    names: Vec<(&'static str, String)>,
    operations: HashMap<String, Vec<(&'static str, Operation)>>,
    counts: Sharded<Counts>,
}

/// A request in flight.
pub(super) struct Underway<'m> {
    meter: &'m Meter,
    began: Instant,
}

impl Meter {
    /// Counters for every operation of the description.
    pub(super) fn new(document: &OpenApi) -> Self {
        let mut names = vec![("_OTHER", String::new())];
        let mut operations: HashMap<String, Vec<_>> = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, present) in [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("DELETE", item.delete.is_some()),
            ] {
                if present {
                    let operation = Operation(u16::try_from(names.len()).unwrap_or_default());
                    names.push((method, path.clone()));
                    operations.entry(path.clone()).or_default().push((method, operation));
                }
            }
        }
        let many = names.len();
        let counts = Sharded::new(|| Counts {
            active: AtomicI64::new(0),
            took: (0..many).map(|_| ByStatus::default()).collect(),
        });
        Self { names, operations, counts }
    }

    /// The operation a request was routed to.
    pub(super) fn operation(&self, method: &Method, path: &str) -> Operation {
        self.known(method.as_str(), path)
    }

    fn known(&self, method: &str, path: &str) -> Operation {
        let known = self.operations.get(path).and_then(|known| known.iter().find(|(name, _)| *name == method));
        known.map_or(Operation::OTHER, |(_, operation)| *operation)
    }

    /// The path of an operation, as logs and traces name it.
    pub(super) fn path(&self, operation: Operation) -> &str {
        &self.names[usize::from(operation.0)].1
    }

    /// Counts the arrival of a request.
    pub(super) fn arrived(&self) -> Underway<'_> {
        self.counts.mine().active.fetch_add(1, Ordering::Relaxed);
        Underway { meter: self, began: Instant::now() }
    }

    /// The durations of an operation and a status, over all threads.
    fn observed(&self, operation: usize, status: usize) -> Observed {
        let mut observed = Observed::default();
        for histogram in self.counts.iter().filter_map(|counts| counts.took[operation][status].get()) {
            observed.add(histogram);
        }
        observed
    }

    /// Look-ups are counted as requests; this sums them up.
    fn write_lookups(&self, page: &mut Page) {
        let mut lookups = page.counter("schema_registry_lookups_total", "Look-ups of one schema, by kind and result.");
        for kind in LOOKUPS.chunk_by(|(one, ..), (other, ..)| one == other) {
            for (result, counts) in RESULTS {
                let statuses = || (0..STATUSES.len()).filter(|status| counts(STATUSES[*status].0));
                let operations = kind.iter().map(|(_, method, path)| self.known(method, path));
                let count: u64 = operations
                    .flat_map(|operation| statuses().map(move |status| (operation, status)))
                    .map(|(operation, status)| self.observed(usize::from(operation.0), status).count())
                    .sum();
                lookups.sample(&[("kind", kind[0].0), ("result", result)], count);
            }
        }
    }

    fn write(&self, page: &mut Page) {
        let help = "Duration of requests, by operation and status.";
        let mut took = page.histogram("http_server_request_duration_seconds", help);
        for (operation, (method, path)) in self.names.iter().enumerate() {
            for (status, (_, code)) in STATUSES.iter().enumerate() {
                let observed = self.observed(operation, status);
                if observed.count() > 0 {
                    let labels =
                        [("http_request_method", *method), ("http_route", path), ("http_response_status_code", code)];
                    took.durations(&labels, &observed);
                }
            }
        }
        self.write_lookups(page);
        let active: i64 = self.counts.iter().map(|counts| counts.active.load(Ordering::Relaxed)).sum();
        page.gauge("http_server_active_requests", "Open requests.").sample(&[], active.max(0));
    }
}

impl Underway<'_> {
    /// Counts the response, and returns the duration.
    pub(super) fn answered(self, operation: Operation, status: StatusCode) -> Duration {
        let took = self.began.elapsed();
        let other = STATUSES.len() - 1;
        let place = STATUSES[..other].iter().position(|(code, _)| *code == status.as_u16()).unwrap_or(other);
        self.meter.counts.mine().took[usize::from(operation.0)][place].get_or_init(Box::default).observe(took);
        took
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.meter.counts.mine().active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Get the metrics, for Prometheus.
///
/// Answers from memory, even while the database is unavailable.
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, description = "The text format, version 0.0.4", body = String,
               content_type = "text/plain"), Refusals))]
pub(super) async fn metrics(State(state): State<AppState>, _: Unnegotiated) -> Response {
    let mut page = Page::default();
    state.meter.write(&mut page);
    state.registry.write_metrics(&mut page, state.answers.size());
    process::write(&mut page);
    #[cfg(feature = "otlp")]
    crate::telemetry::traces::write_metrics(&mut page);
    ([(header::CONTENT_TYPE, Page::MEDIA_TYPE)], page.into_text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_are_operations_and_each_status_has_one_result() {
        let meter = Meter::new(&crate::http::openapi::document());
        for (_, method, path) in LOOKUPS {
            assert_ne!(meter.known(method, path), Operation::OTHER, "{method} {path}");
        }
        for (status, code) in STATUSES {
            assert_eq!(RESULTS.iter().filter(|(_, counts)| counts(status)).count(), 1, "{code}");
        }
    }

    #[test]
    fn every_operation_of_the_description_has_counters_of_its_own() {
        let document = crate::http::openapi::document();
        let meter = Meter::new(&document);
        let mut seen = std::collections::HashSet::new();
        for (place, (method, path)) in meter.names.iter().enumerate().skip(1) {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let operation = meter.operation(&method, path);
            assert_eq!(usize::from(operation.0), place, "{method} {path}");
            assert!(seen.insert(operation.0));
        }
        assert_eq!(meter.operation(&Method::PATCH, "/subjects"), Operation::OTHER);
        assert_eq!(meter.operation(&Method::GET, "/nowhere"), Operation::OTHER);
    }
}
