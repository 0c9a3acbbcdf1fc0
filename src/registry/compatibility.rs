//! May this schema follow those? The pairs of the level, in the words of the contract (4.9).

use super::candidate::{Candidate, ParseOptions};
use super::effective::Effective;
use super::verdicts::Pair;
use super::{Draft, Error, Registry, View, effective};
use crate::domain::{Content, Subject, Version, VersionSelector};
use crate::store::StoredVersion;
use avow_schema::{Incompatibility, Role, Strictness};
use std::time::Instant;

/// The verdict on a candidate and a history; compatible if there are no messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The incompatibilities, in the contract's words and order.
    pub messages: Vec<String>,
}

impl Verdict {
    /// Whether the candidate is compatible.
    pub fn is_compatible(&self) -> bool {
        self.messages.is_empty()
    }
}

/// The number of characters of a stored schema that a message quotes.
const QUOTED_CHARS: usize = 10_240;

impl Registry {
    /// Tests a draft against the live history of a subject, as registration would.
    pub async fn test_against_history(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        draft: &Draft,
        normalize: bool,
    ) -> Result<Verdict, Error> {
        let settings = effective::settings(view, subject).await?;
        let candidate = self.test_candidate(view, subject, draft, normalize, &settings).await?;
        let scope = view.scope(subject).await?;
        let live: Vec<StoredVersion> = scope.live().copied().collect();
        self.check(view, &candidate, &live, &settings).await
    }

    /// Tests a draft against one live version of a subject. Everything is compatible with the latest of no versions.
    pub async fn test_against_version(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        selector: VersionSelector,
        draft: &Draft,
        normalize: bool,
    ) -> Result<Verdict, Error> {
        let scope = view.scope(subject).await?;
        let found = match (scope.select(selector, false), selector) {
            (None, VersionSelector::Number(version)) => return Err(Error::VersionNotFound(version.get())),
            (found, _) => found,
        };
        let settings = effective::settings(view, subject).await?;
        let candidate = self.test_candidate(view, subject, draft, normalize, &settings).await?;
        let history: Vec<StoredVersion> = found.copied().into_iter().collect();
        self.check(view, &candidate, &history, &settings).await
    }

    pub(super) async fn test_candidate(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        draft: &Draft,
        normalize: bool,
        settings: &Effective,
    ) -> Result<Candidate, Error> {
        let content = draft.content()?;
        view.require_references(&subject.context(), &draft.references)?;
        let options = ParseOptions {
            strictness: if settings.validate_new_schemas { Strictness::Strict } else { Strictness::Lenient },
            validation: effective::validation(view, subject, content.schema_type, settings).await?,
            normalize: normalize || settings.normalize,
        };
        Candidate::parse(view, subject, content, options).await
    }

    /// Checks a candidate against live versions in ascending order.
    pub(super) async fn check(
        &self,
        view: &mut View<'_>,
        candidate: &Candidate,
        live: &[StoredVersion],
        settings: &Effective,
    ) -> Result<Verdict, Error> {
        let began = Instant::now();
        let verdict = self.check_history(view, candidate, live, settings).await;
        let compatible = verdict.as_ref().ok().map(Verdict::is_compatible);
        self.stats.checked(candidate.content.schema_type, settings.level, compatible, began.elapsed());
        verdict
    }

    async fn check_history(
        &self,
        view: &mut View<'_>,
        candidate: &Candidate,
        live: &[StoredVersion],
        settings: &Effective,
    ) -> Result<Verdict, Error> {
        let mut messages = Vec::new();
        if settings.validate_fields {
            let previous = match live.last() {
                Some(stored) => Some(view.content(stored.key).await?),
                None => None,
            };
            messages = reserved_fields(candidate, previous.as_deref());
        }
        let other_type = self.has_other_type(view, candidate, live, settings).await?;
        if other_type {
            self.note(&avow_schema::Verdict { findings: vec![Incompatibility::DifferentType], exception: None });
            messages.push(Incompatibility::DifferentType.registry_text(Role::Reader));
        }
        for stored in live.iter().rev().filter(|_| !other_type) {
            let content = view.content(stored.key).await?;
            if !same_group(settings, &candidate.content, &content) {
                continue;
            }
            let found = self.check_pair(view, candidate, stored, &content, settings).await?;
            let settled = !found.is_empty() || !settings.level.is_transitive();
            messages.extend(found);
            if settled {
                break;
            }
        }
        if !messages.is_empty() {
            let (fields, level) = (settings.validate_fields, settings.level.as_str());
            messages.push(format!("{{validateFields: '{fields}', compatibility: '{level}'}}"));
        }
        Ok(Verdict { messages })
    }

    /// Whether the level protects a version that is a schema of another type than the candidate, however old.
    async fn has_other_type(
        &self,
        view: &mut View<'_>,
        candidate: &Candidate,
        live: &[StoredVersion],
        settings: &Effective,
    ) -> Result<bool, Error> {
        let schema_type = candidate.content.schema_type;
        let protects = !settings.level.directions().is_empty();
        for stored in live.iter().filter(|stored| protects && stored.key.schema_type != schema_type) {
            if same_group(settings, &candidate.content, &*view.content(stored.key).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts what a verdict rests on.
    fn note(&self, verdict: &avow_schema::Verdict) {
        verdict.rules().for_each(|rule| self.stats.found(rule));
    }

    async fn check_pair(
        &self,
        view: &mut View<'_>,
        candidate: &Candidate,
        stored: &StoredVersion,
        content: &Content,
        settings: &Effective,
    ) -> Result<Vec<String>, Error> {
        let directions = settings.level.directions();
        if directions.is_empty() {
            return Ok(Vec::new());
        }
        let old = self.parsed(view, &candidate.context, stored.key, content).await?;
        let new = candidate.parsed();
        let mut messages = Vec::new();
        for (turn, direction) in directions.iter().enumerate() {
            let pair = Pair::new(&new, &old, *direction, settings.policy);
            let verdict = self.verdict(&pair).await?;
            self.note(&verdict);
            let mut found = describe(&verdict, pair.role);
            if found.is_empty() && settings.config.refuse_warnings == Some(true) {
                let warning = self.warning(pair).await?;
                if let Some(warning) = &warning {
                    self.stats.found(warning.rule);
                    found.push(describe_warning(warning));
                }
            }
            // Of two directions only the second says which version it is about (contract 17).
            let last = turn + 1 == directions.len();
            let quote = last && !found.is_empty();
            messages.extend(found);
            if quote {
                messages.extend(quoted(stored.version, &content.text));
            }
        }
        Ok(messages)
    }
}

fn quoted(version: Version, text: &str) -> [String; 2] {
    let schema = match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{{oldSchema: <truncated> '{}...'}}", &text[..end]),
        None => format!("{{oldSchema: '{text}'}}"),
    };
    [format!("{{oldSchemaVersion: {version}}}"), schema]
}

/// Whether a version belongs to the candidate's part of the history.
pub(super) fn same_group(settings: &Effective, new: &Content, old: &Content) -> bool {
    let Some(group) = &settings.config.compatibility_group else { return true };
    let of = |content: &Content| content.metadata.as_ref().and_then(|data| data.properties.get(group).cloned());
    of(new) == of(old)
}

/// The contract's messages for the core's findings (contract 4.9).
pub(super) fn describe(verdict: &avow_schema::Verdict, role: Role) -> Vec<String> {
    match &verdict.exception {
        Some(exception) => vec![format!("Unexpected exception during compatibility check: {exception}")],
        None => verdict.findings.iter().map(|finding| finding.registry_text(role)).collect(),
    }
}

/// A warning that refuses, in the style of the contract's messages.
fn describe_warning(warning: &avow_schema::Finding) -> String {
    format!(
        "{{errorType:'DATA_NOT_DECODABLE', description:'{}', additionalInfo:'{}'}}",
        warning.title,
        warning.rule.id()
    )
}

/// The metadata property that lists reserved field names.
const RESERVED: &str = "confluent:reserved";

/// Checks reserved fields (contract 4.8).
fn reserved_fields(candidate: &Candidate, previous: Option<&Content>) -> Vec<String> {
    let names = |content: &Content| -> Vec<String> {
        let listed = content.metadata.as_ref().and_then(|metadata| metadata.properties.get(RESERVED));
        let listed = listed.map(String::as_str).unwrap_or_default();
        listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let reserved = names(&candidate.content);
    let removed = previous.map(names).unwrap_or_default().into_iter().filter(|name| !reserved.contains(name));
    let mut messages: Vec<String> = removed
        .map(|name| {
            format!(
                "The new schema has reserved field {name} removed from its metadata which is present in the old schema's metadata."
            )
        })
        .collect();
    let fields = candidate.schema.top_level_fields();
    let taken = reserved.iter().filter(|name| fields.contains(&name.as_str()));
    messages
        .extend(taken.map(|name| format!("The new schema has field that conflicts with the reserved field {name}.")));
    messages
}
