//! Preparation of a serializer: subject, schema, id and plan, before the first record.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::error::Reason;
use super::local_schema::{LocalReference, LocalSchema};
use super::{Bound, PrepareError, Serializer};
#[cfg(feature = "protobuf")]
use crate::format::DynamicProtobuf;
#[cfg(feature = "json-schema")]
use crate::format::Json;
use crate::format::{Avro, Encode, Format, SchemaText};
use crate::registry::{Content, ResolvedReference, named};
use crate::rest::{Client, NewSchema, Reference, Registered, Version};
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
#[derive(Debug)]
pub(super) struct Settings<F: Format> {
    subject: Subject,
    local: Option<LocalSchema>,
    source: SchemaSource,
    normalize: bool,
    strict: bool,
    framing: Framing,
    accept_rules: bool,
    options: F::EncodeOptions,
}

impl<F: Format> Clone for Settings<F> {
    fn clone(&self) -> Self {
        let Self { subject, local, source, normalize, strict, framing, accept_rules, options } = self;
        Self {
            subject: subject.clone(),
            local: local.clone(),
            source: source.clone(),
            normalize: *normalize,
            strict: *strict,
            framing: *framing,
            accept_rules: *accept_rules,
            options: options.clone(),
        }
    }
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
pub struct SerializerBuilder<T: ?Sized, F: Format = Avro> {
    registry: Registry,
    settings: Settings<F>,
    of: PhantomData<fn(&T)>,
}

impl<T: ?Sized> SerializerBuilder<T> {
    /// Skips fields of values that the schema lacks. They are an error by default, because their data would be lost.
    pub fn ignore_unknown_fields(mut self) -> Self {
        self.settings.options.ignores_unknown_fields = true;
        self
    }
}

#[cfg(feature = "json-schema")]
impl<T: ?Sized> SerializerBuilder<T, Json> {
    /// Validates values against the schema before they are written.
    pub fn validate(mut self) -> Self {
        self.settings.options.validates = true;
        self
    }
}

#[cfg(feature = "protobuf")]
impl<T: ?Sized> SerializerBuilder<T, DynamicProtobuf> {
    /// The message to write, by its full name; by default the first one of the schema.
    pub fn message(mut self, full_name: impl Into<String>) -> Self {
        self.settings.options.message = Some(full_name.into());
        self
    }
}

impl<T: ?Sized, F: Encode<T>> SerializerBuilder<T, F> {
    pub(super) fn new(registry: &Registry, subject: Subject) -> Self {
        let settings = Settings {
            subject,
            local: None,
            source: SchemaSource::LookUp,
            normalize: false,
            strict: true,
            framing: Framing::Prefix,
            accept_rules: false,
            options: F::encode_options(),
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

    /// Accepts schemas with rules, which the caller has to run.
    ///
    /// They are refused by default, because a field to be encrypted would be written in clear text.
    pub fn rules_are_run_elsewhere(mut self) -> Self {
        self.settings.accept_rules = true;
        self
    }

    /// Resolves the subject, looks up or registers the schema, and compiles the plan.
    pub async fn prepare(self) -> Result<Serializer<T, F>, PrepareError> {
        let bound = self.settings.bind(&self.registry).await?;
        Ok(Serializer { bound: Arc::new(bound), scratch: Vec::new(), of: PhantomData })
    }
}

/// The program's schema, with its references registered or looked up.
struct ResolvedSchema<S> {
    new: NewSchema,
    references: Vec<ResolvedReference>,
    parsed: S,
}

/// A resolution in progress; boxed, because references are resolved like the schema.
type Resolving<'a, S> = Pin<Box<dyn Future<Output = Result<ResolvedSchema<S>, PrepareError>> + Send + 'a>>;

impl<F: Format> Settings<F> {
    pub(super) async fn bind(&self, registry: &Registry) -> Result<Bound<F>, PrepareError> {
        let local = match &self.local {
            Some(local) => Some(self.resolve(registry, local).await?),
            None => None,
        };
        let record = local.as_ref().and_then(|local| local.parsed.name());
        let subject = self.subject.resolve(registry, record.as_deref()).await?;
        let schema = self.select_schema(registry, &subject, local.as_ref()).await?;
        let selected = F::Schema::of(&schema)?;
        if !self.accept_rules && !schema.rules_on_writing().is_empty() {
            return Err(PrepareError::needs_rules(&schema));
        }
        if let Some(local) = &local
            && self.strict
            && !matches!(self.source, SchemaSource::LookUp | SchemaSource::Register)
        {
            let findings = F::Schema::incompatibilities(selected, &local.parsed);
            let findings = findings.map_err(|why| PrepareError::new(Reason::Incomparable(why)))?;
            if !findings.is_empty() {
                return Err(PrepareError::new(Reason::Incompatible { subject, findings }));
            }
        }
        let encoder = F::encoder(&schema, &self.options)?;
        let (prefix, header) = match self.framing {
            Framing::Prefix => (Some(SchemaKey::Id(self.id(registry, &schema).await?).to_bytes()), None),
            Framing::Header => {
                let guid = schema.guid().ok_or_else(|| PrepareError::new(Reason::NoGuid))?;
                let key = SchemaKey::Guid(guid).to_bytes();
                let bytes = [key.as_slice(), F::message_indexes(&encoder)].concat();
                (None, Some((self.subject.part().header(), bytes)))
            }
        };
        Ok(Bound { settings: self.clone(), registry: registry.clone(), subject, schema, encoder, prefix, header })
    }

    async fn select_schema(
        &self,
        registry: &Registry,
        subject: &str,
        local: Option<&ResolvedSchema<F::Schema>>,
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
                    schema_type: F::Schema::TYPE,
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
    fn resolve<'a>(&'a self, registry: &'a Registry, local: &'a LocalSchema) -> Resolving<'a, F::Schema> {
        Box::pin(async move {
            let mut new = NewSchema::of_type(F::Schema::TYPE, local.text.clone());
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
            let parsed = F::Schema::parse(&local.text, &named(&references));
            let parsed = parsed.map_err(|why| PrepareError::new(Reason::Parse(why)))?;
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
fn offline_copy<S: SchemaText>(
    registry: &Registry,
    local: &ResolvedSchema<S>,
    error: Error,
) -> Result<Arc<LoadedSchema>, Error> {
    if error.is_offline() || error.is_unavailable() {
        registry.find_equal(&local.parsed).ok_or(error)
    } else {
        Err(error)
    }
}
