//! `/contexts`, and the association look-up of newer clients (contract 10.5, 13.1).

use super::State as AppState;
use super::body::RawBody;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::subjects::UNLIMITED;
use crate::domain::{Context, SchemaId};
use crate::registry::{Answered, Caching, Error};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// List contexts.
#[utoipa::path(get, path = "/contexts", tag = "contexts",
    params(
        ("contextPrefix" = Option<String>, Query, description = "A name's beginning, with its dot"),
        ("offset" = Option<i32>, Query), ("limit" = Option<i32>, Query)),
    responses((status = 200, description = "The default one first, then ascending", body = Vec<String>), Refusals))]
pub(super) async fn list_contexts(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::kept(registry, &incoming, &headers, Caching::None, || async {
        let page = incoming.page(UNLIMITED)?;
        let prefix = incoming.text("contextPrefix").unwrap_or_default();
        let mut view = registry.view();
        let contexts = registry.list_contexts(&mut view).await?;
        let names = contexts.iter().map(Context::as_str).filter(|name| name.starts_with(prefix));
        Ok(Answered::Read(respond::json(&page.cut(names))?, view))
    })
    .await
}

/// Delete a context without subjects.
#[utoipa::path(delete, path = "/contexts/{context}", tag = "contexts", params(("context" = String, Path)),
    responses((status = 204, description = "It is gone, or never was"), Refusals))]
pub(super) async fn delete_context(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let context = Context::from_segment(incoming.segment("context"))?;
    state.registry.delete_context(&context, &incoming.caller()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The ids of a context that are spoken for.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct IdFloorShape {
    /// No id up to this one is handed out any more.
    #[schema(example = 100_000)]
    floor: i32,
}

/// Set ids aside.
///
/// No id up to the floor is handed out in the context any more; what is below can still be imported. A floor never sinks.
#[utoipa::path(put, path = "/avow/v1/contexts/{context}/id-floor", tag = "avow", request_body = IdFloorShape,
    params(("context" = String, Path, description = "`.` for the default one")),
    responses((status = 200, description = "The floor now", body = IdFloorShape), Refusals))]
pub(super) async fn reserve_ids(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let context = Context::from_segment(incoming.segment("context"))?;
    if !context.scope().is_storable() || !context.scope().is_configurable() {
        return Err(Error::BadRequest("the name of the context cannot be stored".to_owned()));
    }
    let floor = body.object("reserveIds.arg1")?.integer("floor")?.and_then(|floor| SchemaId::new(floor.into()));
    let floor = floor.ok_or_else(|| Error::BadRequest("floor must be a whole number from 0 to 2^31-1".to_owned()))?;
    let floor = state.registry.reserve_ids(&context, floor, &incoming.caller()).await?;
    Ok(Json(IdFloorShape { floor: floor.get() }).into_response())
}

/// List the associations of a topic.
///
/// Newer clients ask before they fall back to the subject they would have used anyway; there are none here.
#[utoipa::path(get, path = "/associations/resources/{namespace}/{name}", tag = "contexts",
    params(("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, description = "Always empty", body = Vec<String>), Refusals))]
pub(super) async fn list_associations(_: Incoming) -> Response {
    Json(Vec::<String>::new()).into_response()
}
