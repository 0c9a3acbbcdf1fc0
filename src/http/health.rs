//! The server itself: root, `/v1/metadata`, liveness and readiness (contract 10.5).

use super::State as AppState;
use super::body::RawBody;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::Json;
use crate::registry::Error;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Say that this is a registry.
#[utoipa::path(get, path = "/", tag = "server",
    responses((status = 200, description = "An empty object", body = Object), Refusals))]
pub(super) async fn root(_: Incoming) -> Response {
    Json(json!({})).into_response()
}

/// Say that this is a registry.
#[utoipa::path(post, path = "/", tag = "server", request_body = Object,
    responses((status = 200, description = "An empty object", body = Object), Refusals))]
pub(super) async fn post_root(_: Incoming, body: RawBody) -> Result<Response, Error> {
    body.object("post.arg0")?;
    Ok(Json(json!({})).into_response())
}

/// Get the name of the cluster.
///
/// `id` is the registry's own: no other has it, and it goes along with a backup.
#[utoipa::path(get, path = "/v1/metadata/id", tag = "server",
    responses((status = 200, description = "The cluster", body = Object), Refusals))]
pub(super) async fn cluster_id(State(state): State<AppState>, _: Incoming) -> Response {
    let id = state.registry.known_identity().map(|identity| identity.to_string()).unwrap_or_default();
    let clusters = json!({"schema-registry-cluster": "schema-registry"});
    Json(json!({"id": id, "scope": {"path": [], "clusters": clusters}})).into_response()
}

/// Get the version of the program.
#[utoipa::path(get, path = "/v1/metadata/version", tag = "server",
    responses((status = 200, description = "The version", body = Object), Refusals))]
pub(super) async fn version(_: Incoming) -> Response {
    Json(json!({"version": env!("CARGO_PKG_VERSION"), "commitId": "Unknown"})).into_response()
}

/// Get attributes of the deployment.
#[utoipa::path(get, path = "/v1/metadata/deployment", tag = "server",
    responses((status = 200, description = "The attributes", body = Object), Refusals))]
pub(super) async fn deployment(_: Incoming) -> Response {
    Json(json!({"attributes": []})).into_response()
}

/// Whether the process runs.
#[utoipa::path(get, path = "/livez", tag = "server",
    responses((status = 200, description = "It does", body = Object), Refusals))]
pub(super) async fn livez(_: Incoming) -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// Whether requests can be answered.
///
/// Status 200 even while the database does not answer, so that a load balancer does not drop every node at once; the
/// body then says `degraded`, and why.
#[utoipa::path(get, path = "/readyz", tag = "server",
    responses((status = 200, description = "`ok` or `degraded`", body = Object), Refusals))]
pub(super) async fn readyz(State(state): State<AppState>, _: Incoming) -> Response {
    match state.registry.trouble().await {
        None => Json(json!({"status": "ok"})).into_response(),
        Some(reason) => Json(json!({"status": "degraded", "reason": reason})).into_response(),
    }
}
