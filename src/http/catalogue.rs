//! Finding subjects, page by page (Avow's own).

use super::State as AppState;
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::Json;
use crate::domain::{Context, Glob};
use crate::registry::{Cursor, DeletedFilter, Error, Found, FoundSubject, LevelOf, Lookup, Search};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::str::FromStr;
use utoipa::ToSchema;

/// Subjects on a page where the caller does not say, and at the most.
const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// Patterns of names in one request.
const MOST_GLOBS: usize = 16;

/// A page of subjects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubjectPage {
    /// Ascending by their qualified names.
    subjects: Vec<SubjectRow>,
    /// What to send as `cursor` to go on; absent after the last page. A page may hold fewer subjects than asked for, or
    /// none, and still not be the last: what one request looks at is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A subject as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubjectRow {
    /// The qualified name.
    subject: String,
    context: String,
    /// How many live versions there are.
    versions: i64,
    /// How many soft-deleted ones.
    deleted_versions: i64,
    /// Whether no version is live.
    deleted: bool,
    latest: LatestRow,
    /// The compatibility level in force.
    #[schema(example = "BACKWARD")]
    level: String,
    /// Whose level that is: `subject`, `context`, `everywhere` or `server`.
    #[schema(value_type = String, example = "context")]
    level_from: &'static str,
    /// The mode in force.
    #[schema(example = "READWRITE")]
    mode: String,
    /// The version that defines what was looked for by `field` or `type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_version: Option<i32>,
}

/// The newest live version; the newest of all where none is live.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LatestRow {
    version: i32,
    id: i32,
    guid: String,
    #[schema(value_type = String, example = "AVRO")]
    schema_type: &'static str,
    /// When it was last written, in milliseconds since the epoch.
    ts: i64,
}

impl SubjectRow {
    fn new(found: FoundSubject, looked_inside: bool) -> Self {
        let FoundSubject { listed, version, level, level_of, mode } = found;
        Self {
            subject: listed.subject.to_string(),
            context: listed.subject.context().to_string(),
            versions: listed.live,
            deleted_versions: listed.deleted,
            deleted: listed.live == 0,
            latest: LatestRow {
                version: listed.version.get(),
                id: listed.id.get(),
                guid: listed.fingerprint.to_string(),
                schema_type: "AVRO",
                ts: listed.time.0,
            },
            level: level.as_str().to_owned(),
            level_from: match level_of {
                LevelOf::Subject => "subject",
                LevelOf::Context => "context",
                LevelOf::Everywhere => "everywhere",
                LevelOf::Server => "server",
            },
            mode: mode.as_str().to_owned(),
            matched_version: looked_inside.then_some(version.get()),
        }
    }
}

/// Find subjects.
///
/// By name, context, state, and by the fields and types that their schemas define; page by page, each with what a list
/// shows of a subject. What a request looks at is bounded, so that a search through many schemas takes several.
#[utoipa::path(get, path = "/avow/v1/subjects", tag = "avow",
    params(
        ("name" = Option<Vec<String>>, Query, description = "Names within their contexts like this, as in `orders-*`, or with their contexts, as in `:.dev:*`; may be given several times"),
        ("context" = Option<String>, Query, description = "A context, `.` for the default one, or `*` for all; all unless told, or the one of the path"),
        ("deleted" = Option<String>, Query, description = "`true` for soft-deleted subjects too, `only` for them alone"),
        ("field" = Option<String>, Query, description = "Whose schema defines a field of such a name, as in `*email*`, in capital or small letters"),
        ("type" = Option<String>, Query, description = "Whose schema defines a record, an enum or a fixed type of such a full name, as in `com.acme.*`"),
        ("versions" = Option<String>, Query, description = "`latest`, unless told, or `live`: which schemas `field` and `type` look into"),
        ("limit" = Option<u32>, Query, description = "Subjects at the most: 100 unless told, up to 1000"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page of subjects", body = SubjectPage), Refusals))]
pub(super) async fn find_subjects(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let search = search(&incoming)?;
    let limit = limit(&incoming, USUAL_PAGE, LARGEST_PAGE)?;
    let cursor = cursor(&incoming)?;
    let looked_inside = search.field.is_some() || search.named.is_some();
    let Found { subjects, next } = state.registry.find_subjects(&search, cursor.as_ref(), limit).await?;
    let subjects = subjects.into_iter().map(|found| SubjectRow::new(found, looked_inside)).collect();
    let next = next.map(|next| format!("{}:{}", next.version, next.subject));
    Ok(Json(SubjectPage { subjects, next }).into_response())
}

fn search(incoming: &Incoming) -> Result<Search, Error> {
    let names = globs(incoming)?;
    let any_case = |name: &'static str| {
        let glob = incoming.text(name).map(Glob::any_case);
        glob.transpose().map_err(|error| Error::BadRequest(format!("`{name}` is no pattern: {error}")))
    };
    let deleted = match incoming.text("deleted") {
        None | Some("false") => DeletedFilter::Live,
        Some("true") => DeletedFilter::All,
        Some("only") => DeletedFilter::Only,
        Some(_) => return Err(Error::BadRequest("`deleted` must be true, false or only".to_owned())),
    };
    let lookup = match incoming.text("versions") {
        None | Some("latest") => Lookup::Latest,
        Some("live") => Lookup::Live,
        Some(_) => return Err(Error::BadRequest("`versions` must be latest or live".to_owned())),
    };
    let context = match incoming.text("context") {
        Some("*") => None,
        Some(name) => Some(Context::from_segment(name)?),
        None => Some(incoming.arrival.context.clone()).filter(|context| !context.is_default()),
    };
    Ok(Search { names, context, deleted, field: any_case("field")?, named: any_case("type")?, lookup })
}

/// The patterns of names.
pub(super) fn globs(incoming: &Incoming) -> Result<Vec<Glob>, Error> {
    let globs: Result<Vec<_>, _> = incoming.all("name").take(MOST_GLOBS + 1).map(Glob::parse).collect();
    let globs = globs.map_err(|error| Error::BadRequest(format!("`name` is no pattern: {error}")))?;
    if globs.len() > MOST_GLOBS {
        return Err(Error::BadRequest(format!("`name` may be given {MOST_GLOBS} times at the most")));
    }
    Ok(globs)
}

/// How much of a list is wanted at the most.
pub(super) fn limit(incoming: &Incoming, usual: usize, most: usize) -> Result<usize, Error> {
    let Some(text) = incoming.text("limit") else { return Ok(usual) };
    let limit = usize::from_str(text).ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| Error::BadRequest(format!("`limit` must be a whole number from 1 to {most}")))
}

/// A cursor of ours: a number, a colon and a text.
fn cursor(incoming: &Incoming) -> Result<Option<Cursor>, Error> {
    let Some(text) = incoming.text("cursor") else { return Ok(None) };
    let parts = text.split_once(':').and_then(|(version, subject)| {
        let storable = crate::domain::Subject::parse(subject).is_storable();
        let version = version.parse().ok().filter(|_| storable)?;
        Some(Cursor { subject: subject.to_owned(), version })
    });
    let wrong = || Error::BadRequest("`cursor` must be what the page before says in `next`".to_owned());
    parts.map(Some).ok_or_else(wrong)
}
