//! The HTTP API as one service: the processing of every request before and after its route.

use super::answers::{AnswerKey, Answers, CachedMethod};
use super::auth::{Authenticator, Challenge};
use super::error::Error;
use super::extract::{Arrival, now};
use super::guard::Guard;
use super::meter::{Meter, Operation};
use super::peer::Peer;
use super::respond::AsOf;
use super::routes::{CatchUp, routes};
use super::{AppState, Settings, accept, body, openapi, respond, trace};
use crate::access::Access;
use crate::domain::Context;
use crate::registry::{Authority, Freshness, Registry, RequestConsistency};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tower::ServiceExt;
use tower_http::compression::Compression;
use tracing::{Instrument, Span};

/// The interface over a registry.
pub fn app(registry: Arc<Registry>, access: Option<Arc<Access>>, settings: &Settings) -> App {
    let (router, document) = routes().split_for_parts();
    let meter = Arc::new(Meter::new(&document));
    let answers = Arc::new(Answers::new(Arc::clone(&registry), settings.answer_bytes));
    let state = AppState {
        registry: Arc::clone(&registry),
        access: access.clone(),
        answers: Arc::clone(&answers),
        meter: Arc::clone(&meter),
        max_body_bytes: settings.max_body_bytes,
        longest_wait: settings.request_timeout * 5 / 6,
    };
    let router = router
        .merge(openapi::viewer(document))
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .with_state(state);
    App(Arc::new(Interface {
        compressed: Compression::new(router.clone()),
        router,
        registry,
        answers,
        meter,
        max_body_bytes: settings.max_body_bytes,
        timeout: settings.request_timeout,
        access_log: settings.access_log,
        guard: settings.guard.clone(),
        authenticator: access.map(|access| Authenticator::new(access, settings.hashing)),
    }))
}

/// The service that answers requests. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Interface>);

struct Interface {
    router: Router,
    compressed: Compression<Router>,
    registry: Arc<Registry>,
    answers: Arc<Answers>,
    meter: Arc<Meter>,
    max_body_bytes: usize,
    timeout: Duration,
    access_log: bool,
    guard: Guard,
    /// The authenticator; none where everybody may do everything.
    authenticator: Option<Authenticator>,
}

/// The cached answer to a request.
enum Cached {
    Hit(Response, Operation, Freshness),
    /// None: the request goes on to its route.
    Miss(Request, RequestConsistency, Authority),
}

/// The log position that an answer is true at.
const SEQ: header::HeaderName = header::HeaderName::from_static("avow-seq");

/// Set where an answer may be stale, because the database is unavailable.
const STALE: header::HeaderName = header::HeaderName::from_static("avow-stale");

const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

impl App {
    /// Answers a request.
    pub fn answer(&self, request: Request) -> impl Future<Output = Response> + Send + use<> {
        let interface = Arc::clone(&self.0);
        async move { interface.answer(request).await }
    }
}

impl Interface {
    async fn answer(&self, request: Request) -> Response {
        let request_id = request_id(&request);
        let media = accept::negotiate(request.headers());
        let method = request.method().clone();
        let underway = self.meter.arrived();
        let logged = self.access_log.then(|| {
            let peer = request.extensions().get::<Arc<Peer>>();
            (request.uri().clone(), peer.map(|peer| tracing::field::display(peer.address.ip())))
        });
        let challenge = self.authenticator.as_ref().map(|it| Challenge::new(it, &request));
        let early = trace::early_span(&request, &request_id);
        let cached = self.cached(request).instrument(early.clone().unwrap_or_else(Span::none));
        let (routed, operation, freshness) = match cached.await {
            Ok(Cached::Hit(response, operation, freshness)) => (response, operation, freshness),
            Ok(Cached::Miss(mut request, consistency, authority)) => {
                match route(&mut request, &request_id, &consistency, authority) {
                    Ok(operation) => {
                        let id = request_id.to_str().unwrap_or_default();
                        let span = early.clone().unwrap_or_else(|| trace::span(request.headers(), id, &method));
                        // In a box: it is large, and most requests are answered without it.
                        let mut response = Box::pin(self.guarded(request).instrument(span)).await;
                        let as_of = response.extensions().get::<AsOf>().copied().unwrap_or_default();
                        let as_of = as_of.max(AsOf(consistency.written()));
                        response.extensions_mut().insert(as_of);
                        (response, operation.get().copied().unwrap_or(Operation::OTHER), consistency.freshness(as_of.0))
                    }
                    Err(error) => (error.into_response(), Operation::OTHER, Freshness::Unasked),
                }
            }
            Err(error) => (error.into_response(), Operation::OTHER, Freshness::Unasked),
        };
        let mut response = if method == Method::OPTIONS { options(routed) } else { routed };
        set_freshness(&mut response, freshness);
        if let Some(challenge) = challenge {
            challenge.apply(&mut response);
        }
        let headers = response.headers_mut();
        if let Some(media) = media.filter(|media| *media != accept::DEFAULT)
            && headers.get(header::CONTENT_TYPE).is_some_and(|value| value == accept::DEFAULT)
        {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        }
        let took = underway.answered(operation, response.status());
        if let Some(span) = early {
            trace::answered(&span, &method, self.meter.path(operation), response.status());
        }
        if let Some((uri, address)) = logged {
            let (status, took) = (response.status().as_u16(), took.as_secs_f64() * 1e3);
            let (id, route) = (request_id.to_str().unwrap_or_default(), self.meter.path(operation));
            tracing::info!(
                %method, path = uri.path(), route, status, duration_ms = took, request.id = id, client.address = address,
                "Answered"
            );
        }
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response.headers_mut().insert(REQUEST_ID, request_id);
        response
    }

    /// Answers from the cache, before anything is routed or parsed: the path of most requests.
    async fn cached(&self, request: Request) -> Result<Cached, Error> {
        self.guard.check(&request)?;
        let peer = request.extensions().get::<Arc<Peer>>().cloned();
        let authority = self.authority(request.method(), request.uri().path(), request.headers(), peer);
        let authority = authority.await?;
        let cacheable = CachedMethod::of(request.method()).filter(|_| {
            !request.headers().contains_key(header::ACCEPT_ENCODING)
                && accept::is_supported(request.method(), request.headers())
                && accept::is_acceptable(request.headers())
        });
        let path = request.uri().path();
        let catch_up = match *request.method() {
            Method::POST => contextual(path).map_or(CatchUp::First, |(_, path)| CatchUp::of(&Method::POST, &path)),
            // No path of another method is special in a context, and this is the path of most requests.
            ref method => CatchUp::of(method, path),
        };
        if catch_up == CatchUp::Never {
            return Ok(Cached::Miss(request, Freshness::Unasked.into(), authority));
        }
        if cacheable.is_none() && catch_up == CatchUp::OnDemand {
            return Ok(Cached::Miss(request, RequestConsistency::default(), authority));
        }
        let Some(method) = cacheable else {
            let freshness = self.registry.catch_up().await;
            if let Freshness::Stale(_) = freshness
                && [Method::PUT, Method::DELETE].contains(request.method())
            {
                // The decision would rest on outdated facts, and nothing can be written.
                return Err(self.registry.unavailable().into());
            }
            return Ok(Cached::Miss(request, freshness.into(), authority));
        };
        let (parts, body) = request.into_parts();
        let bytes = match method {
            CachedMethod::Post => tokio::time::timeout(self.timeout, body::read(body, self.max_body_bytes))
                .await
                .unwrap_or(Err(Error::Timeout))?,
            CachedMethod::Get => Bytes::new(),
        };
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let key = AnswerKey::new(method, target, bytes);
        if catch_up == CatchUp::OnDemand && !self.answers.contains(&key) {
            let request = Request::from_parts(parts, Body::from(key.body));
            return Ok(Cached::Miss(request, RequestConsistency::default(), authority));
        }
        let (answer, freshness) = self.answers.cached(&key, &authority).await;
        Ok(match answer {
            Some(answer) => {
                let response = respond::response(&answer, &parts.headers);
                Cached::Hit(response, answer.meta.operation, freshness)
            }
            None => Cached::Miss(Request::from_parts(parts, Body::from(key.body)), freshness.into(), authority),
        })
    }

    /// The authority that a request acts on. A stranger gets no further than to what everybody may ask.
    async fn authority(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        peer: Option<Arc<Peer>>,
    ) -> Result<Authority, Error> {
        let Some(authenticator) = &self.authenticator else { return Ok(Authority::unlimited()) };
        let identity = authenticator.identify(headers, peer.as_deref(), now()).await?;
        let authority = Authority::of(identity);
        if *method != Method::OPTIONS && !matches!(path, "/" | "/livez" | "/readyz") {
            authority.require_authenticated()?;
        }
        Ok(authority)
    }

    /// Routes a request; a panic or a request that takes too long becomes an answer, too.
    async fn guarded(&self, request: Request) -> Response {
        let gzip = request.headers().contains_key(header::ACCEPT_ENCODING);
        let routed = async {
            let routed = if gzip {
                self.compressed.clone().oneshot(request).await.map(|response| response.map(Body::new))
            } else {
                self.router.clone().oneshot(request).await
            };
            routed.unwrap_or_else(|never| match never {})
        };
        match tokio::time::timeout(self.timeout, AssertUnwindSafe(routed).catch_unwind()).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Error::Panic.into_response(),
            Err(_) => Error::Timeout.into_response(),
        }
    }
}

/// Sets the headers about the freshness of an answer.
fn set_freshness(response: &mut Response, freshness: Freshness) {
    let as_of = response.extensions_mut().remove::<AsOf>().unwrap_or_default().0;
    let headers = response.headers_mut();
    match freshness {
        Freshness::Current(seq) => drop(headers.insert(SEQ, seq.max(as_of).0.into())),
        Freshness::Stale(age) => {
            headers.insert(header::AGE, age.as_secs().into());
            headers.insert(STALE, HeaderValue::from_static("true"));
        }
        Freshness::Unasked => {}
    }
}

/// The longest request id of a client that is taken over, in bytes: the log keeps it for ever.
const REQUEST_ID_BYTES: usize = 128;

/// The client's request id where it sent just one that is fit for the log, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let mut sent = request.headers().get_all(REQUEST_ID).iter();
    match (sent.next(), sent.next()) {
        (Some(id), None) if is_request_id(id.as_bytes()) => id.clone(),
        _ => {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            let id = uuid::Uuid::new_v4().as_hyphenated().encode_lower(&mut text);
            HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"))
        }
    }
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=REQUEST_ID_BYTES).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(byte))
}

/// Passes the head of the request on to the handlers, and strips the context prefix from its path.
fn route(
    request: &mut Request,
    request_id: &HeaderValue,
    consistency: &RequestConsistency,
    authority: Authority,
) -> Result<Arc<OnceLock<Operation>>, Error> {
    let target: Arc<str> = request.uri().path_and_query().map_or("/", |target| target.as_str()).into();
    if target.contains("%00") {
        // Not every database can store it, so nothing has such a name.
        return Err(Error::BadRequest("the path contains the character NUL, which no name may have".to_owned()));
    }
    let (context, path) = contextual(request.uri().path())?;
    if let Cow::Owned(path) = path {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let rewritten = format!("{path}{query}").parse::<Uri>();
        *request.uri_mut() = rewritten.map_err(|_| Error::BadRequest("the path cannot be read".to_owned()))?;
    }
    let request_id = String::from_utf8_lossy(request_id.as_bytes()).into();
    let operation = Arc::default();
    let arrival = Arrival {
        request_id,
        context,
        target,
        operation: Arc::clone(&operation),
        consistency: consistency.clone(),
        authority,
    };
    request.extensions_mut().insert(arrival);
    Ok(operation)
}

/// Collapses empty segments and removes a context prefix (contract 1.5, 9.6).
fn contextual(path: &str) -> Result<(Context, Cow<'_, str>), Error> {
    // The documentation's page is the one path whose slash matters: its links are relative.
    let untidy = path.len() > 1 && path != "/docs/" && (path.ends_with('/') || path.contains("//"));
    let tidy = if untidy {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Cow::Owned(format!("/{}", segments.join("/")))
    } else {
        Cow::Borrowed(path)
    };
    let Some((segment, rest)) = tidy.strip_prefix("/contexts/").and_then(|rest| rest.split_once('/')) else {
        return Ok((Context::default_context(), tidy));
    };
    let name = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    Ok((Context::from_segment(&name)?, Cow::Owned(format!("/{rest}"))))
}

/// An answer to OPTIONS, built from the refusal that lists the methods of the path (contract 1.8).
fn options(refusal: Response) -> Response {
    let Some(allow) = refusal.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()) else {
        return refusal;
    };
    let mut methods: Vec<&str> = allow.split(',').map(str::trim).chain(["OPTIONS"]).collect();
    methods.sort_unstable();
    methods.dedup();
    let allow = methods.join(",");
    (StatusCode::OK, [(header::ALLOW, allow.clone()), (header::CONTENT_TYPE, "text/plain".to_owned())], allow)
        .into_response()
}
