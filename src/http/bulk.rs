//! What a client's snapshot consists of, many schemas at once (Avow's own).

use super::State as AppState;
use super::catalogue::{globs, limit};
use super::extract::Incoming;
use super::openapi::Refusals;
use super::respond::Json;
use crate::domain::{Context, Metadata, RuleSet, SchemaId, Subject};
use crate::registry::{Error, Meaning};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Schemas on a page where the caller does not say, and at the most.
const USUAL_PAGE: usize = 500;
const LARGEST_PAGE: usize = 1_000;

/// Ids that may be asked for by name.
const MOST_IDS: usize = 200;

/// A page of what the ids of a context mean.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnapshotPage {
    /// Which registry this is. Under another one the ids mean something else.
    #[schema(example = "0b5c8f2a41d97e")]
    registry: String,
    context: String,
    /// The place in the change log that the page is true at: `GET /avow/v1/changes` tells what came later.
    seq: u64,
    /// By id.
    schemas: Vec<WholeSchema>,
    /// What to send as `cursor` to go on; absent after the last page. A page may hold fewer schemas than asked for, or
    /// none, and still not be the last: what one request looks at is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A schema with all that is needed to parse it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WholeSchema {
    id: i32,
    guid: String,
    #[schema(value_type = String, example = "AVRO")]
    schema_type: &'static str,
    schema: String,
    /// All that it refers to, directly or not, in the order in which it has to be parsed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<ReferredTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule_set: Option<RuleSet>,
}

/// A version that is referred to, with its text.
#[derive(Debug, Serialize, ToSchema)]
struct ReferredTo {
    name: String,
    subject: String,
    version: i32,
    schema: String,
}

impl From<Meaning> for WholeSchema {
    fn from(meaning: Meaning) -> Self {
        let referred = meaning.documents.into_iter().map(|(reference, content)| ReferredTo {
            name: reference.name,
            subject: reference.subject,
            version: reference.version,
            schema: content.text.clone(),
        });
        Self {
            id: meaning.id.get(),
            guid: meaning.fingerprint.to_string(),
            schema_type: "AVRO",
            schema: meaning.content.text.clone(),
            references: referred.collect(),
            metadata: meaning.content.metadata.clone(),
            rule_set: meaning.content.rule_set.clone(),
        }
    }
}

/// Read many schemas at once.
///
/// What the ids of a context mean, each with all that it refers to, page by page: what a client may begin with while no
/// registry answers. Ids of soft-deleted versions are among them, for there may be records that carry them.
#[utoipa::path(get, path = "/avow/v1/snapshot", tag = "avow",
    params(
        ("context" = Option<String>, Query, description = "A context; the one of the path unless told"),
        ("name" = Option<Vec<String>>, Query, description = "Only what subjects like this hold or held, as in `orders-*`; may be given several times"),
        ("ids" = Option<String>, Query, description = "Only these ids, up to 200, separated by commas, on one page; those that mean nothing are left out"),
        ("limit" = Option<u32>, Query, description = "Schemas at the most: 500 unless told, up to 1000; large ones make pages shorter"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page of schemas", body = SnapshotPage), Refusals))]
pub(super) async fn read_snapshot(State(state): State<AppState>, incoming: Incoming) -> Result<Response, Error> {
    let context = match incoming.text("context") {
        Some(name) => Context::from_segment(name)?,
        None => incoming.arrival.context.clone(),
    };
    let names = globs(&incoming)?;
    let limit = limit(&incoming, USUAL_PAGE, LARGEST_PAGE)?;
    let found = match incoming.text("ids") {
        Some(text) => state.registry.meanings_of(&context, ids(text)?).await?,
        None => state.registry.meanings(&context, &names, cursor(&incoming)?, limit).await?,
    };
    Ok(Json(SnapshotPage {
        registry: found.identity.to_string(),
        context: context.to_string(),
        seq: found.seq.0,
        schemas: found.meanings.into_iter().map(WholeSchema::from).collect(),
        next: found.next.map(|(id, subject)| format!("{id}:{subject}")),
    })
    .into_response())
}

fn ids(text: &str) -> Result<Vec<SchemaId>, Error> {
    let wrong = || Error::BadRequest(format!("`ids` must be up to {MOST_IDS} ids with commas between them"));
    let id = |text: &str| text.trim().parse().ok().and_then(SchemaId::new).ok_or_else(wrong);
    let ids: Vec<&str> = text.split(',').take(MOST_IDS + 1).collect();
    if ids.len() > MOST_IDS {
        return Err(wrong());
    }
    let ids: BTreeSet<SchemaId> = ids.into_iter().map(id).collect::<Result<_, _>>()?;
    Ok(ids.into_iter().collect())
}

fn cursor(incoming: &Incoming) -> Result<Option<(i32, String)>, Error> {
    let Some(text) = incoming.text("cursor") else { return Ok(None) };
    let parts = text.split_once(':').and_then(|(id, subject)| {
        let id = id.parse().ok().filter(|_| Subject::parse(subject).is_storable())?;
        Some((id, subject.to_owned()))
    });
    parts.map(Some).ok_or_else(|| Error::BadRequest("`cursor` must be what the page before says in `next`".to_owned()))
}
