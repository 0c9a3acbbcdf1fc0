//! The HTTP interface: one file per URL family; [`routes`] is the table of contents.

mod accept;
mod app;
mod avow;
mod body;
mod compatibility;
mod config;
mod contexts;
mod convert;
mod error;
mod extract;
mod health;
mod meter;
mod mode;
pub mod openapi;
mod respond;
mod schemas;
pub mod server;
mod subjects;
mod trace;
mod versions;

pub use app::{App, app};

use crate::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the interface needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes a request body may have; a larger one gets 413.
    pub max_body_bytes: usize,
    /// How long a request may take; a longer one gets 504.
    pub request_timeout: Duration,
    /// Whether every request is logged.
    pub access_log: bool,
}

/// What every handler can reach.
#[derive(Debug, Clone)]
struct AppState {
    registry: Arc<Registry>,
    meter: Arc<meter::Meter>,
    max_body_bytes: usize,
    /// The longest that a request may be held back: somewhat less than it may take.
    longest_wait: Duration,
}

/// Every route, registered and documented together.
fn routes() -> OpenApiRouter<AppState> {
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
