//! Sends one request until it is answered, it is plain that it will not be, or its time is up.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, header};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use super::Client;
use super::address::Path;
use super::health::Turn;
use crate::Error;
use crate::error::Kind;
use crate::observe::Event;

/// The media type that every registry takes and answers with.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPT: &str = "application/vnd.schemaregistry.v1+json, application/json;q=0.9";
/// A follower may lag behind; what it does not have is asked of one other address after this time.
const LAG: Duration = Duration::from_millis(100);
/// So much of an error's text is kept, for errors are remembered.
const TEXT: usize = 64 << 10;
/// The same if it is not the registry's own.
const FOREIGN_TEXT: usize = 200;
/// Nobody is told to come back later than this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// May a request whose answer was lost be sent again?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Yes: twice is once.
    Freely,
    /// Only if it certainly did nothing.
    IfUnseen,
}

/// What is asked, of whichever address.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) repeat: Repeat,
    pub(super) if_none_match: Option<String>,
}

impl Ask {
    pub(super) fn new(method: Method, path: Path) -> Self {
        Self { method, path, query: Vec::new(), body: None, repeat: Repeat::Freely, if_none_match: None }
    }
}

/// A success.
pub(super) struct Answer {
    /// Method and URL.
    pub(super) asked: String,
    pub(super) body: Bytes,
    pub(super) etag: Option<String>,
    pub(super) not_modified: bool,
}

/// What an attempt shows about the address it went to.
enum Shows {
    /// It works, whatever it answered.
    Alive,
    /// It works, and wants a pause.
    Busy,
    /// It does not work.
    Failing,
}

impl Client {
    pub(super) async fn send(&self, ask: &Ask) -> Result<Answer, Error> {
        let deadline = Instant::now() + self.inner.retry.deadline;
        let place = timeout_at(deadline, self.inner.in_flight.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(self.error(ask, self.address_now(), Kind::TimedOut));
        };
        let mut refused_credentials = None;
        let mut renewed = false;
        let mut attempt = 0;
        let mut failed = None;
        loop {
            // What went wrong says more than that nothing more was tried.
            let at = self.turn(ask, deadline).await.map_err(|rest| failed.take().unwrap_or(rest))?;
            attempt += 1;
            let error = match self.attempt(ask, at, deadline, &mut refused_credentials).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.status() == Some(401) && refused_credentials.is_some() && !renewed {
                renewed = true;
                continue;
            }
            if error.is_not_found() && ask.method == Method::GET {
                return self.look_elsewhere(ask, at, deadline).await.ok_or(error);
            }
            let Some(pause) = self.pause_before_retry(ask, &error, attempt, deadline) else { return Err(error) };
            self.observe(Event::Retry { path: ask.path.as_str(), error: &error, pause });
            sleep(pause).await;
            failed = Some(error);
        }
    }

    /// Waits for an address that may be asked.
    async fn turn(&self, ask: &Ask, deadline: Instant) -> Result<usize, Error> {
        loop {
            let now = Instant::now();
            let (before, turn) = {
                let mut health = self.health();
                (health.current(), health.turn(now))
            };
            match turn {
                Turn::Ask(at) => {
                    if at != before {
                        let (from, to) = (self.inner.addresses[before].as_str(), self.inner.addresses[at].as_str());
                        self.observe(Event::Failover { from, to });
                    }
                    return Ok(at);
                }
                Turn::Wait(pause) if now + pause < deadline => sleep(pause).await,
                Turn::Wait(retry_after) | Turn::Rest(retry_after) => {
                    return Err(self.error(ask, before, Kind::Resting { retry_after }));
                }
            }
        }
    }

    /// One request to one address; what it shows is remembered.
    async fn attempt(
        &self,
        ask: &Ask,
        at: usize,
        deadline: Instant,
        refused_credentials: &mut Option<u64>,
    ) -> Result<Answer, Error> {
        let begun = Instant::now();
        let until = deadline.min(begun + self.inner.retry.attempt);
        let outcome = match timeout_at(until, self.exchange(ask, at, refused_credentials)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.error(ask, at, Kind::TimedOut)),
        };
        let status = match &outcome {
            Ok(answer) => Some(if answer.not_modified { 304 } else { 200 }),
            Err(error) => error.status(),
        };
        let path = ask.path.as_str();
        self.observe(Event::Attempt { method: ask.method.as_str(), path, status, took: begun.elapsed() });
        let now = Instant::now();
        match outcome.as_ref().err().map_or(Shows::Alive, shows) {
            Shows::Alive => {
                if self.health().answered(at) {
                    self.observe(Event::Recovered);
                }
            }
            Shows::Busy => {}
            Shows::Failing => {
                if self.health().failed(at, now) {
                    self.observe(Event::Resting);
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

    async fn exchange(&self, ask: &Ask, at: usize, refused_credentials: &mut Option<u64>) -> Result<Answer, Error> {
        let url = self.inner.addresses[at].join(&ask.path, &ask.query);
        let mut request = self.inner.http.request(ask.method.clone(), url).header(header::ACCEPT, ACCEPT);
        if let Some(body) = &ask.body {
            request = request.header(header::CONTENT_TYPE, MEDIA_TYPE).body(body.clone());
        }
        if let Some(etag) = &ask.if_none_match {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let identity = &self.inner.identity;
        let (request, age) = identity
            .put_on(request, *refused_credentials)
            .await
            .map_err(|error| self.error(ask, at, Kind::Credentials(error)))?;
        let unreachable = |error: reqwest::Error| {
            // A request that could not be built is nobody's failure but the caller's.
            let never_sent = error.is_connect() || error.is_builder();
            self.error(ask, at, Kind::Unreachable { never_sent, source: error.without_url().into() })
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, retry_after, location) =
            (header(header::ETAG), header(header::RETRY_AFTER), header(header::LOCATION));
        if status == StatusCode::UNAUTHORIZED && identity.can_renew() {
            *refused_credentials = Some(age);
        }
        let limit = self.inner.max_answer_bytes;
        let too_large = || self.error(ask, at, Kind::TooLarge { limit });
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let not_modified = status == StatusCode::NOT_MODIFIED && ask.if_none_match.is_some();
        if status.is_success() || not_modified {
            return Ok(Answer { asked: self.asked(ask, at), body: body.freeze(), etag, not_modified });
        }
        if status.is_redirection() {
            return Err(self.error(ask, at, Kind::Redirected { to: location.unwrap_or_default() }));
        }
        let retry_after = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let retry_after = retry_after.map(|time| time.min(LONGEST_RETRY_AFTER));
        Err(self.error(ask, at, refusal(status, &body, retry_after)))
    }

    /// The pause before the next attempt, if there may be one.
    fn pause_before_retry(&self, ask: &Ask, error: &Error, attempt: u32, deadline: Instant) -> Option<Duration> {
        let retry = &self.inner.retry;
        if attempt >= retry.attempts || !error.is_retriable() {
            return None;
        }
        let unseen = match error.kind() {
            Kind::Unreachable { never_sent, .. } => *never_sent,
            Kind::Refused { status, .. } => matches!(status, 425 | 429 | 503),
            _ => false,
        };
        if ask.repeat == Repeat::IfUnseen && !unseen {
            return None;
        }
        let ceiling = retry.pause.saturating_mul(1 << (attempt - 1).min(16)).min(retry.longest_pause);
        let pause = ceiling.mul_f32(fastrand::f32()).max(error.retry_after().unwrap_or_default());
        (Instant::now() + pause < deadline && self.health().may_retry()).then_some(pause)
    }

    /// Asks one other address for what this one, which may lag behind, does not have.
    async fn look_elsewhere(&self, ask: &Ask, at: usize, deadline: Instant) -> Option<Answer> {
        let other = self.health().other_than(at, Instant::now())?;
        sleep(LAG).await;
        self.attempt(ask, other, deadline, &mut None).await.ok()
    }

    fn address_now(&self) -> usize {
        self.health().current()
    }

    fn error(&self, ask: &Ask, at: usize, kind: Kind) -> Error {
        Error::new(self.asked(ask, at), kind)
    }

    fn asked(&self, ask: &Ask, at: usize) -> String {
        format!("{} {}{}", ask.method, self.inner.addresses[at].as_str(), ask.path.as_str())
    }
}

fn shows(error: &Error) -> Shows {
    match error.kind() {
        // Only the first was sent at all.
        Kind::Refused { status: 425 | 429, .. }
        | Kind::Credentials(_)
        | Kind::Resting { .. }
        | Kind::Paced { .. }
        | Kind::Offline => Shows::Busy,
        Kind::Unreachable { .. } | Kind::TimedOut => Shows::Failing,
        Kind::Refused { .. } if error.is_unavailable() => Shows::Failing,
        Kind::Refused { .. } | Kind::NotUnderstood(_) | Kind::TooLarge { .. } | Kind::Redirected { .. } => Shows::Alive,
    }
}

/// An error in the registry's envelope, or in that of whatever stands before it.
fn refusal(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Kind {
    #[derive(Deserialize)]
    struct Envelope {
        error_code: Option<i64>,
        message: Option<String>,
    }

    let envelope: Result<Envelope, _> = serde_json::from_slice(body);
    let (code, message, most) = match envelope {
        Ok(envelope) => (envelope.error_code, envelope.message, TEXT),
        Err(_) => (None, Some(String::from_utf8_lossy(body).trim().to_owned()), FOREIGN_TEXT),
    };
    let message = message.map(|message| message.chars().take(most).collect::<String>());
    let message = message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    Kind::Refused { status: status.as_u16(), code, message, retry_after }
}
