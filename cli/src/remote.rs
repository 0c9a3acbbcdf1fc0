//! What a registry holds, asked with the plain calls that every registry answers.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use avow_avro::Strictness;
use avow_client::Error as ClientError;
use avow_client::rest::{Client, Config, Reference as ClientReference, SchemaType, Scope, Version as Stored};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};

use super::connection::{failed, redacted};
use super::nearest::suggestion;
use super::project::{Documents, LockedSubject, LockedVersion};
use super::{Error, terminal};
use avow_domain::{Level, Metadata, Reference};

/// Requests under way at a time.
pub(super) const AT_ONCE: usize = 8;

/// A registry, and what was already asked of it.
pub(super) struct Remote {
    pub(super) client: Client,
    url: String,
    /// Versions never change; none where there is no such version.
    seen: RefCell<HashMap<(String, i32), Option<LockedVersion>>>,
}

/// The live versions of a subject, as far as somebody asks for them.
pub(super) struct LiveVersions {
    pub(super) level: Level,
    /// Oldest first.
    pub(super) versions: Vec<LockedVersion>,
}

impl From<LiveVersions> for LockedSubject {
    fn from(LiveVersions { level, versions }: LiveVersions) -> Self {
        Self { level, versions }
    }
}

impl Remote {
    pub(super) fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned(), seen: RefCell::default() }
    }

    /// The address, without credentials.
    pub(super) fn url(&self) -> String {
        redacted(&self.url)
    }

    pub(super) fn failed(&self) -> impl Fn(ClientError) -> Error {
        failed(&self.url)
    }

    /// Why a call about a subject failed; where no subject has the name, with one that has nearly the same.
    pub(super) async fn failed_for(&self, subject: &str, error: ClientError) -> Error {
        let suggestion = if error.is_not_found() { self.suggestion(subject).await } else { String::new() };
        match self.failed()(error) {
            Error::Input(reason) if !suggestion.is_empty() => {
                Error::Input(format!("{}{suggestion}", reason.trim_end_matches('.')))
            }
            other => other,
        }
    }

    /// The end of a sentence about a subject that is not there; empty where no other is like it.
    pub(super) async fn suggestion(&self, subject: &str) -> String {
        let known = self.client.subjects().await.unwrap_or_default();
        if known.iter().any(|it| it == subject) {
            return String::new();
        }
        suggestion(subject, known.iter().map(String::as_str))
    }

    /// What a subject holds: as many of the newest versions as `depth` says for its level; none if it is not there.
    /// Where versions are divided into groups, those of the group of `metadata`.
    pub(super) async fn live_versions(
        &self,
        subject: &str,
        metadata: Option<&Metadata>,
        level: Option<Level>,
        depth: impl Fn(Level) -> usize,
    ) -> Result<Option<LiveVersions>, Error> {
        let numbers = match self.client.versions(subject).await {
            Ok(numbers) if numbers.is_empty() => return Ok(None),
            Ok(numbers) => numbers,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(self.failed()(error)),
        };
        let (own, group) = self.level_and_group(subject).await?;
        let level = level.unwrap_or(own);
        let from = numbers.len().saturating_sub(depth(level));
        let versions = stream::iter(&numbers[from..])
            .map(|number| self.stored(subject, *number))
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let in_group = |stored: &Stored| {
            let Some(group) = &group else { return true };
            let of = metadata.and_then(|metadata| metadata.properties.get(group));
            stored.schema.metadata.as_ref().and_then(|metadata| metadata.properties.get(group)) == of
        };
        let versions = versions.into_iter().flatten().filter(in_group).map(locked).collect::<Result<_, _>>()?;
        Ok(Some(LiveVersions { level, versions }))
    }

    /// Whether new schemas of a subject have to follow the strict rules, as they do by default.
    pub(super) async fn strictness(&self, subject: &str) -> Result<Strictness, Error> {
        let validates = self.effective_config(subject).await?.validate_new_schemas.unwrap_or(true);
        Ok(if validates { Strictness::Strict } else { Strictness::Lenient })
    }

    async fn effective_config(&self, subject: &str) -> Result<Config, Error> {
        let mut config = self.client.config(subject).default_to_global().await;
        if config.as_ref().is_err_and(ClientError::is_not_found) {
            // Older registries know no default.
            config = self.client.config(Scope::Global).await;
        }
        config.map_err(self.failed())
    }

    /// The level in force, and the property that divides the versions into groups.
    async fn level_and_group(&self, subject: &str) -> Result<(Level, Option<String>), Error> {
        let config = self.effective_config(subject).await?;
        let Some(level) = config.compatibility_level else { return Ok((Level::default(), config.compatibility_group)) };
        let level = Level::parse(level.as_str())
            .ok_or_else(|| Error::Input(format!("`{subject}` has the level {level}, which is not known here")))?;
        Ok((level, config.compatibility_group))
    }

    /// The settings and the mode that a scope has of its own.
    pub(super) async fn settings(
        &self,
        scope: Scope<'_>,
    ) -> Result<(Option<Map<String, Value>>, Option<String>), Error> {
        let config = match self.client.config(scope).await {
            Err(error) if error.is_not_found() || error.is_unsupported() => None,
            config => Some(config.map_err(self.failed())?),
        };
        let mode = match self.client.mode(scope).await {
            Err(error) if error.is_not_found() || error.is_unsupported() => None,
            mode => mode.map_err(self.failed())?,
        };
        let config = config.and_then(|config| json!(config).as_object().cloned()).filter(|config| !config.is_empty());
        Ok((config, mode.map(|mode| mode.as_str().to_owned())))
    }

    /// One version; none if it was deleted meanwhile.
    pub(super) async fn stored(&self, subject: &str, number: i32) -> Result<Option<Stored>, Error> {
        match self.client.version(subject, number).await {
            Ok(stored) => Ok(Some(stored)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(self.failed()(error)),
        }
    }

    /// The version that something refers to; -1 is the latest.
    pub(super) async fn referenced(&self, subject: &str, version: i32) -> Result<Option<LockedVersion>, Error> {
        let key = (subject.to_owned(), version);
        if let Some(known) = self.seen.borrow().get(&key) {
            return Ok(known.clone());
        }
        let found = match version {
            -1 => match self.client.latest(subject).await {
                Ok(stored) => Some(stored),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(self.failed()(error)),
            },
            number => self.stored(subject, number).await?,
        };
        let found = found.map(locked).transpose()?;
        self.seen.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// Adds the documents of references, each after those it refers to; what is not there is left out.
    pub(super) async fn gather(&self, references: &[Reference], documents: &mut Documents) -> Result<(), Error> {
        let mut open: Vec<(Reference, bool)> = references.iter().rev().map(|it| (it.clone(), false)).collect();
        let mut seen = HashSet::new();
        while let Some((reference, is_expanded)) = open.pop() {
            let Some(found) = self.referenced(&reference.subject, reference.version).await? else { continue };
            if is_expanded {
                documents.list(&found.schema);
            } else if seen.insert((reference.subject.clone(), found.version)) {
                open.push((reference, true));
                open.extend(found.references.into_iter().rev().map(|below| (below, false)));
            }
        }
        Ok(())
    }
}

fn locked(stored: Stored) -> Result<LockedVersion, Error> {
    let (subject, version, kind) = (&stored.subject, stored.version, &stored.schema.schema_type);
    if *kind != SchemaType::Avro {
        return Err(Error::Input(format!("version {version} of `{subject}` is {kind}; avow compares Avro only")));
    }
    let reference = |it: ClientReference| Reference { name: it.name, subject: it.subject, version: it.version };
    Ok(LockedVersion {
        version,
        id: i32::try_from(stored.id).unwrap_or(i32::MAX),
        references: stored.schema.references.into_iter().map(reference).collect(),
        schema: stored.schema.text,
    })
}

/// Concurrent requests, with their progress on a terminal.
pub(super) async fn ask_all<T, A, F>(
    terminal: &terminal::Terminal,
    things: &[T],
    ask: impl Fn(usize) -> F,
) -> Result<Vec<A>, Error>
where
    F: Future<Output = Result<A, Error>>,
{
    let mut answers = Vec::with_capacity(things.len());
    let mut asked = stream::iter((0..things.len()).map(&ask)).buffered(AT_ONCE);
    while let Some(answer) = asked.next().await {
        answers.push(answer?);
        terminal.progress(format_args!("{} of {}", answers.len(), terminal::count(things.len(), "subject")));
    }
    terminal.done();
    Ok(answers)
}
