//! From what a client sent to a schema that can be compared, checked and stored.

use super::references::{self, Documents, Targets};
use super::stats::Memory;
use super::{Error, Registry, View};
use crate::domain::{Content, Context, Fingerprint, Metadata, Reference, RuleSet};
use avow_avro::{Schema, Strictness};
use std::sync::Arc;

/// A schema as a client offers it (contract 2.5).
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The text; absent or empty it means the latest version's.
    pub schema: Option<String>,
    /// `AVRO`, or something this registry does not speak.
    pub schema_type: Option<String>,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Its metadata.
    pub metadata: Option<Metadata>,
    /// Its rules.
    pub rule_set: Option<RuleSet>,
    /// 0 to have one assigned, -1 to have it written into the metadata too, or the number expected.
    pub version: i32,
    /// Negative to have one assigned.
    pub id: i32,
}

impl Draft {
    /// The text, if there is anything in it.
    pub(super) fn text(&self) -> Option<&str> {
        self.schema.as_deref().filter(|text| !text.trim().is_empty())
    }

    /// Refuses what is not Avro.
    pub(super) fn check_type(&self) -> Result<(), Error> {
        match self.schema_type.as_deref() {
            None | Some("AVRO") => Ok(()),
            Some(other) => Err(Error::InvalidSchemaType(other.to_owned())),
        }
    }
}

/// A parsed schema with what identity needs of it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) schema: Arc<Schema>,
    /// The stored text, the references with concrete versions, and the metadata as the caller gave them.
    pub(super) content: Content,
    pub(super) documents: Documents,
    pub(super) context: Context,
    /// How it was parsed.
    pub(super) strictness: Strictness,
    /// Whether it was normalised.
    pub(super) normalized: bool,
}

impl Candidate {
    /// Parses `content.text` as a schema of `context`, against its references.
    pub(super) async fn parse(
        view: &mut View<'_>,
        context: &Context,
        content: Content,
        strictness: Strictness,
        normalize: bool,
    ) -> Result<Self, Error> {
        let targets = if strictness == Strictness::Strict { Targets::Live } else { Targets::All };
        let documents = references::resolve(view, context, &content.references, targets).await?;
        let texts: Vec<&str> = documents.contents.iter().map(|content| content.text.as_str()).collect();
        let invalid = |error: avow_avro::ParseError| Error::InvalidSchema(error.to_string());
        let mut schema = avow_avro::parse(&content.text, &texts, strictness).map_err(invalid)?;
        let mut references = content.references;
        if normalize {
            schema = schema.normalized().map_err(invalid)?;
            references.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
            references.dedup();
        }
        fix(view, context, &mut references).await?;
        let content = Content { text: schema.text(), references, ..content };
        Ok(Self {
            schema: Arc::new(schema),
            content,
            documents,
            context: context.clone(),
            strictness,
            normalized: normalize,
        })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.content.fingerprint()
    }
}

/// Replaces every `-1` by the version it means now.
async fn fix(view: &mut View<'_>, context: &Context, references: &mut [Reference]) -> Result<(), Error> {
    for reference in references.iter_mut().filter(|reference| reference.version == -1) {
        let scope = view.glance(&reference.target(context)).await?;
        if let Some(latest) = scope.versions.iter().rfind(|stored| !stored.deleted) {
            reference.version = latest.version.get();
        }
    }
    Ok(())
}

/// A schema ready to be compared, with the key that its verdicts are remembered under.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) key: ParsedKey,
    pub(super) schema: Arc<Schema>,
}

impl Candidate {
    /// The candidate as one side of a comparison.
    pub(super) fn parsed(&self) -> Parsed {
        let key = ParsedKey::new(self.fingerprint(), &self.content, &self.documents);
        Parsed { key, schema: Arc::clone(&self.schema) }
    }
}

/// A stored text together with the documents it was parsed against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ParsedKey {
    fingerprint: Fingerprint,
    documents: Box<[Fingerprint]>,
    bytes: usize,
}

impl ParsedKey {
    fn new(fingerprint: Fingerprint, content: &Content, documents: &Documents) -> Self {
        let bytes = content.text.len() + documents.contents.iter().map(|content| content.text.len()).sum::<usize>();
        Self { fingerprint, documents: documents.fingerprints.clone().into(), bytes }
    }

    /// The size of the texts, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn weight(&self) -> usize {
        512 + self.bytes * 4
    }
}

impl Registry {
    /// A stored content parsed, against its references as they are seen from `context`.
    pub(super) async fn parsed(
        &self,
        view: &mut View<'_>,
        context: &Context,
        fingerprint: Fingerprint,
        content: &Content,
    ) -> Result<Parsed, Error> {
        let documents = references::resolve(view, context, &content.references, Targets::All).await?;
        let key = ParsedKey::new(fingerprint, content, &documents);
        let known = self.parsed.get(&key).await;
        self.stats.sought(Memory::Parsed, known.is_some());
        if let Some(schema) = known {
            return Ok(Parsed { key, schema });
        }
        let texts: Vec<&str> = documents.contents.iter().map(|content| content.text.as_str()).collect();
        let schema = avow_avro::parse(&content.text, &texts, Strictness::Lenient)
            .map_err(|error| Error::InvalidSchema(error.to_string()))?;
        let schema = Arc::new(schema);
        self.parsed.insert(key.clone(), Arc::clone(&schema)).await;
        Ok(Parsed { key, schema })
    }
}
