//! Registering a schema (contract 5). The order of the steps decides which error a request gets.

use super::candidate::{Candidate, ParseOptions};
use super::effective::{self, Effective};
use super::lookup::{LookupOptions, Match};
use super::stats::Registration;
use super::write::{Change, Decision, Settled, UseCase, to_json};
use super::{Caller, Described, Draft, Error, Registry, View};
use crate::domain::access::{Target, Verb};
use crate::domain::{
    Content, ContentKey, Kind, Metadata, Mode, ReferencedVersion, Registered, Replaced, SchemaId, Subject,
    VERSION_PROPERTY, Version,
};
use crate::store::{Effect, Guard, IdChoice, NewVersion, Scope, StoredVersion};
use avow_schema::Strictness;
use std::sync::Arc;

/// The options of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterOptions {
    /// Whether to normalise first; the settings in force decide otherwise.
    pub normalize: bool,
    /// Whether to skip the compatibility check, and to let an import give an id that nothing holds another meaning.
    pub force: bool,
}

pub(super) struct Register<'a> {
    subject: &'a Subject,
    draft: &'a Draft,
    options: RegisterOptions,
}

impl Registry {
    /// Registers a schema, or finds the version that it already has. `view` may have been read from before.
    pub async fn register<'r>(
        &'r self,
        view: View<'r>,
        subject: &Subject,
        draft: &Draft,
        options: RegisterOptions,
        caller: &Caller,
    ) -> Result<Settled<'r, Described>, Error> {
        let mut settled = self.register_uncounted(view, subject, draft, options, caller).await;
        // An unknown type counts as the default one, to bound the labels.
        let schema_type = draft.schema_type().unwrap_or_default();
        let result = match &settled {
            Ok(Settled::Written(_)) => Registration::Created,
            Ok(Settled::Read(..)) => Registration::Existing,
            Err(error) => Registration::refused(error),
        };
        self.stats.registered(schema_type, result);
        if let Ok(Settled::Read(_, view)) = &mut settled {
            view.count_as(schema_type, Registration::Existing);
        }
        settled
    }

    async fn register_uncounted<'r>(
        &'r self,
        view: View<'r>,
        subject: &Subject,
        draft: &Draft,
        options: RegisterOptions,
        caller: &Caller,
    ) -> Result<Settled<'r, Described>, Error> {
        if !draft.references.is_empty() {
            // Guards the versions they resolve to, but not that those are the newest ones.
            self.catch_up_at(&caller.consistency).await;
        }
        let settled = self.settle(view, &Register::new(self, subject, draft, options)?, caller).await;
        let Err(denied @ (Error::Denied { .. } | Error::Unauthenticated)) = settled else { return settled };
        // Serializers register what is there already; that is no more than reading.
        let mut view = self.view(&caller.authority);
        let lookup = LookupOptions { normalize: options.normalize, deleted: false };
        match self.lookup_in(&mut view, subject, draft, lookup).await {
            Ok(Some(found)) if view.reads(subject) => Ok(Settled::Read(found, Box::new(view))),
            _ => Err(denied),
        }
    }
}

impl<'a> Register<'a> {
    /// Refuses requests that are invalid in every state of the registry.
    pub(super) fn new(
        registry: &Registry,
        subject: &'a Subject,
        draft: &'a Draft,
        options: RegisterOptions,
    ) -> Result<Self, Error> {
        if let Some(rule_set) = &draft.rule_set {
            rule_set.validate()?;
        }
        let nameless = matches!(subject.name(), "" | "*") && registry.settings.reject_empty_subject;
        if !subject.is_registrable() || nameless {
            return Err(Error::InvalidSubject(subject.to_string()));
        }
        Ok(Self { subject, draft, options })
    }
}

impl UseCase for Register<'_> {
    type Output = Described;

    fn subject(&self) -> &Subject {
        self.subject
    }

    async fn authorize(&self, view: &mut View<'_>) -> Result<(), Error> {
        let scope = view.scope(self.subject).await?;
        let target = || Target::Subject(self.subject.clone());
        let verb = if scope.versions.is_empty() { Verb::Create } else { Verb::Register };
        view.authority().require(verb, &target())?;
        if self.options.force {
            view.authority().require(Verb::Configure, &target())?;
        }
        if self.draft.id >= 0 || self.draft.version > 0 {
            view.authority().require(Verb::Import, &target())?;
        }
        // A caller that may only read gets the same answer if the schema is registered already.
        view.require(Verb::Read, target())?;
        view.require_references(&self.subject.context(), &self.draft.references)
    }

    async fn decide(&self, view: &mut View<'_>) -> Result<Decision<Described>, Error> {
        let registry = view.registry();
        let settings = effective::settings(view, self.subject).await?;
        let mut parsed = None;
        if !settings.config.has_defaults_or_overrides() && self.draft.text().is_some() {
            let candidate = self.parse_leniently(view, &settings).await?;
            if let Some(found) = self.find_registered(view, &candidate).await? {
                return Ok(Decision::Done(found.describe(self.subject, &candidate)));
            }
            parsed = Some(candidate);
        }
        let mode = self.permitted(view).await?;
        let scope = view.scope(self.subject).await?;
        let next = match scope.versions.last() {
            Some(stored) => stored.version.next().ok_or(Error::VersionNotNext)?,
            None => Version::FIRST,
        };
        let content = self.populated(view, &scope, mode, next, &settings).await?;
        let candidate = self.candidate(view, content, mode, &settings, parsed).await?;
        let key = candidate.key();
        let live: Vec<StoredVersion> = scope.live().copied().collect();
        if self.draft.version == 0 {
            let fitting: Vec<StoredVersion> = live.iter().filter(|stored| self.fits_id(stored)).copied().collect();
            if let Some(found) = registry.find(view, &fitting, &candidate).await? {
                return Ok(Decision::Done(found.describe(self.subject, &candidate)));
            }
        }
        if !mode.is_import() && !self.options.force {
            let verdict = registry.check(view, &candidate, &live, &settings).await?;
            if !verdict.is_compatible() {
                return Err(Error::Incompatible { subject: self.subject.clone(), messages: verdict.messages });
            }
        }
        let version = match Version::new(self.draft.version.into()) {
            None => next,
            Some(version) if version == next || mode.is_import() => version,
            Some(_) => return Err(Error::VersionNotNext),
        };
        self.write(view, &scope, candidate, key, version).await
    }
}

impl Register<'_> {
    fn explicit_id(&self) -> Option<SchemaId> {
        SchemaId::new(self.draft.id.into())
    }

    fn fits_id(&self, stored: &StoredVersion) -> bool {
        self.explicit_id().is_none_or(|id| id == stored.id)
    }

    fn strictness(&self, settings: &Effective) -> Strictness {
        let strict = self.explicit_id().is_none() && settings.validate_new_schemas;
        if strict { Strictness::Strict } else { Strictness::Lenient }
    }

    /// A lenient parse to find an existing version: what a strict parse refuses may have been stored long ago.
    async fn parse_leniently(&self, view: &mut View<'_>, settings: &Effective) -> Result<Candidate, Error> {
        let content = self.draft.content()?;
        let options = ParseOptions {
            strictness: self.strictness(settings),
            validation: effective::validation(view, self.subject, content.schema_type, settings).await?,
            normalize: self.options.normalize || settings.normalize,
        };
        match Candidate::parse(view, self.subject, content.clone(), options).await {
            Err(Error::InvalidSchema { .. }) => {
                let options = ParseOptions { strictness: Strictness::Lenient, ..options };
                Candidate::parse(view, self.subject, content, options).await
            }
            parsed => parsed,
        }
    }

    /// The live version with the requested schema, if it is registered; found in every mode.
    async fn find_registered(&self, view: &mut View<'_>, candidate: &Candidate) -> Result<Option<Match>, Error> {
        let registry = view.registry();
        let scope = view.scope(self.subject).await?;
        let mut live: Vec<StoredVersion> = scope.live().copied().collect();
        if self.draft.version < 0 {
            // A request to stamp the version wants it to be the newest one.
            live.drain(..live.len().saturating_sub(1));
        }
        let Some(found) = registry.find(view, &live, candidate).await? else { return Ok(None) };
        if self.draft.version <= 0 {
            return Ok(Some(found).filter(|found| self.fits_id(&found.stored)));
        }
        let id = self.explicit_id();
        let asked = Version::new(self.draft.version.into());
        if id == Some(found.stored.id) && asked == Some(found.stored.version) {
            return Ok(Some(found));
        }
        let same = scope.versions.iter().find(|stored| {
            Some(stored.version) == asked && !stored.deleted && id == Some(stored.id) && stored.key == found.stored.key
        });
        Ok(same.map(|stored| Match { stored: *stored, content: found.content }))
    }

    async fn permitted(&self, view: &mut View<'_>) -> Result<Mode, Error> {
        let mode = effective::writable(view, self.subject).await?;
        let subject = effective::shown(self.subject);
        let context = self.subject.context().prefix();
        match self.explicit_id() {
            Some(_) if !mode.is_import() => Err(Error::NotImport { subject, context }),
            None if mode != Mode::ReadWrite => Err(Error::NotReadWrite { subject, context }),
            _ => Ok(mode),
        }
    }

    /// The schema to register: the latest live version and the settings fill in what the request leaves out.
    async fn populated(
        &self,
        view: &mut View<'_>,
        scope: &Scope,
        mode: Mode,
        next: Version,
        settings: &Effective,
    ) -> Result<Content, Error> {
        if mode.is_import() {
            return self.draft.content();
        }
        let previous = match scope.latest() {
            Some(stored) => Some(view.content(stored.key).await?),
            None => None,
        };
        let mut content = match &previous {
            Some(previous) if self.draft.text().is_none() => Content {
                metadata: self.draft.metadata.clone(),
                rule_set: self.draft.rule_set.clone(),
                ..Content::clone(previous)
            },
            _ => self.draft.content()?,
        };
        let (metadata, rule_set) = settings.config.apply_defaults_and_overrides(&content, previous.as_deref());
        content.rule_set = rule_set;
        content.metadata = metadata;
        let stamped = content.metadata.as_ref().is_some_and(|metadata| metadata.version_property().is_some());
        if self.draft.version != 0 || stamped {
            let metadata = content.metadata.get_or_insert_with(Metadata::default);
            metadata.properties.insert(VERSION_PROPERTY.to_owned(), next.to_string());
        }
        Ok(content)
    }

    /// The candidate that will be stored. A finished parse is reused.
    async fn candidate(
        &self,
        view: &mut View<'_>,
        content: Content,
        mode: Mode,
        settings: &Effective,
        parsed: Option<Candidate>,
    ) -> Result<Candidate, Error> {
        let options = ParseOptions {
            strictness: self.strictness(settings),
            validation: effective::validation(view, self.subject, content.schema_type, settings).await?,
            normalize: (self.options.normalize || settings.normalize) && !mode.is_import(),
        };
        Ok(match parsed.filter(|parsed| parsed.options == options) {
            Some(parsed) => {
                let content = Content { metadata: content.metadata, rule_set: content.rule_set, ..parsed.content };
                Candidate { content, ..parsed }
            }
            None => Candidate::parse(view, self.subject, content, options).await?,
        })
    }

    async fn write(
        &self,
        view: &mut View<'_>,
        scope: &Scope,
        candidate: Candidate,
        key: ContentKey,
        version: Version,
    ) -> Result<Decision<Described>, Error> {
        let context = self.subject.context();
        let mut effects = Vec::new();
        let new_context = !context.is_default() && !view.contexts().await?.contains(&context);
        if new_context {
            effects.push(Effect::RecordContext(context));
        }
        let superseded = self.superseded(view, scope, key, version).await?;
        let shape = candidate.schema.shape();
        let forced = self.options.force && self.explicit_id().is_some();
        let content = Arc::new(candidate.content);
        effects.push(Effect::AddVersion(NewVersion {
            subject: self.subject.clone(),
            version,
            content: Arc::clone(&content),
            key,
            shape,
            id: self.explicit_id().map_or(IdChoice::OfContent, IdChoice::Explicit),
            force_id: forced,
            targets: candidate.documents.direct.clone(),
        }));
        let deleted = candidate.options.strictness != Strictness::Strict;
        let references = candidate.documents.direct.clone();
        let guards = candidate.documents.direct.into_iter().map(|version| Guard::Version { version, deleted });
        let replaced = scope.version(version);
        let before = replaced
            .map(|stored| to_json(&Replaced { version, id: stored.id, content: stored.key, deleted: stored.deleted }));
        let after = Registered {
            id: None,
            version,
            content: key,
            imported: self.explicit_id().is_some(),
            forced,
            new_context,
            references,
            supersedes: superseded.clone(),
        };
        if !superseded.is_empty() {
            effects.push(Effect::Supersede(self.subject.clone(), superseded));
        }
        let change =
            Change { kind: Kind::Register, guards: guards.collect(), effects, before, after: Some(to_json(&after)) };
        let (subject, asked) = (self.subject.clone(), self.explicit_id());
        let describe = move |id: Option<SchemaId>| Described {
            subject,
            version,
            id: id.or(asked).expect("a unit that adds a version commits with its id"),
            key,
            content,
            stored: None,
        };
        Ok(Decision::Write(change, Box::new(describe)))
    }

    /// Soft-deleted versions that the new one replaces: same id, lower number, without referrers.
    async fn superseded(
        &self,
        view: &mut View<'_>,
        scope: &Scope,
        key: ContentKey,
        version: Version,
    ) -> Result<Vec<Version>, Error> {
        let deleted = |stored: &&StoredVersion| stored.deleted && stored.key == key && stored.version < version;
        if !scope.versions.iter().any(|stored| deleted(&stored)) {
            return Ok(Vec::new());
        }
        let store = &view.registry().store;
        let id = match self.explicit_id() {
            Some(id) => Some(id),
            None => store.id_of(&self.subject.context(), key).await?,
        };
        let mut superseded = Vec::new();
        for stored in scope.versions.iter().filter(deleted).filter(|stored| Some(stored.id) == id) {
            let target = ReferencedVersion { subject: self.subject.clone(), version: stored.version };
            if view.referrers(&target).await?.is_empty() {
                superseded.push(stored.version);
            }
        }
        Ok(superseded)
    }
}
