//! The description of the interface: generated from the handlers, served, and browsable.

use super::{AppState, routes};
use axum::Router;
use utoipa::openapi::{
    Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Response, ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema};
use utoipa_swagger_ui::SwaggerUi;

use avow_api::ErrorBody;
use std::collections::BTreeMap;

/// The description of every route.
pub fn document() -> OpenApi {
    routes().split_for_parts().1
}

/// What the description says beside the routes.
pub(super) fn base() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Avow")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A schema registry for Avro that speaks the HTTP interface of Confluent Schema Registry. Every path is also \
             reachable below `/contexts/{context}`.",
        ))
        .license(Some(license))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Serves the description and a page to browse it, from the binary itself.
pub(super) fn viewer(document: OpenApi) -> Router<AppState> {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}

/// Every refusal there is, each with the envelope of contract 1.3.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusal = |status: u16, description: &str| {
            let content = Content::new(Some(ErrorBody::schema()));
            let response =
                ResponseBuilder::new().description(description).content(super::accept::DEFAULT, content).build();
            (status.to_string(), RefOr::T(response))
        };
        BTreeMap::from([
            refusal(400, "The body or the path cannot be read"),
            refusal(
                404,
                "404: no such route; 40401: no such subject; 40402: no such version; 40403: no such schema; \
                          40404 to 40407: in the wrong state to be deleted; 40408, 40409: nothing set there",
            ),
            refusal(405, "The path has other methods"),
            refusal(406, "No media type of the `Accept` header is spoken"),
            refusal(409, "40901: the schema would break readers or writers; 40990: a plan is out of date"),
            refusal(413, "The body is too large"),
            refusal(415, "The body's media type is not spoken"),
            refusal(
                422,
                "422: no body; 42201: invalid schema; 42202: invalid version; 42203: invalid level; 42204: invalid \
                          mode; 42205: not permitted in this mode; 42206: referred to; 42208: invalid subject; 42210: \
                          invalid rule; 42211: context not empty",
            ),
            refusal(500, "A fault of the registry; the log tells more"),
            refusal(503, "The database does not answer; try again after `Retry-After` seconds"),
            refusal(504, "It took too long"),
        ])
    }
}
