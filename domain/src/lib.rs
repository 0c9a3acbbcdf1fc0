//! The domain model, without I/O, clock or wire format: subjects, versions, ids, levels, modes, contents.

pub mod access;
mod change;
mod config;
mod content;
mod glob;
mod identity;
mod level;
mod metadata;
mod mode;
mod moment;
mod reference;
mod replay;
mod rules;
mod schema_type;
mod subject;
mod version;

pub use change::{Change, Deleted, IdFloor, Kind, ModeState, Registered, Replaced, Undeleted};
pub use config::{Config, ConfigUpdate, Patch};
pub use content::{Content, ContentKey, Fingerprint};
pub use glob::Glob;
pub use identity::Identity;
pub use level::{Direction, Level};
pub use metadata::{Metadata, VERSION_PROPERTY};
pub use mode::Mode;
pub use moment::Moment;
pub use reference::{Reference, ReferencedVersion};
pub use replay::{Contradiction, IdMapping, PastVersion, Replay};
pub use rules::{InvalidRule, Rule, RuleKind, RuleMode, RuleSet};
pub use schema_type::SchemaType;
pub use subject::{Context, InvalidContext, Subject};
pub use version::{InvalidVersion, Revision, SchemaId, Seq, Timestamp, Version, VersionSelector};
