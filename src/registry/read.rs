//! Reads of schemas, versions and lists (contract 7).

use super::candidate::{PARSE_LIMITS, invalid};
use super::{Authority, Described, Error, Registry, View};
use crate::domain::access::{Target, Verb};
use crate::domain::{Content, Context, Fingerprint, ReferencedVersion, SchemaId, Subject, Version, VersionSelector};
use crate::store::{DeletedFilter, Holder, ListedSchema, Scope, StoredVersion, SubjectFilter};
use avow_budget::Budget;
use avow_schema::Format;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Referrers that are looked at for one that may be read.
const MOST_REFERRERS: usize = 1_000;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of entries to skip.
    pub offset: i64,
    /// The maximum number of entries.
    pub limit: i64,
}

impl Page {
    /// Cuts the page out of a complete list.
    pub fn cut<T>(self, entries: impl IntoIterator<Item = T>) -> Vec<T> {
        let most = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        entries.into_iter().skip(most(self.offset)).take(most(self.limit)).collect()
    }
}

/// The filter of a list of schemas.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The subjects.
    pub filter: SubjectFilter,
    /// Whether subjects that an alias below the filter points to are included.
    pub aliases: bool,
    /// Whether soft-deleted versions are included.
    pub deleted: bool,
    /// Whether only the newest version of each subject is included.
    pub latest_only: bool,
    /// Only those with a rule of this type.
    pub rule_type: Option<String>,
    /// The page.
    pub page: Page,
}

/// A listed schema, with the aliases that led to it.
#[derive(Debug, Clone)]
pub struct Tagged {
    /// The schema.
    pub listed: ListedSchema,
    /// The alias names.
    pub aliases: Vec<String>,
}

impl Registry {
    /// The schema of an id. `subject` narrows the search down (contract 7.1).
    pub async fn by_id(&self, view: &mut View<'_>, id: SchemaId, subject: &Subject) -> Result<Described, Error> {
        let missing = || {
            self.stats.unknown_id();
            Error::NoSuchSchema(id.to_string())
        };
        if !subject.is_context() {
            view.require(Verb::Read, Target::of(subject.clone()))?;
            if let Some(stored) = holds(&*view.scope(subject).await?, id) {
                return self.describe(subject, &stored).await;
            }
            if !subject.is_unqualified() {
                return Err(missing());
            }
            for context in view.contexts().await?.iter() {
                let elsewhere = Subject::new(context, subject.name());
                if !view.authority().reads(&elsewhere) {
                    view.leave_out();
                    continue;
                }
                if let Some(stored) = holds(&*view.scope(&elsewhere).await?, id) {
                    view.require(Verb::Read, Target::of(elsewhere.clone()))?;
                    return self.describe(&elsewhere, &stored).await;
                }
            }
        }
        let holder = view.holder(&subject.context(), id).await?.ok_or_else(missing)?;
        let holder = self.readable_holder(view, &subject.context(), holder).await?;
        let holder = holder.ok_or_else(|| view.authority().denied("Read", format!("Schema: {id}")))?;
        self.describe(&holder.subject, &holder.stored).await
    }

    /// The versions with an id: the newest of each subject of the context.
    pub async fn holders(
        &self,
        view: &mut View<'_>,
        id: SchemaId,
        subject: &Subject,
        deleted: bool,
    ) -> Result<Vec<ReferencedVersion>, Error> {
        let found = match self.by_id(view, id, subject).await {
            Err(Error::NoSuchSchema(_)) => return Err(Error::SchemaNotFound),
            found => found?,
        };
        let mut newest: BTreeMap<Subject, Holder> = BTreeMap::new();
        for holder in self.store.holders_of(&found.subject.context(), found.key).await? {
            newest.insert(holder.subject.clone(), holder);
        }
        let shown = newest.into_values().filter(|holder| deleted || !holder.stored.deleted);
        let shown = shown.filter(|holder| view.authority().reads(&holder.subject));
        Ok(shown.map(|holder| ReferencedVersion { subject: holder.subject, version: holder.stored.version }).collect())
    }

    /// The ids of a content in every context; empty for a content nobody holds.
    pub async fn ids_of(
        &self,
        view: &mut View<'_>,
        fingerprint: Fingerprint,
    ) -> Result<Vec<(Context, SchemaId)>, Error> {
        let mut readable = Vec::new();
        for (context, id) in self.store.ids_of(fingerprint).await? {
            if view.authority().reads_everything() {
                readable.push((context, id));
            } else if let Some(holder) = view.holder(&context, id).await?
                && self.readable_holder(view, &context, holder).await?.is_some()
            {
                readable.push((context, id));
            }
        }
        Ok(readable)
    }

    /// The schema with a fingerprint, as some subject has it.
    pub async fn by_fingerprint(&self, view: &mut View<'_>, fingerprint: Fingerprint) -> Result<Described, Error> {
        for (context, id) in self.store.ids_of(fingerprint).await? {
            if let Some(holder) = view.holder(&context, id).await?
                && let Some(holder) = self.readable_holder(view, &context, holder).await?
            {
                return self.describe(&holder.subject, &holder.stored).await;
            }
        }
        Err(Error::NoSuchSchema(fingerprint.to_string()))
    }

    /// A version of a subject; in the default context, the other contexts are searched too (contract 7.3).
    pub async fn version(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        selector: VersionSelector,
        deleted: bool,
    ) -> Result<Described, Error> {
        self.require_version(view, subject, selector).await?;
        let scope = view.scope(subject).await?;
        if let Some(stored) = scope.select(selector, deleted) {
            return self.describe(subject, stored).await;
        }
        if subject.is_unqualified() {
            for context in view.contexts().await?.iter() {
                let elsewhere = Subject::new(context, subject.name());
                if !view.authority().reads(&elsewhere) {
                    view.leave_out();
                    continue;
                }
                let scope = view.scope(&elsewhere).await?;
                if let Some(stored) = scope.select(selector, deleted) {
                    view.require(Verb::Read, Target::of(elsewhere.clone()))?;
                    return self.describe(&elsewhere, stored).await;
                }
            }
        }
        Err(missing_version(&scope, subject, selector, deleted))
    }

    /// The versions of a subject and whether each is deleted; an error if there is none of the wanted kind.
    pub async fn versions(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        deleted: bool,
    ) -> Result<Vec<(Version, bool)>, Error> {
        let scope = view.scope(subject).await?;
        if !scope.versions.iter().any(|stored| deleted || !stored.deleted) {
            return Err(Error::SubjectNotFound(subject.clone()));
        }
        Ok(scope.versions.iter().map(|stored| (stored.version, stored.deleted)).collect())
    }

    /// The ids of the schemas that refer to a version, by context and id.
    pub async fn referenced_by(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        selector: VersionSelector,
        deleted: bool,
    ) -> Result<Vec<SchemaId>, Error> {
        // The target itself may be soft-deleted.
        let target = match self.version(view, subject, selector, true).await {
            Ok(described) => ReferencedVersion { subject: described.subject, version: described.version },
            Err(error) => return Err(error),
        };
        let mut referrers = self.store.referrers(&target).await?;
        let everything = view.reads_everything();
        referrers.retain(|referrer| {
            (deleted || !referrer.deleted) && (everything || view.authority().reads(&referrer.version.subject))
        });
        Ok(referrers.into_iter().map(|referrer| referrer.id).collect())
    }

    /// The newest version whose metadata has all these properties; without any, the newest that has metadata.
    pub async fn by_metadata(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        wanted: &[(String, String)],
        deleted: bool,
    ) -> Result<Described, Error> {
        let scope = view.scope(subject).await?;
        let mut any = false;
        for stored in scope.versions.iter().rev().filter(|stored| deleted || !stored.deleted) {
            any = true;
            let content = self.content(stored.key).await?;
            let Some(metadata) = &content.metadata else { continue };
            if wanted.iter().all(|(key, value)| metadata.properties.get(key) == Some(value)) {
                return self.describe(subject, stored).await;
            }
        }
        Err(if any { Error::SchemaNotFound } else { Error::SubjectNotFound(subject.clone()) })
    }

    /// Subjects by their qualified names, ascending.
    pub async fn list_subjects(
        &self,
        authority: &Authority,
        filter: &SubjectFilter,
        deleted: DeletedFilter,
        page: Page,
    ) -> Result<Vec<String>, Error> {
        let Some(prefixes) = authority.prefixes() else {
            return Ok(self.store.list_subjects(filter, deleted, page.offset, page.limit).await?);
        };
        let mut readable = BTreeSet::new();
        for filter in prefixes.iter().filter_map(|prefix| filter.within(prefix)) {
            let listed = self.store.list_subjects(&filter, deleted, 0, i64::MAX).await?;
            readable.extend(listed.into_iter().filter(|name| authority.reads(&Subject::parse(name))));
        }
        Ok(page.cut(readable))
    }

    /// Schemas by subject and version.
    pub async fn list_schemas(&self, authority: &Authority, listing: &Listing) -> Result<Vec<Tagged>, Error> {
        let rule_type = listing.rule_type.as_deref();
        let prefixes = authority.prefixes();
        let read = async |filter: &SubjectFilter, page: (i64, i64)| {
            let (deleted, latest_only) = (listing.deleted, listing.latest_only);
            let Some(prefixes) = &prefixes else {
                return self.store.list_schemas(filter, deleted, latest_only, rule_type, page).await;
            };
            let mut readable = Vec::new();
            for filter in prefixes.iter().filter_map(|prefix| filter.within(prefix)) {
                let listed = self.store.list_schemas(&filter, deleted, latest_only, rule_type, (0, i64::MAX)).await?;
                readable.extend(listed.into_iter().filter(|listed| authority.reads(&listed.subject)));
            }
            readable.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
            Ok(Page { offset: page.0, limit: page.1 }.cut(readable))
        };
        let has_rule = |listed: &ListedSchema| match rule_type {
            Some(wanted) => listed.content.rule_set.as_ref().is_some_and(|rules| rules.has_type(wanted)),
            None => true,
        };
        if !listing.aliases && rule_type.is_none() {
            let listed = read(&listing.filter, (listing.page.offset, listing.page.limit)).await?;
            return Ok(listed.into_iter().map(|listed| Tagged { listed, aliases: Vec::new() }).collect());
        }
        // Both filters exceed what the database can do, so the list is read up to the end of the page.
        let mut found = read(&listing.filter, (0, i64::MAX)).await?;
        let mut names: BTreeMap<Subject, Vec<String>> = BTreeMap::new();
        if listing.aliases {
            names = self.aliases(&listing.filter).await?;
            names.retain(|target, aliases| {
                aliases.retain(|alias| authority.reads(&Subject::parse(alias)));
                authority.reads(target) && !aliases.is_empty()
            });
            for target in names.keys() {
                let own = SubjectFilter::In(target.context(), target.name().to_owned());
                let listed = read(&own, (0, i64::MAX)).await?;
                let new = listed.into_iter().filter(|listed| listed.subject == *target);
                let known: Vec<_> = found.iter().map(|known| (known.subject.clone(), known.version)).collect();
                found.extend(new.filter(|listed| !known.contains(&(listed.subject.clone(), listed.version))));
            }
            found.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
        }
        let tagged = found.into_iter().filter(has_rule).map(|listed| {
            let aliases = names.get(&listed.subject).cloned().unwrap_or_default();
            Tagged { listed, aliases }
        });
        Ok(listing.page.cut(tagged))
    }

    /// The aliases below a filter, by the subject each points to.
    async fn aliases(&self, filter: &SubjectFilter) -> Result<BTreeMap<Subject, Vec<String>>, Error> {
        let (context, prefix) = match filter {
            SubjectFilter::Everywhere(prefix) => (None, prefix),
            SubjectFilter::In(context, prefix) => (Some(context), prefix),
        };
        let mut names: BTreeMap<Subject, Vec<String>> = BTreeMap::new();
        for (subject, config) in self.store.list_configured(context).await? {
            let Some(alias) = config.and_then(|config| config.alias) else { continue };
            if subject.name().starts_with(prefix.as_str()) {
                let target = Subject::parse_in(&subject.context(), &alias);
                names.entry(target).or_default().push(subject.to_string());
            }
        }
        Ok(names)
    }

    /// The subject that a name resolves to: itself, or the target of its alias (contract 9.7). Aliases do not chain.
    pub async fn aliased(&self, view: &mut View<'_>, subject: Subject) -> Result<Subject, Error> {
        if subject.is_context() {
            return Ok(subject);
        }
        let scope = view.scope(&subject).await?;
        let alias = scope.config.as_ref().and_then(|config| config.alias.as_deref()).filter(|alias| !alias.is_empty());
        let Some(alias) = alias else { return Ok(subject) };
        let target = Subject::parse_in(&subject.context(), alias);
        if !view.reads(&target) {
            // Where the name leads is nothing that the caller may know.
            return Err(view.authority().denied("Read", Target::of(subject).to_string()));
        }
        Ok(target)
    }

    /// The text of a schema in a format (contract 4.5).
    pub async fn rendered(&self, view: &mut View<'_>, described: &Described, format: Format) -> Result<String, Error> {
        let content: &Content = &described.content;
        let is_inlined = format == Format::Resolved && content.references.is_empty();
        if is_inlined || !format.applies_to(content.schema_type) {
            return Ok(content.text.clone());
        }
        let parsed = self.parsed(view, &described.subject.context(), described.key, content).await?;
        let text = parsed.schema.formatted(format, &Budget::new(PARSE_LIMITS));
        text.map_err(|error| invalid(content.schema_type, None, error))
    }

    /// The holder of an id, or another one of the same id, that may be read; `None` where there is none.
    pub(super) async fn readable_holder(
        &self,
        view: &mut View<'_>,
        context: &Context,
        holder: Holder,
    ) -> Result<Option<Holder>, Error> {
        if view.reads(&holder.subject) {
            return Ok(Some(holder));
        }
        let others = self.store.holders_of(context, holder.stored.key).await?;
        for other in others.into_iter().rev().filter(|other| other.stored.id == holder.stored.id) {
            let version = ReferencedVersion { subject: other.subject.clone(), version: other.stored.version };
            if view.authority().reads(&other.subject) || self.is_read_through_reference(view, version).await? {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// Refuses a version of a subject that may not be read, unless a readable one refers to it.
    async fn require_version(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        selector: VersionSelector,
    ) -> Result<(), Error> {
        if view.reads(subject) {
            return Ok(());
        }
        // A reference names one version: no list and no newest one follow from it.
        if let VersionSelector::Number(version) = selector
            && self.is_read_through_reference(view, ReferencedVersion { subject: subject.clone(), version }).await?
        {
            return Ok(());
        }
        Err(view.authority().denied("Read", Target::of(subject.clone()).to_string()))
    }

    /// Whether a readable version refers to this one, directly or not: who may read it may read what it is made of.
    async fn is_read_through_reference(&self, view: &View<'_>, version: ReferencedVersion) -> Result<bool, Error> {
        let (mut seen, mut next) = (HashSet::new(), vec![version]);
        while let Some(target) = next.pop() {
            for referrer in self.store.referrers(&target).await? {
                if view.authority().reads(&referrer.version.subject) {
                    return Ok(true);
                }
                if seen.len() < MOST_REFERRERS && seen.insert(referrer.version.clone()) {
                    next.push(referrer.version);
                }
            }
        }
        Ok(false)
    }

    async fn describe(&self, subject: &Subject, stored: &StoredVersion) -> Result<Described, Error> {
        Ok(Described {
            subject: subject.clone(),
            version: stored.version,
            id: stored.id,
            key: stored.key,
            content: self.content(stored.key).await?,
            stored: Some((stored.time, stored.deleted)),
        })
    }
}

/// The newest version of a scope with this id; soft-deleted ones stay readable.
fn holds(scope: &Scope, id: SchemaId) -> Option<StoredVersion> {
    let held = scope.versions.iter().filter(|stored| stored.id == id);
    held.max_by_key(|stored| (!stored.deleted, stored.written, stored.version)).copied()
}

fn missing_version(scope: &Scope, subject: &Subject, selector: VersionSelector, deleted: bool) -> Error {
    if scope.versions.iter().any(|stored| deleted || !stored.deleted) {
        Error::VersionNotFound(selector.number())
    } else {
        Error::SubjectNotFound(subject.clone())
    }
}
