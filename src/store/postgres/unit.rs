//! The parts of a unit as `avow_write_3` takes them, and what the function says became of them.

use crate::domain::{Context, Mode, ReferencedVersion, SchemaId, Seq, Subject, Version};
use crate::store::unit::{Effect, Guard, IdChoice, NewVersion, Outcome, Part, Unit};
use crate::store::{ChangeTracker, Error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A part of a unit on its way to the database. Absent fields spare the function a statement.
#[derive(Debug, Default, Serialize)]
pub(super) struct Call {
    /// The unique id of the part.
    unit: String,
    /// Whether it is atomic with the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<bool>,
    /// The position of the log before it was first sent, if this is a retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revisions: Vec<Revision>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<Numbered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    none_live: Vec<InContext>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    none: Vec<InContext>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    soft: Vec<Numbered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    undelete: Vec<Numbered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<Numbered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget_ids: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contexts: Vec<RecordedContext>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    floors: Vec<Floor>,
    scopes: Vec<InScope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configs: Vec<Configured>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modes: Vec<Moded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add: Option<Added>,
    entry: Entry,
}

#[derive(Debug, Serialize)]
struct Revision {
    subject: String,
    revision: i64,
}

#[derive(Debug, Serialize)]
struct Numbered {
    subject: String,
    version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
}

#[derive(Debug, Serialize)]
struct InContext {
    context: Option<String>,
}

#[derive(Debug, Serialize)]
struct RecordedContext {
    name: String,
    recorded: bool,
}

#[derive(Debug, Serialize)]
struct Floor {
    name: String,
    last_id: i32,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct InScope {
    subject: String,
    context: String,
}

#[derive(Debug, Serialize)]
struct Configured {
    subject: String,
    config: Option<String>,
}

#[derive(Debug, Serialize)]
struct Moded {
    subject: String,
    mode: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Added {
    subject: String,
    version: i32,
    context: String,
    fingerprint: String,
    schema_type: &'static str,
    shape: String,
    text: String,
    refs: Option<String>,
    metadata: Option<String>,
    rule_set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Numbered>,
}

#[derive(Debug, Default, Serialize)]
struct Entry {
    time: i64,
    actor: String,
    request_id: String,
    kind: &'static str,
    subject: String,
    before: Option<String>,
    after: Option<String>,
}

/// The outcome of one part.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    refused: Option<Refusal>,
    seq: Option<u64>,
    receipt: Option<Receipt>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Refusal {
    Conflict,
    Fingerprint,
    Id,
    Ids,
}

/// The facts that a change affects, as stored beside its entry in the log.
#[derive(Debug, Deserialize)]
pub(super) struct Receipt {
    id: Option<i64>,
    scopes: Vec<String>,
    ids: Vec<(String, i64)>,
    contexts: bool,
}

impl Receipt {
    /// Marks everything that the change at `seq` invalidates.
    pub(super) fn mark(&self, change_tracker: &ChangeTracker, seq: Seq) {
        for subject in &self.scopes {
            change_tracker.mark(change_tracker.scope(&Subject::parse(subject)), seq);
        }
        for (context, id) in &self.ids {
            if let Some(id) = SchemaId::new(*id) {
                change_tracker.mark(change_tracker.id(&Context::stored(context.clone()), id), seq);
            }
        }
        if self.contexts {
            change_tracker.mark(change_tracker.contexts(), seq);
        }
    }
}

impl Reply {
    /// The outcome of a unit, from the outcomes of its parts, after what they changed is marked.
    pub(super) fn outcome(replies: Vec<Self>, change_tracker: &ChangeTracker) -> Result<Outcome, Error> {
        let (mut last, mut ids) = (Seq(0), Vec::with_capacity(replies.len()));
        for reply in replies {
            match reply.part(change_tracker)? {
                Ok((seq, id)) => {
                    last = seq;
                    ids.push(id);
                }
                Err(refused) => return Ok(refused),
            }
        }
        Ok(Outcome::Committed { seq: last, ids })
    }

    fn part(self, change_tracker: &ChangeTracker) -> Result<Result<(Seq, Option<SchemaId>), Outcome>, Error> {
        if let Some(refusal) = self.refused {
            return Ok(Err(match refusal {
                Refusal::Conflict => Outcome::Conflict,
                Refusal::Fingerprint => Outcome::FingerprintTaken,
                Refusal::Id => Outcome::IdTaken,
                Refusal::Ids => Outcome::IdsExhausted,
            }));
        }
        let (Some(seq), Some(receipt)) = (self.seq, self.receipt) else {
            return Err(Error::Invalid("a unit without an outcome".to_owned()));
        };
        receipt.mark(change_tracker, Seq(seq));
        Ok(Ok((Seq(seq), receipt.id.and_then(SchemaId::new))))
    }
}

impl Call {
    /// Records that the part may have been written already, by a call whose answer was lost, but not before `seq`.
    pub(super) fn may_have_been_written_after(&mut self, seq: Seq) {
        self.sent_at.get_or_insert(seq.0);
    }

    /// The parts of a unit as the function takes them.
    pub(super) fn of(unit: &Unit) -> Result<Vec<Self>, Error> {
        let mut calls = unit.parts.iter().map(Self::new).collect::<Result<Vec<_>, Error>>()?;
        for call in calls.iter_mut().skip(1) {
            call.joined = Some(true);
        }
        if let Some(first) = calls.first_mut() {
            unit.guards.iter().for_each(|guard| first.guard(guard));
        }
        Ok(calls)
    }

    fn new(part: &Part) -> Result<Self, Error> {
        let mut call = Self { unit: Uuid::new_v4().to_string(), entry: entry(part), ..Self::default() };
        for effect in &part.effects {
            call.effect(effect)?;
        }
        Ok(call)
    }

    fn guard(&mut self, guard: &Guard) {
        match guard {
            Guard::Revision(subject, revision) => {
                self.revisions.push(Revision { subject: subject.as_str().to_owned(), revision: revision.0 });
            }
            Guard::Version { version, deleted } => {
                self.versions.push(Numbered { deleted: Some(*deleted), ..Numbered::from(version) });
            }
            Guard::NoLiveVersions(context) => {
                self.none_live.push(InContext { context: context.as_ref().map(ToString::to_string) });
            }
            Guard::NoVersions(context) => self.none.push(InContext { context: Some(context.to_string()) }),
        }
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), Error> {
        self.touch(&effect.scope());
        match effect {
            Effect::AddVersion(new) => self.add(new)?,
            Effect::SoftDelete(subject, versions) => self.soft.extend(numbered(subject, versions)),
            Effect::Undelete(subject, versions) => self.undelete.extend(numbered(subject, versions)),
            Effect::Supersede(subject, versions) => self.remove.extend(numbered(subject, versions)),
            Effect::HardDelete(subject, versions) => {
                self.remove.extend(numbered(subject, versions));
                self.forget_ids = Some(true);
            }
            Effect::SetConfig(subject, config) => {
                let config = config.as_ref().map(serde_json::to_string).transpose();
                let config = config.map_err(|error| Error::Invalid(error.to_string()))?;
                self.configs.push(Configured { subject: subject.as_str().to_owned(), config });
            }
            Effect::SetMode(subject, mode) => {
                self.modes.push(Moded { subject: subject.as_str().to_owned(), mode: mode.map(Mode::as_str) });
            }
            Effect::RecordContext(context) => {
                self.contexts.push(RecordedContext { name: context.to_string(), recorded: true });
            }
            Effect::ForgetContext(context) => {
                self.contexts.push(RecordedContext { name: context.to_string(), recorded: false });
            }
            Effect::ReserveIds(context, floor) => {
                self.floors.push(Floor { name: context.to_string(), last_id: floor.get() });
            }
        }
        Ok(())
    }

    fn add(&mut self, new: &NewVersion) -> Result<(), Error> {
        let id = match new.id {
            IdChoice::OfContent => None,
            IdChoice::Explicit(id) => {
                // An import may have to make room for it.
                self.remove.extend(numbered(&new.subject, &[new.version]));
                Some(id.get())
            }
        };
        for target in &new.targets {
            // A concurrent deletion of the target must notice its new user.
            self.touch(&target.subject);
        }
        let json = |value: Result<String, serde_json::Error>| value.map_err(|error| Error::Invalid(error.to_string()));
        let content = &new.content;
        let references = (!content.references.is_empty()).then(|| serde_json::to_string(&content.references));
        self.add = Some(Added {
            subject: new.subject.as_str().to_owned(),
            version: new.version.get(),
            context: new.subject.context().to_string(),
            fingerprint: hex(new.key.fingerprint.0),
            schema_type: new.key.schema_type.as_str(),
            shape: hex(new.shape),
            text: content.text.clone(),
            refs: references.map(json).transpose()?,
            metadata: content.metadata.as_ref().map(serde_json::to_string).map(json).transpose()?,
            rule_set: content.rule_set.as_ref().map(serde_json::to_string).map(json).transpose()?,
            id,
            force: new.force_id.then_some(true),
            targets: new.targets.iter().map(Numbered::from).collect(),
        });
        Ok(())
    }

    /// Raises the revision of a scope, once however often it is touched.
    fn touch(&mut self, subject: &Subject) {
        let scope = InScope { subject: subject.as_str().to_owned(), context: subject.context().to_string() };
        if !self.scopes.contains(&scope) {
            self.scopes.push(scope);
        }
    }
}

impl From<&ReferencedVersion> for Numbered {
    fn from(version: &ReferencedVersion) -> Self {
        Self { subject: version.subject.as_str().to_owned(), version: version.version.get(), deleted: None }
    }
}

fn numbered(subject: &Subject, versions: &[Version]) -> impl Iterator<Item = Numbered> {
    versions.iter().map(|version| Numbered {
        subject: subject.as_str().to_owned(),
        version: version.get(),
        deleted: None,
    })
}

fn entry(part: &Part) -> Entry {
    let entry = &part.entry;
    Entry {
        time: entry.time.0,
        actor: entry.actor.to_string(),
        request_id: entry.request_id.to_string(),
        kind: entry.kind,
        subject: entry.subject.as_str().to_owned(),
        before: entry.before.clone(),
        after: entry.after.clone(),
    }
}

fn hex(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(bytes).as_simple().to_string()
}
