//! The server itself: root, `/v1/metadata`, liveness and readiness (contract 10.5).

use super::AppState;
use super::accept;
use super::body::RawBody;
use super::error::Error;
use super::extract::{Incoming, Unnegotiated};
use super::openapi::Refusals;
use super::respond::Json;
use avow_api::{Cluster, ClusterScope, Clusters, Deployment, Empty, Health, ProgramVersion};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Check that this is a registry.
///
/// A browser is sent to the documentation.
#[utoipa::path(get, path = "/", tag = "server",
    responses(
        (status = 200, description = "An empty object", body = Empty),
        (status = 303, description = "For `Accept: text/html`: the documentation"), Refusals))]
pub(super) async fn root(_: Unnegotiated, headers: HeaderMap) -> Result<Response, Error> {
    if accept::wants(&headers, "text/html") {
        return Ok(([(header::VARY, "accept")], Redirect::to("/docs/")).into_response());
    }
    if !accept::is_acceptable(&headers) {
        return Err(Error::NotAcceptable);
    }
    Ok(Json(Empty {}).into_response())
}

/// Check that this is a registry.
#[utoipa::path(post, path = "/", tag = "server", request_body = Empty,
    responses((status = 200, description = "An empty object", body = Empty), Refusals))]
pub(super) async fn post_root(_: Incoming, body: RawBody) -> Result<Response, Error> {
    let empty: Empty = body.parse("post.arg0")?;
    Ok(Json(empty).into_response())
}

/// Get the name of the cluster.
///
/// `id` is unique to the registry, and part of its backups.
#[utoipa::path(get, path = "/v1/metadata/id", tag = "server",
    responses((status = 200, description = "The cluster", body = Cluster), Refusals))]
pub(super) async fn cluster_id(State(state): State<AppState>, _: Incoming) -> Response {
    let id = state.registry.known_identity().map(|identity| identity.to_string()).unwrap_or_default();
    let clusters = Clusters { schema_registry_cluster: "schema-registry".to_owned() };
    Json(Cluster { id, scope: ClusterScope { path: Vec::new(), clusters } }).into_response()
}

/// Get the version of the program.
#[utoipa::path(get, path = "/v1/metadata/version", tag = "server",
    responses((status = 200, description = "The version", body = ProgramVersion), Refusals))]
pub(super) async fn version(_: Incoming) -> Response {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(ProgramVersion { version, commit_id: "Unknown".to_owned() }).into_response()
}

/// Get attributes of the deployment.
#[utoipa::path(get, path = "/v1/metadata/deployment", tag = "server",
    responses((status = 200, description = "The attributes", body = Deployment), Refusals))]
pub(super) async fn deployment(_: Incoming) -> Response {
    Json(Deployment::default()).into_response()
}

/// Check whether the process runs.
#[utoipa::path(get, path = "/livez", tag = "server",
    responses((status = 200, description = "It does", body = Health), Refusals))]
pub(super) async fn livez(_: Incoming) -> Response {
    health(None)
}

fn health(reason: Option<String>) -> Response {
    let status = if reason.is_some() { "degraded" } else { "ok" };
    Json(Health { status: status.to_owned(), reason }).into_response()
}

/// Check whether requests can be answered.
///
/// Status 200 even while the database is unavailable, so that a load balancer does not drop every node at once; the
/// body then says `degraded`, and why.
#[utoipa::path(get, path = "/readyz", tag = "server",
    responses((status = 200, description = "`ok` or `degraded`", body = Health), Refusals))]
pub(super) async fn readyz(State(state): State<AppState>, _: Incoming) -> Response {
    health(state.registry.degradation().await)
}
