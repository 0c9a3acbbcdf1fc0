//! The certificate of a copy.

use std::fmt::Write as _;

use serde::Serialize;

use super::contents::{Contents, Likeness, compare, context_of};
use super::read::read;
use crate::Error;
use crate::remote::{Remote, ask_all};
use crate::terminal::Terminal;
use avow_domain::{Moment, Timestamp};

/// What was compared, and what came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificate {
    from: String,
    to: String,
    time: String,
    subjects: usize,
    versions: usize,
    deleted: usize,
    ids: usize,
    identical_ids: usize,
    /// Ids whose texts the target writes otherwise.
    rewritten_ids: usize,
    references: usize,
    configs: usize,
    modes: usize,
    sha256_from: String,
    sha256_to: String,
    pub(super) differences: Vec<String>,
}

pub(super) async fn verify(
    from: &str,
    source: &Contents,
    target: &Remote,
    terminal: &Terminal,
) -> Result<Certificate, Error> {
    let there = read(target, source.scopes(), terminal).await?;
    let mut differences: Vec<String> = source.skipped.iter().map(|skipped| format!("not copied: {skipped}")).collect();
    let (mut identical_ids, mut rewritten_ids) = (0, 0);
    let ids: Vec<_> = source.ids().into_iter().collect();
    let by_id = ask_all(terminal, &ids, |at| {
        let ((context, id), _) = &ids[at];
        let client = target.client.in_context(context);
        let id = *id;
        async move {
            match client.schema_by_id(id).await {
                Err(error) if error.is_not_found() => Ok(None),
                found => found.map(Some).map_err(target.failed()),
            }
        }
    })
    .await?;
    for (((context, id), schema), found) in ids.iter().zip(by_id) {
        match found.map(|found| compare(schema, &found.schema)) {
            Some(Likeness::Identical) => identical_ids += 1,
            Some(Likeness::Rewritten) => rewritten_ids += 1,
            Some(Likeness::Different) => {
                differences.push(format!("id {id} of context `{context}` means something else"));
            }
            None => differences.push(format!("id {id} of context `{context}` is missing")),
        }
    }
    for ((subject, version), held) in &source.versions {
        let name = format!("{subject}@{version}");
        match there.versions.get(&(subject.clone(), *version)) {
            None => differences.push(format!("{name} is missing")),
            Some(other) => {
                if other.id != held.id {
                    differences.push(format!("{name} has id {} instead of {}", other.id, held.id));
                }
                if compare(&held.schema, &other.schema) == Likeness::Different {
                    differences.push(format!("{name} is another schema"));
                }
                if other.deleted != held.deleted {
                    let state = if held.deleted { "is not deleted" } else { "is deleted" };
                    differences.push(format!("{name} {state}"));
                }
            }
        }
    }
    for (name, config) in &source.configs {
        if there.configs.get(name) != Some(config) {
            differences.push(format!("the config of `{name}` is another"));
        }
    }
    for (name, mode) in source.modes.iter().filter(|(name, _)| !name.is_empty()) {
        if there.modes.get(name) != Some(mode) {
            differences.push(format!("the mode of `{name}` is not {mode}"));
        }
    }
    for place in there.versions.keys().filter(|place| !source.versions.contains_key(*place)) {
        differences.push(format!("{}@{} is not at the source (context `{}`)", place.0, place.1, context_of(&place.0)));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(now.as_millis()).unwrap_or_default();
    Ok(Certificate {
        from: from.to_owned(),
        to: target.url(),
        time: Moment(Timestamp(millis)).to_string(),
        subjects: source.subjects(),
        versions: source.versions.len(),
        deleted: source.versions.values().filter(|held| held.deleted).count(),
        ids: ids.len(),
        identical_ids,
        rewritten_ids,
        references: source.references(),
        configs: source.configs.len(),
        modes: source.modes.keys().filter(|name| !name.is_empty()).count(),
        sha256_from: source.digest(&there),
        sha256_to: there.digest(source),
        differences,
    })
}

impl Certificate {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.differences.is_empty() {
            "the target is a copy of the source"
        } else {
            "the target is NOT a copy of the source"
        };
        let rewritten = match self.rewritten_ids {
            0 => String::new(),
            number => format!(", {number} the same document in another spelling"),
        };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{verdict}\n\
             from        {}\n\
             to          {}\n\
             time        {}\n\
             subjects    {}\n\
             versions    {} ({} of them soft-deleted)\n\
             ids         {} ({} byte for byte{rewritten})\n\
             references  {}\n\
             configs     {}\n\
             modes       {}\n\
             SHA-256     {} of the source\n\
             SHA-256     {} of the target\n",
            self.from,
            self.to,
            self.time,
            self.subjects,
            self.versions,
            self.deleted,
            self.ids,
            self.identical_ids,
            self.references,
            self.configs,
            self.modes,
            self.sha256_from,
            self.sha256_to,
        );
        for difference in &self.differences {
            let _ = writeln!(text, "- {difference}");
        }
        text
    }
}
