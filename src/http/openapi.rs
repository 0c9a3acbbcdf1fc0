//! The OpenAPI description: generated from the handlers, served, and browsable.

use super::routes::routes;
use super::{AppState, accept};
use avow_api::ErrorBody;
use axum::Router;
use std::collections::BTreeMap;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

/// The sections, in the order that a newcomer needs them.
const SECTIONS: [(&str, &str); 9] = [
    ("subjects", "Names under which schemas evolve"),
    ("versions", "Registering and reading the versions of a subject"),
    ("schemas", "Reading schemas by the id in a record, or by guid"),
    ("compatibility", "Testing a schema before it is registered"),
    ("config", "The compatibility level and other settings"),
    ("mode", "What may be written: READWRITE, READONLY or IMPORT"),
    ("contexts", "Separate spaces of subjects and ids"),
    ("avow", "What goes beyond Confluent's API"),
    ("server", "Health, metrics and versions"),
];

/// The refusals of an operation, by status: the name among the components, and the codes.
const REFUSALS: [(u16, &str, &str); 13] = [
    (400, "BadRequest", "The body or the path cannot be read"),
    (401, "Unauthorized", "The credential is missing, wrong or expired"),
    (403, "Forbidden", "403: a page of another site would write; 40301: the caller may not do that"),
    (
        404,
        "NotFound",
        "404: no such route; 40401: no such subject; 40402: no such version; 40403: no such schema; 40404 to 40407: in \
         the wrong state to be deleted; 40408, 40409: nothing set there",
    ),
    (406, "NotAcceptable", "No media type of the `Accept` header is supported"),
    (409, "Conflict", "40901: the schema would break readers or writers; 40990: a plan is out of date"),
    (413, "ContentTooLarge", "The body is too large"),
    (415, "UnsupportedMediaType", "The media type of the body is not supported"),
    (421, "MisdirectedRequest", "The registry does not answer by this name"),
    (
        422,
        "UnprocessableContent",
        "422: no body; 42201: invalid schema; 42202: invalid version; 42203: invalid level; 42204: invalid mode; 42205: \
         not permitted in this mode; 42206: other schemas refer to it; 42208: invalid subject; 42210: invalid rule; \
         42211: context not empty; 42290: more work than one request may cause",
    ),
    (500, "InternalServerError", "A fault of the registry; its log has the details"),
    (
        503,
        "ServiceUnavailable",
        "The database does not answer, or too many wait already; try again after `Retry-After` seconds",
    ),
    (504, "GatewayTimeout", "The request took too long"),
];

/// The description of every route.
pub fn document() -> OpenApi {
    routes().split_for_parts().1
}

/// The part of the description outside the routes: sections, and the components of refusals.
pub(super) fn base() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Avow")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A schema registry for Avro with the HTTP API of Confluent Schema Registry. Every path is also reachable \
             below `/contexts/{context}`.",
        ))
        .license(Some(license))
        .build();
    let tag = |(name, description): (&str, &str)| TagBuilder::new().name(name).description(Some(description)).build();
    let mut components = ComponentsBuilder::new().schema(ErrorBody::name(), ErrorBody::schema());
    for (_, name, description) in REFUSALS {
        let content = Content::new(Some(Ref::from_schema_name(ErrorBody::name())));
        let response = ResponseBuilder::new().description(description).content(accept::DEFAULT, content).build();
        components = components.response(name, response);
    }
    let scheme = |scheme| SecurityScheme::Http(Http::new(scheme));
    let components = components
        .security_scheme("basic", scheme(HttpAuthScheme::Basic))
        .security_scheme("bearer", scheme(HttpAuthScheme::Bearer));
    // Neither is needed where there is no authentication.
    let security = [SecurityRequirement::default()]
        .into_iter()
        .chain(["basic", "bearer"].map(|name| SecurityRequirement::new(name, [] as [&str; 0])));
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(SECTIONS.map(tag)))
        .components(Some(components.build()))
        .security(Some(security))
        .build()
}

/// Serves the description and a page to browse it, from the binary itself.
pub(super) fn viewer(document: OpenApi) -> Router<AppState> {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}

/// The refusals of every route.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusal = |(status, name, _): (u16, &str, &str)| (status.to_string(), Ref::from_response_name(name).into());
        REFUSALS.map(refusal).into()
    }
}
