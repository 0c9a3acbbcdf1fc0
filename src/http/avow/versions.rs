//! `/avow/v1/subjects/{subject}/versions` and below.

use crate::domain::VersionSelector;
use crate::http::AppState;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use crate::http::subjects::named;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Restore a soft-deleted version.
///
/// It keeps its number and its id, and is not checked for compatibility again. A live version stays as it is. The
/// versions it refers to must be live.
#[utoipa::path(post, path = "/avow/v1/subjects/{subject}/versions/{version}/restore", tag = "avow",
    params(("subject" = String, Path), ("version" = i32, Path)),
    responses((status = 200, description = "The number of the version", body = i32), Refusals))]
pub(super) async fn restore_version(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let registry = &*state.registry;
    let VersionSelector::Number(version) = incoming.version()? else {
        return Err(Error::BadRequest("name the version by its number; `latest` is never a deleted one".to_owned()));
    };
    let subject = named(registry, &mut incoming.view(registry), &incoming).await?;
    Ok(Json(registry.undelete(&subject, version, &incoming.caller()).await?).into_response())
}
