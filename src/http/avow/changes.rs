//! `/avow/v1/changes`: the change log by page, by long poll and as an event stream.

use crate::domain::{Change, Kind, Moment, Seq};
use crate::http::error::Error;
use crate::http::extract::Unnegotiated;
use crate::http::openapi::Refusals;
use crate::http::respond::{AsOf, Json};
use crate::http::{AppState, accept};
use crate::registry::{self, Authority, FEED_PAGE, Subscriber};
use avow_api::{ChangeData, ChangeEvent};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::value::RawValue;
use std::convert::Infallible;
use std::time::Duration;

/// The default number of entries on a page.
const USUAL_PAGE: u32 = 100;

/// The position to go on after, also where entries are hidden.
const NEXT_AFTER: header::HeaderName = header::HeaderName::from_static("avow-next-after");

/// The interval of comments that keep a quiet stream open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The change as an event.
fn event(change: &Change) -> Result<ChangeEvent, Error> {
    let raw =
        |text: &Option<String>| text.clone().map(RawValue::from_string).transpose().map_err(registry::Error::damaged);
    Ok(ChangeEvent {
        specversion: "1.0".to_owned(),
        id: change.seq.0.to_string(),
        source: "/avow/v1/changes".to_owned(),
        kind: format!("avow.{}", change.kind),
        subject: change.subject.to_string(),
        time: Moment(change.time).to_string(),
        datacontenttype: "application/json".to_owned(),
        data: ChangeData {
            seq: change.seq.0,
            kind: change.kind.clone(),
            subject: change.subject.to_string(),
            actor: change.actor.clone(),
            request_id: change.request_id.clone(),
            before: raw(&change.before)?,
            after: raw(&change.after)?,
        },
    })
}

/// A number parameter of Avow's own endpoints, which are strict.
fn number(name: &str, text: Option<&str>, default: u64, most: u64) -> Result<u64, Error> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| Error::BadRequest(format!("`{name}` must be a whole number from 0 to {most}")))
}

/// Read the change log, wait for the next change, or stream changes.
///
/// Every accepted change is one entry, in commit order and without gaps, kept forever. With `wait` an empty page is held
/// back until there is a change. With `Accept: text/event-stream` the entries come as server-sent events, for as long as
/// the connection lasts; `Last-Event-ID` continues where it broke off.
#[utoipa::path(get, path = "/avow/v1/changes", tag = "avow",
    params(
        ("after" = Option<u64>, Query, description = "The last entry the caller has; 0, the default, for all"),
        ("limit" = Option<u32>, Query, description = "The most entries: 100 by default, up to 1000; large entries make pages shorter"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait where there is nothing yet; bounded by the server's request timeout"),
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, and preferred to it; set by clients of event streams")),
    responses(
        (status = 200, description = "The entries, oldest first, as events of CloudEvents 1.0", body = Vec<ChangeEvent>),
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
        // Errors have a status only before the stream begins.
        registry.changes(after, 1).await?;
        return Ok(events(
            &state,
            &incoming.arrival.authority,
            registry.subscribe()?,
            after,
            limit,
            KEEP_ALIVE.min(state.longest_wait),
        ));
    }
    if !accept::is_acceptable(&headers) {
        return Err(Error::NotAcceptable);
    }
    let mut changes = registry.changes(after, limit).await?;
    if changes.is_empty() && !wait.is_zero() {
        let mut subscriber = registry.subscribe()?;
        changes = tokio::time::timeout(wait, subscriber.next(after, limit)).await.unwrap_or(Ok(changes))?;
        state.require_valid(&incoming.arrival.authority)?;
    }
    let authority = &incoming.arrival.authority;
    let visible = changes.iter().filter(|change| is_visible(authority, change));
    let events: Result<Vec<_>, _> = visible.map(|change| event(change)).collect();
    let mut response = Json(events?).into_response();
    if let Some(newest) = changes.last() {
        // It may have arrived while the request waited.
        response.extensions_mut().insert(AsOf(newest.seq));
        // A reader from whom entries are hidden still gets on.
        response.headers_mut().insert(NEXT_AFTER, newest.seq.0.into());
    }
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The log as server-sent events, from `after` on, until the client goes or the server stops.
fn events(
    state: &AppState,
    authority: &Authority,
    subscriber: Subscriber,
    after: Seq,
    limit: u32,
    keep_alive: Duration,
) -> Response {
    let begin = (state.clone(), authority.clone(), subscriber, after);
    let pages = stream::unfold(begin, move |(state, authority, mut subscriber, after)| async move {
        let changes = match subscriber.next(after, limit).await {
            Ok(changes) => changes,
            Err(error) => {
                tracing::warn!(%error, "A stream of changes broke off; its subscriber will come again");
                return None;
            }
        };
        let last = changes.last()?.seq;
        // The subscriber comes again with its credential, as it is now.
        state.require_valid(&authority).ok()?;
        let events: Vec<_> =
            changes.iter().map_while(|change| sent_event(&authority, change)).map(Ok::<_, Infallible>).collect();
        Some((stream::iter(events), (state, authority, subscriber, last)))
    });
    let events = futures_util::StreamExt::flatten(pages);
    let retry = stream::iter([Ok(Event::default().retry(Duration::from_secs(1)))]);
    let events = futures_util::StreamExt::chain(retry, events);
    Sse::new(events).keep_alive(KeepAlive::new().interval(keep_alive)).into_response()
}

/// Whether a change is shown to a caller: those that may read its scope, and, of a change that reaches below a
/// whole context, everything.
fn is_visible(authority: &Authority, change: &Change) -> bool {
    let reaches_below = change.subject.is_context() && change.kind == Kind::Mode.as_str();
    authority.reads(&change.subject) && (!reaches_below || authority.reads_everything())
}

fn sent_event(authority: &Authority, change: &Change) -> Option<Event> {
    if !is_visible(authority, change) {
        return Some(Event::default().id(change.seq.0.to_string()));
    }
    let event = event(change).ok()?;
    let json = serde_json::to_string(&event).ok()?;
    Some(Event::default().id(event.id).event(event.kind).data(json))
}
