//! The change log: pages of it, waiting for what comes next, a stream of events, and subjects as they were (Avow's own).

use super::extract::{Incoming, Unnegotiated};
use super::openapi::Refusals;
use super::respond::{AsOf, Json};
use super::{State as AppState, accept};
use crate::domain::{Change, Config, Fingerprint, Metadata, Mode, Moment, Reference, RuleSet, Seq, Timestamp};
use crate::registry::{Error, FEED_PAGE, Listener, Past};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::value::RawValue;
use std::convert::Infallible;
use std::time::Duration;
use utoipa::ToSchema;

/// Entries on a page where the caller does not say.
const USUAL_PAGE: u32 = 100;

/// How often a stream shows that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A change, shaped as version 1.0 of `CloudEvents` wants events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeEvent {
    #[schema(value_type = String, example = "1.0")]
    specversion: &'static str,
    /// Its place in the log: what to continue after.
    #[schema(example = "17")]
    id: String,
    #[schema(value_type = String, example = "/avow/v1/changes")]
    source: &'static str,
    /// `avow.` and the kind of change.
    #[serde(rename = "type")]
    #[schema(example = "avow.register")]
    kind: String,
    /// The scope it is about; absent for the default context's own.
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: String,
    /// RFC 3339.
    time: String,
    #[schema(value_type = String, example = "application/json")]
    datacontenttype: &'static str,
    data: ChangeData,
}

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeData {
    /// Its place in the log: gapless, in commit order.
    seq: u64,
    /// `register`, `soft-delete`, `restore`, `hard-delete`, `config`, `mode`, `forget-context` or `id-floor`.
    kind: String,
    /// The scope it is about: a subject, `:.context:` or, empty, the default context.
    subject: String,
    /// Who asked for it; empty for a nameless caller.
    actor: String,
    /// In which request.
    request_id: String,
    /// The state before; `null` where there was none.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The state after; `null` where there is none.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
}

impl ChangeEvent {
    fn new(change: &Change) -> Result<Self, Error> {
        let raw = |text: &Option<String>| text.clone().map(RawValue::from_string).transpose();
        let (before, after) = (raw(&change.before), raw(&change.after));
        Ok(Self {
            specversion: "1.0",
            id: change.seq.0.to_string(),
            source: "/avow/v1/changes",
            kind: format!("avow.{}", change.kind),
            subject: change.subject.to_string(),
            time: Moment(change.time).to_string(),
            datacontenttype: "application/json",
            data: ChangeData {
                seq: change.seq.0,
                kind: change.kind.clone(),
                subject: change.subject.to_string(),
                actor: change.actor.clone(),
                request_id: change.request_id.clone(),
                before: before.map_err(Error::damaged)?,
                after: after.map_err(Error::damaged)?,
            },
        })
    }
}

/// A number among the parameters of our own endpoints, which are strict.
fn number(name: &str, text: Option<&str>, default: u64, most: u64) -> Result<u64, Error> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| Error::BadRequest(format!("`{name}` must be a whole number from 0 to {most}")))
}

/// Read the change log, wait for the next change, or listen.
///
/// Every accepted change is one entry, in commit order and without gaps, kept for ever. With `wait` an empty page is held
/// back until there is a change. With `Accept: text/event-stream` the entries come as server-sent events, for as long as
/// the connection lasts; `Last-Event-ID` continues where it broke off.
#[utoipa::path(get, path = "/avow/v1/changes", tag = "avow",
    params(
        ("after" = Option<u64>, Query, description = "The last entry the caller has; 0, the default, for all"),
        ("limit" = Option<u32>, Query, description = "Entries at the most: 100 unless told, up to 1000; large entries make pages shorter"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait where there is nothing yet; bounded by the server's request timeout"),
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, and heeded before it; set by clients of event streams")),
    responses(
        (status = 200, description = "The entries, oldest first, each an event as CloudEvents 1.0 wants them", body = Vec<ChangeEvent>),
        Refusals))]
pub(super) async fn list_changes(
    State(state): State<AppState>,
    Unnegotiated(incoming): Unnegotiated,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let last_event = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = number("after", last_event.or(incoming.text("after")), 0, i64::MAX.unsigned_abs() - 1)?;
    let limit = number("limit", incoming.text("limit"), USUAL_PAGE.into(), FEED_PAGE.into())?;
    let (after, limit) = (Seq(after), u32::try_from(limit).unwrap_or(FEED_PAGE).max(1));
    let wait = Duration::from_secs(number("wait", incoming.text("wait"), 0, 86_400)?).min(state.longest_wait);

    let registry = &state.registry;
    if accept::wants(&headers, "text/event-stream") {
        // Whatever is wrong is told before the stream begins.
        registry.changes(after, 1).await?;
        return Ok(events(registry.listen()?, after, limit, KEEP_ALIVE.min(state.longest_wait)));
    }
    if !accept::is_acceptable(&headers) {
        return Err(Error::NotAcceptable);
    }
    let mut changes = registry.changes(after, limit).await?;
    if changes.is_empty() && !wait.is_zero() {
        let mut listener = registry.listen()?;
        changes = tokio::time::timeout(wait, listener.next(after, limit)).await.unwrap_or(Ok(changes))?;
    }
    let events: Result<Vec<_>, _> = changes.iter().map(|change| ChangeEvent::new(change)).collect();
    let mut response = Json(events?).into_response();
    if let Some(newest) = changes.last() {
        // It may have come while the request waited.
        response.extensions_mut().insert(AsOf(newest.seq));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The log as server-sent events, from `after` on, until the client goes or the server stops.
fn events(listener: Listener, after: Seq, limit: u32, keep_alive: Duration) -> Response {
    let pages = stream::unfold((listener, after), move |(mut listener, after)| async move {
        match listener.next(after, limit).await {
            Ok(changes) => {
                let last = changes.last()?.seq;
                let events: Vec<_> =
                    changes.iter().map_while(|change| event(change)).map(Ok::<_, Infallible>).collect();
                Some((stream::iter(events), (listener, last)))
            }
            Err(error) => {
                tracing::warn!(%error, "A stream of changes broke off; its listener will come again");
                None
            }
        }
    });
    let events = futures_util::StreamExt::flatten(pages);
    let retry = stream::iter([Ok(Event::default().retry(Duration::from_secs(1)))]);
    let events = futures_util::StreamExt::chain(retry, events);
    Sse::new(events).keep_alive(KeepAlive::new().interval(keep_alive)).into_response()
}

fn event(change: &Change) -> Option<Event> {
    let event = ChangeEvent::new(change).ok()?;
    let json = serde_json::to_string(&event).ok()?;
    Some(Event::default().id(event.id).event(event.kind).data(json))
}

/// A subject as it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubjectState {
    subject: String,
    /// The newest change of the whole registry at that moment.
    seq: u64,
    /// Soft-deleted ones included, ascending.
    versions: Vec<VersionState>,
    /// Its own settings, where it had some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    config: Option<Config>,
    /// Its own mode, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
}

/// A version as it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionState {
    version: i32,
    id: i32,
    /// Its content: `GET /avow/v1/contents/{guid}`.
    guid: String,
    deleted: bool,
    /// When it was last written, in milliseconds since the epoch.
    ts: i64,
    /// The change that last wrote it.
    seq: u64,
}

/// Get a subject as it was.
#[utoipa::path(get, path = "/avow/v1/subjects/{subject}", tag = "avow",
    params(
        ("subject" = String, Path),
        ("as_of" = Option<String>, Query, description = "A place in the change log, or a moment as of RFC 3339; now unless told")),
    responses((status = 200, description = "Its versions, settings and mode at that moment", body = SubjectState), Refusals))]
pub(super) async fn get_subject(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let subject = incoming.subject()?;
    let moment = match incoming.text("as_of") {
        None => None,
        Some(text) => Some(past(text).ok_or_else(|| {
            Error::BadRequest(format!(
                "`as_of` must be a place in the change log such as 17, or a moment such as {}",
                Moment(Timestamp(1_767_225_600_000))
            ))
        })?),
    };
    let past = state.registry.past(&subject, moment).await?;
    let versions = past.versions.into_iter().map(|(version, stored)| VersionState {
        version: version.get(),
        id: stored.id.get(),
        guid: stored.guid.to_string(),
        deleted: stored.deleted,
        ts: stored.time.0,
        seq: stored.written.0,
    });
    let (versions, config, mode) = (versions.collect(), past.config, past.mode);
    Ok(Json(SubjectState { subject: subject.to_string(), seq: past.seq.0, versions, config, mode }).into_response())
}

fn past(text: &str) -> Option<Past> {
    // A plus sign that was not encoded has become a space.
    let moment = || Moment::parse(text).or_else(|| Moment::parse(&text.replace(' ', "+")));
    text.parse().map(|seq| Past::Change(Seq(seq))).ok().or_else(|| moment().map(Past::Time))
}

/// A content.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredContent {
    guid: String,
    schema_type: &'static str,
    schema: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<super::shapes::SchemaReference>)]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
}

/// Get a content by its GUID.
///
/// Contents outlive the versions that held them, for the log tells of them.
#[utoipa::path(get, path = "/avow/v1/contents/{guid}", tag = "avow", params(("guid" = String, Path)),
    responses((status = 200, description = "The content", body = StoredContent), Refusals))]
pub(super) async fn get_content(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let guid = incoming.segment("guid");
    let fingerprint = Fingerprint::parse(guid).ok_or_else(|| Error::NoSuchSchema(guid.to_owned()))?;
    let content = state.registry.stored_content(fingerprint).await?;
    Ok(Json(StoredContent {
        guid: fingerprint.to_string(),
        schema_type: "AVRO",
        schema: content.text,
        references: content.references,
        metadata: content.metadata,
        rule_set: content.rule_set,
    })
    .into_response())
}
