//! Scrubbing: whether every content hashes to its fingerprint, and whether the log matches the tables.

use super::Error;
use super::read::{content_from, id_from, key_from, version_from};
use super::rows::{ChangeRow, ContentRow, ContextRow, IdRow, Row, ScopeRow, UseRow, VersionRow, read_all};
use super::session::Session;
use crate::domain::{Config, Context, IdMapping, Mode, ReferencedVersion, Replay, Seq, Subject, Timestamp};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::Display;

/// The findings of a scrub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Contents that were hashed.
    pub contents: u64,
    /// Versions that were compared with the log.
    pub versions: u64,
    /// Changes in the log.
    pub changes: u64,
    /// One sentence for each thing that is wrong.
    pub faults: Vec<String>,
}

/// Faults that are listed one by one; a database with more is lost anyway.
const LISTED: usize = 100;

/// Reads the whole database at `url` and checks it, as of one snapshot. Read-only; a server may be running on it.
///
/// Every content is hashed, and the state is rebuilt from the log and compared with the tables.
pub async fn verify(url: &str) -> Result<Report, Error> {
    let mut session = Session::snapshot(url).await?;
    let mut scrub = Scrub::default();
    if let Session::Sqlite(connection) = &mut session {
        let integrity: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(connection).await?;
        for line in integrity.into_iter().filter(|line| line != "ok") {
            scrub.fault(line);
        }
    }
    let head = session.head().await?;
    read_all(&mut session, |row| scrub.take(row)).await?;
    session.close().await?;
    Ok(scrub.finish(Seq(head.unsigned_abs())))
}

/// A running scrub: the state rebuilt from the log, less what was found in the tables.
#[derive(Debug, Default)]
struct Scrub {
    replay: Replay,
    /// The references, as the versions found in the tables list them.
    references: BTreeSet<(ReferencedVersion, ReferencedVersion)>,
    /// Subjects with versions whose scope was not found yet.
    unguarded: BTreeSet<Subject>,
    report: Report,
}

impl Scrub {
    fn fault(&mut self, sentence: impl Display) {
        if self.report.faults.len() < LISTED {
            self.report.faults.push(sentence.to_string());
        }
    }

    /// Compares a stored value with the one rebuilt from the log.
    fn compare<T: PartialEq>(&mut self, expected: Option<&T>, stored: Option<&T>, what: impl Display) {
        match (expected, stored) {
            (expected, stored) if expected == stored => {}
            (None, _) => self.fault(format_args!("{what} is there, but the log does not record it")),
            (_, None) => self.fault(format_args!("{what} is missing, but the log records it")),
            _ => self.fault(format_args!("{what} differs from the log")),
        }
    }

    fn take(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Change(row) => self.change(row),
            Row::Context(row) => self.context(row),
            Row::Content(row) => self.content(row)?,
            Row::Id(row) => self.id(&row)?,
            Row::Version(row) => self.version(&row)?,
            Row::Use(row) => self.reference(&row)?,
            Row::Scope(row) => self.scope(row)?,
        }
        Ok(())
    }

    fn change(&mut self, row: ChangeRow) {
        self.report.changes += 1;
        if let Err(contradiction) = self.replay.apply(&row.into()) {
            self.fault(contradiction);
        }
    }

    fn context(&mut self, row: ContextRow) {
        let context = Context::stored(row.name);
        let expected = self.replay.contexts.remove(&context).map(|(recorded, last_id)| (recorded, i64::from(last_id)));
        if expected.is_some_and(|(_, last_id)| last_id > row.last_id) {
            self.fault(format_args!("ids of the context {context} would be assigned again"));
        }
        self.compare(expected.as_ref(), Some(&(row.recorded, row.last_id)), format_args!("the context {context}"));
    }

    fn content(&mut self, row: ContentRow) -> Result<(), Error> {
        let stored = key_from(&row.fingerprint, &row.schema_type)?;
        let row = (row.schema_type, row.text, json(row.refs)?, json(row.metadata)?, json(row.rule_set)?);
        let computed = content_from(row)?.key();
        self.report.contents += 1;
        if stored != computed {
            self.fault(format_args!("the content {stored} now hashes to {computed}: its text was altered"));
        }
        let expected = self.replay.contents.take(&stored);
        self.compare(expected.as_ref(), Some(&stored), format_args!("the content {stored}"));
        Ok(())
    }

    fn id(&mut self, row: &IdRow) -> Result<(), Error> {
        let key = (Context::stored(row.context.clone()), id_from(row.id)?);
        let stored = IdMapping {
            content: key_from(&row.fingerprint, &row.schema_type)?,
            version: referenced(&row.subject, row.version)?,
            written: Seq(row.written.unsigned_abs()),
        };
        let expected = self.replay.ids.remove(&key);
        self.compare(expected.as_ref(), Some(&stored), format_args!("the id {} of the context {}", key.1, key.0));
        Ok(())
    }

    fn version(&mut self, row: &VersionRow) -> Result<(), Error> {
        self.report.versions += 1;
        let version = referenced(&row.subject, row.version)?;
        let stored = (
            Context::stored(row.context.clone()),
            id_from(row.id)?,
            row.deleted,
            Timestamp(row.time),
            Seq(row.written.unsigned_abs()),
        );
        let expected = self.replay.versions.remove(&(version.subject.clone(), version.version));
        let expected = expected.map(|expected| {
            let targets = expected.references.into_iter().map(|target| (target, version.clone()));
            self.references.extend(targets);
            (version.subject.context(), expected.id, expected.deleted, expected.time, expected.written)
        });
        let what = format_args!("the version {} of {}", version.version, version.subject);
        self.compare(expected.as_ref(), Some(&stored), what);
        self.unguarded.insert(version.subject);
        Ok(())
    }

    fn reference(&mut self, row: &UseRow) -> Result<(), Error> {
        let referrer = referenced(&row.subject, row.version)?;
        let target = referenced(&row.target_subject, row.target_version)?;
        let what = format!("the reference of {} to {}", referrer.subject, target.subject);
        let stored = (target, referrer);
        let expected = self.references.take(&stored);
        self.compare(expected.as_ref(), Some(&stored), what);
        Ok(())
    }

    fn scope(&mut self, row: ScopeRow) -> Result<(), Error> {
        let subject = Subject::parse(&row.subject);
        self.unguarded.remove(&subject);
        let config = json::<Config>(row.config)?.map(|config| config.0);
        let expected = self.replay.configs.remove(&subject);
        self.compare(expected.as_ref(), config.as_ref(), format_args!("the config of `{subject}`"));
        let mode = row
            .mode
            .as_deref()
            .map(|name| Mode::parse(name).ok_or_else(|| Error::Invalid(format!("the mode `{name}`"))));
        let expected = self.replay.modes.remove(&subject);
        self.compare(expected.as_ref(), mode.transpose()?.as_ref(), format_args!("the mode of `{subject}`"));
        Ok(())
    }

    /// Reports what is in the log but in no table.
    fn finish(mut self, head: Seq) -> Report {
        if head != self.replay.seq {
            let missing = head.0.abs_diff(self.replay.seq.0);
            self.fault(format_args!("{missing} changes are missing from the log, or from its head"));
        }
        let expected = std::mem::take(&mut self.replay);
        for context in expected.contexts.keys() {
            self.fault(format_args!("the context {context} is missing, but the log records it"));
        }
        for content in &expected.contents {
            self.fault(format_args!("the content {content} is missing, but the log records it"));
        }
        for (context, id) in expected.ids.keys() {
            self.fault(format_args!("the id {id} of the context {context} is missing, but the log records it"));
        }
        for (subject, version) in expected.versions.keys() {
            self.fault(format_args!("the version {version} of {subject} is missing, but the log records it"));
        }
        for (target, referrer) in std::mem::take(&mut self.references) {
            let (referrer, target) = (referrer.subject, target.subject);
            self.fault(format_args!("the reference of {referrer} to {target} is missing, but the log records it"));
        }
        for subject in expected.configs.keys().chain(expected.modes.keys()) {
            self.fault(format_args!("settings of `{subject}` are missing, but the log records them"));
        }
        for subject in std::mem::take(&mut self.unguarded) {
            self.fault(format_args!("the subject {subject} has versions, but no revision"));
        }
        self.report
    }
}

fn referenced(subject: &str, version: i64) -> Result<ReferencedVersion, Error> {
    Ok(ReferencedVersion { subject: Subject::parse(subject), version: version_from(version)? })
}

fn json<T: DeserializeOwned>(text: Option<String>) -> Result<Option<sqlx::types::Json<T>>, Error> {
    let parsed = text.map(|text| serde_json::from_str(&text).map(sqlx::types::Json));
    parsed.transpose().map_err(|error| Error::Invalid(error.to_string()))
}
