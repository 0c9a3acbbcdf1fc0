//! `/avow/v1/apply`: many changes written together, or none.

use crate::domain::{InvalidVersion, Revision, SchemaId, Seq, Version};
use crate::http::body::RawBody;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::{self, Json};
use crate::http::{AppState, convert, error};
use crate::registry::{self, Action, Applied, RegisterOptions, StepOutcome, StepResult};
use avow_api::{Operation, OperationResult, Plan, PlanResult};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;

/// The maximum number of operations of one plan.
const MOST_OPERATIONS: usize = 1_000;

/// Apply a plan.
///
/// Every operation or, where any is refused, none. What is in the wanted state already stays as it is, so that applying
/// a plan twice changes nothing. A plan that is out of date is refused with 40990.
#[utoipa::path(post, path = "/avow/v1/apply", tag = "avow", request_body = Plan,
    responses(
        (status = 200, description = "What was done, or with `dryRun` would be", body = PlanResult),
        (status = 409, description = "Nothing was done: 40901: a schema would break readers or writers; 40990: the plan is out of date", body = PlanResult),
        (status = 422, description = "Nothing was done: an operation was refused", body = PlanResult),
        Refusals))]
pub(super) async fn apply_plan(
    FromState(state): FromState<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let plan = plan(&incoming, body.parse("applyPlan.arg0")?)?;
    let applied = state.registry.apply(&plan, &incoming.caller()).await?;
    answer(applied, plan.dry_run)
}

fn answer(applied: Applied, dry_run: bool) -> Result<Response, Error> {
    let refusal = applied.refusal().filter(|_| !dry_run).map(|(place, step, error)| {
        let message = format!("operation {} ({}): {}; nothing was done", place + 1, step.subject, error.sentence());
        (error.status(), error.code(), message)
    });
    let (status, error_code, message) = match refusal {
        Some((status, code, message)) => (status, Some(code), Some(message)),
        None => (200, None, None),
    };
    let results = applied.steps.into_iter().map(outcome).collect::<Result<_, _>>()?;
    let result = PlanResult { error_code, message, applied: applied.written, seq: applied.seq.0, results };
    if status == 200 {
        return Ok(Json(result).into_response());
    }
    respond::with_status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &result)
}

fn plan(incoming: &Incoming, plan: Plan) -> Result<registry::Plan, Error> {
    if plan.operations.len() > MOST_OPERATIONS {
        return Err(Error::BadRequest(format!(
            "more than {MOST_OPERATIONS} operations in one plan; split it into several plans"
        )));
    }
    let operations = plan.operations.into_iter().map(|request| operation(incoming, request));
    Ok(registry::Plan {
        operations: operations.collect::<Result<_, _>>()?,
        since: plan.seq.map(Seq),
        dry_run: plan.dry_run,
    })
}

fn operation(incoming: &Incoming, request: Operation) -> Result<registry::Operation, Error> {
    let subject = incoming.named(&request.subject)?;
    let expected = request.expect.unwrap_or_default();
    let expectation = registry::Expectation { latest: expected.latest, revision: expected.revision.map(Revision) };
    let missing = |field| Error::BadRequest(format!("the operation {} needs `{field}`", request.op));
    let action = match request.op.as_str() {
        "register" => {
            let options = RegisterOptions { normalize: request.normalize, force: request.force };
            Action::Register { draft: Box::new(convert::draft(request.schema)), options }
        }
        "setConfig" => {
            let config = request.config.ok_or_else(|| missing("config"))?;
            Action::SetConfig(Box::new(convert::config_update(config)?))
        }
        "deleteConfig" => Action::DeleteConfig,
        "setMode" => Action::SetMode { mode: request.mode.ok_or_else(|| missing("mode"))?, force: request.force },
        "deleteMode" => Action::DeleteMode,
        "deleteVersion" => {
            let version = request.schema.version.ok_or_else(|| missing("version"))?;
            let invalid = || InvalidVersion(version.to_string());
            Action::DeleteVersion(Version::new(version.into()).ok_or_else(invalid)?)
        }
        "deleteSubject" => Action::DeleteSubject,
        unknown => {
            let start: String = unknown.chars().take(100).collect();
            return Err(Error::BadRequest(format!(
                "an operation cannot be \"{start}\"; it is one of register, setConfig, deleteConfig, setMode, \
                 deleteMode, deleteVersion and deleteSubject"
            )));
        }
    };
    Ok(registry::Operation { subject, action, expectation })
}

fn outcome(step: StepOutcome) -> Result<OperationResult, Error> {
    let raw = |text: Option<String>| text.map(RawValue::from_string).transpose().map_err(registry::Error::damaged);
    let result = |state: &str| OperationResult {
        subject: step.subject.to_string(),
        state: state.to_owned(),
        latest: step.latest,
        revision: step.revision.0,
        ..OperationResult::default()
    };
    Ok(match step.state {
        StepResult::Created(version, id) => {
            OperationResult { version: Some(version.get()), id: id.map(SchemaId::get), ..result("created") }
        }
        StepResult::Unchanged(registered) => OperationResult {
            version: registered.map(|(version, _)| version.get()),
            id: registered.map(|(_, id)| id.get()),
            ..result("unchanged")
        },
        StepResult::Changed(before, after) => {
            OperationResult { before: raw(before)?, after: raw(after)?, ..result("changed") }
        }
        StepResult::Deleted(versions) => {
            OperationResult { versions: versions.into_iter().map(Version::get).collect(), ..result("deleted") }
        }
        StepResult::Refused(error, findings) => OperationResult {
            error: Some(error::body(&error)),
            findings: convert::findings(findings),
            ..result("refused")
        },
    })
}
