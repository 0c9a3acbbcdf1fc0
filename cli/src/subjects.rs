//! Finding subjects: an Avow registry filters them, page by page; others list all they have.

use avow_client::rest::{Client, Method, Version};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::listing::{Wanted, versions};
use super::remote::Remote;
use super::terminal::{Terminal, count};
use avow_domain::{Glob, Subject};

/// What is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Query<'q> {
    /// Subjects like any of these; all where there are none.
    pub(super) names: &'q [Glob],
    /// Includes those whose versions are all soft-deleted.
    pub(super) deleted: bool,
    /// In every context; otherwise in that of the client.
    pub(super) every_context: bool,
    /// That define such a field.
    pub(super) field: Option<&'q Glob>,
    /// That define such a type.
    pub(super) named: Option<&'q Glob>,
    /// In any version, not just the latest.
    pub(super) all_versions: bool,
}

/// A subject as it is listed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) subject: String,
    /// Live ones.
    pub(super) versions: usize,
    pub(super) deleted: bool,
    pub(super) latest: Latest,
    /// None where it would take one more question for each subject.
    pub(super) level: Option<String>,
}

/// The newest live version; the newest of all where none is live.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latest {
    pub(super) version: i32,
    pub(super) id: u32,
    pub(super) schema_type: String,
}

#[derive(Deserialize)]
struct Page {
    subjects: Vec<Row>,
    next: Option<String>,
}

const PATH: &str = "/avow/v1/subjects";

/// As many as a page holds at the most.
const PAGE: &str = "1000";

/// Subjects like any of the patterns; all where there are none.
pub(super) fn matches(globs: &[Glob], subject: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.is_subject(&Subject::parse(subject)))
}

/// Asks an Avow registry; `None` if this registry has no such endpoint.
pub(super) async fn found(remote: &Remote, query: &Query<'_>, terminal: &Terminal) -> Result<Option<Vec<Row>>, Error> {
    let context = match (query.every_context, remote.client.context()) {
        (true, _) => "*",
        (false, None) => ".",
        (false, Some(context)) => context,
    };
    let mut parameters = vec![("context", context), ("limit", PAGE)];
    parameters.extend(query.names.iter().map(|glob| ("name", glob.as_str())));
    parameters.extend(query.deleted.then_some(("deleted", "true")));
    parameters.extend(query.field.map(|glob| ("field", glob.as_str())));
    parameters.extend(query.named.map(|glob| ("type", glob.as_str())));
    parameters.extend(query.all_versions.then_some(("versions", "live")));
    let rows = pages(remote, &parameters, terminal).await;
    terminal.done();
    rows
}

async fn pages(remote: &Remote, parameters: &[(&str, &str)], terminal: &Terminal) -> Result<Option<Vec<Row>>, Error> {
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let cursor = next.as_deref().map(|next| ("cursor", next));
        let parameters = parameters.iter().copied().chain(cursor);
        let page = match remote.client.send_json(Method::GET, PATH, parameters, None::<&Value>).await {
            Ok(page) => page,
            // Others may take the path for that of something they do not have.
            Err(error) if next.is_none() && (error.is_unsupported() || error.is_not_found()) => return Ok(None),
            Err(error) => return Err(remote.failed()(error)),
        };
        let Ok(page) = serde_json::from_value::<Page>(page) else { return Ok(None) };
        rows.extend(page.subjects);
        terminal.progress(format_args!("{} found", count(rows.len(), "subject")));
        next = page.next;
        if next.is_none() {
            return Ok(Some(rows));
        }
    }
}

/// The same by name, of a registry that has to be asked for everything.
pub(super) async fn gathered(remote: &Remote, query: &Query<'_>, terminal: &Terminal) -> Result<Vec<Row>, Error> {
    let wanted = Wanted { deleted: query.deleted, latest_only: false, every_context: query.every_context };
    let held = versions(remote, wanted, terminal).await?;
    let wanted: Vec<Version> = held.into_iter().filter(|it| matches(query.names, &it.subject)).collect();
    Ok(wanted.chunk_by(|a, b| a.subject == b.subject).filter_map(row).collect())
}

fn row(versions: &[Version]) -> Option<Row> {
    let live = versions.iter().filter(|it| !it.schema.deleted);
    let latest = live.clone().next_back().or(versions.last())?;
    Some(Row {
        subject: latest.subject.clone(),
        versions: live.clone().count(),
        deleted: live.count() == 0,
        latest: Latest { version: latest.version, id: latest.id, schema_type: latest.schema.schema_type.to_string() },
        level: None,
    })
}

/// The names alone, which every registry lists.
pub(super) async fn names(remote: &Remote, query: &Query<'_>) -> Result<Vec<String>, Error> {
    let client: &Client = &remote.client;
    let call = client.subjects();
    let call = if query.deleted { call.include_deleted() } else { call };
    let mut subjects = call.await.map_err(remote.failed())?;
    subjects.retain(|subject| matches(query.names, subject));
    Ok(subjects)
}

impl Row {
    pub(super) fn columns(&self) -> Vec<String> {
        vec![
            self.subject.clone(),
            count(self.versions, "version"),
            format!("latest {}", self.latest.version),
            format!("id {}", self.latest.id),
            self.latest.schema_type.clone(),
            self.level.clone().unwrap_or_default(),
            if self.deleted { "deleted".to_owned() } else { String::new() },
        ]
    }

    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "subject": self.subject,
            "versions": self.versions,
            "latest": self.latest.version,
            "id": self.latest.id,
            "schemaType": self.latest.schema_type,
            "deleted": self.deleted,
        });
        if let Some(level) = &self.level {
            json["level"] = json!(level);
        }
        json
    }
}
