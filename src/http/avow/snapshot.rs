//! `/avow/v1/snapshot`: many schemas at once, for clients that work offline.

use super::subjects::{globs, limit};
use crate::domain::{Context, SchemaId, Subject};
use crate::http::AppState;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use crate::registry::SnapshotEntry;
use avow_api::{ReferencedSchema, SnapshotPage, SnapshotSchema};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;

/// The default and maximum number of schemas on a page.
const USUAL_PAGE: usize = 500;
const LARGEST_PAGE: usize = 1_000;

/// The maximum number of ids in one request.
const MOST_IDS: usize = 200;

fn schema(entry: SnapshotEntry) -> SnapshotSchema {
    let references = entry.documents.into_iter().map(|(reference, content)| ReferencedSchema {
        name: reference.name,
        subject: reference.subject,
        version: reference.version,
        schema: content.text.clone(),
    });
    SnapshotSchema {
        id: entry.id.get(),
        guid: entry.key.fingerprint.to_string(),
        schema_type: entry.key.schema_type.as_str().to_owned(),
        schema: entry.content.text.clone(),
        references: references.collect(),
        metadata: entry.content.metadata.clone().map(Into::into),
        rule_set: entry.content.rule_set.clone().map(Into::into),
    }
}

/// Read many schemas at once.
///
/// The schemas of the ids of a context, each with all that it refers to, page by page: a client can start from them while
/// no registry answers. Ids of soft-deleted versions are included, because records may still have them.
#[utoipa::path(get, path = "/avow/v1/snapshot", tag = "avow",
    params(
        ("context" = Option<String>, Query, description = "A context; by default the one of the path"),
        ("name" = Option<Vec<String>>, Query, description = "Only schemas of subjects like this, deleted ones included, as in `orders-*`; may be given several times"),
        ("ids" = Option<String>, Query, description = "Only these ids, up to 200, separated by commas, on one page; unknown ones are left out"),
        ("limit" = Option<u32>, Query, description = "The most schemas: 500 by default, up to 1000; large ones make pages shorter"),
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
        Some(text) => state.registry.snapshot_of(&incoming.arrival.authority, &context, ids(text)?).await?,
        None => {
            state
                .registry
                .snapshot_page(&incoming.arrival.authority, &context, &names, cursor(&incoming)?, limit)
                .await?
        }
    };
    Ok(Json(SnapshotPage {
        registry: found.identity.to_string(),
        context: context.to_string(),
        seq: found.seq.0,
        schemas: found.entries.into_iter().map(schema).collect(),
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
