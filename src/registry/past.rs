//! A subject at a past moment, rebuilt from its part of the log.

use super::{Authority, Error, Registry};
use crate::domain::{
    Config, Content, Fingerprint, Mode, Moment, PastVersion, Replay, SchemaType, Seq, Subject, Version,
};

/// A moment of the past, as given by a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Right after a change.
    Change(Seq),
    /// At a time.
    Time(Moment),
}

/// The state of a subject at a moment.
#[derive(Debug, Clone)]
pub struct PastSubject {
    /// The newest change of the whole registry at that moment.
    pub seq: Seq,
    /// The versions, soft-deleted ones included, ascending.
    pub versions: Vec<(Version, PastVersion)>,
    /// The subject's own settings.
    pub config: Option<Config>,
    /// The subject's own mode.
    pub mode: Option<Mode>,
}

impl Registry {
    /// The state of a subject at a past moment, or now.
    pub async fn past(&self, subject: &Subject, moment: Option<Past>) -> Result<PastSubject, Error> {
        let head = self.store.head().await?;
        let seq = match moment {
            None => head,
            Some(Past::Change(seq)) if seq > head => return Err(Error::BeyondLog(seq)),
            Some(Past::Change(seq)) => seq,
            Some(Past::Time(Moment(time))) => self.store.newest_until(time).await?,
        };
        // Reading a long log takes long, and other requests must not wait for the connections.
        let _turn = self.past_turn.lock().await;
        let mut replay = Replay::of(subject.clone());
        let mut contradiction = None;
        // Changes of modes also affect scopes below the one they are filed under.
        let scopes = [subject, &subject.context().scope(), &Subject::global(), &Subject::everywhere()];
        self.store
            .changes_of(scopes, seq, |change| {
                if let Err(found) = replay.apply_some(&change) {
                    contradiction.get_or_insert(found);
                }
            })
            .await?;
        if let Some(contradiction) = contradiction {
            return Err(Error::damaged(contradiction));
        }
        let past = PastSubject {
            seq,
            config: replay.configs.remove(subject),
            mode: replay.modes.remove(subject),
            versions: replay.versions.into_iter().map(|((_, version), stored)| (version, stored)).collect(),
        };
        let nothing = past.versions.is_empty() && past.config.is_none() && past.mode.is_none();
        if nothing { Err(Error::SubjectNotFound(subject.clone())) } else { Ok(past) }
    }

    /// A content that was ever stored, whether or not anything holds it still.
    pub async fn stored_content(
        &self,
        authority: &Authority,
        fingerprint: Fingerprint,
        schema_type: Option<SchemaType>,
    ) -> Result<Content, Error> {
        let mut view = self.view(authority);
        let readable = authority.reads_everything() || self.by_fingerprint(&mut view, fingerprint).await.is_ok();
        let contents = if readable { self.store.contents_of(fingerprint).await? } else { Vec::new() };
        let wanted = |content: &Content| schema_type.is_none_or(|wanted| wanted == content.schema_type);
        contents.into_iter().find(wanted).ok_or_else(|| Error::NoSuchSchema(fingerprint.to_string()))
    }
}
