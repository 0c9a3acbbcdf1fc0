//! `/avow/v1/rules`.

use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use avow_api::FindingRule;
use axum::response::{IntoResponse, Response};

/// List the rules that findings are about.
#[utoipa::path(get, path = "/avow/v1/rules", tag = "avow",
    responses((status = 200, description = "The rules", body = Vec<FindingRule>), Refusals))]
pub(super) async fn list_rules(_: Incoming) -> Response {
    let shape = |entry: avow_schema::RuleEntry| FindingRule {
        id: entry.id.to_owned(),
        severity: entry.severity.as_str().to_owned(),
        summary: entry.summary.to_owned(),
        advice: entry.advice.to_owned(),
        has_witness: entry.has_witness,
    };
    Json(avow_schema::rules().map(shape).collect::<Vec<_>>()).into_response()
}
