//! The deserializer of a consumer.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use avow_avro::{ParseError, Strictness, Type, parse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::BorrowedBytesDeserializer;

use crate::codec::{DecodeError, DecodePlan, Limits, PlanError};
use crate::observe::Event;
use crate::registry::BoundedMap;
use crate::wire::{BuildKeyHasher, Framed, Record, SchemaKey, inspect};
use crate::{Class, LoadedSchema, Registry, Undecodable};

/// Decodes records of any schema into values of one type.
///
/// A handle belongs to one task; clones are cheap and share all schemas. Records of known schemas are decoded without a
/// lock, a request or a write to shared memory.
pub struct Deserializer<T> {
    shared: Arc<Shared>,
    cache: PlanCache,
    of: PhantomData<fn() -> T>,
}

/// The plans that one handle has used: a direct-mapped cache and an overflow map, private to the handle.
///
/// A plan moves between the two, so that no shared reference count is touched.
#[derive(Clone)]
struct PlanCache {
    /// The most recently used plans. Each key has one slot; ids are consecutive, so they rarely collide.
    slots: Box<[Slot; SLOTS]>,
    overflow: HashMap<SchemaKey, Arc<Compiled>, BuildKeyHasher>,
}

type Slot = Option<(SchemaKey, Arc<Compiled>)>;

/// The number of slots.
const SLOTS: usize = 64;

struct Shared {
    registry: Registry,
    reader: Option<avow_avro::Schema>,
    limits: Limits,
    accept_rules: bool,
    unframed: Option<SchemaKey>,
    plans: RwLock<BoundedMap<SchemaKey, Arc<Compiled>>>,
}

/// The result of compiling a plan for a schema.
type Compiled = Result<Plan, Unusable>;

struct Plan {
    plan: DecodePlan,
    /// A schema of type `bytes` reads them without a length, as other clients write them.
    raw_bytes: bool,
}

/// The reason why no record of a schema can be decoded.
enum Unusable {
    NotAvro(String),
    Rules(Arc<LoadedSchema>),
    Plan(PlanError),
}

impl<T> Deserializer<T> {
    /// A deserializer without a reader schema: `T` takes the fields it has from those of the writer.
    pub fn new(registry: &Registry) -> Self {
        DeserializerBuilder::new(registry).build_with(None)
    }

    /// A builder, for a reader schema and limits.
    pub fn builder(registry: &Registry) -> DeserializerBuilder<T> {
        DeserializerBuilder::new(registry)
    }

    /// Decodes a record of a schema in memory. `None` for a tombstone.
    ///
    /// Never sends a request: a record of an unknown schema is a [`Class::NotLoaded`] error. [`load`](Self::load) loads it.
    pub fn decode_now<'m>(&mut self, record: impl Into<Record<'m>>) -> Result<Option<T>, Undecodable>
    where
        T: DeserializeOwned,
    {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let Plan { plan, raw_bytes } = self.cache.find(shared, framed.key)?;
        let prefixed;
        let data = if *raw_bytes {
            prefixed = prefix_length(framed.data);
            &prefixed
        } else {
            framed.data
        };
        match plan.decode(data, &shared.limits) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Decodes a record of a schema in memory into a value that borrows strings and bytes from the payload.
    ///
    /// Defaults of the reader schema are borrowed from this handle.
    pub fn borrow_now<'m, U>(&'m mut self, record: impl Into<Record<'m>>) -> Result<Option<U>, Undecodable>
    where
        U: Deserialize<'m>,
    {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let Plan { plan, raw_bytes } = self.cache.find(shared, framed.key)?;
        let outcome = if *raw_bytes {
            U::deserialize(BorrowedBytesDeserializer::<DecodeError>::new(framed.data))
        } else {
            plan.decode(framed.data, &shared.limits)
        };
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Decodes a record; loads its schema from the registry if it is not in memory.
    pub async fn decode<'m>(&mut self, record: impl Into<Record<'m>>) -> Result<Option<T>, Undecodable>
    where
        T: DeserializeOwned,
    {
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
        T: DeserializeOwned,
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
        match self.shared.unframed {
            None => inspect(record),
            Some(key) => Ok(record.payload().map(|data| Framed { key, data })),
        }
    }
}

impl Default for PlanCache {
    fn default() -> Self {
        Self { slots: Box::new([const { None }; SLOTS]), overflow: HashMap::default() }
    }
}

impl PlanCache {
    /// The plan for a key: from a slot, the overflow map, the shared plans, or newly compiled.
    #[inline]
    fn find(&mut self, shared: &Shared, key: SchemaKey) -> Result<&Plan, Undecodable> {
        if !matches!(&self.slots[slot_of(key)], Some((there, _)) if *there == key) {
            self.load(shared, key)?;
        }
        match self.slots[slot_of(key)].as_ref().map(|(_, compiled)| &**compiled) {
            Some(Ok(plan)) => Ok(plan),
            Some(Err(unusable)) => Err(unusable.error(key)),
            None => Err(Undecodable::not_loaded(key)),
        }
    }

    /// Loads a plan into its slot.
    #[inline(never)]
    fn load(&mut self, shared: &Shared, key: SchemaKey) -> Result<(), Undecodable> {
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

impl Shared {
    fn compiled(&self, key: SchemaKey) -> Result<Arc<Compiled>, Undecodable> {
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

    fn compile(&self, schema: &Arc<LoadedSchema>) -> Compiled {
        if !self.accept_rules && !schema.rules_on_reading().is_empty() {
            return Err(Unusable::Rules(Arc::clone(schema)));
        }
        let writer = schema.avro().map_err(Unusable::NotAvro)?;
        let plan = DecodePlan::new(writer, self.reader.as_ref()).map_err(Unusable::Plan)?;
        Ok(Plan { plan, raw_bytes: is_bytes(writer) })
    }
}

impl Unusable {
    #[cold]
    fn error(&self, key: SchemaKey) -> Undecodable {
        match self {
            Self::NotAvro(why) => Undecodable::not_avro(key, why.clone()),
            Self::Rules(schema) => Undecodable::needs_rules(key, schema),
            Self::Plan(error) => Undecodable::plan(key, error.clone()),
        }
    }
}

pub(crate) fn is_bytes(schema: &avow_avro::Schema) -> bool {
    matches!(schema.type_of(schema.root_type()), Type::Bytes)
}

/// The bytes with the length that Avro writes before them.
#[cold]
fn prefix_length(data: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(data.len() + 10);
    let mut left = (data.len() as u64) << 1;
    while left >= 0x80 {
        framed.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    framed.push(left.to_le_bytes()[0]);
    framed.extend_from_slice(data);
    framed
}

impl<T> Clone for Deserializer<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), cache: self.cache.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Deserializer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deserializer").field("plans", &self.cache.len()).finish_non_exhaustive()
    }
}

/// The builder of a [`Deserializer`].
#[must_use = "call `build`"]
pub struct DeserializerBuilder<T> {
    registry: Registry,
    reader: Option<Reader>,
    limits: Limits,
    accept_rules: bool,
    unframed: Option<SchemaKey>,
    of: PhantomData<fn() -> T>,
}

enum Reader {
    Text(String),
    Schema(avow_avro::Schema),
}

impl<T> DeserializerBuilder<T> {
    fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            reader: None,
            limits: Limits::default(),
            accept_rules: false,
            unframed: None,
            of: PhantomData,
        }
    }

    /// Sets the reader schema: records are resolved to it by the rules of Avro, with fields matched by name and alias,
    /// defaults for missing fields, and promoted numbers.
    ///
    /// Avow checks compatibility with the same code, so what it accepts can be read.
    pub fn reader_schema(mut self, text: impl Into<String>) -> Self {
        self.reader = Some(Reader::Text(text.into()));
        self
    }

    /// Sets a parsed reader schema, for example one with references.
    pub fn reader(mut self, schema: avow_avro::Schema) -> Self {
        self.reader = Some(Reader::Schema(schema));
        self
    }

    /// Sets the limits on one record.
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
    pub fn build(mut self) -> Result<Deserializer<T>, ParseError> {
        let reader = match self.reader.take() {
            None => None,
            Some(Reader::Schema(schema)) => Some(schema),
            Some(Reader::Text(text)) => Some(parse(&text, &[], Strictness::Java)?),
        };
        Ok(self.build_with(reader))
    }

    fn build_with(self, reader: Option<avow_avro::Schema>) -> Deserializer<T> {
        let plans = RwLock::new(BoundedMap::new(self.registry.capacity()));
        let Self { registry, limits, accept_rules, unframed, .. } = self;
        let shared = Shared { registry, reader, limits, accept_rules, unframed, plans };
        Deserializer { shared: Arc::new(shared), cache: PlanCache::default(), of: PhantomData }
    }
}
