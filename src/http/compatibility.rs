//! `/compatibility/subjects/{subject}/versions…` (contract 10.3).

use super::State as AppState;
use super::body::{self, RawBody};
use super::extract::Incoming;
use super::findings;
use super::openapi::Refusals;
use super::respond::Json;
use super::shapes::{Compatibility, RegisterSchemaRequest};
use super::subjects::named;
use crate::domain::{Subject, VersionSelector};
use crate::registry::{Draft, Error, Registry, Verdict};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The answer; with `verbose` a schema that cannot be parsed is incompatible rather than refused.
async fn answer(
    registry: &Registry,
    incoming: &Incoming,
    question: (&Subject, Option<VersionSelector>, &Draft),
    verdict: Result<Verdict, Error>,
) -> Result<Response, Error> {
    let verbose = incoming.flag("verbose");
    let (messages, parsed) = match verdict {
        Ok(verdict) => (verdict.messages, true),
        Err(error) if verbose && error.code() == 42201 => (vec![error.sentence()], false),
        Err(error) => return Err(error),
    };
    let is_compatible = messages.is_empty();
    let answer = Compatibility { is_compatible, messages: verbose.then_some(messages) };
    if !incoming.flag("explain") {
        return Ok(Json(answer).into_response());
    }
    let (subject, version, draft) = question;
    let explained = match parsed {
        true => {
            let normalize = incoming.flag("normalize");
            registry.explain(&mut registry.view(), subject, version, draft, normalize).await?.findings
        }
        false => Vec::new(),
    };
    findings::attach(&serde_json::json!(answer), StatusCode::OK, &findings::shapes(explained))
}

/// Test a schema against a subject's history.
///
/// Checks exactly what registration would check.
#[utoipa::path(post, path = "/compatibility/subjects/{subject}/versions", tag = "compatibility",
    params(
        ("subject" = String, Path),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("verbose" = Option<String>, Query, description = "`true` to be told what is wrong"),
        ("explain" = Option<String>, Query, description = "`true` to have `findings` added: what breaks, for whom, a record that proves it, fixes")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The verdict", body = Compatibility), Refusals))]
pub(super) async fn test_against_history(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let draft = body::draft(body.object("testCompatibilityForSubject.arg3")?)?;
    let mut view = registry.view();
    let subject = named(registry, &mut view, &incoming).await?;
    let verdict = registry.test_against_history(&mut view, &subject, &draft, incoming.flag("normalize")).await;
    answer(registry, &incoming, (&subject, None, &draft), verdict).await
}

/// Test a schema against one version.
#[utoipa::path(post, path = "/compatibility/subjects/{subject}/versions/{version}", tag = "compatibility",
    params(
        ("subject" = String, Path), ("version" = String, Path, description = "A number, or `latest`"),
        ("normalize" = Option<String>, Query, description = "`true` to normalise the schema first"),
        ("verbose" = Option<String>, Query, description = "`true` to be told what is wrong"),
        ("explain" = Option<String>, Query, description = "`true` to have `findings` added: what breaks, for whom, a record that proves it, fixes")),
    request_body = RegisterSchemaRequest,
    responses((status = 200, description = "The verdict", body = Compatibility), Refusals))]
pub(super) async fn test_against_version(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let registry = &*state.registry;
    let draft = body::draft(body.object("testCompatibilityBySubjectName.arg4")?)?;
    let selector = incoming.version()?;
    let mut view = registry.view();
    let subject = named(registry, &mut view, &incoming).await?;
    let normalize = incoming.flag("normalize");
    let verdict = registry.test_against_version(&mut view, &subject, selector, &draft, normalize).await;
    answer(registry, &incoming, (&subject, Some(selector), &draft), verdict).await
}
