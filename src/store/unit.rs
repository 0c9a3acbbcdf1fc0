//! Units of writing: guards, effects, and the log entry that records them.

use crate::domain::{
    Config, Content, ContentKey, Context, Mode, ReferencedVersion, Revision, SchemaId, Seq, Subject, Timestamp, Version,
};
use std::sync::Arc;

/// A set of changes that is written atomically.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The facts that the decision rests on; if one fails, nothing is written and the decision is taken again. They are
    /// checked before the first part, so what one part does cannot be guarded for another.
    pub guards: Vec<Guard>,
    /// One change of the registry each, in the order they are made; without any it only shows that writing works.
    pub parts: Vec<Part>,
}

/// One change of the registry, and its entry in the log.
#[derive(Debug, Clone)]
pub struct Part {
    /// The changes; at most one version is added.
    pub effects: Vec<Effect>,
    /// The log entry.
    pub entry: LogEntry,
}

impl Part {
    /// The version it adds.
    pub(super) fn added(&self) -> Option<&NewVersion> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::AddVersion(new) => Some(new),
            _ => None,
        })
    }
}

/// A fact that must still be true when the unit is written.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Nothing has changed under this scope.
    Revision(Subject, Revision),
    /// The version is still there, and live unless soft-deleted ones will do.
    Version {
        /// The version.
        version: ReferencedVersion,
        /// Whether it may be soft-deleted.
        deleted: bool,
    },
    /// The context, or with `None` every context, has no live version.
    NoLiveVersions(Option<Context>),
    /// The context has no version at all.
    NoVersions(Context),
}

/// One thing a unit does.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Stores a version; in import it may replace one.
    AddVersion(NewVersion),
    /// Soft-deletes versions, which keep their numbers and ids.
    SoftDelete(Subject, Vec<Version>),
    /// Makes soft-deleted versions live again.
    Undelete(Subject, Vec<Version>),
    /// Removes versions, and ids that no other version has.
    HardDelete(Subject, Vec<Version>),
    /// Removes versions whose id the version that the part adds takes over.
    Supersede(Subject, Vec<Version>),
    /// Sets or removes the settings of a scope.
    SetConfig(Subject, Option<Box<Config>>),
    /// Sets or removes the mode of a scope.
    SetMode(Subject, Option<Mode>),
    /// Adds a context to the list of contexts.
    RecordContext(Context),
    /// Removes a context from the list of contexts; its id counter stays.
    ForgetContext(Context),
    /// Reserves all ids up to this one: none of them is assigned any more.
    ReserveIds(Context, SchemaId),
}

impl Effect {
    /// The scope whose answers it changes.
    pub(super) fn scope(&self) -> Subject {
        match self {
            Self::AddVersion(new) => new.subject.clone(),
            Self::SoftDelete(subject, _)
            | Self::Undelete(subject, _)
            | Self::HardDelete(subject, _)
            | Self::Supersede(subject, _)
            | Self::SetConfig(subject, _)
            | Self::SetMode(subject, _) => subject.clone(),
            Self::RecordContext(context) | Self::ForgetContext(context) | Self::ReserveIds(context, _) => {
                context.scope()
            }
        }
    }
}

/// A version to store.
#[derive(Debug, Clone)]
pub struct NewVersion {
    pub subject: Subject,
    pub version: Version,
    pub content: Arc<Content>,
    pub key: ContentKey,
    /// The structural fingerprint.
    pub shape: [u8; 16],
    pub id: IdChoice,
    /// Whether an explicit id that no version holds may get another meaning.
    pub force_id: bool,
    /// The versions it refers to.
    pub targets: Vec<ReferencedVersion>,
}

/// The choice of an id for a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdChoice {
    /// The newest id of its content in the context, or else the next one of the counter.
    OfContent,
    /// That very id, which must never have meant anything else.
    Explicit(SchemaId),
}

/// The log entry of a change.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// When.
    pub time: Timestamp,
    /// The principal that made the change; empty for an anonymous caller.
    pub actor: Arc<str>,
    /// In which request.
    pub request_id: Arc<str>,
    /// The kind of change.
    pub kind: &'static str,
    /// The scope it is filed under.
    pub subject: Subject,
    /// The state before, as JSON.
    pub before: Option<String>,
    /// The state after, as JSON. In `register` entries the writer adds the id.
    pub after: Option<String>,
}

/// The result of writing a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Written.
    Committed {
        /// The position in the log of its last part; the others are right before it.
        seq: Seq,
        /// Of each part the id of the version it added, if it added one.
        ids: Vec<Option<SchemaId>>,
    },
    /// A guard failed; nothing was written.
    Conflict,
    /// The explicit id means another content; nothing was written.
    IdTaken,
    /// Another content with the same fingerprint is stored; nothing was written.
    FingerprintTaken,
    /// The counter of the context has reached 2^31-1; nothing was written.
    IdsExhausted,
}
