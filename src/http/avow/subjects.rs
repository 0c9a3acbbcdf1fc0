//! `/avow/v1/subjects`: the search for subjects, and subjects as they were.

use crate::domain::{Context, Glob, Moment, Seq, Subject, Timestamp};
use crate::http::AppState;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use crate::registry::{Cursor, DeletedFilter, Found, FoundSubject, LevelOf, Lookup, Past, Search};
use avow_api::{LatestVersion, SubjectPage, SubjectState, SubjectSummary, VersionState};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::str::FromStr;

/// The default and maximum number of subjects on a page.
const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The maximum number of name patterns in one request.
const MOST_GLOBS: usize = 16;

fn summary(found: FoundSubject, looked_inside: bool) -> SubjectSummary {
    let FoundSubject { listed, version, level, level_of, mode } = found;
    SubjectSummary {
        subject: listed.subject.to_string(),
        context: listed.subject.context().to_string(),
        versions: listed.live,
        deleted_versions: listed.deleted,
        deleted: listed.live == 0,
        latest: LatestVersion {
            version: listed.version.get(),
            id: listed.id.get(),
            guid: listed.key.fingerprint.to_string(),
            schema_type: listed.key.schema_type.as_str().to_owned(),
            ts: listed.time.0,
        },
        level: level.as_str().to_owned(),
        level_from: match level_of {
            LevelOf::Subject => "subject",
            LevelOf::Context => "context",
            LevelOf::Everywhere => "everywhere",
            LevelOf::Server => "server",
        }
        .to_owned(),
        mode: mode.as_str().to_owned(),
        matched_version: looked_inside.then_some(version.get()),
    }
}

/// Find subjects.
///
/// By name, context and state, and by the fields and types that their schemas define. The work of one request is bounded,
/// so that a search through many schemas takes several pages.
#[utoipa::path(get, path = "/avow/v1/subjects", tag = "avow",
    params(
        ("name" = Option<Vec<String>>, Query, description = "Names within their contexts like this, as in `orders-*`, or with their contexts, as in `:.dev:*`; may be given several times"),
        ("context" = Option<String>, Query, description = "A context, `.` for the default one, or `*` for all; all by default, or the one of the path"),
        ("deleted" = Option<String>, Query, description = "`true` for soft-deleted subjects too, `only` for them alone"),
        ("field" = Option<String>, Query, description = "Whose schema defines a field of such a name, as in `*email*`, in capital or small letters"),
        ("type" = Option<String>, Query, description = "Whose schema defines a record, an enum or a fixed type of such a full name, as in `com.acme.*`"),
        ("versions" = Option<String>, Query, description = "`latest`, the default, or `live`: which schemas `field` and `type` look into"),
        ("limit" = Option<u32>, Query, description = "The most subjects: 100 by default, up to 1000"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page of subjects", body = SubjectPage), Refusals))]
pub(super) async fn find_subjects(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let search = search(&incoming)?;
    let limit = limit(&incoming, USUAL_PAGE, LARGEST_PAGE)?;
    let cursor = cursor(&incoming)?;
    let looked_inside = search.field.is_some() || search.named.is_some();
    let Found { subjects, next } =
        state.registry.find_subjects(&incoming.arrival.authority, &search, cursor.as_ref(), limit).await?;
    let subjects = subjects.into_iter().map(|found| summary(found, looked_inside)).collect();
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

/// The name patterns.
pub(super) fn globs(incoming: &Incoming) -> Result<Vec<Glob>, Error> {
    let globs: Result<Vec<_>, _> = incoming.all("name").take(MOST_GLOBS + 1).map(Glob::parse).collect();
    let globs = globs.map_err(|error| Error::BadRequest(format!("`name` is no pattern: {error}")))?;
    if globs.len() > MOST_GLOBS {
        return Err(Error::BadRequest(format!("`name` may be given {MOST_GLOBS} times at the most")));
    }
    Ok(globs)
}

/// The requested limit of a list.
pub(super) fn limit(incoming: &Incoming, usual: usize, most: usize) -> Result<usize, Error> {
    let Some(text) = incoming.text("limit") else { return Ok(usual) };
    let limit = usize::from_str(text).ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| Error::BadRequest(format!("`limit` must be a whole number from 1 to {most}")))
}

/// A cursor: a version, a colon and a subject.
fn cursor(incoming: &Incoming) -> Result<Option<Cursor>, Error> {
    let Some(text) = incoming.text("cursor") else { return Ok(None) };
    let parts = text.split_once(':').and_then(|(version, subject)| {
        let storable = Subject::parse(subject).is_storable();
        let version = version.parse().ok().filter(|_| storable)?;
        Some(Cursor { subject: subject.to_owned(), version })
    });
    let wrong = || Error::BadRequest("`cursor` must be what the page before says in `next`".to_owned());
    parts.map(Some).ok_or_else(wrong)
}

/// Get a subject as it was.
#[utoipa::path(get, path = "/avow/v1/subjects/{subject}", tag = "avow",
    params(
        ("subject" = String, Path),
        ("as_of" = Option<String>, Query, description = "A position in the change log, or a time of RFC 3339; now by default")),
    responses((status = 200, description = "Its versions, settings and mode at that moment", body = SubjectState), Refusals))]
pub(super) async fn get_subject(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let subject = incoming.subject()?;
    let moment = match incoming.text("as_of") {
        None => None,
        Some(text) => Some(past(text).ok_or_else(|| {
            Error::BadRequest(format!(
                "`as_of` must be a position in the change log such as 17, or a time such as {}",
                Moment(Timestamp(1_767_225_600_000))
            ))
        })?),
    };
    let past = state.registry.past(&subject, moment).await?;
    let versions = past.versions.into_iter().map(|(version, stored)| VersionState {
        version: version.get(),
        id: stored.id.get(),
        guid: stored.content.fingerprint.to_string(),
        deleted: stored.deleted,
        ts: stored.time.0,
        seq: stored.written.0,
    });
    Ok(Json(SubjectState {
        subject: subject.to_string(),
        seq: past.seq.0,
        versions: versions.collect(),
        config: past.config.map(Into::into),
        mode: past.mode.map(|mode| mode.as_str().to_owned()),
    })
    .into_response())
}

fn past(text: &str) -> Option<Past> {
    // An unescaped plus sign was decoded as a space.
    let moment = || Moment::parse(text).or_else(|| Moment::parse(&text.replace(' ', "+")));
    text.parse().map(|seq| Past::Change(Seq(seq))).ok().or_else(|| moment().map(Past::Time))
}
