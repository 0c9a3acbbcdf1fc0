//! `/avow/v1/contents/{guid}`.

use crate::domain::{Fingerprint, SchemaType};
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use crate::http::{AppState, convert};
use crate::registry;
use avow_api::SchemaContent;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Get a content by its GUID.
///
/// Contents outlive the versions that had them, because the change log refers to them.
#[utoipa::path(get, path = "/avow/v1/contents/{guid}", tag = "avow",
    params(
        ("guid" = String, Path),
        ("schemaType" = Option<String>, Query, description = "Which one where a text is a schema in two languages")),
    responses((status = 200, description = "The content", body = SchemaContent), Refusals))]
pub(super) async fn get_content(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let guid = incoming.segment("guid");
    let fingerprint = Fingerprint::parse(guid).ok_or_else(|| registry::Error::NoSuchSchema(guid.to_owned()))?;
    let schema_type = match incoming.text("schemaType") {
        Some(name) => {
            let known = SchemaType::parse(name);
            Some(known.ok_or_else(|| registry::Error::InvalidSchemaType(name.to_owned()))?)
        }
        None => None,
    };
    let content = state.registry.stored_content(&incoming.arrival.authority, fingerprint, schema_type).await?;
    Ok(Json(convert::content(fingerprint, content)).into_response())
}
