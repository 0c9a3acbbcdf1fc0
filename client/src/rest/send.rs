//! Sending of one request: address selection, retries and failover within one deadline.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, header};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use super::Client;
use super::Finding;
use super::address::Path;
use super::credentials::Issued;
use super::health::Selection;
use crate::Error;
use crate::error::Kind;
use crate::observe::Event;

/// The media type that every registry takes and answers with.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPT: &str = "application/vnd.schemaregistry.v1+json, application/json;q=0.9";
/// Delay before a 404 is checked at one other address, because a follower may lag behind.
const REPLICATION_LAG: Duration = Duration::from_millis(100);
/// Characters kept of an error message; errors stay in memory in the negative cache.
const MESSAGE_LIMIT: usize = 64 << 10;
/// The same for a body that is not in the registry's error format, such as a proxy's page.
const FOREIGN_MESSAGE_LIMIT: usize = 200;
/// Findings kept of an error.
const MAX_FINDINGS: usize = 100;
/// Upper bound of a `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Whether a request may be repeated after its response was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idempotency {
    Idempotent,
    /// Repeated only if the registry cannot have processed it.
    Unsafe,
}

/// A request, independent of the address it is sent to.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) idempotency: Idempotency,
    pub(super) if_none_match: Option<String>,
}

impl Request {
    pub(super) fn new(method: Method, path: Path) -> Self {
        Self { method, path, query: Vec::new(), body: None, idempotency: Idempotency::Idempotent, if_none_match: None }
    }
}

/// A successful response.
pub(super) struct Response {
    /// Method and URL, for errors.
    pub(super) request_line: String,
    pub(super) body: Bytes,
    pub(super) etag: Option<String>,
    pub(super) not_modified: bool,
}

/// The state of an address after an attempt.
enum AddressHealth {
    Up,
    /// It asks for a pause.
    Paused,
    Failing,
}

impl Client {
    pub(super) async fn send(&self, request: &Request) -> Result<Response, Error> {
        let deadline = Instant::now() + self.inner.retry.deadline;
        let permit = timeout_at(deadline, self.inner.in_flight.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            return Err(self.error(request, self.current_address(), Kind::TimedOut));
        };
        let mut refused_credentials = None;
        let mut renewed = false;
        let mut attempt = 0;
        let mut failed = None;
        loop {
            // The failure of the last attempt explains more than the open circuit.
            let at = self.select_address(request, deadline).await.map_err(|error| failed.take().unwrap_or(error))?;
            attempt += 1;
            let error = match self.attempt(request, at, deadline, &mut refused_credentials).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.status() == Some(401) && refused_credentials.is_some() && !renewed {
                renewed = true;
                continue;
            }
            if error.is_not_found() && request.method == Method::GET {
                return self.retry_on_other_address(request, at, deadline).await.ok_or(error);
            }
            let Some(pause) = self.pause_before_retry(request, &error, attempt, deadline) else { return Err(error) };
            self.observe(Event::Retry { path: request.path.as_str(), error: &error, pause });
            sleep(pause).await;
            failed = Some(error);
        }
    }

    /// Waits until an address may be used.
    async fn select_address(&self, request: &Request, deadline: Instant) -> Result<usize, Error> {
        loop {
            let now = Instant::now();
            let (before, turn) = {
                let mut health = self.health();
                (health.current(), health.select(now))
            };
            match turn {
                Selection::Send(at) => {
                    if at != before {
                        let (from, to) = (self.inner.addresses[before].as_str(), self.inner.addresses[at].as_str());
                        self.observe(Event::Failover { from, to });
                    }
                    return Ok(at);
                }
                Selection::Wait(pause) if now + pause < deadline => sleep(pause).await,
                Selection::Wait(retry_after) | Selection::CircuitOpen(retry_after) => {
                    return Err(self.error(request, before, Kind::CircuitOpen { retry_after }));
                }
            }
        }
    }

    /// One request to one address, whose health is updated.
    async fn attempt(
        &self,
        request: &Request,
        at: usize,
        deadline: Instant,
        refused_credentials: &mut Option<u64>,
    ) -> Result<Response, Error> {
        let authorization = match timeout_at(deadline, self.inner.authenticator.get(*refused_credentials)).await {
            Ok(authorization) => authorization?,
            Err(_) => return Err(self.error(request, at, Kind::Credentials("no answer in time".into()))),
        };
        let started = Instant::now();
        let until = deadline.min(started + self.inner.retry.attempt);
        let outcome =
            match timeout_at(until, self.exchange(request, at, authorization.as_ref(), refused_credentials)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(self.error(request, at, Kind::TimedOut)),
            };
        let status = match &outcome {
            Ok(response) => Some(if response.not_modified { 304 } else { 200 }),
            Err(error) => error.status(),
        };
        let path = request.path.as_str();
        self.observe(Event::Attempt { method: request.method.as_str(), path, status, took: started.elapsed() });
        let now = Instant::now();
        match outcome.as_ref().err().map_or(AddressHealth::Up, address_health) {
            AddressHealth::Up => {
                if self.health().succeeded(at) {
                    self.observe(Event::CircuitClosed);
                }
            }
            AddressHealth::Paused => {}
            AddressHealth::Failing => {
                if self.health().failed(at, now) {
                    self.observe(Event::CircuitOpened);
                }
            }
        }
        if let Err(error) = &outcome
            && let Some(pause) = error.retry_after()
        {
            self.health().pause(at, now, pause);
        }
        outcome
    }

    async fn exchange(
        &self,
        request: &Request,
        at: usize,
        authorization: Option<&Issued>,
        refused_credentials: &mut Option<u64>,
    ) -> Result<Response, Error> {
        let url = self.inner.addresses[at].join(&request.path, &request.query);
        let mut outgoing = self.inner.http.request(request.method.clone(), url).header(header::ACCEPT, ACCEPT);
        if let Some(body) = &request.body {
            outgoing = outgoing.header(header::CONTENT_TYPE, MEDIA_TYPE).body(body.clone());
        }
        if let Some(etag) = &request.if_none_match {
            outgoing = outgoing.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(issued) = authorization {
            outgoing = issued.authorization.apply(outgoing);
        }
        let unreachable = |error: reqwest::Error| {
            // A request that cannot be built never reached an address.
            let never_sent = error.is_connect() || error.is_builder();
            self.error(request, at, Kind::Unreachable { never_sent, source: error.without_url().into() })
        };
        let mut response = outgoing.send().await.map_err(unreachable)?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, retry_after, location) =
            (header(header::ETAG), header(header::RETRY_AFTER), header(header::LOCATION));
        if status == StatusCode::UNAUTHORIZED {
            *refused_credentials = authorization.and_then(|issued| issued.generation);
        }
        let limit = self.inner.max_response_bytes;
        let too_large = || self.error(request, at, Kind::TooLarge { limit });
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let not_modified = status == StatusCode::NOT_MODIFIED && request.if_none_match.is_some();
        if status.is_success() || not_modified {
            return Ok(Response {
                request_line: self.request_line(request, at),
                body: body.freeze(),
                etag,
                not_modified,
            });
        }
        if status.is_redirection() {
            return Err(self.error(request, at, Kind::Redirected { to: location.unwrap_or_default() }));
        }
        let retry_after = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let retry_after = retry_after.map(|time| time.min(MAX_RETRY_AFTER));
        Err(self.error(request, at, error_response(status, &body, retry_after)))
    }

    /// The pause before the next attempt; `None` if there must not be one.
    fn pause_before_retry(
        &self,
        request: &Request,
        error: &Error,
        attempt: u32,
        deadline: Instant,
    ) -> Option<Duration> {
        let retry = &self.inner.retry;
        if attempt >= retry.attempts || !error.is_retriable() {
            return None;
        }
        let not_received = match error.kind() {
            Kind::Unreachable { never_sent, .. } => *never_sent,
            Kind::Refused { status, .. } => matches!(status, 425 | 429 | 503),
            _ => false,
        };
        if request.idempotency == Idempotency::Unsafe && !not_received {
            return None;
        }
        let ceiling = retry.pause.saturating_mul(1 << (attempt - 1).min(16)).min(retry.longest_pause);
        let pause = ceiling.mul_f32(fastrand::f32()).max(error.retry_after().unwrap_or_default());
        (Instant::now() + pause < deadline && self.health().may_retry()).then_some(pause)
    }

    /// Repeats a request at one other address, because the first may lag behind.
    async fn retry_on_other_address(&self, request: &Request, at: usize, deadline: Instant) -> Option<Response> {
        let other = self.health().other_than(at, Instant::now())?;
        sleep(REPLICATION_LAG).await;
        self.attempt(request, other, deadline, &mut None).await.ok()
    }

    fn current_address(&self) -> usize {
        self.health().current()
    }

    fn error(&self, request: &Request, at: usize, kind: Kind) -> Error {
        Error::new(self.request_line(request, at), kind)
    }

    fn request_line(&self, request: &Request, at: usize) -> String {
        format!("{} {}{}", request.method, self.inner.addresses[at].as_str(), request.path.as_str())
    }
}

fn address_health(error: &Error) -> AddressHealth {
    match error.kind() {
        // Only the first was sent.
        Kind::Refused { status: 425 | 429, .. }
        | Kind::Credentials(_)
        | Kind::CircuitOpen { .. }
        | Kind::Throttled { .. }
        | Kind::Offline => AddressHealth::Paused,
        Kind::Unreachable { .. } | Kind::TimedOut => AddressHealth::Failing,
        Kind::Refused { .. } if error.is_unavailable() => AddressHealth::Failing,
        Kind::Refused { .. } | Kind::NotUnderstood(_) | Kind::TooLarge { .. } | Kind::Redirected { .. } => {
            AddressHealth::Up
        }
    }
}

/// The error of a response, in the registry's format or in that of a proxy.
fn error_response(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Kind {
    #[derive(Deserialize)]
    struct Envelope {
        error_code: Option<i64>,
        message: Option<String>,
        #[serde(default)]
        findings: Vec<Finding>,
    }

    let envelope: Result<Envelope, _> = serde_json::from_slice(body);
    let (envelope, limit) = if let Ok(envelope) = envelope {
        (envelope, MESSAGE_LIMIT)
    } else {
        let message = Some(String::from_utf8_lossy(body).trim().to_owned());
        (Envelope { error_code: None, message, findings: Vec::new() }, FOREIGN_MESSAGE_LIMIT)
    };
    let Envelope { error_code: code, message, mut findings } = envelope;
    findings.truncate(MAX_FINDINGS);
    let message = message.map(|message| message.chars().take(limit).collect::<String>());
    let message = message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| status.canonical_reason().unwrap_or("no message").to_owned());
    Kind::Refused { status: status.as_u16(), code, message, findings, retry_after }
}
