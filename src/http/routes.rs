//! The table of contents: every route with its documentation, and the requests that wait for the database.

use super::AppState;
use super::{avow, compatibility, config, contexts, health, meter, mode, openapi, schemas, subjects, versions};
use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route with its documentation.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(subjects::list_subjects))
        .routes(routes!(subjects::lookup_schema, subjects::delete_subject))
        .routes(routes!(subjects::find_by_metadata))
        .routes(routes!(versions::list_versions, versions::register_version))
        .routes(routes!(versions::get_version, versions::delete_version))
        .routes(routes!(versions::get_version_text))
        .routes(routes!(versions::list_referrers))
        .routes(routes!(schemas::list_schemas))
        .routes(routes!(schemas::list_types))
        .routes(routes!(schemas::get_schema))
        .routes(routes!(schemas::get_schema_text))
        .routes(routes!(schemas::list_id_subjects))
        .routes(routes!(schemas::list_id_versions))
        .routes(routes!(schemas::get_schema_by_guid))
        .routes(routes!(schemas::list_guid_ids))
        .routes(routes!(compatibility::test_against_history))
        .routes(routes!(compatibility::test_against_version))
        .routes(routes!(config::get_global_config, config::put_global_config, config::delete_global_config))
        .routes(routes!(config::get_config, config::put_config, config::delete_config))
        .routes(routes!(mode::get_global_mode, mode::put_global_mode, mode::delete_global_mode))
        .routes(routes!(mode::get_mode, mode::put_mode, mode::delete_mode))
        .routes(routes!(contexts::list_contexts))
        .routes(routes!(contexts::delete_context))
        .routes(routes!(contexts::list_associations))
        .routes(routes!(health::root, health::post_root))
        .routes(routes!(health::cluster_id))
        .routes(routes!(health::version))
        .routes(routes!(health::deployment))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(meter::metrics))
        .merge(avow::routes())
}

/// The time at which a request asks the database for the newest change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CatchUp {
    /// Never: it is about this process alone, and must be answered while the database is unavailable.
    Never,
    /// When its handler needs it: a registration is guarded by its read set, and rarely does.
    OnDemand,
    /// Before its handler runs.
    First,
}

impl CatchUp {
    /// The time for a request, by its method and its path without a context.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let versions = |subject: &str| subject.strip_suffix("/versions").is_some_and(|subject| !subject.contains('/'));
        match path {
            "/" | "/livez" | "/readyz" | "/metrics" | "/openapi.json" => Self::Never,
            _ if path.starts_with("/docs") || path.starts_with("/v1/metadata") => Self::Never,
            _ if method == Method::POST && path.strip_prefix("/subjects/").is_some_and(versions) => Self::OnDemand,
            _ => Self::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The section `server` and no other is about the process; only registering a version asks on demand.
    #[test]
    fn every_documented_route_asks_when_it_should() {
        for (path, item) in &openapi::document().paths.paths {
            let operations = [(Method::GET, &item.get), (Method::POST, &item.post), (Method::PUT, &item.put)];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let is_about_the_process = operation.tags.iter().flatten().any(|tag| tag == "server");
                let expected = match operation.operation_id.as_deref() {
                    Some("register_version") => CatchUp::OnDemand,
                    _ if is_about_the_process => CatchUp::Never,
                    _ => CatchUp::First,
                };
                assert_eq!(CatchUp::of(&method, path), expected, "{method} {path}");
            }
        }
    }
}
