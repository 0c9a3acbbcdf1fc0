//! `/compatibility/subjects/{subject}/versions…` (contract 10.3).

use super::AppState;
use super::body::RawBody;
use super::convert;
use super::error::Error;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::Json;
use super::subjects::named;
use crate::domain::{Subject, VersionSelector};
use crate::registry::{self, Draft, Registry, Verdict};
use avow_api::{Compatibility, RegisterSchemaRequest};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The answer; with `verbose` a schema that cannot be parsed is incompatible rather than refused.
async fn answer(
    registry: &Registry,
    incoming: &Incoming,
    question: (&Subject, Option<VersionSelector>, &Draft),
    verdict: Result<Verdict, registry::Error>,
) -> Result<Response, Error> {
    let verbose = incoming.flag("verbose");
    let (messages, parsed) = match verdict {
        Ok(verdict) => (verdict.messages, true),
        Err(error) if verbose && error.code() == 42201 => (vec![error.sentence()], false),
        Err(error) => return Err(error.into()),
    };
    let is_compatible = messages.is_empty();
    let (subject, version, draft) = question;
    let findings = match (incoming.flag("explain"), parsed) {
        (false, _) => None,
        (true, false) => Some(Vec::new()),
        (true, true) => {
            let normalize = incoming.flag("normalize");
            let explained = registry.explain(&mut incoming.view(registry), subject, version, draft, normalize).await?;
            Some(convert::findings(explained.findings))
        }
    };
    Ok(Json(Compatibility { is_compatible, messages: verbose.then_some(messages), findings }).into_response())
}

/// Test a schema against a subject's history.
///
/// Checks exactly what registration would check.
#[utoipa::path(post, path = "/compatibility/subjects/{subject}/versions", tag = "compatibility",
    params(
        ("subject" = String, Path),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("verbose" = Option<String>, Query, description = "`true` to add `messages`: what is wrong"),
        ("explain" = Option<String>, Query, description = "`true` to add `findings`: what breaks, for whom, a record that proves it, fixes")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The verdict", body = Compatibility), Refusals))]
pub(super) async fn test_against_history(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let draft = convert::draft(body.parse("testCompatibilityForSubject.arg3")?);
    let mut view = incoming.view(registry);
    let subject = named(registry, &mut view, &incoming).await?;
    let verdict = registry.test_against_history(&mut view, &subject, &draft, incoming.flag("normalize")).await;
    answer(registry, &incoming, (&subject, None, &draft), verdict).await
}

/// Test a schema against one version.
#[utoipa::path(post, path = "/compatibility/subjects/{subject}/versions/{version}", tag = "compatibility",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("verbose" = Option<String>, Query, description = "`true` to add `messages`: what is wrong"),
        ("explain" = Option<String>, Query, description = "`true` to add `findings`: what breaks, for whom, a record that proves it, fixes")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The verdict", body = Compatibility), Refusals))]
pub(super) async fn test_against_version(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let draft = convert::draft(body.parse("testCompatibilityBySubjectName.arg4")?);
    let selector = incoming.version()?;
    let mut view = incoming.view(registry);
    let subject = named(registry, &mut view, &incoming).await?;
    let normalize = incoming.flag("normalize");
    let verdict = registry.test_against_version(&mut view, &subject, selector, &draft, normalize).await;
    answer(registry, &incoming, (&subject, Some(selector), &draft), verdict).await
}
