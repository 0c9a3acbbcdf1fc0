//! `/subjects` and `/subjects/{subject}` (contract 10.1).

use super::AppState;
use super::answers::{AnswerKey, Answered, Caching};
use super::body::RawBody;
use super::convert;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use crate::domain::{Context, Subject};
use crate::registry::{DeletedFilter, Format, LookupOptions, Registry, SubjectFilter, View};
use avow_api::{RegisterSchemaRequest, Schema};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

/// The default length of lists of subjects, versions or contexts.
pub(super) const UNLIMITED: i32 = i32::MAX;

/// The requested format of a schema text; unknown ones mean the stored text.
pub(super) fn format(incoming: &Incoming) -> Format {
    incoming.text("format").map(Format::parse).unwrap_or_default()
}

/// The subject of the path, or the target of its alias.
pub(super) async fn named(registry: &Registry, view: &mut View<'_>, incoming: &Incoming) -> Result<Subject, Error> {
    Ok(registry.aliased(view, incoming.subject()?).await?)
}

/// The filter behind a `subjectPrefix` (contract 7.4).
pub(super) fn filter(prefix: &str) -> SubjectFilter {
    if let Some(name) = prefix.strip_prefix(":*:") {
        return SubjectFilter::Everywhere(name.to_owned());
    }
    let subject = Subject::parse(prefix);
    if prefix.starts_with(":.") {
        SubjectFilter::In(subject.context(), subject.name().to_owned())
    } else {
        SubjectFilter::In(Context::default_context(), prefix.to_owned())
    }
}

/// List subjects.
#[utoipa::path(get, path = "/subjects", tag = "subjects",
    params(
        ("subjectPrefix" = Option<String>, Query, description = "`:*:` for every context, `:.ctx:` for one, a name's beginning"),
        ("deleted" = Option<String>, Query, description = "`true` to list soft-deleted subjects too"),
        ("deletedOnly" = Option<String>, Query, description = "`true` to list soft-deleted subjects alone"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "Qualified names, ascending", body = Vec<String>), Refusals))]
pub(super) async fn list_subjects(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let page = incoming.page(UNLIMITED)?;
    let deleted = match (incoming.flag("deletedOnly"), incoming.flag("deleted")) {
        (true, _) => DeletedFilter::Only,
        (false, true) => DeletedFilter::All,
        (false, false) => DeletedFilter::Live,
    };
    let filter = filter(&incoming.prefix("subjectPrefix", ":*:"));
    Ok(Json(state.registry.list_subjects(&incoming.arrival.authority, &filter, deleted, page).await?).into_response())
}

/// Look up a schema.
///
/// Finds the version of the subject that has the schema in the body.
#[utoipa::path(post, path = "/subjects/{subject}", tag = "subjects",
    params(
        ("subject" = String, Path),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`"),
        ("deleted" = Option<String>, Query, description = "`true` to search soft-deleted versions too")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The version", body = Schema), Refusals))]
pub(super) async fn lookup_schema(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let key = AnswerKey::post(&incoming.arrival.target, body.0.clone());
    let options = LookupOptions { normalize: incoming.flag("normalize"), deleted: incoming.flag("deleted") };
    let answer = state
        .answers
        .answer(key, &incoming, Caching::Unspecified, || async {
            let draft = convert::draft(body.parse("lookUpSchemaUnderSubject.arg5")?);
            let mut view = incoming.view(registry);
            let subject = named(registry, &mut view, &incoming).await?;
            let found = registry.lookup(&mut view, &subject, &draft, options).await?;
            let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
            Ok(Answered::Read(respond::json(&convert::schema(&found, text))?, view))
        })
        .await?;
    Ok(respond::computed(&answer, &HeaderMap::new()))
}

/// Delete a subject.
///
/// The first time soft-deletes it: its ids stay readable. With `permanent=true` a soft-deleted subject is removed.
#[utoipa::path(delete, path = "/subjects/{subject}", tag = "subjects",
    params(
        ("subject" = String, Path),
        ("permanent" = Option<String>, Query, description = "`true` to delete what is soft-deleted for good")),
    responses((status = 200, description = "The versions that were affected", body = Vec<i32>), Refusals))]
pub(super) async fn delete_subject(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let registry = &*state.registry;
    let subject = named(registry, &mut incoming.view(registry), &incoming).await?;
    let permanent = incoming.flag("permanent");
    Ok(Json(registry.delete_subject(&subject, permanent, &incoming.caller()).await?).into_response())
}

/// Find a version by its metadata.
#[utoipa::path(get, path = "/subjects/{subject}/metadata", tag = "subjects",
    params(
        ("subject" = String, Path),
        ("key" = Option<Vec<String>>, Query, description = "Names of metadata properties"),
        ("value" = Option<Vec<String>>, Query, description = "Their values, in the same order"),
        ("deleted" = Option<String>, Query, description = "`true` to search soft-deleted versions too"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`")),
    responses((status = 200, description = "The newest version that has them all", body = Schema), Refusals))]
pub(super) async fn find_by_metadata(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Unspecified, || async {
        let mut view = incoming.view(registry);
        let subject = named(registry, &mut view, &incoming).await?;
        let pairs = incoming.all("key").zip(incoming.all("value"));
        let wanted: Vec<_> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let found = registry.by_metadata(&mut view, &subject, &wanted, incoming.flag("deleted")).await?;
        let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
        Ok(Answered::Read(respond::json(&convert::schema(&found, text))?, view))
    })
    .await
}
