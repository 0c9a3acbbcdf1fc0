//! `/mode` and `/mode/{subject}` (contract 10.4).

use super::AppState;
use super::answers::{Answered, Caching};
use super::body::RawBody;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use crate::domain::{Patch, Subject};
use crate::registry;
use avow_api::{Mode, ModeUpdate};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

async fn get(state: &AppState, incoming: &Incoming, headers: &HeaderMap, subject: &Subject) -> Result<Response, Error> {
    let registry = &*state.registry;
    respond::cached(&state.answers, incoming, headers, Caching::Unspecified, || async {
        let mut view = incoming.view(registry);
        let mode = registry.mode(&mut view, subject, incoming.flag("defaultToGlobal")).await?;
        Ok(Answered::Read(respond::json(&Mode { mode: Some(mode.as_str().to_owned()) })?, view))
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
    let mode = match body.parse::<ModeUpdate>(argument)?.mode {
        Patch::Keep => return Err(registry::Error::InvalidMode.into()),
        Patch::Clear => None,
        Patch::Set(mode) => Some(mode),
    };
    state.registry.set_mode(subject, mode.as_deref(), incoming.flag("force"), &incoming.caller()).await?;
    Ok(Json(Mode { mode }).into_response())
}

async fn delete(state: &AppState, incoming: &Incoming, subject: &Subject) -> Result<Response, Error> {
    let mode = state.registry.delete_mode(subject, incoming.flag("recursive"), &incoming.caller()).await?;
    Ok(Json(Mode { mode: mode.map(|mode| mode.as_str().to_owned()) }).into_response())
}

/// Get the mode of the registry, or of the context in the path.
#[utoipa::path(get, path = "/mode", tag = "mode",
    params(("defaultToGlobal" = Option<String>, Query, description = "`true` for what is in force")),
    responses((status = 200, description = "The mode", body = Mode), Refusals))]
pub(super) async fn get_global_mode(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    get(&state, &incoming, &headers, &incoming.arrival.context.scope()).await
}

/// Set the mode of the registry, or of the context in the path.
#[utoipa::path(put, path = "/mode", tag = "mode", request_body = ModeUpdate,
    params(("force" = Option<String>, Query, description = "`true` to import over what is there")),
    responses((status = 200, description = "The mode as sent", body = Mode), Refusals))]
pub(super) async fn put_global_mode(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    put(&state, &incoming, &body, &incoming.arrival.context.scope(), "updateTopLevelMode.arg1").await
}

/// Remove the mode of the registry, or of the context in the path.
#[utoipa::path(delete, path = "/mode", tag = "mode",
    params(("recursive" = Option<String>, Query, description = "`true` to remove those of its subjects too")),
    responses((status = 200, description = "The mode as it was", body = Mode), Refusals))]
pub(super) async fn delete_global_mode(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    delete(&state, &incoming, &incoming.arrival.context.scope()).await
}

/// Get the mode of a subject or a context.
#[utoipa::path(get, path = "/mode/{subject}", tag = "mode",
    params(
        ("subject" = String, Path, description = "A subject, or `:.ctx:` for a context"),
        ("defaultToGlobal" = Option<String>, Query, description = "`true` for what is in force")),
    responses((status = 200, description = "The mode", body = Mode), Refusals))]
pub(super) async fn get_mode(
    State(state): State<AppState>,
    incoming: Incoming,
    headers: HeaderMap,
) -> Result<Response, Error> {
    get(&state, &incoming, &headers, &incoming.subject()?).await
}

/// Set the mode of a subject or a context.
#[utoipa::path(put, path = "/mode/{subject}", tag = "mode", request_body = ModeUpdate,
    params(
        ("subject" = String, Path, description = "A subject, or `:.ctx:` for a context"),
        ("force" = Option<String>, Query, description = "`true` to import over what is there")),
    responses((status = 200, description = "The mode as sent", body = Mode), Refusals))]
pub(super) async fn put_mode(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    put(&state, &incoming, &body, &incoming.subject()?, "updateMode.arg2").await
}

/// Remove the mode of a subject or a context.
#[utoipa::path(delete, path = "/mode/{subject}", tag = "mode",
    params(
        ("subject" = String, Path, description = "A subject, or `:.ctx:` for a context"),
        ("recursive" = Option<String>, Query, description = "`true` to remove those of its subjects too")),
    responses((status = 200, description = "The mode as it was", body = Mode), Refusals))]
pub(super) async fn delete_mode(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    delete(&state, &incoming, &incoming.subject()?).await
}
