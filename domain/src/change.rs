//! Entries of the change log: enough to reconstruct the state before and after each change.

use super::{Config, ContentKey, Mode, ReferencedVersion, SchemaId, Seq, Subject, Timestamp, Version};
use std::collections::BTreeMap;

/// One entry of the log, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The position in the log.
    pub seq: Seq,
    /// When.
    pub time: Timestamp,
    /// The principal that made the change; empty for an anonymous caller.
    pub actor: String,
    /// In which request.
    pub request_id: String,
    /// The kind of change: a name of [`Kind`].
    pub kind: String,
    /// The scope it is filed under.
    pub subject: Subject,
    /// The state before, as JSON.
    pub before: Option<String>,
    /// The state after, as JSON.
    pub after: Option<String>,
}

/// The kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A version was added; in import it may have replaced one.
    Register,
    /// Versions were hidden.
    SoftDelete,
    /// Hidden versions were shown again.
    Undelete,
    /// Versions were removed for good.
    HardDelete,
    /// Settings were set or removed.
    Config,
    /// A mode was set or removed.
    Mode,
    /// A context was taken off the list of contexts.
    ForgetContext,
    /// Ids were reserved: none up to a number is assigned any more.
    IdFloor,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Register,
        Self::SoftDelete,
        Self::Undelete,
        Self::HardDelete,
        Self::Config,
        Self::Mode,
        Self::ForgetContext,
        Self::IdFloor,
    ];

    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SoftDelete => "soft-delete",
            // The name is older than the word, and logs are for ever.
            Self::Undelete => "restore",
            Self::HardDelete => "hard-delete",
            Self::Config => "config",
            Self::Mode => "mode",
            Self::ForgetContext => "forget-context",
            Self::IdFloor => "id-floor",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A version that a registration replaced, before it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Replaced {
    pub version: Version,
    pub id: SchemaId,
    #[serde(flatten)]
    pub content: ContentKey,
    /// Whether it was soft-deleted.
    pub deleted: bool,
}

/// A version that was registered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// Absent until the entry is written: only the writer assigns the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<SchemaId>,
    pub version: Version,
    #[serde(flatten)]
    pub content: ContentKey,
    /// Whether the caller chose the id, which makes it the newest one of its content.
    #[serde(default, skip_serializing_if = "is_false")]
    pub imported: bool,
    /// Whether the caller insisted on the id even if it meant another content before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forced: bool,
    /// Whether its context joined the list of contexts with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub new_context: bool,
    /// The versions it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ReferencedVersion>,
    /// Soft-deleted versions of the same id that it took the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<Version>,
}

/// The state that a deletion removed or hid.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deleted {
    /// The versions.
    pub versions: Vec<Version>,
    /// The settings that went with the last version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Box<Config>>,
    /// The mode that went with the last version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// Versions that were shown again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Undeleted {
    /// The versions.
    pub versions: Vec<Version>,
}

/// The highest id of a context that was assigned or reserved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdFloor {
    /// The id.
    pub last_id: SchemaId,
}

/// The mode of a scope, and what else changed with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModeState {
    /// The scope's own mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Before: modes of scopes below it that were removed with its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub modes: BTreeMap<Subject, Mode>,
    /// Before: soft-deleted versions that were removed to make room for an import.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<Subject, Vec<Version>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde wants")]
fn is_false(value: &bool) -> bool {
    !value
}
