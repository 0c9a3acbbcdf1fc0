//! `/avow/v1/compatibility`: many checks in one call.

use crate::domain::{Subject, Version, VersionSelector};
use crate::http::body::RawBody;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use crate::http::{AppState, convert, error};
use crate::registry::{Question, Registry, Reply};
use avow_api::{CompatibilityBatch, CompatibilityCheck, CompatibilityResult, CompatibilityResults};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The maximum number of checks in one call.
const MOST_CHECKS: usize = 1_000;

/// Check many schemas in one call.
///
/// Each against the history of a subject, or one schema against another with no subject at all. Nothing is registered.
#[utoipa::path(post, path = "/avow/v1/compatibility", tag = "avow", request_body = CompatibilityBatch,
    responses((status = 200, description = "The answers, in the order of the questions", body = CompatibilityResults), Refusals))]
pub(super) async fn check_batch(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let CompatibilityBatch { checks } = body.parse("checkBatch.arg0")?;
    if checks.len() > MOST_CHECKS {
        return Err(Error::BadRequest(format!("more than {MOST_CHECKS} checks in one call; send them in several")));
    }
    let mut results = Vec::with_capacity(checks.len());
    for check in checks {
        results.push(answer(&state.registry, &incoming, check).await?);
    }
    Ok(Json(CompatibilityResults { results }).into_response())
}

/// Answers one question. If a question fails, its error is its answer; only a fault of the registry
/// fails the whole batch.
async fn answer(
    registry: &Registry,
    incoming: &Incoming,
    check: CompatibilityCheck,
) -> Result<CompatibilityResult, Error> {
    let question = question(incoming, check)?;
    let subject = match &question {
        Question::Subject { subject, .. } => Some(subject.to_string()),
        Question::Pair { .. } => None,
    };
    match registry.ask(&question, &incoming.arrival.authority).await {
        Ok(Reply { verdict, findings, asked, registered }) => {
            let (level, versions) = asked.unzip();
            Ok(CompatibilityResult {
                subject,
                is_compatible: Some(verdict.is_compatible()),
                level: level.map(|level| level.as_str().to_owned()),
                versions: versions.map(|versions| versions.into_iter().map(Version::get).collect()),
                registered: registered.map(Version::get),
                messages: verdict.messages,
                findings: convert::findings(findings),
                error: None,
            })
        }
        Err(error) if error.status() >= 500 => Err(error.into()),
        Err(error) => {
            Ok(CompatibilityResult { subject, error: Some(error::body(&error)), ..CompatibilityResult::default() })
        }
    }
}

fn question(incoming: &Incoming, check: CompatibilityCheck) -> Result<Question, Error> {
    if let (Some(reader), Some(writer)) = (check.reader, check.writer) {
        let (reader, writer) = (convert::draft(reader), convert::draft(writer));
        return Ok(Question::Pair { reader: Box::new(reader), writer: Box::new(writer) });
    }
    let Some(subject) = check.subject else {
        return Err(Error::BadRequest("each check needs a subject, or a reader and a writer".to_owned()));
    };
    Ok(Question::Subject {
        subject: Subject::parse_in(&incoming.arrival.context, &subject),
        version: check.version.as_deref().map(VersionSelector::parse).transpose()?,
        draft: Box::new(convert::draft(check.schema)),
        normalize: check.normalize,
    })
}
