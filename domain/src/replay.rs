//! The state of a registry, made again from its log alone.

use super::change::{Change, Deleted, IdFloor, Kind, ModeState, Registered, Undeleted};
use super::{Config, ContentKey, Context, Mode, ReferencedVersion, SchemaId, Seq, Subject, Timestamp, Version};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Everything the changes so far have come to.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The newest change taken in.
    pub seq: Seq,
    /// Contexts: whether each is on the list, and its highest id.
    pub contexts: BTreeMap<Context, (bool, i32)>,
    /// The contents of ids.
    pub ids: BTreeMap<(Context, SchemaId), IdMapping>,
    /// Every version, soft-deleted ones included.
    pub versions: BTreeMap<(Subject, Version), PastVersion>,
    /// Settings of scopes.
    pub configs: BTreeMap<Subject, Config>,
    /// Modes of scopes.
    pub modes: BTreeMap<Subject, Mode>,
    /// Contents that were ever stored.
    pub contents: BTreeSet<ContentKey>,
    /// What ids last meant, also those that fell away.
    meanings: BTreeMap<(Context, SchemaId), ContentKey>,
    /// How many versions hold an id.
    held: BTreeMap<(Context, SchemaId), u32>,
    /// The only subject whose versions are followed.
    only: Option<Subject>,
}

/// The content behind an id, and the version it was last given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMapping {
    pub content: ContentKey,
    /// The version it was last given to.
    pub version: ReferencedVersion,
    /// The change that gave it.
    pub written: Seq,
}

/// A version as of some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastVersion {
    pub id: SchemaId,
    pub content: ContentKey,
    /// Whether it was soft-deleted.
    pub deleted: bool,
    /// When it was last written.
    pub time: Timestamp,
    /// The change that last wrote it.
    pub written: Seq,
    /// The references.
    pub references: BTreeSet<ReferencedVersion>,
}

/// Why an entry cannot be what the registry wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the change {seq} ({kind}) {reason}", seq = .seq.0)]
pub struct Contradiction {
    seq: Seq,
    kind: String,
    reason: String,
}

impl Default for Replay {
    /// The state before the first change.
    fn default() -> Self {
        Self {
            seq: Seq(0),
            contexts: BTreeMap::from([(Context::default_context(), (true, 0))]),
            ids: BTreeMap::new(),
            versions: BTreeMap::new(),
            configs: BTreeMap::new(),
            modes: BTreeMap::new(),
            contents: BTreeSet::new(),
            meanings: BTreeMap::new(),
            held: BTreeMap::new(),
            only: None,
        }
    }
}

impl Replay {
    /// Takes in the next change of the whole log.
    pub fn apply(&mut self, change: &Change) -> Result<(), Contradiction> {
        if change.seq.0 != self.seq.0 + 1 {
            let reason = format!("follows {}: changes are missing in between", self.seq.0);
            self.seq = change.seq;
            return Err(Contradiction { seq: change.seq, kind: change.kind.clone(), reason });
        }
        self.apply_some(change)
    }

    /// Follows one subject alone: of the changes, only those filed under it and under its context matter.
    pub fn of(subject: Subject) -> Self {
        Self { only: Some(subject), ..Self::default() }
    }

    /// Takes in the next change that matters.
    pub fn apply_some(&mut self, change: &Change) -> Result<(), Contradiction> {
        self.seq = change.seq;
        self.change(change).map_err(|reason| Contradiction { seq: change.seq, kind: change.kind.clone(), reason })
    }

    fn change(&mut self, change: &Change) -> Result<(), String> {
        let subject = &change.subject;
        match Kind::parse(&change.kind).ok_or("is of a kind this program does not know")? {
            Kind::Register => self.register(change, required(change.after.as_deref(), "after")?),
            Kind::SoftDelete => {
                let deleted: Deleted = required(change.before.as_deref(), "before")?;
                self.hide(change, &deleted.versions, true)
            }
            Kind::Undelete => {
                let restored: Undeleted = required(change.after.as_deref(), "after")?;
                self.hide(change, &restored.versions, false)
            }
            Kind::HardDelete => {
                let deleted: Deleted = required(change.before.as_deref(), "before")?;
                if deleted.config.is_some() {
                    self.configs.remove(subject);
                }
                if deleted.mode.is_some() {
                    self.modes.remove(subject);
                }
                self.remove(subject, &deleted.versions)
            }
            Kind::Config => {
                match optional(change.after.as_deref(), "after")? {
                    Some(config) => self.configs.insert(subject.clone(), config),
                    None => self.configs.remove(subject),
                };
                Ok(())
            }
            Kind::Mode => self.mode(change),
            Kind::IdFloor => {
                let floor: IdFloor = required(change.after.as_deref(), "after")?;
                let known = self.contexts.entry(subject.context()).or_default();
                known.1 = known.1.max(floor.last_id.get());
                Ok(())
            }
            Kind::ForgetContext => {
                let context = self.contexts.get_mut(&subject.context());
                context.ok_or("forgets a context that was never there")?.0 = false;
                Ok(())
            }
        }
    }

    /// Hides versions, or shows them again.
    fn hide(&mut self, change: &Change, versions: &[Version], deleted: bool) -> Result<(), String> {
        for version in versions {
            let stored = self.versions.get_mut(&(change.subject.clone(), *version));
            let stored = stored.ok_or_else(|| format!("is about version {version}, which is not there"))?;
            (stored.deleted, stored.time, stored.written) = (deleted, change.time, change.seq);
        }
        Ok(())
    }

    fn register(&mut self, change: &Change, new: Registered) -> Result<(), String> {
        let subject = &change.subject;
        let context = subject.context();
        let id = new.id.ok_or("names no id")?;
        let version = ReferencedVersion { subject: subject.clone(), version: new.version };
        let known = self.contexts.entry(context.clone()).or_default();
        known.0 |= new.new_context;
        known.1 = known.1.max(id.get());
        for replaced in new.supersedes {
            self.take(subject, replaced).ok_or_else(|| format!("replaces version {replaced}, which is not there"))?;
        }
        let replaced = self.take(subject, new.version);
        if replaced.is_some() != change.before.is_some() {
            return Err("and the log disagree on whether it replaced a version".to_owned());
        }
        let key = (context, id);
        let mapping = IdMapping { content: new.content, version, written: change.seq };
        // The state is followed also where an older program allowed it.
        let reassigned = self.only.is_none()
            && self.meanings.insert(key.clone(), new.content).is_some_and(|meaning| meaning != new.content);
        let known = self.ids.entry(key.clone()).or_insert_with(|| mapping.clone());
        if known.content != new.content && !new.forced {
            return Err(second_meaning(id));
        }
        if new.imported {
            *known = mapping;
        }
        *self.held.entry(key).or_default() += 1;
        self.contents.insert(new.content);
        let stored = PastVersion {
            id,
            content: new.content,
            deleted: false,
            time: change.time,
            written: change.seq,
            references: new.references.into_iter().collect(),
        };
        self.versions.insert((subject.clone(), new.version), stored);
        if reassigned && !new.forced { Err(second_meaning(id)) } else { Ok(()) }
    }

    fn mode(&mut self, change: &Change) -> Result<(), String> {
        let before: ModeState = optional(change.before.as_deref(), "before")?.unwrap_or_default();
        let after: ModeState = optional(change.after.as_deref(), "after")?.unwrap_or_default();
        let followed = |subject: &Subject| self.only.as_ref().is_none_or(|only| only == subject);
        let removed: Vec<_> = before.versions.into_iter().filter(|(subject, _)| followed(subject)).collect();
        for (subject, versions) in removed {
            self.remove(&subject, &versions)?;
        }
        for subject in before.modes.keys() {
            self.modes.remove(subject);
        }
        match after.mode {
            Some(mode) => self.modes.insert(change.subject.clone(), mode),
            None => self.modes.remove(&change.subject),
        };
        Ok(())
    }

    /// Removes versions, and ids that no version has any more.
    fn remove(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), String> {
        for version in versions {
            let removed = self.take(subject, *version);
            let removed = removed.ok_or_else(|| format!("removes version {version}, which is not there"))?;
            let key = (subject.context(), removed.id);
            if !self.held.contains_key(&key) {
                self.ids.remove(&key);
            }
        }
        Ok(())
    }

    /// Removes a version; its id may outlive it.
    fn take(&mut self, subject: &Subject, version: Version) -> Option<PastVersion> {
        let taken = self.versions.remove(&(subject.clone(), version))?;
        let key = (subject.context(), taken.id);
        if let Some(held) = self.held.get_mut(&key) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&key);
            }
        }
        Some(taken)
    }
}

fn second_meaning(id: SchemaId) -> String {
    format!("gives the id {id} a second meaning")
}

fn required<T: DeserializeOwned>(json: Option<&str>, side: &str) -> Result<T, String> {
    optional(json, side)?.ok_or_else(|| format!("has no `{side}`"))
}

fn optional<T: DeserializeOwned>(json: Option<&str>, side: &str) -> Result<Option<T>, String> {
    let parsed = json.map(serde_json::from_str).transpose();
    parsed.map_err(|error| format!("has a `{side}` that cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: u64, kind: Kind, before: Option<&str>, after: Option<String>) -> Change {
        Change {
            seq: Seq(seq),
            time: Timestamp(0),
            actor: String::new(),
            request_id: String::new(),
            kind: kind.as_str().to_owned(),
            subject: Subject::parse("s"),
            before: before.map(str::to_owned),
            after,
        }
    }

    /// The second change to a log in which an id was given to a content and lost it.
    fn reassign(content: char, forced: bool) -> Result<(), Contradiction> {
        let registered = |content: char, forced: bool| {
            let guid = format!("{}-1111-1111-1111-111111111111", content.to_string().repeat(8));
            Some(format!(r#"{{"id":1,"version":1,"guid":"{guid}","imported":true,"forced":{forced}}}"#))
        };
        let mut replay = Replay::default();
        replay.apply(&change(1, Kind::Register, None, registered('a', false)))?;
        replay.apply(&change(2, Kind::HardDelete, Some(r#"{"versions":[1]}"#), None))?;
        replay.apply(&change(3, Kind::Register, None, registered(content, forced)))
    }

    #[test]
    fn an_id_means_one_content_over_the_whole_log_save_by_force() {
        assert_eq!(reassign('a', false), Ok(()));
        assert_eq!(reassign('b', true), Ok(()));
        let contradiction = reassign('b', false).expect_err("another content");
        assert_eq!(contradiction.to_string(), "the change 3 (register) gives the id 1 a second meaning");
    }
}
