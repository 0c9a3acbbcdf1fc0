//! `/schemas` and below (contract 10.2).

use super::AppState;
use super::answers::{Answered, Caching};
use super::convert;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::subjects::{UNLIMITED, filter, format};
use super::versions::MOST_SCHEMAS;
use crate::domain::{Fingerprint, SchemaType};
use crate::registry::{self, Described, Listing, Registry, View};
use avow_api::{ContextId, ListedSchema, SchemaString, SubjectVersion};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

/// List schemas.
#[utoipa::path(get, path = "/schemas", tag = "schemas",
    params(
        ("subjectPrefix" = Option<String>, Query, description = "`:*:` for every context, `:.ctx:` for one, a name's beginning"),
        ("aliases" = Option<String>, Query, description = "`true` to list what aliases below the prefix stand for, too"),
        ("deleted" = Option<String>, Query, description = "`true` to list soft-deleted versions too"),
        ("latestOnly" = Option<String>, Query, description = "`true` for the newest version of each subject"),
        ("ruleType" = Option<String>, Query, description = "Only schemas with a rule of this type"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "By subject and version", body = Vec<ListedSchema>), Refusals))]
pub(super) async fn list_schemas(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let listing = Listing {
        filter: filter(&incoming.prefix("subjectPrefix", "")),
        aliases: incoming.flag("aliases"),
        deleted: incoming.flag("deleted"),
        latest_only: incoming.flag("latestOnly"),
        rule_type: incoming.text("ruleType").filter(|wanted| !wanted.is_empty()).map(str::to_owned),
        page: incoming.page(MOST_SCHEMAS)?,
    };
    let found = state.registry.list_schemas(&incoming.arrival.authority, &listing).await?;
    Ok(Json(found.into_iter().map(convert::listed).collect::<Vec<_>>()).into_response())
}

/// List the supported schema types.
#[utoipa::path(get, path = "/schemas/types", tag = "schemas",
    responses((status = 200, description = "`JSON`, `PROTOBUF` and `AVRO`", body = Vec<String>), Refusals))]
pub(super) async fn list_types(_: Incoming) -> Response {
    Json(avow_schema::SUPPORTED.map(SchemaType::as_str)).into_response()
}

async fn found(registry: &Registry, view: &mut View<'_>, incoming: &Incoming) -> Result<Described, Error> {
    let subject = registry.aliased(view, incoming.subject_parameter("subject")?).await?;
    Ok(registry.by_id(view, incoming.id()?, &subject).await?)
}

/// Get a schema by its id.
#[utoipa::path(get, path = "/schemas/ids/{id}", tag = "schemas",
    params(
        ("id" = i32, Path, description = "The id in the records"),
        ("subject" = Option<String>, Query, description = "Where to look for it; `:.ctx:` for a context"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`"),
        ("referenceFormat" = Option<String>, Query, description = "`qualified` to have references name their context"),
        ("fetchMaxId" = Option<String>, Query, description = "`true` to add the highest id of the context")),
    responses(
        (status = 200, description = "The schema", body = SchemaString),
        (status = 304, description = "The caller has it, says its `If-None-Match`"), Refusals))]
pub(super) async fn get_schema(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let compute = || async {
        let mut view = incoming.view(registry);
        let found = found(registry, &mut view, &incoming).await?;
        let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
        let mut schema = convert::schema_string(&found, text);
        if incoming.text("referenceFormat").is_some_and(|format| format.eq_ignore_ascii_case("qualified")) {
            convert::qualify_references(&mut schema.content, &found);
        }
        if incoming.flag("fetchMaxId") {
            // Every new id changes it.
            schema.max_id = Some(registry.max_id(&found.subject.context()).await?);
            return Ok(Answered::Uncacheable(respond::json(&schema)?));
        }
        Ok(Answered::Read(respond::json(&schema)?, view))
    };
    respond::cached(&state.answers, &incoming, &headers, Caching::Revalidate, compute).await
}

/// Get the text of a schema by its id.
#[utoipa::path(get, path = "/schemas/ids/{id}/schema", tag = "schemas",
    params(
        ("id" = i32, Path, description = "The id in the records"),
        ("subject" = Option<String>, Query, description = "Where to look for it; `:.ctx:` for a context"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`")),
    responses(
        (status = 200, description = "The schema itself, not quoted", body = Object),
        (status = 304, description = "The caller has it, says its `If-None-Match`"), Refusals))]
pub(super) async fn get_schema_text(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, &incoming, &headers, Caching::Revalidate, || async {
        let mut view = incoming.view(registry);
        let found = found(registry, &mut view, &incoming).await?;
        let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
        Ok(Answered::Read(text.into(), view))
    })
    .await
}

/// List the subjects that have a schema id.
#[utoipa::path(get, path = "/schemas/ids/{id}/subjects", tag = "schemas",
    params(
        ("id" = i32, Path, description = "The id in the records"),
        ("subject" = Option<String>, Query, description = "Where to look for it; `:.ctx:` for a context"),
        ("deleted" = Option<String>, Query, description = "`true` to list subjects that soft-deleted it, too"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "Qualified names", body = Vec<String>), Refusals))]
pub(super) async fn list_id_subjects(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let page = incoming.page(UNLIMITED)?;
    let holders = holders(&state.registry, &incoming).await?;
    Ok(Json(page.cut(holders.into_iter().map(|holder| holder.subject))).into_response())
}

/// List the versions that have a schema id.
#[utoipa::path(get, path = "/schemas/ids/{id}/versions", tag = "schemas",
    params(
        ("id" = i32, Path, description = "The id in the records"),
        ("subject" = Option<String>, Query, description = "Where to look for it; `:.ctx:` for a context"),
        ("deleted" = Option<String>, Query, description = "`true` to list soft-deleted versions too"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "One version of each subject", body = Vec<SubjectVersion>), Refusals))]
pub(super) async fn list_id_versions(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let page = incoming.page(UNLIMITED)?;
    Ok(Json(page.cut(holders(&state.registry, &incoming).await?)).into_response())
}

async fn holders(registry: &Registry, incoming: &Incoming) -> Result<Vec<SubjectVersion>, Error> {
    let mut view = incoming.view(registry);
    let subject = registry.aliased(&mut view, incoming.subject_parameter("subject")?).await?;
    let found = registry.holders(&mut view, incoming.id()?, &subject, incoming.flag("deleted")).await?;
    let shape = |held: crate::domain::ReferencedVersion| SubjectVersion {
        subject: held.subject.to_string(),
        version: held.version.get(),
    };
    Ok(found.into_iter().map(shape).collect())
}

/// Get a schema by its guid.
#[utoipa::path(get, path = "/schemas/guids/{guid}", tag = "schemas",
    params(
        ("guid" = String, Path, description = "A UUID, or its 32 hexadecimal digits"),
        ("format" = Option<String>, Query, description = "Avro: `resolved`, with references inlined; Protobuf: `serialized`, `ignore_extensions`")),
    responses(
        (status = 200, description = "The schema", body = SchemaString), Refusals))]
pub(super) async fn get_schema_by_guid(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let registry = &*state.registry;
    let guid = incoming.segment("guid");
    let fingerprint = Fingerprint::parse(guid).ok_or_else(|| registry::Error::NoSuchSchema(guid.to_owned()))?;
    let mut view = incoming.view(registry);
    let found = registry.by_fingerprint(&mut view, fingerprint).await.map_err(|error| match error {
        registry::Error::NoSuchSchema(_) => registry::Error::NoSuchSchema(guid.to_owned()),
        other => other,
    })?;
    let text = registry.rendered(&mut view, &found, format(&incoming)).await?;
    Ok(Json(SchemaString { subject: None, version: None, ..convert::schema_string(&found, text) }).into_response())
}

/// List the ids of a guid.
#[utoipa::path(get, path = "/schemas/guids/{guid}/ids", tag = "schemas",
    params(("guid" = String, Path, description = "A UUID, or its 32 hexadecimal digits")),
    responses((status = 200, description = "By context and id", body = Vec<ContextId>), Refusals))]
pub(super) async fn list_guid_ids(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let ids = match Fingerprint::parse(incoming.segment("guid")) {
        Some(fingerprint) => state.registry.ids_of(&mut incoming.view(&state.registry), fingerprint).await?,
        None => Vec::new(),
    };
    let shape = |(context, id): (crate::domain::Context, crate::domain::SchemaId)| ContextId {
        context: context.to_string(),
        id: id.get(),
    };
    Ok(Json(ids.into_iter().map(shape).collect::<Vec<_>>()).into_response())
}
