//! Responses: finished bytes with their entity tag, and plain JSON.

use super::accept;
use super::answers::{Answer, AnswerKey, Answered, Answers, Caching};
use super::error::Error;
use super::extract::Incoming;
use crate::domain::Seq;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

/// Cached, revalidated each time, good for a week while no registry answers.
pub(super) const REVALIDATE: HeaderValue = HeaderValue::from_static("max-age=0, stale-if-error=604800");

/// The newest log position that an answer includes, for a header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AsOf(pub(super) Seq);

/// Serialises an answer's body.
pub(super) fn json(value: &impl Serialize) -> Result<Bytes, Error> {
    Ok(serde_json::to_vec(value)?.into())
}

/// A JSON answer that is not cached.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match json(&self.0) {
            Ok(body) => body_response(body),
            Err(error) => error.into_response(),
        }
    }
}

/// A JSON answer of another status than 200.
pub(super) fn with_status(status: StatusCode, value: &impl Serialize) -> Result<Response, Error> {
    let mut response = body_response(json(value)?);
    *response.status_mut() = status;
    Ok(response)
}

/// A response with this body; the middleware replaces the default media type with the negotiated one.
fn body_response(body: Bytes) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(accept::DEFAULT));
    response
}

/// Answers from the cache, or computes the answer and caches it. `headers` may contain the client's entity tag.
pub(super) async fn cached<'r, F>(
    answers: &'r Answers,
    incoming: &Incoming,
    headers: &HeaderMap,
    caching: Caching,
    compute: impl Fn() -> F,
) -> Result<Response, Error>
where
    F: Future<Output = Result<Answered<'r>, Error>>,
{
    let key = AnswerKey::get(&incoming.arrival.target);
    let answer = answers.answer(key, incoming, caching, compute).await?;
    Ok(computed(&answer, headers))
}

/// An answer of a handler as a response.
pub(super) fn computed(answer: &Answer, headers: &HeaderMap) -> Response {
    let mut response = response(answer, headers);
    response.extensions_mut().insert(AsOf(answer.as_of));
    response
}

/// A cached answer as a response, or 304 if the client has it.
pub(super) fn response(answer: &Answer, headers: &HeaderMap) -> Response {
    let caching = answer.meta.caching;
    let known = caching == Caching::Revalidate
        && headers.get(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &answer.etag));
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { body_response(answer.body.clone()) };
    if caching == Caching::Revalidate {
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_maybe_shared(answer.etag.clone()) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(header::CACHE_CONTROL, REVALIDATE);
    }
    response
}

/// Whether a list of entity tags contains this one; weak comparison, by RFC 9110 for `If-None-Match`.
fn matches(tags: &HeaderValue, etag: &[u8]) -> bool {
    let tags = tags.to_str().unwrap_or_default();
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag)
}
