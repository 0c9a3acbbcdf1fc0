//! `/subjects/{subject}/versions` and below (contract 10.1).

use super::AppState;
use super::answers::{AnswerKey, Answered, Caching};
use super::body::RawBody;
use super::convert;
use super::error;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::subjects::{UNLIMITED, format, named};
use crate::registry::{self, RegisterOptions, Registry, Settled};
use avow_api::{Explained, RegisterSchemaRequest, Registered, Schema};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// The default and maximum length of lists of schemas.
pub(super) const MOST_SCHEMAS: i32 = 1000;

/// List the versions of a subject.
#[utoipa::path(get, path = "/subjects/{subject}/versions", tag = "versions",
    params(
        ("subject" = String, Path),
        ("deleted" = Option<String>, Query, description = "`true` to list soft-deleted versions too"),
        ("deletedOnly" = Option<String>, Query, description = "`true` to list soft-deleted versions alone"),
        ("deletedAsNegative" = Option<String>, Query, description = "`true` to list all, soft-deleted ones as negative numbers"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "Version numbers, ascending", body = Vec<i32>), Refusals))]
pub(super) async fn list_versions(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Unspecified, || async {
        let page = incoming.page(UNLIMITED)?;
        let (all, only, negative) =
            (incoming.flag("deleted"), incoming.flag("deletedOnly"), incoming.flag("deletedAsNegative"));
        let mut view = incoming.view(registry);
        let subject = named(registry, &mut view, &incoming).await?;
        let versions = registry.versions(&mut view, &subject, all || only).await?;
        let wanted = versions.into_iter().filter_map(|(version, deleted)| match deleted {
            true if negative => Some(-version.get()),
            true => (all || only).then_some(version.get()),
            false => (negative || !only).then_some(version.get()),
        });
        Ok(Answered::Read(respond::json(&page.cut(wanted))?, view))
    })
    .await
}

/// Register a schema.
///
/// Answers with the version that it becomes, or that it already is. Refused with 40901 where it would break readers
/// or writers that the subject's level protects.
#[utoipa::path(post, path = "/subjects/{subject}/versions", tag = "versions",
    params(
        ("subject" = String, Path),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`"),
        ("force" = Option<String>, Query, description = "`true` to skip the compatibility check, and to let an import give an id that nothing holds another meaning"),
        ("explain" = Option<String>, Query, description = "`true` to add `findings`: what breaks, for whom, a record that proves it, fixes")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The version", body = Registered), Refusals))]
pub(super) async fn register_version(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let options = RegisterOptions { normalize: incoming.flag("normalize"), force: incoming.flag("force") };
    if incoming.flag("explain") {
        return register_explained(registry, &incoming, &body, options).await;
    }
    let key = AnswerKey::post(&incoming.arrival.target, body.0.clone());
    let answer = state
        .answers
        .answer(key, &incoming, Caching::Unspecified, || async {
            let draft = convert::draft(body.parse("register.arg6")?);
            let mut view = incoming.view(registry);
            let subject = named(registry, &mut view, &incoming).await?;
            let (described, view) = match registry.register(view, &subject, &draft, options, &incoming.caller()).await?
            {
                Settled::Read(described, view) => (described, Some(view)),
                Settled::Written(described) => (described, None),
            };
            let mut rendering = incoming.view(registry);
            let text = registry.rendered(&mut rendering, &described, format(&incoming)).await?;
            let body = respond::json(&convert::registered(&described, text))?;
            Ok(match view {
                Some(view) => Answered::Read(body, view.and(rendering)),
                None => Answered::Wrote(body, incoming.arrival.consistency.written()),
            })
        })
        .await?;
    Ok(respond::computed(&answer, &HeaderMap::new()))
}

/// Registers with findings in the answer: warnings if it is registered, all findings if it is refused.
async fn register_explained(
    registry: &Registry,
    incoming: &Incoming,
    body: &RawBody,
    options: RegisterOptions,
) -> Result<Response, Error> {
    let draft = convert::draft(body.parse("register.arg6")?);
    registry.catch_up_at(&incoming.arrival.consistency).await;
    let mut view = incoming.view(registry);
    let subject = named(registry, &mut view, incoming).await?;
    // Before the schema joins the history; registration itself reports other reasons to refuse it.
    let explained = registry.explain(&mut view, &subject, None, &draft, options.normalize).await;
    let findings = explained.map(|explained| convert::findings(explained.findings)).unwrap_or_default();
    match registry.register(incoming.view(registry), &subject, &draft, options, &incoming.caller()).await {
        Ok(settled) => {
            let described = settled.into_inner();
            let text = registry.rendered(&mut view, &described, format(incoming)).await?;
            Ok(Json(Explained { answer: convert::registered(&described, text), findings }).into_response())
        }
        Err(error @ registry::Error::Incompatible { .. }) => {
            respond::with_status(StatusCode::CONFLICT, &Explained { answer: error::body(&error), findings })
        }
        Err(error) => Err(error.into()),
    }
}

/// Get a version.
#[utoipa::path(get, path = "/subjects/{subject}/versions/{version}", tag = "versions",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("deleted" = Option<String>, Query, description = "`true` to find a soft-deleted version too"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`"),
        ("referenceFormat" = Option<String>, Query, description = "`qualified` to have references name their context")),
    responses(
        (status = 200, description = "The version", body = Schema),
        (status = 304, description = "The caller has it, says its `If-None-Match`"), Refusals))]
pub(super) async fn get_version(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Revalidate, || async {
        let selector = incoming.version()?;
        let mut view = incoming.view(registry);
        let subject = named(registry, &mut view, &incoming).await?;
        let found = registry.version(&mut view, &subject, selector, incoming.flag("deleted")).await?;
        let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
        let mut schema = convert::schema(&found, text);
        if incoming.text("referenceFormat").is_some_and(|format| format.eq_ignore_ascii_case("qualified")) {
            convert::qualify_references(&mut schema.content, &found);
        }
        Ok(Answered::Read(respond::json(&schema)?, view))
    })
    .await
}

/// Get the text of a version.
#[utoipa::path(get, path = "/subjects/{subject}/versions/{version}/schema", tag = "versions",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("deleted" = Option<String>, Query, description = "`true` to find a soft-deleted version too"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`")),
    responses(
        (status = 200, description = "The schema itself, not quoted", body = Object),
        (status = 304, description = "The caller has it, says its `If-None-Match`"), Refusals))]
pub(super) async fn get_version_text(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Revalidate, || async {
        let selector = incoming.version()?;
        let mut view = incoming.view(registry);
        let subject = named(registry, &mut view, &incoming).await?;
        let found = registry.version(&mut view, &subject, selector, incoming.flag("deleted")).await?;
        let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
        Ok(Answered::Read(text.into(), view))
    })
    .await
}

/// List the referrers of a version.
#[utoipa::path(get, path = "/subjects/{subject}/versions/{version}/referencedby", tag = "versions",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("deleted" = Option<String>, Query, description = "`true` to list soft-deleted referrers too"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "Ids of the schemas that refer to it", body = Vec<i32>), Refusals))]
pub(super) async fn list_referrers(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Unspecified, || async {
        let page = incoming.page(MOST_SCHEMAS)?;
        let selector = incoming.version()?;
        let mut view = incoming.view(registry);
        let subject = named(registry, &mut view, &incoming).await?;
        let ids = registry.referenced_by(&mut view, &subject, selector, incoming.flag("deleted")).await?;
        Ok(Answered::Read(respond::json(&page.cut(ids))?, view))
    })
    .await
}

/// Delete a version.
///
/// The first time soft-deletes it: its id stays readable. With `permanent=true` a soft-deleted version is removed.
#[utoipa::path(delete, path = "/subjects/{subject}/versions/{version}", tag = "versions",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("permanent" = Option<String>, Query, description = "`true` to delete what is soft-deleted for good")),
    responses((status = 200, description = "The number of the version", body = i32), Refusals))]
pub(super) async fn delete_version(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let registry = &*state.registry;
    let selector = incoming.version()?;
    let subject = named(registry, &mut incoming.view(registry), &incoming).await?;
    let permanent = incoming.flag("permanent");
    Ok(Json(registry.delete_version(&subject, selector, permanent, &incoming.caller()).await?).into_response())
}
