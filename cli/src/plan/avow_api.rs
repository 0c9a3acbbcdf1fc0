//! Plans as an Avow registry takes them: everything at once, or nothing.

use std::collections::BTreeMap;

use avow_client::rest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::document::Step;
use super::remote_state::Observed;
use crate::Error;
use crate::remote::Remote;

const APPLY: &str = "/avow/v1/apply";

/// What one request may hold: 1,000 operations and, by default, 1 MiB.
const MOST_OPERATIONS: usize = 1_000;
const MOST_BYTES: usize = 900 * 1024;

/// The plan rests on what is not so any more.
const STALE: i64 = 40990;

/// What the server says.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) seq: u64,
    pub(super) results: Vec<Outcome>,
}

/// What became of one operation.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) error: Option<Refusal>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) message: String,
}

/// Steps as operations, in portions that one request may hold.
pub(super) fn portions(remote: &Remote, steps: &[&Step], seen: &BTreeMap<String, Observed>) -> Vec<Vec<Value>> {
    let mut portions: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    for step in steps {
        let operation = operation(remote, step, seen);
        let size = operation.to_string().len() + 1;
        match portions.last_mut() {
            Some(portion) if portion.len() < MOST_OPERATIONS && bytes + size <= MOST_BYTES => {
                portion.push(operation);
                bytes += size;
            }
            _ => {
                portions.push(vec![operation]);
                bytes = size;
            }
        }
    }
    portions
}

fn operation(remote: &Remote, step: &Step, seen: &BTreeMap<String, Observed>) -> Value {
    let mut operation = json!(step);
    let latest = seen.get(&step.subject).and_then(|seen| seen.versions.last().copied());
    if let Some(operation) = operation.as_object_mut() {
        operation.remove("becomes");
    }
    if !step.subject.is_empty() {
        operation["expect"] = json!({"latest": latest.unwrap_or(0)});
    }
    if let Some(context) = remote.client.context()
        && !step.subject.starts_with(":.")
    {
        operation["subject"] = format!(":{context}:{}", step.subject).into();
    }
    operation
}

/// Sends operations; none if this registry takes no plans. `since` is a place in the log after which nothing that they
/// are about may have changed.
pub(super) async fn send(
    remote: &Remote,
    operations: Vec<Value>,
    since: Option<u64>,
    rehearsal: bool,
) -> Result<Option<Answer>, Error> {
    let mut body = json!({"operations": operations, "dryRun": rehearsal});
    if let Some(since) = since {
        body["seq"] = since.into();
    }
    let answer = match remote.client.send_json(Method::POST, APPLY, [], Some(&body)).await {
        Ok(answer) => answer,
        Err(error) if error.is_unsupported() => return Ok(None),
        Err(error) if error.error_code() == Some(STALE) => {
            let reason = error.registry_message().unwrap_or("the registry has changed").to_owned();
            return Err(Error::Conflict(reason));
        }
        Err(error) => return Err(remote.failed()(error)),
    };
    serde_json::from_value(answer).map(Some).map_err(|error| Error::Unavailable {
        url: remote.url(),
        reason: format!("its answer cannot be read: {error}"),
    })
}
