//! Avow's own API below `/avow/v1`: one file per path; [`routes`] is the table of contents.

mod access;
mod apply;
mod changes;
mod compatibility;
mod contents;
mod contexts;
mod rules;
mod snapshot;
mod subjects;
mod versions;

use super::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(compatibility::check_batch))
        .routes(routes!(rules::list_rules))
        .routes(routes!(apply::apply_plan))
        .routes(routes!(versions::restore_version))
        .routes(routes!(subjects::find_subjects))
        .routes(routes!(subjects::get_subject))
        .routes(routes!(contents::get_content))
        .routes(routes!(snapshot::read_snapshot))
        .routes(routes!(changes::list_changes))
        .routes(routes!(contexts::reserve_ids))
        .routes(routes!(access::whoami))
        .routes(routes!(access::explain))
}
