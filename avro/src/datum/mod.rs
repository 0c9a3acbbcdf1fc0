//! Data: a second, independent opinion on what a reader makes of a writer's bytes (avro-compat 7).
//!
//! The static check compares types; this encodes real data and decodes them as Java's resolving decoder does.

mod aliases;
mod decode;
mod defaults;
mod encode;
mod generate;
mod json;
mod resolve;
mod search;

use std::fmt;

use crate::model::{Id, Inner};
use crate::{Schema, datum::resolve::Plan};

pub(crate) use defaults::encode as default_datum;
pub use resolve::{Action, ActionId, Step};

/// How deep types are followed; beyond it there is no opinion.
const MOST_DEPTH: usize = 300;

/// A value of some schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    String(String),
    Fixed(Vec<u8>),
    Enum(usize),
    Array(Vec<Datum>),
    Map(Vec<(String, Datum)>),
    Record(Vec<Datum>),
    Union(usize, Box<Datum>),
}

/// Why bytes could not be decoded; `Display` is Java's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What went wrong.
    pub kind: DecodeErrorKind,
    message: String,
    /// The field whose default is to blame: `Order.state`.
    field: Option<String>,
}

/// What goes wrong in decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The types have nothing in common.
    Types,
    /// An enum or fixed type has another name, or a fixed type another size.
    Names,
    /// No branch of the reader's union is meant.
    Branch,
    /// The reader needs a field that is not written.
    MissingField,
    /// The reader does not know a symbol.
    Symbol,
    /// A default of the reader cannot be turned into data.
    Default,
    /// The reader's aliases cannot be applied to the writer.
    Aliases,
    /// The bytes are no datum of the writer.
    Bytes,
}

impl DecodeError {
    fn new(kind: DecodeErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// A datum that a reader cannot decode, with the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Witness {
    /// The datum in Avro's JSON encoding, as the writer has it.
    pub record: String,
    /// Its bytes, in hexadecimal.
    pub bytes: String,
    /// What Java's decoder says about them.
    pub error: String,
    /// The kind of that error.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub kind: DecodeErrorKind,
    /// The way from the root to the place that fails, where it is known: `.items[].price`.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub path: String,
}

/// How a reader decodes what a writer encoded, worked out once.
#[derive(Debug)]
pub struct Resolution<'s> {
    writer: &'s Inner,
    plan: Result<Plan, DecodeError>,
}

impl<'s> Resolution<'s> {
    /// Works out how `reader` decodes what `writer` encoded; `None` when the schemas are too large or too deep.
    pub fn new(reader: &'s Schema, writer: &'s Schema) -> Option<Self> {
        let (reader, writer) = (&*reader.inner, &*writer.inner);
        let plan = match resolve::plan(reader, writer) {
            Ok(plan) => Ok(plan),
            Err(resolve::Stop::Fails(error)) => Err(error),
            Err(resolve::Stop::TooLarge) => return None,
        };
        Some(Self { writer, plan })
    }

    /// The field whose default keeps anything from being decoded.
    pub(crate) fn unusable_default(&self) -> Option<&str> {
        self.plan.as_ref().err()?.field.as_deref()
    }

    /// Returns what to do with a datum of the writer; an error when nothing could ever be decoded.
    pub fn root(&self) -> Result<ActionId, &DecodeError> {
        self.plan.as_ref().map(|plan| plan.root)
    }

    /// Returns an action of this resolution; `None` for a place in another one.
    pub fn action(&self, id: ActionId) -> Option<&Action> {
        self.plan.as_ref().ok()?.get(id)
    }

    /// Decodes one datum of the writer.
    pub fn decode(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        let plan = self.plan.as_ref().map_err(Clone::clone)?;
        decode::decode(plan, self.writer, bytes)
    }

    /// Decodes a datum given in Avro's JSON encoding; `None` when it is no datum of the writer.
    pub fn decode_json(&self, text: &str) -> Option<Result<(), DecodeError>> {
        let datum = json::read(self.writer, text)?;
        Some(self.decode(&encode::encode(&datum)))
    }

    /// Finds a datum of the writer that the reader cannot decode: the one that takes the shortest way to an error.
    pub fn witness(&self) -> Option<Witness> {
        self.witness_at(|_| true)
    }

    /// Finds a datum that fails where a given type of the writer's is decoded.
    pub(crate) fn witness_at(&self, is_wanted: impl Fn(Id) -> bool) -> Option<Witness> {
        let ways = search::Ways::new(self.writer);
        let (datum, path) = match &self.plan {
            Err(_) => (ways.least(self.writer.root)?, String::new()),
            Ok(plan) => ways.to_error(plan, is_wanted)?,
        };
        Some(Witness { path, ..self.try_out(&datum)? })
    }

    /// Encodes and decodes a datum; the proof when that fails.
    fn try_out(&self, datum: &Datum) -> Option<Witness> {
        let bytes = encode::encode(datum);
        let error = self.decode(&bytes).err()?;
        let (record, bytes) = (json::write(self.writer, datum), encode::hex(&bytes));
        Some(Witness { record, bytes, error: error.to_string(), kind: error.kind, path: String::new() })
    }

    /// Generates data of the writer from a seed and decodes them; returns the first that fails.
    ///
    /// `None` also when the writer has no finite datum.
    pub fn sample(&self, data: usize, seed: u64) -> Option<Witness> {
        let mut generator = generate::Generator::new(self.writer, seed);
        (0..data).find_map(|_| self.try_out(&generator.datum()?))
    }
}

/// Makes up encoded data from a seed.
pub(crate) fn made_up_data(schema: &Inner, seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut generator = generate::Generator::new(schema, seed);
    std::iter::from_fn(move || Some(encode::encode(&generator.datum()?)))
}

impl Schema {
    /// Tells whether any finite datum of this schema exists.
    pub fn has_data(&self) -> bool {
        search::Ways::new(&self.inner).least(self.inner.root).is_some()
    }
}
