//! Findings on the wire: with `?explain=true`, in batches, and the catalogue of rules (Avow's own).

use super::State as AppState;
use super::body::{self, Object, RawBody};
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::{self, Json};
use super::shapes::RegisterSchemaRequest;
use crate::domain::{Level, Subject, Version};
use crate::registry::{Error, Explained, Question, Registry, Reply};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What is wrong, for people and programs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The stable id of the rule; `GET /avow/v1/rules` tells more of it.
    #[schema(example = "missing-default")]
    rule: &'static str,
    /// `breaking`, or `warning` where the rules say nothing but data break.
    severity: &'static str,
    /// `backward`: the new schema reads old data; `forward`: old schemas read new data.
    direction: &'static str,
    /// Who is affected.
    #[schema(example = "Consumers that move to the new schema cannot read records of version 3.")]
    who: String,
    /// The versions it is about, newest first.
    versions: Vec<i32>,
    /// Where, for people.
    #[schema(example = "Order.items[].price")]
    path: String,
    reader: Side,
    writer: Side,
    title: String,
    why: String,
    /// What is behind a union that does not accept the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Witness>,
    /// Changes to the new schema that were tried.
    fixes: Vec<Fix>,
    /// The same for the same finding in every run.
    fingerprint: String,
    /// The sentence that clients of Confluent's registry know.
    #[serde(skip_serializing_if = "Option::is_none")]
    confluent: Option<String>,
}

/// One schema's side of a finding.
#[derive(Debug, Serialize, ToSchema)]
struct Side {
    /// A JSON pointer into the stored text; absent for types that come from references.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The JSON at that place.
    fragment: String,
}

/// A reason behind a finding.
#[derive(Debug, Serialize, ToSchema)]
struct Cause {
    rule: &'static str,
    path: String,
    title: String,
    why: String,
}

/// A record that proves a finding: it was encoded, and could not be decoded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Witness {
    /// The record, in Avro's JSON encoding.
    record: String,
    /// Its bytes, in hexadecimal.
    bytes: String,
    /// What the decoder says.
    decode_error: String,
}

/// A change to the new schema that was tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Fix {
    title: String,
    /// The new schema with the change.
    schema: String,
    /// Whether nothing is wrong with it any more.
    resolves_all: bool,
}

impl From<Explained> for Finding {
    fn from(Explained { finding, direction, versions }: Explained) -> Self {
        let side = |side: avow_avro::Side| Side { pointer: side.pointer, fragment: side.fragment };
        let cause = |cause: avow_avro::Cause| Cause {
            rule: cause.rule.id(),
            path: cause.path,
            title: cause.title,
            why: cause.why,
        };
        let witness = |witness: avow_avro::Witness| Witness {
            record: witness.record,
            bytes: witness.bytes,
            decode_error: witness.error,
        };
        let mut ascending: Vec<i32> = versions.iter().map(|version| version.get()).collect();
        ascending.sort_unstable();
        let fix = |fix: avow_avro::Fix| Fix { title: fix.title, schema: fix.schema, resolves_all: fix.resolves_all };
        Self {
            rule: finding.rule.id(),
            severity: severity(finding.severity),
            direction: direction.name(),
            who: direction.affected("version", &ascending),
            versions: versions.into_iter().map(Version::get).collect(),
            path: finding.path,
            reader: side(finding.reader),
            writer: side(finding.writer),
            title: finding.title,
            why: finding.why,
            causes: finding.causes.into_iter().map(cause).collect(),
            witness: finding.witness.map(witness),
            fixes: finding.fixes.into_iter().map(fix).collect(),
            fingerprint: finding.fingerprint,
            confluent: finding.confluent,
        }
    }
}

fn severity(severity: avow_avro::Severity) -> &'static str {
    match severity {
        avow_avro::Severity::Breaking => "breaking",
        avow_avro::Severity::Warning => "warning",
    }
}

/// Findings in the shape of the wire.
pub(super) fn shapes(explained: Vec<Explained>) -> Vec<Finding> {
    explained.into_iter().map(Finding::from).collect()
}

/// Adds findings to an answer without changing anything else of it.
pub(super) fn attach(response: &Value, status: StatusCode, findings: &[Finding]) -> Result<Response, Error> {
    let mut body = response.clone();
    if let (Value::Object(fields), Ok(findings)) = (&mut body, serde_json::to_value(findings)) {
        fields.insert("findings".to_owned(), findings);
    }
    let mut response = (status, respond::json(&body)?).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(super::accept::DEFAULT));
    Ok(response)
}

/// One question of a batch. Either `subject` with a schema, or `reader` and `writer`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    /// The subject whose history the schema would join.
    subject: Option<String>,
    /// One version of it, or `latest`; without it the history, as registration would check it.
    version: Option<String>,
    normalize: Option<bool>,
    #[serde(flatten)]
    schema: RegisterSchemaRequest,
    /// With `writer`: can this schema read what that one writes?
    reader: Option<RegisterSchemaRequest>,
    writer: Option<RegisterSchemaRequest>,
}

/// Questions to be answered in one call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Batch {
    /// At most 1,000.
    checks: Vec<Check>,
}

/// The answer to one question of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checked {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Absent where the question could not be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_compatible: Option<bool>,
    /// The subject's level.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    /// The versions that the level asks for, newest first; none if the subject is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<i32>>,
    /// The version that the subject has of the schema already; registering it again would change nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
    findings: Vec<Finding>,
    /// Why the question could not be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<super::error::ErrorBody>,
}

/// The answers, in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    results: Vec<Checked>,
}

/// Questions one call may ask.
const MOST_CHECKS: usize = 1_000;

/// Check many schemas in one call.
///
/// Each against the history of a subject, or one schema against another with no subject at all. Nothing is registered.
#[utoipa::path(post, path = "/avow/v1/compatibility", tag = "avow", request_body = Batch,
    responses((status = 200, description = "The answers, in the order of the questions", body = Results), Refusals))]
pub(super) async fn check_batch(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let questions = body.object("checkBatch.arg0")?.objects("checks")?;
    if questions.len() > MOST_CHECKS {
        return Err(Error::BadRequest(format!("more than {MOST_CHECKS} checks in one call; send them in several")));
    }
    let mut results = Vec::with_capacity(questions.len());
    for fields in questions {
        results.push(check(&state.registry, &incoming, fields).await?);
    }
    Ok(Json(Results { results }).into_response())
}

/// Answers one question. What is wrong with it is its answer; only the registry's own trouble fails the whole batch.
async fn check(registry: &Registry, incoming: &Incoming, fields: Object) -> Result<Checked, Error> {
    let question = question(incoming, fields)?;
    let subject = match &question {
        Question::Subject { subject, .. } => Some(subject.to_string()),
        Question::Pair { .. } => None,
    };
    let refused = |error: Error| Checked {
        subject: subject.clone(),
        is_compatible: None,
        level: None,
        versions: None,
        registered: None,
        messages: Vec::new(),
        findings: Vec::new(),
        error: Some(super::error::ErrorBody::of(&error)),
    };
    match registry.ask(&question).await {
        Ok(Reply { verdict, findings, asked, registered }) => {
            let (level, versions) = asked.unzip();
            Ok(Checked {
                subject,
                is_compatible: Some(verdict.is_compatible()),
                level: level.map(Level::as_str),
                versions: versions.map(|versions| versions.into_iter().map(Version::get).collect()),
                registered: registered.map(Version::get),
                messages: verdict.messages,
                findings: shapes(findings),
                error: None,
            })
        }
        Err(error) if error.status() >= 500 => Err(error),
        Err(error) => Ok(refused(error)),
    }
}

fn question(incoming: &Incoming, mut fields: Object) -> Result<Question, Error> {
    if let (Some(reader), Some(writer)) = (fields.object("reader")?, fields.object("writer")?) {
        return Ok(Question::Pair { reader: Box::new(body::draft(reader)?), writer: Box::new(body::draft(writer)?) });
    }
    let Some(subject) = fields.text("subject")? else {
        return Err(Error::BadRequest("each check needs a subject, or a reader and a writer".to_owned()));
    };
    let version = fields.text("version")?.map(|text| crate::domain::VersionSelector::parse(&text)).transpose()?;
    let normalize = fields.flag("normalize")?.unwrap_or(false);
    let subject = Subject::parse_in(&incoming.arrival.context, &subject);
    Ok(Question::Subject { subject, version, draft: body::draft(fields)?.into(), normalize })
}

/// A rule that a finding can be about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleShape {
    id: &'static str,
    severity: &'static str,
    summary: &'static str,
    advice: &'static str,
    /// Whether a record can prove it; the other rules are about schemas alone.
    has_witness: bool,
}

/// List the rules that findings are about.
#[utoipa::path(get, path = "/avow/v1/rules", tag = "avow",
    responses((status = 200, description = "The catalogue", body = Vec<RuleShape>), Refusals))]
pub(super) async fn list_rules(_: Incoming) -> Response {
    let shape = |entry: &'static avow_avro::RuleEntry| RuleShape {
        id: entry.id.id(),
        severity: severity(entry.severity),
        summary: entry.summary,
        advice: entry.advice,
        has_witness: entry.has_witness,
    };
    Json(avow_avro::rules().iter().map(shape).collect::<Vec<_>>()).into_response()
}
