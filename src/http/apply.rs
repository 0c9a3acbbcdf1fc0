//! Applying a plan: many changes written together, or none (Avow's own).

use super::State as AppState;
use super::body::{self, Object, RawBody};
use super::error::ErrorBody;
use super::extract::Incoming;
use super::findings::{self, Finding};
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::shapes::{RegisterSchemaRequest, WrittenConfig};
use crate::domain::{Revision, Seq, Version};
use crate::registry::{Action, Applied, Error, Expectation, Operation, Plan, RegisterOptions, State, Step};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Operations of one plan.
const MOST_OPERATIONS: usize = 1_000;

/// What is to be done, in order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanRequest {
    /// At most 1,000. A later one sees what the earlier ones do, so a schema may refer to one that comes before it.
    operations: Vec<OperationRequest>,
    /// Whether to say what would be done, and do nothing.
    dry_run: Option<bool>,
    /// The place in the change log that the plan was made at; it is refused once anything it speaks of has changed since.
    seq: Option<u64>,
}

/// One step of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperationRequest {
    /// `register`, `setConfig`, `deleteConfig`, `setMode`, `deleteMode`, `deleteVersion` or `deleteSubject`. Deletions are
    /// soft ones.
    #[schema(example = "register")]
    op: String,
    /// For settings and modes also `:.ctx:`, or nothing for the context of the path.
    subject: Option<String>,
    /// What is registered; without `id`.
    #[serde(flatten)]
    schema: RegisterSchemaRequest,
    /// Whether to normalise the schema first.
    normalize: Option<bool>,
    /// The settings to change; what is absent stays, `null` clears.
    config: Option<WrittenConfig>,
    mode: Option<String>,
    /// Whether to set the mode over what is there, or to register without a check.
    force: Option<bool>,
    expect: Option<ExpectationRequest>,
}

/// What the plan took for granted; where it is not so the plan is refused.
#[derive(Debug, Serialize, ToSchema)]
struct ExpectationRequest {
    /// The latest live version; 0 for none.
    latest: Option<i32>,
    /// The revision, as an earlier answer told it.
    revision: Option<i64>,
}

/// What became of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppliedShape {
    /// Why nothing was done; only where something was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Whether anything was written.
    applied: bool,
    /// The place in the change log that it was decided at: what a later plan can be held against.
    seq: u64,
    /// What became of each operation, in their order.
    results: Vec<StepShape>,
}

/// What became of one operation.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StepShape {
    subject: String,
    /// `created`, `changed`, `deleted`, `unchanged` or `refused`.
    #[schema(value_type = String, example = "created")]
    state: &'static str,
    /// The new version, or the one that the schema is already.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
    /// The latest live version before the plan; 0 for none.
    latest: i32,
    /// The revision before the plan.
    revision: i64,
    /// Settings or mode before; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// Settings or mode after; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
    /// The versions that were deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<i32>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    /// What breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

impl StepShape {
    fn new(step: Step) -> Result<Self, Error> {
        let raw = |text: Option<String>| text.map(RawValue::from_string).transpose().map_err(Error::damaged);
        let shape = Self {
            subject: step.subject.to_string(),
            latest: step.latest,
            revision: step.revision.0,
            ..Self::default()
        };
        Ok(match step.state {
            State::Created(version, id) => Self {
                state: "created",
                version: Some(version.get()),
                id: id.map(crate::domain::SchemaId::get),
                ..shape
            },
            State::Unchanged(None) => Self { state: "unchanged", ..shape },
            State::Unchanged(Some((version, id))) => {
                Self { state: "unchanged", version: Some(version.get()), id: Some(id.get()), ..shape }
            }
            State::Changed(before, after) => {
                Self { state: "changed", before: raw(before)?, after: raw(after)?, ..shape }
            }
            State::Deleted(versions) => {
                Self { state: "deleted", versions: versions.into_iter().map(Version::get).collect(), ..shape }
            }
            State::Refused(error, findings) => Self {
                state: "refused",
                error: Some(ErrorBody::of(&error)),
                findings: findings::shapes(findings),
                ..shape
            },
        })
    }
}

/// Apply a plan.
///
/// Every operation or, where any is refused, none. What is so already is left alone, so that applying a plan twice changes
/// nothing. A plan that is out of date is refused with 40990.
#[utoipa::path(post, path = "/avow/v1/apply", tag = "avow", request_body = PlanRequest,
    responses(
        (status = 200, description = "What was done, or with `dryRun` would be", body = AppliedShape),
        (status = 409, description = "Nothing was done: 40901: a schema would break readers or writers; 40990: the plan is out of date", body = AppliedShape),
        (status = 422, description = "Nothing was done: an operation was refused", body = AppliedShape),
        Refusals))]
pub(super) async fn apply_plan(
    FromState(state): FromState<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let plan = plan(&incoming, body.object("applyPlan.arg0")?)?;
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
    let results = applied.steps.into_iter().map(StepShape::new).collect::<Result<_, _>>()?;
    let shape = AppliedShape { error_code, message, applied: applied.written, seq: applied.seq.0, results };
    if status == 200 {
        return Ok(Json(shape).into_response());
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, respond::json(&shape)?).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(super::accept::DEFAULT));
    Ok(response)
}

fn plan(incoming: &Incoming, mut fields: Object) -> Result<Plan, Error> {
    let operations = fields.objects("operations")?;
    if operations.len() > MOST_OPERATIONS {
        return Err(Error::BadRequest(format!(
            "more than {MOST_OPERATIONS} operations in one plan; make several of it"
        )));
    }
    Ok(Plan {
        operations: operations.into_iter().map(|fields| operation(incoming, fields)).collect::<Result<_, _>>()?,
        since: fields.whole("seq")?.map(|seq| Seq(seq.unsigned_abs())),
        dry_run: fields.flag("dryRun")?.unwrap_or(false),
    })
}

fn operation(incoming: &Incoming, mut fields: Object) -> Result<Operation, Error> {
    let op = fields.text("op")?.unwrap_or_default();
    let subject = incoming.named(&fields.text("subject")?.unwrap_or_default())?;
    let expectation = match fields.object("expect")? {
        None => Expectation::default(),
        Some(mut expected) => {
            Expectation { latest: expected.integer("latest")?, revision: expected.whole("revision")?.map(Revision) }
        }
    };
    let force = fields.flag("force")?.unwrap_or(false);
    let action = match op.as_str() {
        "register" => {
            let options = RegisterOptions { normalize: fields.flag("normalize")?.unwrap_or(false), force };
            Action::Register { draft: Box::new(body::draft(fields)?), options }
        }
        "setConfig" => {
            let config = fields.object("config")?.ok_or_else(|| missing(&op, "config"))?;
            Action::SetConfig(Box::new(body::config_update(config)?))
        }
        "deleteConfig" => Action::DeleteConfig,
        "setMode" => Action::SetMode { mode: fields.text("mode")?.ok_or_else(|| missing(&op, "mode"))?, force },
        "deleteMode" => Action::DeleteMode,
        "deleteVersion" => {
            let version = fields.integer("version")?.ok_or_else(|| missing(&op, "version"))?;
            let invalid = || crate::domain::InvalidVersion(version.to_string());
            Action::DeleteVersion(Version::new(version.into()).ok_or_else(invalid)?)
        }
        "deleteSubject" => Action::DeleteSubject,
        unknown => {
            let shown: String = unknown.chars().take(100).collect();
            return Err(Error::BadRequest(format!(
                "an operation cannot be \"{shown}\"; it is one of register, setConfig, deleteConfig, setMode, \
                 deleteMode, deleteVersion and deleteSubject"
            )));
        }
    };
    Ok(Operation { subject, action, expectation })
}

fn missing(op: &str, field: &str) -> Error {
    Error::BadRequest(format!("the operation {op} needs `{field}`"))
}
