//! The deserializer of a consumer.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use avow_avro::{ParseError, Strictness, parse};

use crate::codec::Limits;
#[cfg(feature = "json-schema")]
use crate::format::Json;
use crate::format::{Avro, Decode, DecodeBorrowed, Format, Unusable};
use crate::observe::Event;
use crate::registry::BoundedMap;
use crate::wire::{BuildKeyHasher, Framed, Record, SchemaKey, inspect};
use crate::{Class, LoadedSchema, Registry, Undecodable};

/// Decodes records of any schema into values of one type.
///
/// A handle belongs to one task; clones are cheap and share all schemas. Records of known schemas are decoded without a
/// lock, a request or a write to shared memory.
pub struct Deserializer<T, F: Format = Avro> {
    shared: Arc<Shared<F>>,
    cache: PlanCache<F>,
    of: PhantomData<fn() -> T>,
}

/// The plans that one handle has used: a direct-mapped cache and an overflow map, private to the handle.
///
/// A plan moves between the two, so that no shared reference count is touched.
struct PlanCache<F: Format> {
    /// The most recently used plans. Each key has one slot; ids are consecutive, so they rarely collide.
    slots: Box<[Slot<F>; SLOTS]>,
    overflow: HashMap<SchemaKey, Arc<Compiled<F>>, BuildKeyHasher>,
}

type Slot<F> = Option<(SchemaKey, Arc<Compiled<F>>)>;

/// The number of slots.
const SLOTS: usize = 64;

struct Shared<F: Format> {
    registry: Registry,
    options: F::DecodeOptions,
    limits: Limits,
    accept_rules: bool,
    unframed: Option<SchemaKey>,
    plans: RwLock<BoundedMap<SchemaKey, Arc<Compiled<F>>>>,
}

/// The result of compiling a plan for a schema.
type Compiled<F> = Result<<F as Format>::Decoder, Refusal>;

/// The reason why no record of a schema is decoded.
enum Refusal {
    Rules(Arc<LoadedSchema>),
    Unusable(Unusable),
}

impl<T, F: Decode<T>> Deserializer<T, F> {
    /// A deserializer without a reader schema: `T` takes the fields it has from those of the writer.
    pub fn new(registry: &Registry) -> Self {
        DeserializerBuilder::new(registry).build_valid()
    }

    /// A builder, for a reader schema and limits.
    pub fn builder(registry: &Registry) -> DeserializerBuilder<T, F> {
        DeserializerBuilder::new(registry)
    }

    /// Decodes a record of a schema in memory. `None` for a tombstone.
    ///
    /// Never sends a request: a record of an unknown schema is a [`Class::NotLoaded`] error. [`load`](Self::load) loads it.
    pub fn decode_now<'m>(&mut self, record: impl Into<Record<'m>>) -> Result<Option<T>, Undecodable> {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let decoder = self.cache.find(shared, framed.key)?;
        match F::decode(decoder, framed, &shared.limits) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Decodes a record; loads its schema from the registry if it is not in memory.
    pub async fn decode<'m>(&mut self, record: impl Into<Record<'m>>) -> Result<Option<T>, Undecodable> {
        let record = record.into();
        match self.decode_now(record) {
            Err(error) if error.class() == Class::NotLoaded => {
                self.load_for(&error).await?;
                self.decode_now(record)
            }
            outcome => outcome,
        }
    }

    /// Decodes many records; all unknown schemas are loaded concurrently first.
    pub async fn decode_batch<'m, R>(
        &mut self,
        records: impl IntoIterator<Item = R>,
    ) -> Vec<Result<Option<T>, Undecodable>>
    where
        R: Into<Record<'m>>,
    {
        let records: Vec<Record<'m>> = records.into_iter().map(Into::into).collect();
        let mut keys: Vec<_> = records.iter().filter_map(|record| Some(self.framed(*record).ok()??.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        // A schema that fails to load becomes the error of its records below, without another request.
        let _ = self.shared.registry.prefetch(keys).await;
        let mut outcomes = Vec::with_capacity(records.len());
        for record in records {
            outcomes.push(self.decode(record).await);
        }
        outcomes
    }
}

impl<T, F: Format> Deserializer<T, F> {
    /// Decodes a record of a schema in memory into a value that borrows strings and bytes from the payload.
    ///
    /// Defaults of the reader schema are borrowed from this handle.
    pub fn borrow_now<'m, U>(&'m mut self, record: impl Into<Record<'m>>) -> Result<Option<U>, Undecodable>
    where
        F: DecodeBorrowed<'m, U>,
    {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let decoder = self.cache.find(shared, framed.key)?;
        match F::decode_borrowed(decoder, framed, &shared.limits) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Loads a schema into memory, for [`decode_now`](Self::decode_now).
    pub async fn load(&self, key: SchemaKey) -> Result<(), Undecodable> {
        let registry = &self.shared.registry;
        match registry.schema(key).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undecodable::registry(key, error, registry.is_long_missing(key))),
        }
    }

    async fn load_for(&self, error: &Undecodable) -> Result<(), Undecodable> {
        match error.schema_key() {
            Some(key) => self.load(key).await,
            None => Ok(()),
        }
    }

    #[inline]
    fn framed<'m>(&self, record: Record<'m>) -> Result<Option<Framed<'m>>, Undecodable> {
        let framed = match self.shared.unframed {
            None => inspect(record)?,
            Some(key) => record.payload().map(|data| Framed { key, message_indexes: None, data }),
        };
        match framed {
            Some(Framed { message_indexes: Some([_, ..]), .. }) if !F::MESSAGE_INDEXES => {
                Err(Undecodable::framing(Class::UnknownFraming, "the header is neither an id nor a GUID"))
            }
            framed => Ok(framed),
        }
    }
}

impl<F: Format> Clone for PlanCache<F> {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), overflow: self.overflow.clone() }
    }
}

impl<F: Format> Default for PlanCache<F> {
    fn default() -> Self {
        Self { slots: Box::new([const { None }; SLOTS]), overflow: HashMap::default() }
    }
}

impl<F: Format> PlanCache<F> {
    /// The plan for a key: from a slot, the overflow map, the shared plans, or newly compiled.
    #[inline]
    fn find(&mut self, shared: &Shared<F>, key: SchemaKey) -> Result<&F::Decoder, Undecodable> {
        if !matches!(&self.slots[slot_of(key)], Some((there, _)) if *there == key) {
            self.load(shared, key)?;
        }
        match self.slots[slot_of(key)].as_ref().map(|(_, compiled)| &**compiled) {
            Some(Ok(decoder)) => Ok(decoder),
            Some(Err(refusal)) => Err(refusal.error(key)),
            None => Err(Undecodable::not_loaded(key)),
        }
    }

    /// Loads a plan into its slot.
    #[inline(never)]
    fn load(&mut self, shared: &Shared<F>, key: SchemaKey) -> Result<(), Undecodable> {
        let compiled = if let Some(compiled) = self.overflow.remove(&key) {
            compiled
        } else {
            let compiled = shared.compiled(key)?;
            if self.len() >= shared.registry.capacity() {
                // Cleared at once; plans in use are taken from the shared ones again.
                *self = Self::default();
            }
            compiled
        };
        self.overflow.extend(self.slots[slot_of(key)].replace((key, compiled)));
        Ok(())
    }

    fn len(&self) -> usize {
        self.slots.iter().flatten().count() + self.overflow.len()
    }
}

#[inline]
fn slot_of(key: SchemaKey) -> usize {
    // Truncated on purpose.
    #[expect(clippy::cast_possible_truncation)]
    let number = key.number() as usize;
    number % SLOTS
}

impl<F: Format> Shared<F> {
    fn compiled(&self, key: SchemaKey) -> Result<Arc<Compiled<F>>, Undecodable> {
        if let Some(compiled) = self.plans.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(compiled));
        }
        let schema = self.registry.schema_now(key).ok_or_else(|| Undecodable::not_loaded(key))?;
        let started = Instant::now();
        let compiled = Arc::new(self.compile(&schema));
        self.registry.observe(Event::PlanCompiled { key, took: started.elapsed() });
        // Two handles may compile the same plan at once, which costs microseconds.
        self.plans.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&compiled));
        Ok(compiled)
    }

    fn compile(&self, schema: &Arc<LoadedSchema>) -> Compiled<F> {
        if !self.accept_rules && !schema.rules_on_reading().is_empty() {
            return Err(Refusal::Rules(Arc::clone(schema)));
        }
        F::decoder(schema, &self.options).map_err(Refusal::Unusable)
    }
}

impl Refusal {
    #[cold]
    fn error(&self, key: SchemaKey) -> Undecodable {
        match self {
            Self::Rules(schema) => Undecodable::needs_rules(key, schema),
            Self::Unusable(unusable) => Undecodable::unusable(key, unusable),
        }
    }
}

impl<T, F: Format> Clone for Deserializer<T, F> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), cache: self.cache.clone(), of: PhantomData }
    }
}

impl<T, F: Format> fmt::Debug for Deserializer<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deserializer").field("plans", &self.cache.len()).finish_non_exhaustive()
    }
}

/// The builder of a [`Deserializer`].
#[must_use = "call `build`"]
pub struct DeserializerBuilder<T, F: Format = Avro> {
    registry: Registry,
    options: F::DecodeOptions,
    /// The error of the reader schema.
    invalid: Option<ParseError>,
    limits: Limits,
    accept_rules: bool,
    unframed: Option<SchemaKey>,
    of: PhantomData<fn() -> T>,
}

impl<T> DeserializerBuilder<T> {
    /// Sets the reader schema: records are resolved to it by the rules of Avro, with fields matched by name and alias,
    /// defaults for missing fields, and promoted numbers.
    ///
    /// Avow checks compatibility with the same code, so what it accepts can be read.
    pub fn reader_schema(mut self, text: impl AsRef<str>) -> Self {
        match parse(text.as_ref(), &[], Strictness::Java) {
            Ok(schema) => return self.reader(schema),
            Err(error) => self.invalid = Some(error),
        }
        self
    }

    /// Sets a parsed reader schema, for example one with references.
    pub fn reader(mut self, schema: avow_avro::Schema) -> Self {
        self.options.reader = Some(schema);
        self
    }
}

#[cfg(feature = "json-schema")]
impl<T> DeserializerBuilder<T, Json> {
    /// Validates records against the schema they were written with. A violation is a [`Class::DoesNotFit`] error.
    pub fn validate(mut self) -> Self {
        self.options.validates = true;
        self
    }
}

impl<T, F: Decode<T>> DeserializerBuilder<T, F> {
    fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            options: F::decode_options(),
            invalid: None,
            limits: Limits::default(),
            accept_rules: false,
            unframed: None,
            of: PhantomData,
        }
    }

    /// Sets the limits on one record. Formats other than Avro take only [`Limits::bytes`], of the message.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Decodes payloads without a frame, all written with one schema.
    pub fn unframed(mut self, key: SchemaKey) -> Self {
        self.unframed = Some(key);
        self
    }

    /// Accepts schemas with rules, which the caller has to run.
    ///
    /// Their records are [`Class::NeedsRules`] errors by default, because encrypted fields would be taken for plain text.
    pub fn rules_are_run_elsewhere(mut self) -> Self {
        self.accept_rules = true;
        self
    }

    /// Builds the deserializer; fails if the reader schema is invalid.
    pub fn build(mut self) -> Result<Deserializer<T, F>, ParseError> {
        match self.invalid.take() {
            Some(error) => Err(error),
            None => Ok(self.build_valid()),
        }
    }

    fn build_valid(self) -> Deserializer<T, F> {
        let plans = RwLock::new(BoundedMap::new(self.registry.capacity()));
        let Self { registry, options, limits, accept_rules, unframed, .. } = self;
        let shared = Shared { registry, options, limits, accept_rules, unframed, plans };
        Deserializer { shared: Arc::new(shared), cache: PlanCache::default(), of: PhantomData }
    }
}
