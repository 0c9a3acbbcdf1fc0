//! `/config` and `/config/{subject}` (contract 10.4).

use super::AppState;
use super::answers::{Answered, Caching};
use super::body::RawBody;
use super::convert;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use crate::domain::Subject;
use avow_api::{Config, ConfigUpdate};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

async fn get(state: &AppState, incoming: &Incoming, headers: &HeaderMap, subject: &Subject) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, incoming, headers, Caching::Unspecified, || async {
        let mut view = incoming.view(registry);
        let config = registry.config(&mut view, subject, incoming.flag("defaultToGlobal")).await?;
        Ok(Answered::Read(respond::json(&Config::from(config))?, view))
    })
    .await
}

async fn put(
    state: &AppState,
    incoming: &Incoming,
    body: &RawBody,
    subject: &Subject,
    argument: &'static str,
) -> Result<Response, Error> {
    let update = convert::config_update(body.parse(argument)?)?;
    let config = state.registry.update_config(subject, &update, &incoming.caller()).await?;
    Ok(Json(Config::updated(config)).into_response())
}

async fn delete(state: &AppState, incoming: &Incoming, subject: &Subject) -> Result<Response, Error> {
    Ok(Json(Config::from(state.registry.delete_config(subject, &incoming.caller()).await?)).into_response())
}

/// Get the settings of the registry, or of the context in the path.
#[utoipa::path(get, path = "/config", tag = "config",
    params(("defaultToGlobal" = Option<String>, Query, description = "`true` for what is in force")),
    responses((status = 200, description = "The settings", body = Config), Refusals))]
pub(super) async fn get_global_config(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    get(&state, &incoming, &headers, &incoming.arrival.context.scope()).await
}

/// Change the settings of the registry, or of the context in the path.
#[utoipa::path(put, path = "/config", tag = "config", request_body = ConfigUpdate,
    responses((status = 200, description = "The settings that result", body = Config), Refusals))]
pub(super) async fn put_global_config(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    put(&state, &incoming, &body, &incoming.arrival.context.scope(), "updateTopLevelConfig.arg1").await
}

/// Remove the settings of the registry, or of the context in the path.
#[utoipa::path(delete, path = "/config", tag = "config",
    responses((status = 200, description = "The settings as they were", body = Config), Refusals))]
pub(super) async fn delete_global_config(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    delete(&state, &incoming, &incoming.arrival.context.scope()).await
}

/// Get the settings of a subject or a context.
#[utoipa::path(get, path = "/config/{subject}", tag = "config",
    params(
        ("subject" = String, Path, description = "A subject, or `:.ctx:` for a context"),
        ("defaultToGlobal" = Option<String>, Query, description = "`true` for what is in force")),
    responses((status = 200, description = "The settings", body = Config), Refusals))]
pub(super) async fn get_config(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    get(&state, &incoming, &headers, &incoming.subject()?).await
}

/// Change the settings of a subject or a context.
///
/// A field that is absent keeps its value, `null` clears it.
#[utoipa::path(put, path = "/config/{subject}", tag = "config", request_body = ConfigUpdate,
    params(("subject" = String, Path, description = "A subject, or `:.ctx:` for a context")),
    responses((status = 200, description = "The settings that result", body = Config), Refusals))]
pub(super) async fn put_config(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    put(&state, &incoming, &body, &incoming.subject()?, "updateSubjectLevelConfig.arg2").await
}

/// Remove the settings of a subject or a context.
#[utoipa::path(delete, path = "/config/{subject}", tag = "config",
    params(("subject" = String, Path, description = "A subject, or `:.ctx:` for a context")),
    responses((status = 200, description = "The settings as they were", body = Config), Refusals))]
pub(super) async fn delete_config(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    delete(&state, &incoming, &incoming.subject()?).await
}
