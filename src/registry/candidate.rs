//! Candidates: schemas of requests, parsed so that they can be compared, checked and stored.

use super::references::{self, Documents, Targets};
use super::stats::CacheKind;
use super::{Error, Registry, View};
use crate::domain::{Content, ContentKey, Context, Metadata, Reference, RuleSet, SchemaType, Subject};
use avow_budget::{Budget, Limits};
use avow_schema::{InvalidSchema, ParsedSchema, Strictness, Validation};
use std::sync::Arc;

/// A schema as clients send it (contract 2.5).
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The text; absent or empty for that of the latest version.
    pub schema: Option<String>,
    /// The name of the schema type; AVRO by default.
    pub schema_type: Option<String>,
    pub references: Vec<Reference>,
    pub metadata: Option<Metadata>,
    pub rule_set: Option<RuleSet>,
    /// The version number: 0 to have one assigned, -1 to have it written into the metadata too, or the expected number.
    pub version: i32,
    /// The id; negative to have one assigned.
    pub id: i32,
}

impl Draft {
    /// The text, unless it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        self.schema.as_deref().filter(|text| !text.trim().is_empty())
    }

    /// The type of the text, if this registry supports it.
    pub(super) fn schema_type(&self) -> Result<SchemaType, Error> {
        let Some(name) = self.schema_type.as_deref() else { return Ok(SchemaType::default()) };
        let known = SchemaType::parse(name).filter(|known| avow_schema::SUPPORTED.contains(known));
        known.ok_or_else(|| Error::InvalidSchemaType(name.to_owned()))
    }

    /// The content that the draft describes.
    pub(super) fn content(&self) -> Result<Content, Error> {
        let text = self.text().ok_or(Error::EmptySchema)?;
        Ok(Content {
            schema_type: self.schema_type()?,
            text: text.to_owned(),
            references: self.references.clone(),
            metadata: self.metadata.clone(),
            rule_set: self.rule_set.clone(),
        })
    }
}

/// How a draft becomes a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ParseOptions {
    pub(super) strictness: Strictness,
    pub(super) validation: Validation,
    pub(super) normalize: bool,
}

/// A parsed schema with what identity needs of it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) schema: Arc<ParsedSchema>,
    /// The stored text, the references with concrete versions, and the metadata as given by the caller.
    pub(super) content: Content,
    pub(super) documents: Documents,
    pub(super) context: Context,
    pub(super) options: ParseOptions,
}

impl Candidate {
    /// Parses `content.text` as a schema for a subject, against its references.
    pub(super) async fn parse(
        view: &mut View<'_>,
        subject: &Subject,
        content: Content,
        options: ParseOptions,
    ) -> Result<Self, Error> {
        let context = subject.context();
        let targets = if options.strictness == Strictness::Strict { Targets::Live } else { Targets::All };
        let documents = references::resolve(view, &context, &content, targets).await?;
        let parsed = parse(&content, &documents, options).await?;
        let schema = parsed.map_err(|error| invalid(content.schema_type, Some(subject), error))?;
        let mut references = content.references;
        if options.normalize {
            references.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
            references.dedup();
        }
        fix(view, &context, &mut references).await?;
        let content = Content { text: schema.text(), references, ..content };
        Ok(Self { schema: Arc::new(schema), content, documents, context, options })
    }

    pub(super) fn key(&self) -> ContentKey {
        self.content.key()
    }
}

/// Steps and bytes that reading one JSON or Protobuf schema may take: some for each byte of the largest texts.
pub(super) const PARSE_LIMITS: Limits = Limits { steps: 100_000_000, bytes: 512 << 20 };

/// Parses a text against what it refers to.
async fn parse(
    content: &Content,
    documents: &Documents,
    options: ParseOptions,
) -> Result<Result<ParsedSchema, InvalidSchema>, Error> {
    if content.schema_type == SchemaType::Avro {
        return Ok(parse_within(content, documents, options, &Budget::unlimited()));
    }
    // A small text can take long in these formats.
    let (content, documents) = (content.clone(), documents.clone());
    let work = move || parse_within(&content, &documents, options, &Budget::new(PARSE_LIMITS));
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Panic)
}

fn parse_within(
    content: &Content,
    documents: &Documents,
    options: ParseOptions,
    budget: &Budget,
) -> Result<ParsedSchema, InvalidSchema> {
    let references = documents.references(content);
    let schema = avow_schema::parse(content.schema_type, &content.text, &references, options.strictness, budget)?;
    schema.validate(options.validation, budget)?;
    match options.normalize {
        true => schema.normalized(&references, budget),
        false => Ok(schema),
    }
}

/// The refusal of a text; of one that is stored already the subject does not matter.
pub(super) fn invalid(schema_type: SchemaType, subject: Option<&Subject>, error: InvalidSchema) -> Error {
    let details = error.to_string();
    match (error, subject) {
        (InvalidSchema::Validate(_), Some(subject)) => {
            Error::SchemaNotValid { subject: subject.clone(), schema_type, details }
        }
        _ => Error::InvalidSchema { schema_type, details },
    }
}

/// Replaces every `-1` by the current latest version.
async fn fix(view: &mut View<'_>, context: &Context, references: &mut [Reference]) -> Result<(), Error> {
    for reference in references.iter_mut().filter(|reference| reference.version == -1) {
        let scope = view.read_unguarded(&reference.target(context)).await?;
        if let Some(latest) = scope.latest() {
            reference.version = latest.version.get();
        }
    }
    Ok(())
}

/// A schema ready to be compared, with the cache key of its verdicts.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) key: ParsedKey,
    pub(super) schema: Arc<ParsedSchema>,
}

impl Candidate {
    /// The candidate as one side of a comparison.
    pub(super) fn parsed(&self) -> Parsed {
        let key = ParsedKey::new(self.key(), &self.content, &self.documents);
        Parsed { key, schema: Arc::clone(&self.schema) }
    }
}

/// A stored text together with the documents it was parsed against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ParsedKey {
    content: ContentKey,
    documents: Box<[ContentKey]>,
    bytes: usize,
}

impl ParsedKey {
    fn new(key: ContentKey, content: &Content, documents: &Documents) -> Self {
        let bytes = content.text.len() + documents.contents.iter().map(|content| content.text.len()).sum::<usize>();
        Self { content: key, documents: documents.keys.clone().into(), bytes }
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
    /// A stored content parsed against its references, as seen from `context`.
    pub(super) async fn parsed(
        &self,
        view: &mut View<'_>,
        context: &Context,
        key: ContentKey,
        content: &Content,
    ) -> Result<Parsed, Error> {
        let documents = references::resolve(view, context, content, Targets::All).await?;
        let key = ParsedKey::new(key, content, &documents);
        let known = self.parsed.get(&key).await;
        self.stats.record_lookup(CacheKind::Parsed, known.is_some());
        if let Some(schema) = known {
            return Ok(Parsed { key, schema });
        }
        let options = ParseOptions { strictness: Strictness::Lenient, validation: Validation::None, normalize: false };
        let parsed = parse(content, &documents, options).await?;
        let schema = Arc::new(parsed.map_err(|error| invalid(content.schema_type, None, error))?);
        self.parsed.insert(key.clone(), Arc::clone(&schema)).await;
        Ok(Parsed { key, schema })
    }
}
