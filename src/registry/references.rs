//! Resolving the references of a schema, in the order it has to be parsed (contract 4.7).

use super::{Error, View};
use crate::domain::{Content, ContentKey, Context, Reference, ReferencedVersion, SchemaType};
use std::collections::HashSet;
use std::sync::Arc;

/// The target versions that count as present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Targets {
    /// Live versions only: for new schemas.
    Live,
    /// Soft-deleted ones too: for stored schemas, and for look-ups.
    All,
}

/// The documents a schema refers to, directly or not, each after its own references.
#[derive(Debug, Clone, Default)]
pub(super) struct Documents {
    pub(super) keys: Vec<ContentKey>,
    pub(super) contents: Vec<Arc<Content>>,
    /// The first reference to each, with a qualified subject.
    pub(super) named: Vec<Reference>,
    /// The targets of the schema's own references, in order.
    pub(super) direct: Vec<ReferencedVersion>,
}

/// The maximum number of documents one schema may refer to; far above sensible use, far below what would hurt.
const MOST_DOCUMENTS: usize = 1_000;

/// A step of the traversal: enter a reference seen from a context, or add a content whose own references are done.
enum Step {
    Enter(Reference, Context, bool),
    Take(Reference, ContentKey, Arc<Content>),
}

impl Documents {
    /// What a parse of `content` may use; these are its documents.
    pub(super) fn references<'a>(&'a self, content: &Content) -> Vec<avow_schema::Reference<'a>> {
        let direct: HashSet<&str> = content.references.iter().map(|reference| reference.name.as_str()).collect();
        let documents = self.named.iter().zip(&self.contents);
        documents
            .map(|(named, content)| avow_schema::Reference {
                name: &named.name,
                text: &content.text,
                origin: direct.contains(named.name.as_str()).then_some((named.subject.as_str(), named.version)),
            })
            .collect()
    }
}

/// Resolves the references of a content as seen from `context`. The first of two with the same name wins.
pub(super) async fn resolve(
    view: &mut View<'_>,
    context: &Context,
    content: &Content,
    targets: Targets,
) -> Result<Documents, Error> {
    let schema_type = content.schema_type;
    let mut documents = Documents::default();
    let mut seen = HashSet::new();
    let mut steps: Vec<Step> = content
        .references
        .iter()
        .rev()
        .map(|reference| Step::Enter(reference.clone(), context.clone(), true))
        .collect();
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(reference, context, direct) => {
                let (target, key) = find(view, schema_type, &context, &reference, targets).await?;
                let target_context = target.subject.context();
                if direct {
                    documents.direct.push(target.clone());
                }
                if !seen.insert(reference.name.clone()) {
                    continue;
                }
                if seen.len() > MOST_DOCUMENTS {
                    let details = format!("more than {MOST_DOCUMENTS} documents are referred to");
                    return Err(Error::InvalidSchema { schema_type, details });
                }
                let content = view.content(key).await?;
                let (subject, version) = (target.subject.to_string(), target.version.get());
                let named = Reference { name: reference.name, subject, version };
                steps.push(Step::Take(named, key, Arc::clone(&content)));
                let nested = content.references.iter().rev();
                steps.extend(nested.map(|nested| Step::Enter(nested.clone(), target_context.clone(), false)));
            }
            Step::Take(reference, key, content) => {
                documents.named.push(reference);
                documents.keys.push(key);
                documents.contents.push(content);
            }
        }
    }
    Ok(documents)
}

async fn find(
    view: &mut View<'_>,
    schema_type: SchemaType,
    context: &Context,
    reference: &Reference,
    targets: Targets,
) -> Result<(ReferencedVersion, ContentKey), Error> {
    let invalid = || Error::InvalidSchema { schema_type, details: format!("Invalid reference: {reference}") };
    if reference.name.is_empty() || reference.subject.is_empty() {
        return Err(invalid());
    }
    let selector = reference.selector().ok_or_else(invalid)?;
    let subject = reference.target(context);
    // A popular target gains referrers all the time; they must not conflict with each other.
    let scope = view.read_unguarded(&subject).await?;
    let Some(stored) = scope.select(selector, targets == Targets::All) else {
        let version = reference.version;
        let details = format!("No schema reference found for subject \"{subject}\" and version {version}");
        return Err(Error::InvalidSchema { schema_type, details });
    };
    Ok((ReferencedVersion { subject, version: stored.version }, stored.key))
}
