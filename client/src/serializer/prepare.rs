//! Preparation of a serializer: subject, schema, id and plan, before the first record.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use avow_avro::{Candidate, Strictness, check, explain, parse};
use serde::Serialize;

use super::error::Reason;
use super::local_schema::{LocalReference, LocalSchema};
use super::{Bound, PrepareError, Serializer};
use crate::codec::EncodePlan;
use crate::deserializer::is_bytes;
use crate::registry::{Content, ResolvedReference};
use crate::rest::{Client, NewSchema, Reference, Registered, SchemaType, Version};
use crate::wire::{Guid, SchemaKey};
use crate::{Error, LoadedSchema, Registry, Subject};

/// The version number of a reference to the latest version.
const LATEST: i32 = -1;

/// The source of the schema that records are written with.
#[derive(Debug, Clone)]
enum SchemaSource {
    LookUp,
    Register,
    Latest,
    LatestWith(Vec<(String, String)>),
    Known(SchemaKey),
}

/// Everything that a refresh needs.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    subject: Subject,
    local: Option<LocalSchema>,
    source: SchemaSource,
    normalize: bool,
    strict: bool,
    framing: Framing,
    accept_rules: bool,
    unknown_fields: UnknownFields,
}

/// Fields of values that the schema lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnknownFields {
    Refused,
    Ignored,
}

/// Where a record names its schema.
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// The id before the data.
    Prefix,
    /// The GUID in a header.
    Header,
}

/// The builder of a [`Serializer`].
///
/// By default it looks the given schema up, and fails if it is not registered.
#[must_use = "call `prepare`"]
pub struct SerializerBuilder<T: ?Sized> {
    registry: Registry,
    settings: Settings,
    of: PhantomData<fn(&T)>,
}

impl<T: Serialize + ?Sized> SerializerBuilder<T> {
    pub(super) fn new(registry: &Registry, subject: Subject) -> Self {
        let settings = Settings {
            subject,
            local: None,
            source: SchemaSource::LookUp,
            normalize: false,
            strict: true,
            framing: Framing::Prefix,
            accept_rules: false,
            unknown_fields: UnknownFields::Refused,
        };
        Self { registry: registry.clone(), settings, of: PhantomData }
    }

    /// The schema of `T`.
    pub fn schema(mut self, schema: impl Into<LocalSchema>) -> Self {
        self.settings.local = Some(schema.into());
        self
    }

    /// Registers the schema if it is not registered yet.
    ///
    /// Off by default: with it every producer can change a contract, a typo in a topic name creates a subject, and the
    /// first deployment decides the schema of a topic. Register schemas where they are reviewed, before deployment.
    pub fn auto_register(mut self) -> Self {
        self.settings.source = SchemaSource::Register;
        self
    }

    /// Writes with the latest version of the subject at the time of [`prepare`](Self::prepare) or
    /// [`refresh`](Serializer::refresh).
    ///
    /// If a schema is given as well, the latest version must be able to read its data.
    pub fn use_latest_version(mut self) -> Self {
        self.settings.source = SchemaSource::Latest;
        self
    }

    /// Writes with the latest version whose metadata has all these properties.
    pub fn use_latest_with_metadata<K, V>(mut self, properties: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let properties = properties.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.settings.source = SchemaSource::LatestWith(properties);
        self
    }

    /// Writes with the schema of this id.
    pub fn use_schema_id(mut self, id: u32) -> Self {
        self.settings.source = SchemaSource::Known(SchemaKey::Id(id));
        self
    }

    /// Writes with the schema of this GUID.
    pub fn use_schema_guid(mut self, guid: Guid) -> Self {
        self.settings.source = SchemaSource::Known(SchemaKey::Guid(guid));
        self
    }

    /// Normalizes the schema before it is looked up or registered.
    pub fn normalize(mut self) -> Self {
        self.settings.normalize = true;
        self
    }

    /// Whether the selected schema must be able to read data of the given one. On by default.
    pub fn strict_compatibility(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Names the schema by its GUID in a header instead of a prefix of the payload.
    pub fn guid_in_header(mut self) -> Self {
        self.settings.framing = Framing::Header;
        self
    }

    /// Skips fields of values that the schema lacks. They are an error by default, because their data would be lost.
    pub fn ignore_unknown_fields(mut self) -> Self {
        self.settings.unknown_fields = UnknownFields::Ignored;
        self
    }

    /// Accepts schemas with rules, which the caller has to run.
    ///
    /// They are refused by default, because a field to be encrypted would be written in clear text.
    pub fn rules_are_run_elsewhere(mut self) -> Self {
        self.settings.accept_rules = true;
        self
    }

    /// Resolves the subject, looks up or registers the schema, and compiles the plan.
    pub async fn prepare(self) -> Result<Serializer<T>, PrepareError> {
        let bound = self.settings.bind(&self.registry).await?;
        Ok(Serializer { bound: Arc::new(bound), scratch: Vec::new(), of: PhantomData })
    }
}

/// The program's schema, with its references registered or looked up.
struct ResolvedSchema {
    new: NewSchema,
    references: Vec<ResolvedReference>,
    parsed: avow_avro::Schema,
}

impl Settings {
    pub(super) async fn bind(&self, registry: &Registry) -> Result<Bound, PrepareError> {
        let local = match &self.local {
            Some(local) => Some(self.resolve(registry, local).await?),
            None => None,
        };
        let record = local.as_ref().and_then(|local| local.parsed.full_name());
        let subject = self.subject.resolve(registry, record.as_deref()).await?;
        let schema = self.select_schema(registry, &subject, local.as_ref()).await?;
        let avro = schema.avro().map_err(|why| PrepareError::new(Reason::NotAvro(why)))?;
        if !self.accept_rules && !schema.rules_on_writing().is_empty() {
            return Err(PrepareError::needs_rules(&schema));
        }
        if let Some(local) = &local
            && self.strict
            && !matches!(self.source, SchemaSource::LookUp | SchemaSource::Register)
            && !check(avro, &local.parsed).is_compatible()
        {
            let findings = explain(avro, &local.parsed, Candidate::Writer);
            let findings = findings.into_iter().map(|finding| finding.title).collect();
            return Err(PrepareError::new(Reason::Incompatible { subject, findings }));
        }
        let (prefix, header) = match self.framing {
            Framing::Prefix => (Some(SchemaKey::Id(self.id(registry, &schema).await?).to_bytes()), None),
            Framing::Header => {
                let guid = schema.guid().ok_or_else(|| PrepareError::new(Reason::NoGuid))?;
                (None, Some((self.subject.part().header(), SchemaKey::Guid(guid).to_bytes())))
            }
        };
        let (mut plan, raw_bytes) = (EncodePlan::new(avro)?, is_bytes(avro));
        if self.unknown_fields == UnknownFields::Ignored {
            plan = plan.ignore_unknown_fields();
        }
        Ok(Bound {
            settings: self.clone(),
            registry: registry.clone(),
            subject,
            schema,
            plan,
            prefix,
            header,
            raw_bytes,
        })
    }

    async fn select_schema(
        &self,
        registry: &Registry,
        subject: &str,
        local: Option<&ResolvedSchema>,
    ) -> Result<Arc<LoadedSchema>, PrepareError> {
        let given = || local.ok_or_else(|| PrepareError::new(Reason::NoSchema));
        Ok(match &self.source {
            SchemaSource::Known(key) => registry.schema(*key).await?,
            SchemaSource::Latest => registry.latest(subject).await?.schema,
            SchemaSource::LatestWith(properties) => {
                let properties = properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let version = registry.rest()?.latest_with_metadata(subject, properties).include_deleted().await?;
                registry.load_version(version).await?
            }
            SchemaSource::LookUp => {
                let local = given()?;
                match self.find_version(registry, subject, &local.new).await {
                    Ok(schema) => schema,
                    Err(error) => offline_copy(registry, local, error)?,
                }
            }
            SchemaSource::Register => {
                let local = given()?;
                let registered = match self.register(registry, subject, &local.new).await {
                    Ok(registered) => registered,
                    Err(error) => return Ok(offline_copy(registry, local, error)?),
                };
                // Older registries do not return the stored text.
                let text = registered.schema.text;
                registry.insert(Content {
                    id: Some(registered.id),
                    guid: registered.schema.guid.and_then(|guid| guid.parse().ok()),
                    schema_type: SchemaType::Avro,
                    text: if text.is_empty() { local.new.text().to_owned() } else { text },
                    references: local.references.clone(),
                    rule_set: registered.schema.rule_set,
                })
            }
        })
    }

    /// The id of the schema; requested separately if the schema was requested by its GUID.
    async fn id(&self, registry: &Registry, schema: &LoadedSchema) -> Result<u32, PrepareError> {
        if let Some(id) = schema.id() {
            return Ok(id);
        }
        let (client, guid) = (registry.rest()?, schema.guid().ok_or_else(|| PrepareError::new(Reason::NoId))?);
        let ids = client.ids_by_guid(&guid.to_string()).await?;
        let context = client.context().unwrap_or(".");
        let id = ids.into_iter().find(|id| id.context.trim_matches(':') == context).map(|id| id.id);
        id.ok_or_else(|| PrepareError::new(Reason::NoId))
    }

    /// Registers or looks up the references of the schema, dependencies first.
    fn resolve<'a>(
        &'a self,
        registry: &'a Registry,
        local: &'a LocalSchema,
    ) -> Pin<Box<dyn Future<Output = Result<ResolvedSchema, PrepareError>> + Send + 'a>> {
        Box::pin(async move {
            let mut new = NewSchema::avro(local.text.clone());
            let mut references: Vec<ResolvedReference> = Vec::new();
            for reference in &local.references {
                match reference {
                    LocalReference::Registered(reference) => {
                        references.extend(registry.references(std::slice::from_ref(reference)).await?);
                        new = new.reference(reference.clone());
                    }
                    LocalReference::Local { name, subject, schema } => {
                        let resolved = self.resolve(registry, schema).await?;
                        let version = self.version_of(registry, subject, &resolved.new).await?;
                        let reference = Reference::new(name, subject, version);
                        references.extend(resolved.references);
                        let text = resolved.new.text().to_owned();
                        references.push(ResolvedReference { reference: reference.clone(), text });
                        new = new.reference(reference);
                    }
                }
            }
            let texts: Vec<_> = references.iter().map(|referenced| referenced.text.as_str()).collect();
            let parsed = parse(&local.text, &texts, Strictness::Java)?;
            Ok(ResolvedSchema { new, references, parsed })
        })
    }

    async fn version_of(&self, registry: &Registry, subject: &str, schema: &NewSchema) -> Result<i32, Error> {
        if let SchemaSource::Register = self.source {
            let registered = self.register(registry, subject, schema).await?;
            if let Some(version) = registered.version {
                return Ok(version);
            }
        }
        match registry.rest() {
            Ok(client) => Ok(self.look_up(client, subject, schema).await?.version),
            // Only a request would need the version.
            Err(_) => Ok(LATEST),
        }
    }

    /// Registers a schema. A refusal for incompatibility is requested again with an explanation, which Avow gives and
    /// other registries leave out.
    async fn register(&self, registry: &Registry, subject: &str, schema: &NewSchema) -> Result<Registered, Error> {
        let client = registry.rest()?;
        let call = || {
            let call = client.register(subject, schema);
            if self.normalize { call.normalize() } else { call }
        };
        match call().await {
            Err(error) if error.is_conflict() => call().query("explain", "true").await,
            result => result,
        }
    }

    async fn find_version(
        &self,
        registry: &Registry,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<Arc<LoadedSchema>, Error> {
        let version = self.look_up(registry.rest()?, subject, schema).await?;
        registry.load_version(version).await
    }

    async fn look_up(&self, client: &Client, subject: &str, schema: &NewSchema) -> Result<Version, Error> {
        let call = client.look_up(subject, schema);
        if self.normalize { call.normalize().await } else { call.await }
    }
}

/// The schema from memory, where the registry cannot be asked: what was registered once keeps its id.
fn offline_copy(registry: &Registry, local: &ResolvedSchema, error: Error) -> Result<Arc<LoadedSchema>, Error> {
    if error.is_offline() || error.is_unavailable() {
        registry.find_equal(&local.parsed).ok_or(error)
    } else {
        Err(error)
    }
}
