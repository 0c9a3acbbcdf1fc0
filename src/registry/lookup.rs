//! Looking up the version of a schema in a subject (contract 4.6, 6).

use super::candidate::{Candidate, ParseOptions};
use super::{Described, Draft, Error, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Content, Metadata, Subject};
use crate::store::StoredVersion;
use avow_schema::Strictness;
use std::sync::Arc;

/// The options of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupOptions {
    /// Whether to normalise first; the settings in force decide otherwise.
    pub normalize: bool,
    /// Whether soft-deleted versions count.
    pub deleted: bool,
}

/// A version that equals a candidate.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) stored: StoredVersion,
    /// The stored content where the structures are equal; `None` where the candidate itself is what is stored.
    pub(super) content: Option<Arc<Content>>,
}

impl Match {
    /// The match as answers describe it.
    pub(super) fn describe(self, subject: &Subject, candidate: &Candidate) -> Described {
        Described {
            subject: subject.clone(),
            version: self.stored.version,
            id: self.stored.id,
            key: self.stored.key,
            stored: self.content.is_some().then_some((self.stored.time, self.stored.deleted)),
            content: self.content.unwrap_or_else(|| Arc::new(candidate.content.clone())),
        }
    }
}

impl Registry {
    /// Finds the version of `subject` that is the drafted schema.
    ///
    /// A subject of the default context is also searched in the other contexts.
    pub async fn lookup(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        draft: &Draft,
        options: LookupOptions,
    ) -> Result<Described, Error> {
        draft.schema_type()?;
        let found = self.lookup_in(view, subject, draft, options).await?;
        if let Some(found) = found {
            return Ok(found);
        }
        if subject.is_unqualified() {
            for context in view.contexts().await?.iter() {
                let elsewhere = Subject::new(context, subject.name());
                if !view.authority().reads(&elsewhere) {
                    view.leave_out();
                    continue;
                }
                match self.lookup_in(view, &elsewhere, draft, options).await {
                    Ok(Some(found)) => {
                        view.require(Verb::Read, Target::of(elsewhere))?;
                        return Ok(found);
                    }
                    // A reference may be missing there; that is no answer to this request.
                    Ok(None)
                    | Err(
                        Error::InvalidSchema { .. }
                        | Error::SchemaNotValid { .. }
                        | Error::Denied { .. }
                        | Error::Unauthenticated,
                    ) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let scope = view.scope(subject).await?;
        let known = scope.versions.iter().any(|stored| options.deleted || !stored.deleted);
        Err(if known { Error::SchemaNotFound } else { Error::SubjectNotFound(subject.clone()) })
    }

    pub(super) async fn lookup_in(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        draft: &Draft,
        options: LookupOptions,
    ) -> Result<Option<Described>, Error> {
        view.require_references(&subject.context(), &draft.references)?;
        if draft.text().is_none() {
            return Ok(None);
        }
        let settings = effective::settings(view, subject).await?;
        let content = draft.content()?;
        let options_of_parse = ParseOptions {
            strictness: Strictness::Lenient,
            validation: effective::validation(view, subject, content.schema_type, &settings).await?,
            normalize: options.normalize || settings.normalize,
        };
        let mut candidate = Candidate::parse(view, subject, content, options_of_parse).await?;
        let scope = view.scope(subject).await?;
        let searched = scope.versions.iter().filter(|stored| options.deleted || !stored.deleted);
        let searched: Vec<StoredVersion> = searched.copied().collect();
        if let Some(found) = self.find(view, &searched, &candidate).await? {
            return Ok(Some(found.describe(subject, &candidate)));
        }
        let Some(latest) = scope.latest() else { return Ok(None) };
        let previous = view.content(latest.key).await?;
        let (metadata, rule_set) = settings.config.apply_defaults_and_overrides(&candidate.content, Some(&previous));
        if metadata == candidate.content.metadata && rule_set == candidate.content.rule_set {
            return Ok(None);
        }
        candidate.content.metadata = metadata;
        candidate.content.rule_set = rule_set;
        let found = self.find(view, &searched, &candidate).await?;
        Ok(found.map(|found| found.describe(subject, &candidate)))
    }

    /// The version equal to the candidate, of versions in ascending order: by content first, then by structure.
    pub(super) async fn find(
        &self,
        view: &mut View<'_>,
        versions: &[StoredVersion],
        candidate: &Candidate,
    ) -> Result<Option<Match>, Error> {
        let key = candidate.key();
        let by_content = versions.iter().filter(|stored| stored.key == key);
        if let Some(stored) = by_content.max_by_key(|stored| (stored.written, stored.version)) {
            return Ok(Some(Match { stored: *stored, content: None }));
        }
        for stored in versions.iter().rev() {
            if let Some(content) = self.same_structure(view, candidate, stored).await? {
                return Ok(Some(Match { stored: *stored, content: Some(content) }));
            }
        }
        Ok(None)
    }

    /// The stored content, if it is equal to the candidate in everything that matters (contract 4.6).
    pub(super) async fn same_structure(
        &self,
        view: &mut View<'_>,
        candidate: &Candidate,
        stored: &StoredVersion,
    ) -> Result<Option<Arc<Content>>, Error> {
        if candidate.content.schema_type != stored.key.schema_type {
            return Ok(None);
        }
        let inlined = candidate.content.references.is_empty() && stored.refers;
        if !inlined && candidate.schema.shape() != stored.shape {
            return Ok(None);
        }
        let content = view.content(stored.key).await?;
        if inlined {
            let Ok(parsed) = self.parsed(view, &candidate.context, stored.key, &content).await else {
                return Ok(None);
            };
            if parsed.schema.resolved_shape() != candidate.schema.resolved_shape() {
                return Ok(None);
            }
        } else if candidate.content.references != content.references {
            return Ok(None);
        }
        let equal = Metadata::equal_but_for_version(
            candidate.content.metadata.as_ref(),
            content.metadata.as_ref(),
            stored.version,
        ) && candidate.content.rule_set == content.rule_set;
        Ok(equal.then_some(content))
    }
}
