//! What a consumer holds.

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
use crate::registry::Bounded;
use crate::wire::{BuildKeyHasher, Framed, Record, SchemaKey, inspect};
use crate::{Class, LoadedSchema, Registry, Undecodable};

/// Makes values of records, whichever schema of a topic's history they were written with.
///
/// A handle belongs to one task; a clone for another one is cheap and shares all that is known. What is in memory is
/// decoded without a lock, a request, or anything that two threads both write to.
pub struct Deserializer<T> {
    shared: Arc<Shared>,
    used: Used,
    of: PhantomData<fn() -> T>,
}

/// The plans that one handle has used; nobody else writes here, so finding one costs no more than looking.
///
/// A plan is in one of the two, and moves: no count of references, which other threads write to, is touched.
#[derive(Clone)]
struct Used {
    /// What was used last, each in the only place that its key can have. Ids follow one another, so they rarely want
    /// the same one.
    recent: Box<[Place; RECENT]>,
    rest: HashMap<SchemaKey, Arc<Planned>, BuildKeyHasher>,
}

type Place = Option<(SchemaKey, Arc<Planned>)>;

/// Places for what was used last.
const RECENT: usize = 64;

struct Shared {
    registry: Registry,
    reader: Option<avow_avro::Schema>,
    limits: Limits,
    runs_rules: bool,
    always: Option<SchemaKey>,
    plans: RwLock<Bounded<SchemaKey, Arc<Planned>>>,
}

/// What has become of a schema.
type Planned = Result<Plan, Never>;

struct Plan {
    plan: DecodePlan,
    /// Records of bytes alone are the bytes, without their length.
    bytes_alone: bool,
}

/// Why records of a schema cannot be decoded, any of them.
enum Never {
    NotAvro(String),
    Rules(Arc<LoadedSchema>),
    Plan(PlanError),
}

impl<T> Deserializer<T> {
    /// Reads what was written, as it was written: the fields that `T` has, out of those that the writer had.
    pub fn new(registry: &Registry) -> Self {
        DeserializerBuilder::new(registry).finish(None)
    }

    /// Sets what is to be read, and how much one record may ask for.
    pub fn builder(registry: &Registry) -> DeserializerBuilder<T> {
        DeserializerBuilder::new(registry)
    }

    /// Decodes a record of a schema in memory; none of a tombstone.
    ///
    /// A record of another schema is an error of [`Class::NotLoaded`]: nothing is asked. That makes it the call for
    /// places where nothing may wait, together with [`load`](Self::load).
    pub fn decode_now<'m>(&mut self, record: impl Into<Record<'m>>) -> Result<Option<T>, Undecodable>
    where
        T: DeserializeOwned,
    {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let Plan { plan, bytes_alone } = self.used.find(shared, framed.key)?;
        let lengthened;
        let data = if *bytes_alone {
            lengthened = with_length(framed.data);
            &lengthened
        } else {
            framed.data
        };
        match plan.decode(data, &shared.limits) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Decodes a record of a schema in memory into what borrows from its payload: texts and bytes are not copied.
    ///
    /// Where the reader's schema has a default, that is borrowed from this handle.
    pub fn borrow_now<'m, U>(&'m mut self, record: impl Into<Record<'m>>) -> Result<Option<U>, Undecodable>
    where
        U: Deserialize<'m>,
    {
        let Some(framed) = self.framed(record.into())? else { return Ok(None) };
        let shared = &*self.shared;
        let Plan { plan, bytes_alone } = self.used.find(shared, framed.key)?;
        let outcome = if *bytes_alone {
            U::deserialize(BorrowedBytesDeserializer::<DecodeError>::new(framed.data))
        } else {
            plan.decode(framed.data, &shared.limits)
        };
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Undecodable::data(framed.key, error)),
        }
    }

    /// Decodes a record; the registry is asked for its schema if that is not in memory.
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

    /// Decodes many records; every schema that is not in memory is asked for once, and all of them at once.
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
        // What cannot be loaded is an error of the records that need it, below, without being asked for again.
        let _ = self.shared.registry.prefetch(keys).await;
        let mut outcomes = Vec::with_capacity(records.len());
        for record in records {
            outcomes.push(self.decode(record).await);
        }
        outcomes
    }

    /// Gets a schema into memory, for [`decode_now`](Self::decode_now).
    pub async fn load(&self, key: SchemaKey) -> Result<(), Undecodable> {
        let registry = &self.shared.registry;
        match registry.schema(key).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undecodable::registry(key, error, registry.unknown_for_long(key))),
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
        match self.shared.always {
            None => inspect(record),
            Some(key) => Ok(record.payload().map(|data| Framed { key, data })),
        }
    }
}

impl Default for Used {
    fn default() -> Self {
        Self { recent: Box::new([const { None }; RECENT]), rest: HashMap::default() }
    }
}

impl Used {
    /// Finds a plan: one used a moment ago, one of this handle, one of another handle, or a new one.
    #[inline]
    fn find(&mut self, shared: &Shared, key: SchemaKey) -> Result<&Plan, Undecodable> {
        if !matches!(&self.recent[place(key)], Some((there, _)) if *there == key) {
            self.bring(shared, key)?;
        }
        match self.recent[place(key)].as_ref().map(|(_, planned)| &**planned) {
            Some(Ok(plan)) => Ok(plan),
            Some(Err(never)) => Err(never.error(key)),
            None => Err(Undecodable::not_loaded(key)),
        }
    }

    /// Puts a plan into its place.
    #[inline(never)]
    fn bring(&mut self, shared: &Shared, key: SchemaKey) -> Result<(), Undecodable> {
        let planned = if let Some(planned) = self.rest.remove(&key) {
            planned
        } else {
            let planned = shared.planned(key)?;
            if self.len() >= shared.registry.bound() {
                // All at once: what is still used is taken over again in a moment.
                *self = Self::default();
            }
            planned
        };
        self.rest.extend(self.recent[place(key)].replace((key, planned)));
        Ok(())
    }

    fn len(&self) -> usize {
        self.recent.iter().flatten().count() + self.rest.len()
    }
}

#[inline]
fn place(key: SchemaKey) -> usize {
    // Cut off on purpose: any bits do.
    #[expect(clippy::cast_possible_truncation)]
    let number = key.number() as usize;
    number % RECENT
}

impl Shared {
    fn planned(&self, key: SchemaKey) -> Result<Arc<Planned>, Undecodable> {
        if let Some(planned) = self.plans.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(planned));
        }
        let schema = self.registry.schema_now(key).ok_or_else(|| Undecodable::not_loaded(key))?;
        let begun = Instant::now();
        let planned = Arc::new(self.plan(&schema));
        self.registry.observe(Event::Planned { key, took: begun.elapsed() });
        // Two handles may make the same plan at the same time; that costs microseconds, once.
        self.plans.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&planned));
        Ok(planned)
    }

    fn plan(&self, schema: &Arc<LoadedSchema>) -> Planned {
        if !self.runs_rules && !schema.rules_on_reading().is_empty() {
            return Err(Never::Rules(Arc::clone(schema)));
        }
        let writer = schema.avro().map_err(Never::NotAvro)?;
        let plan = DecodePlan::new(writer, self.reader.as_ref()).map_err(Never::Plan)?;
        Ok(Plan { plan, bytes_alone: is_bytes(writer) })
    }
}

impl Never {
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

/// Bytes as Avro writes them.
#[cold]
fn with_length(data: &[u8]) -> Vec<u8> {
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
        Self { shared: Arc::clone(&self.shared), used: self.used.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Deserializer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deserializer").field("plans", &self.used.len()).finish_non_exhaustive()
    }
}

/// A [`Deserializer`] to be.
#[must_use = "call `build`"]
pub struct DeserializerBuilder<T> {
    registry: Registry,
    reader: Option<Reader>,
    limits: Limits,
    runs_rules: bool,
    always: Option<SchemaKey>,
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
            runs_rules: false,
            always: None,
            of: PhantomData,
        }
    }

    /// Reads records as this schema has them, by the rules of Avro: fields by name and alias, defaults for those the
    /// writer did not have, numbers promoted.
    ///
    /// The registry checks schemas by the same rules, with the same code where it is Avow: what it lets in can be read.
    pub fn reader_schema(mut self, text: impl Into<String>) -> Self {
        self.reader = Some(Reader::Text(text.into()));
        self
    }

    /// Reads records as a parsed schema has them; such as the latest of a subject, or one with references.
    pub fn reader(mut self, schema: avow_avro::Schema) -> Self {
        self.reader = Some(Reader::Schema(schema));
        self
    }

    /// Sets what one record may ask for.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes every payload for data of one schema, without a frame; for topics that were never framed.
    pub fn always(mut self, key: SchemaKey) -> Self {
        self.always = Some(key);
        self
    }

    /// Decodes records of schemas with rules as well; whoever calls this runs the rules.
    ///
    /// Without it such records are [`Class::NeedsRules`], as what is encrypted would be taken for text.
    pub fn rules_are_run_elsewhere(mut self) -> Self {
        self.runs_rules = true;
        self
    }

    /// The deserializer; an error if the reader's schema is none.
    pub fn build(mut self) -> Result<Deserializer<T>, ParseError> {
        let reader = match self.reader.take() {
            None => None,
            Some(Reader::Schema(schema)) => Some(schema),
            Some(Reader::Text(text)) => Some(parse(&text, &[], Strictness::Java)?),
        };
        Ok(self.finish(reader))
    }

    fn finish(self, reader: Option<avow_avro::Schema>) -> Deserializer<T> {
        let plans = RwLock::new(Bounded::new(self.registry.bound()));
        let Self { registry, limits, runs_rules, always, .. } = self;
        let shared = Shared { registry, reader, limits, runs_rules, always, plans };
        Deserializer { shared: Arc::new(shared), used: Used::default(), of: PhantomData }
    }
}
