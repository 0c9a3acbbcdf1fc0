//! Extraction of domain types from a request, with the errors of the contract.

use super::answers::{AnswerMeta, Caching};
use super::error::Error;
use super::meter::Operation;
use super::needs::{self, Need};
use super::{AppState, accept};
use crate::domain::access::{Target, Verb};
use crate::domain::{Context, SchemaId, Subject, Timestamp, VersionSelector};
use crate::registry::{self, Authority, Caller, Page, Registry, RequestConsistency, View};
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// The head of a request, as read by the middleware.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// The client's id of the request, or a new one.
    pub(super) request_id: Arc<str>,
    /// The context prefix of the path; the default context without one.
    pub(super) context: Context,
    /// Path and query as sent.
    pub(super) target: Arc<str>,
    /// The operation it is routed to.
    pub(super) operation: Arc<OnceLock<Operation>>,
    /// The changes of others it has seen, and the position of its own.
    pub(super) consistency: RequestConsistency,
    /// The authority it acts on.
    pub(super) authority: Authority,
}

/// The input of a handler: everything but the body, validated as far as the contract wants before the handler runs.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) arrival: Arrival,
    /// What the operation needed.
    needed: Option<(Verb, Target)>,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl FromRequestParts<AppState> for Incoming {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let (supported, acceptable) =
            (accept::is_supported(&parts.method, &parts.headers), accept::is_acceptable(&parts.headers));
        let Unnegotiated(incoming) = Unnegotiated::from_request_parts(parts, state).await?;
        match (supported, acceptable) {
            (true, true) => Ok(incoming),
            (false, _) => Err(Error::UnsupportedMediaType),
            (true, false) => Err(Error::NotAcceptable),
        }
    }
}

/// The same for handlers with media types of their own.
#[derive(Debug)]
pub(super) struct Unnegotiated(pub(super) Incoming);

impl FromRequestParts<AppState> for Unnegotiated {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let arrival = parts.extensions.remove::<Arrival>().ok_or(Error::Panic)?;
        if let Some(matched) = parts.extensions.get::<MatchedPath>() {
            arrival.operation.get_or_init(|| state.meter.operation(&parts.method, matched.as_str()));
        }
        let path = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::BadRequest("the path is not UTF-8 once its percent signs are decoded".to_owned()))?;
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let query = parts.uri.query().unwrap_or_default();
        let query =
            form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()));
        let query = query.collect();
        let mut incoming = Incoming { arrival, needed: None, path, query };
        let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let need = Need::of(&parts.method, route).ok_or_else(|| needs::unknown(&parts.method, route))?;
        incoming.needed = need.check(&incoming)?;
        Ok(Self(incoming))
    }
}

impl Incoming {
    /// Starts to read for the caller. An answer that is cached needs of others what the operation needs.
    pub(super) fn view<'r>(&self, registry: &'r Registry) -> View<'r> {
        let mut view = registry.view(&self.arrival.authority);
        if let Some((verb, target)) = &self.needed {
            view.need(*verb, target.clone());
        }
        view
    }

    /// The metadata of its answer if that is cached.
    pub(super) fn answer_meta(&self, caching: Caching) -> AnswerMeta {
        AnswerMeta { caching, operation: self.arrival.operation.get().copied().unwrap_or(Operation::OTHER) }
    }

    /// A path parameter, decoded.
    pub(super) fn segment(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The subject of the path, within the context of the path.
    pub(super) fn subject(&self) -> Result<Subject, Error> {
        storable(Subject::parse_in(&self.arrival.context, self.segment("subject")))
    }

    /// The version of the path.
    pub(super) fn version(&self) -> Result<VersionSelector, Error> {
        Ok(VersionSelector::parse(self.segment("version"))?)
    }

    /// The id of the path. Anything but an integer is an unknown route (contract 1.4).
    pub(super) fn id(&self) -> Result<SchemaId, Error> {
        let id: i32 = self.segment("id").parse().map_err(|_| Error::NoRoute)?;
        SchemaId::new(id.into()).ok_or_else(|| registry::Error::NoSuchSchema(id.to_string()).into())
    }

    /// A text parameter; the first value counts.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a repeatable parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A switch: only `true`, in any case, is on (contract 1.6).
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn number(&self, name: &str, default: i32) -> Result<i32, Error> {
        match self.text(name) {
            None | Some("") => Ok(default),
            Some(text) => text.parse().map_err(|_| Error::NoRoute),
        }
    }

    /// The requested page of a list. A limit out of bounds means the default, a negative offset 0.
    pub(super) fn page(&self, most: i32) -> Result<Page, Error> {
        let offset = self.number("offset", 0)?.max(0);
        let limit = self.number("limit", -1)?;
        let limit = if limit <= 0 || limit > most { most } else { limit };
        Ok(Page { offset: offset.into(), limit: limit.into() })
    }

    /// A subject given as a parameter, within the context of the path.
    pub(super) fn subject_parameter(&self, name: &str) -> Result<Subject, Error> {
        storable(Subject::parse_in(&self.arrival.context, self.text(name).unwrap_or_default()))
    }

    /// A subject given in the body, within the context of the path.
    pub(super) fn named(&self, subject: &str) -> Result<Subject, Error> {
        storable(Subject::parse_in(&self.arrival.context, subject))
    }

    /// A prefix of subjects by the contract's `subjectPrefix`, within the context of the path.
    pub(super) fn prefix(&self, name: &str, default: &'static str) -> Cow<'_, str> {
        let context = &self.arrival.context;
        match self.text(name) {
            Some(text) if context.is_default() || text.starts_with(":.") || text.starts_with(":*:") => text.into(),
            Some(text) => format!("{}{text}", context.prefix()).into(),
            None if context.is_default() => default.into(),
            None => context.prefix().into(),
        }
    }

    /// The author of a change. The one place where a principal enters a request.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            authority: self.arrival.authority.clone(),
            request_id: Arc::clone(&self.arrival.request_id),
            now: now(),
            consistency: self.arrival.consistency.clone(),
        }
    }
}

/// The time.
pub(super) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// Refuses subjects that not every database can hold.
fn storable(subject: Subject) -> Result<Subject, Error> {
    if subject.is_storable() {
        return Ok(subject);
    }
    let shown: String = subject.as_str().chars().filter(|c| !c.is_control()).take(100).collect();
    Err(registry::Error::InvalidSubject(shown).into())
}
