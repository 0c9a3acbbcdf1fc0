//! Reads of schemas, versions and lists (contract 7).

use super::{Described, Error, Registry, View};
use crate::domain::{Content, Context, Fingerprint, ReferencedVersion, SchemaId, Subject, Version, VersionSelector};
use crate::store::{DeletedFilter, Holder, ListedSchema, Scope, StoredVersion, SubjectFilter};
use std::collections::BTreeMap;

/// The rendering of a schema's text (contract 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// As stored.
    #[default]
    Stored,
    /// With every reference inlined.
    Resolved,
}

/// A page of a list.
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
            if let Some(stored) = holds(&*view.scope(subject).await?, id) {
                return self.describe(subject, &stored).await;
            }
            if !subject.is_unqualified() {
                return Err(missing());
            }
            for context in view.contexts().await?.iter() {
                let elsewhere = Subject::new(context, subject.name());
                if let Some(stored) = holds(&*view.scope(&elsewhere).await?, id) {
                    return self.describe(&elsewhere, &stored).await;
                }
            }
        }
        let holder = view.holder(&subject.context(), id).await?.ok_or_else(missing)?;
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
        Ok(shown.map(|holder| ReferencedVersion { subject: holder.subject, version: holder.stored.version }).collect())
    }

    /// The ids of a content in every context; empty for an unknown content.
    pub async fn ids_of(&self, fingerprint: Fingerprint) -> Result<Vec<(Context, SchemaId)>, Error> {
        Ok(self.store.ids_of(fingerprint).await?)
    }

    /// The schema with a fingerprint, as some subject has it.
    pub async fn by_fingerprint(&self, view: &mut View<'_>, fingerprint: Fingerprint) -> Result<Described, Error> {
        for (context, id) in self.store.ids_of(fingerprint).await? {
            if let Some(holder) = view.holder(&context, id).await? {
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
        let scope = view.scope(subject).await?;
        if let Some(stored) = scope.select(selector, deleted) {
            return self.describe(subject, stored).await;
        }
        if subject.is_unqualified() {
            for context in view.contexts().await?.iter() {
                let elsewhere = Subject::new(context, subject.name());
                if let Some(stored) = view.scope(&elsewhere).await?.select(selector, deleted) {
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
        let referrers = self.store.referrers(&target).await?;
        Ok(referrers.into_iter().filter(|referrer| deleted || !referrer.deleted).map(|referrer| referrer.id).collect())
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
        filter: &SubjectFilter,
        deleted: DeletedFilter,
        page: Page,
    ) -> Result<Vec<String>, Error> {
        Ok(self.store.list_subjects(filter, deleted, page.offset, page.limit).await?)
    }

    /// Schemas by subject and version.
    pub async fn list_schemas(&self, listing: &Listing) -> Result<Vec<Tagged>, Error> {
        let rule_type = listing.rule_type.as_deref();
        let read = async |filter: &SubjectFilter, page: (i64, i64)| {
            self.store.list_schemas(filter, listing.deleted, listing.latest_only, rule_type, page).await
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
        Ok(alias.map_or(subject.clone(), |alias| Subject::parse_in(&subject.context(), alias)))
    }

    /// The text of a schema in a format.
    pub async fn rendered(&self, view: &mut View<'_>, described: &Described, format: Format) -> Result<String, Error> {
        let content: &Content = &described.content;
        match format {
            Format::Stored => Ok(content.text.clone()),
            Format::Resolved if content.references.is_empty() => Ok(content.text.clone()),
            Format::Resolved => {
                let context = described.subject.context();
                Ok(self.parsed(view, &context, described.key, content).await?.schema.resolved_text())
            }
        }
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
