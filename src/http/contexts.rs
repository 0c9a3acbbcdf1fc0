//! `/contexts`, and the association look-up of newer clients (contract 10.5).

use super::AppState;
use super::answers::{Answered, Caching};
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::subjects::UNLIMITED;
use crate::domain::Context;
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
    respond::cached(&state.answers, &incoming, &headers, Caching::Unspecified, || async {
        let page = incoming.page(UNLIMITED)?;
        let prefix = incoming.text("contextPrefix").unwrap_or_default();
        let mut view = incoming.view(registry);
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

/// List the associations of a topic.
///
/// Newer clients ask before they fall back to the default subject; this registry has no associations.
#[utoipa::path(get, path = "/associations/resources/{namespace}/{name}", tag = "contexts",
    params(("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, description = "Always empty", body = Vec<String>), Refusals))]
pub(super) async fn list_associations(_: Incoming) -> Response {
    Json(Vec::<String>::new()).into_response()
}
