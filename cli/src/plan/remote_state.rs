//! What a registry holds of the subjects of a plan.

use std::collections::HashSet;

use avow_client::rest::{Scope, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;
use crate::listing::{Wanted, of_subject};
use crate::remote::Remote;
use avow_domain::{Config, Level};

/// What a plan rests on: it is stale once this is otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Observed {
    /// The live versions, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<i32>,
    /// The id of the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u32>,
    /// The settings it has of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<Map<String, Value>>,
    /// The mode it has of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<String>,
}

/// A subject at first sight.
#[derive(Debug, Clone, Default)]
pub(super) struct SubjectState {
    pub(super) seen: Observed,
    pub(super) latest: Option<Version>,
    /// Nothing of it is there, not even what was soft-deleted.
    pub(super) is_new: bool,
}

/// The subject by which the settings of everything go.
pub(super) const DEFAULTS: &str = "";

pub(super) fn scope(subject: &str) -> Scope<'_> {
    if subject == DEFAULTS { Scope::Global } else { Scope::Subject(subject) }
}

/// Looks at a subject; at [`DEFAULTS`] there are settings only.
pub(super) async fn look(remote: &Remote, subject: &str) -> Result<SubjectState, Error> {
    let (config, mode) = remote.settings(scope(subject)).await?;
    let mut state = SubjectState { seen: Observed { config, mode, ..Observed::default() }, ..SubjectState::default() };
    if subject == DEFAULTS {
        return Ok(state);
    }
    state.seen.versions = numbers(remote, subject, false).await?;
    match state.seen.versions.last() {
        Some(latest) => {
            state.latest = remote.stored(subject, *latest).await?;
            state.seen.id = state.latest.as_ref().map(|latest| latest.id);
        }
        None => state.is_new = numbers(remote, subject, true).await?.is_empty(),
    }
    Ok(state)
}

async fn numbers(remote: &Remote, subject: &str, deleted: bool) -> Result<Vec<i32>, Error> {
    let call = remote.client.versions(subject);
    match if deleted { call.include_deleted() } else { call }.await {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        numbers => numbers.map_err(remote.failed()),
    }
}

/// Every version of a subject, the newest first, those that are soft-deleted marked as such.
pub(super) async fn history(remote: &Remote, subject: &str, state: &SubjectState) -> Result<Vec<Version>, Error> {
    if state.is_new {
        return Ok(Vec::new());
    }
    let live: HashSet<i32> = state.seen.versions.iter().copied().collect();
    let mut all = of_subject(remote, subject, Wanted { deleted: true, ..Wanted::default() }).await?;
    for version in &mut all {
        // Older registries do not say it themselves.
        version.schema.deleted = !live.contains(&version.version);
    }
    all.sort_by_key(|version| std::cmp::Reverse(version.version));
    Ok(all)
}

/// The settings as they apply to a subject: its own, or those of everything.
pub(super) fn in_force(own: Option<&Map<String, Value>>, everywhere: Option<&Map<String, Value>>) -> Config {
    let read = |config: &Map<String, Value>| -> Config {
        // What cannot be read here is a setting that no comparison rests on.
        serde_json::from_value(Value::Object(config.clone())).unwrap_or_default()
    };
    let everywhere = everywhere.map(read);
    match own {
        None => everywhere.unwrap_or_default(),
        Some(own) => read(own).inheriting(everywhere.as_ref()),
    }
}

/// The level in force.
pub(super) fn level(config: &Config) -> Level {
    config.compatibility_level.unwrap_or_default()
}
