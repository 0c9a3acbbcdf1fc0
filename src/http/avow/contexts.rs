//! `/avow/v1/contexts` and below.

use crate::domain::{Context, SchemaId};
use crate::http::AppState;
use crate::http::body::RawBody;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use avow_api::IdFloor;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Reserve ids.
///
/// New ids of the context are greater than the floor; smaller ones can still be imported. A floor is never lowered.
#[utoipa::path(put, path = "/avow/v1/contexts/{context}/id-floor", tag = "avow", request_body = IdFloor,
    params(("context" = String, Path, description = "`.` for the default one")),
    responses((status = 200, description = "The floor now", body = IdFloor), Refusals))]
pub(super) async fn reserve_ids(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let context = Context::from_segment(incoming.segment("context"))?;
    if !context.scope().is_storable() || !context.scope().is_configurable() {
        return Err(Error::BadRequest("the name of the context cannot be stored".to_owned()));
    }
    let floor = body.parse::<IdFloor>("reserveIds.arg1")?.floor.and_then(|floor| SchemaId::new(floor.into()));
    let floor = floor.ok_or_else(|| Error::BadRequest("floor must be a whole number from 0 to 2^31-1".to_owned()))?;
    let floor = state.registry.reserve_ids(&context, floor, &incoming.caller()).await?;
    Ok(Json(IdFloor { floor: Some(floor.get()) }).into_response())
}
