//! How a producer gets its schema, before the first record.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use avow_avro::{Candidate, Strictness, check, explain, parse};
use serde::Serialize;

use super::error::Reason;
use super::{Bound, PrepareError, Serializer};
use crate::codec::EncodePlan;
use crate::deserializer::is_bytes;
use crate::registry::{Content, Referenced};
use crate::rest::{Client, NewSchema, Reference, SchemaType};
use crate::wire::{Guid, SchemaKey};
use crate::{LoadedSchema, Registry, Subject};

/// A schema that the program brings along, and what it refers to.
///
/// ```
/// use avow_client::OwnSchema;
///
/// let money = r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}"#;
/// let order = r#"{"type":"record","name":"Order","fields":[{"name":"price","type":"shop.Money"}]}"#;
/// OwnSchema::new(order).with("shop.Money", "money", OwnSchema::new(money));
/// ```
#[derive(Debug, Clone)]
pub struct OwnSchema {
    text: String,
    needs: Vec<Need>,
}

#[derive(Debug, Clone)]
enum Need {
    There(Reference),
    Own { name: String, subject: String, schema: OwnSchema },
}

impl OwnSchema {
    /// A schema in Avro.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), needs: Vec::new() }
    }

    /// Adds a reference to what is registered already.
    pub fn refers_to(mut self, reference: Reference) -> Self {
        self.needs.push(Need::There(reference));
        self
    }

    /// Adds a reference to another schema of the program's own, which is registered or looked up before this one.
    pub fn with(mut self, name: impl Into<String>, subject: impl Into<String>, schema: Self) -> Self {
        self.needs.push(Need::Own { name: name.into(), subject: subject.into(), schema });
        self
    }
}

impl<S: Into<String>> From<S> for OwnSchema {
    fn from(text: S) -> Self {
        Self::new(text)
    }
}

/// Which schema records are written with.
#[derive(Debug, Clone)]
enum Choice {
    LookUp,
    Register,
    Latest,
    LatestWith(Vec<(String, String)>),
    Known(SchemaKey),
}

/// All that a serializer needs to be bound again.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    subject: Subject,
    own: Option<OwnSchema>,
    choice: Choice,
    normalize: bool,
    strict: bool,
    framing: Framing,
    runs_rules: bool,
}

/// Where a record names its schema.
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// By its id, before the data.
    Prefix,
    /// By its GUID, in a header.
    Header,
}

/// A [`Serializer`] to be.
///
/// Unless told otherwise it looks the given schema up, and refuses to go on if that is not registered.
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
            own: None,
            choice: Choice::LookUp,
            normalize: false,
            strict: true,
            framing: Framing::Prefix,
            runs_rules: false,
        };
        Self { registry: registry.clone(), settings, of: PhantomData }
    }

    /// The schema of `T`.
    pub fn schema(mut self, schema: impl Into<OwnSchema>) -> Self {
        self.settings.own = Some(schema.into());
        self
    }

    /// Registers the schema if it is not there yet.
    ///
    /// Off unless asked for: whoever can produce could change a contract by it, a typing error in a topic's name would
    /// make a subject, and what is deployed first, not what was agreed on, would decide what a topic holds. Register
    /// where schemas are reviewed, before deploying.
    pub fn auto_register(mut self) -> Self {
        self.settings.choice = Choice::Register;
        self
    }

    /// Writes with the latest version of the subject, whichever that is when prepared or
    /// [refreshed](Serializer::refresh).
    ///
    /// If a schema is given as well, the latest version has to be able to read its data.
    pub fn use_latest_version(mut self) -> Self {
        self.settings.choice = Choice::Latest;
        self
    }

    /// Writes with the latest version whose metadata has all these properties.
    pub fn use_latest_with_metadata<K, V>(mut self, properties: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let properties = properties.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.settings.choice = Choice::LatestWith(properties);
        self
    }

    /// Writes with the schema of this id.
    pub fn use_schema_id(mut self, id: u32) -> Self {
        self.settings.choice = Choice::Known(SchemaKey::Id(id));
        self
    }

    /// Writes with the schema of this GUID.
    pub fn use_schema_guid(mut self, guid: Guid) -> Self {
        self.settings.choice = Choice::Known(SchemaKey::Guid(guid));
        self
    }

    /// Brings the schema into normal form before it is looked up or registered.
    pub fn normalize(mut self) -> Self {
        self.settings.normalize = true;
        self
    }

    /// Whether a schema that was chosen otherwise has to be able to read data of the one given; so it has, unless told
    /// not to.
    pub fn strict_compatibility(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Names the schema by its GUID in a header, and leaves the payload alone.
    pub fn guid_in_header(mut self) -> Self {
        self.settings.framing = Framing::Header;
        self
    }

    /// Writes with schemas that have rules as well; whoever calls this runs the rules.
    ///
    /// Without it they are refused, as what is to be encrypted would be written in clear.
    pub fn rules_are_run_elsewhere(mut self) -> Self {
        self.settings.runs_rules = true;
        self
    }

    /// Finds the subject, finds or registers the schema, and binds it.
    pub async fn prepare(self) -> Result<Serializer<T>, PrepareError> {
        let bound = self.settings.bind(&self.registry).await?;
        Ok(Serializer { bound: Arc::new(bound), scratch: Vec::new(), of: PhantomData })
    }
}

/// The program's own schema, with everything it refers to registered or looked up.
struct Settled {
    new: NewSchema,
    references: Vec<Referenced>,
    parsed: avow_avro::Schema,
}

impl Settings {
    pub(super) async fn bind(&self, registry: &Registry) -> Result<Bound, PrepareError> {
        let own = match &self.own {
            Some(own) => Some(self.settle(registry, own).await?),
            None => None,
        };
        let record = own.as_ref().and_then(|own| own.parsed.full_name());
        let subject = self.subject.resolve(registry, record).await?;
        let schema = self.choose(registry, &subject, own.as_ref()).await?;
        let avro = schema.avro().map_err(|why| PrepareError::new(Reason::NotAvro(why)))?;
        if !self.runs_rules && !schema.rules_on_writing().is_empty() {
            return Err(PrepareError::needs_rules(&schema));
        }
        if let Some(own) = &own
            && self.strict
            && !matches!(self.choice, Choice::LookUp | Choice::Register)
            && !check(avro, &own.parsed).is_compatible()
        {
            let findings = explain(avro, &own.parsed, Candidate::Writer);
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
        let (plan, bytes_alone) = (EncodePlan::new(avro)?, is_bytes(avro));
        Ok(Bound {
            settings: self.clone(),
            registry: registry.clone(),
            subject,
            schema,
            plan,
            prefix,
            header,
            bytes_alone,
        })
    }

    async fn choose(
        &self,
        registry: &Registry,
        subject: &str,
        own: Option<&Settled>,
    ) -> Result<Arc<LoadedSchema>, PrepareError> {
        let given = || own.ok_or_else(|| PrepareError::new(Reason::NoSchema));
        Ok(match &self.choice {
            Choice::Known(key) => registry.schema(*key).await?,
            Choice::Latest => registry.latest(subject).await?.schema,
            Choice::LatestWith(properties) => {
                let properties = properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let version = registry.rest()?.latest_with_metadata(subject, properties).include_deleted().await?;
                registry.complete(version).await?
            }
            Choice::LookUp => {
                let version = self.look_up(registry.rest()?, subject, &given()?.new).await?;
                registry.complete(version).await?
            }
            Choice::Register => {
                let own = given()?;
                let registered = self.register(registry.rest()?, subject, &own.new).await?;
                // What was stored has the same shape; an older registry does not even say what that is.
                let text = registered.schema.text;
                registry.keep(Content {
                    id: Some(registered.id),
                    guid: registered.schema.guid.and_then(|guid| guid.parse().ok()),
                    schema_type: SchemaType::Avro,
                    text: if text.is_empty() { own.new.text().to_owned() } else { text },
                    references: own.references.clone(),
                    rule_set: registered.schema.rule_set,
                })
            }
        })
    }

    /// The id of a schema that was asked for by its GUID has to be asked for too.
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

    /// Registers or looks up what the schema refers to, each after what it refers to itself.
    fn settle<'a>(
        &'a self,
        registry: &'a Registry,
        own: &'a OwnSchema,
    ) -> Pin<Box<dyn Future<Output = Result<Settled, PrepareError>> + Send + 'a>> {
        Box::pin(async move {
            let mut new = NewSchema::avro(own.text.clone());
            let mut references: Vec<Referenced> = Vec::new();
            for need in &own.needs {
                match need {
                    Need::There(reference) => {
                        references.extend(registry.references(std::slice::from_ref(reference)).await?);
                        new = new.reference(reference.clone());
                    }
                    Need::Own { name, subject, schema } => {
                        let settled = self.settle(registry, schema).await?;
                        let version = self.version_of(registry.rest()?, subject, &settled.new).await?;
                        let reference = Reference::new(name, subject, version);
                        references.extend(settled.references);
                        let text = settled.new.text().to_owned();
                        references.push(Referenced { reference: reference.clone(), text });
                        new = new.reference(reference);
                    }
                }
            }
            let texts: Vec<_> = references.iter().map(|referenced| referenced.text.as_str()).collect();
            let parsed = parse(&own.text, &texts, Strictness::Java)?;
            Ok(Settled { new, references, parsed })
        })
    }

    async fn version_of(&self, client: &Client, subject: &str, schema: &NewSchema) -> Result<i32, PrepareError> {
        if let Choice::Register = self.choice {
            let registered = self.register(client, subject, schema).await?;
            if let Some(version) = registered.version {
                return Ok(version);
            }
        }
        Ok(self.look_up(client, subject, schema).await?.version)
    }

    async fn register(
        &self,
        client: &Client,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<crate::rest::Registered, crate::Error> {
        let call = client.register(subject, schema);
        if self.normalize { call.normalize().await } else { call.await }
    }

    async fn look_up(
        &self,
        client: &Client,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<crate::rest::Version, crate::Error> {
        let call = client.look_up(subject, schema);
        if self.normalize { call.normalize().await } else { call.await }
    }
}
