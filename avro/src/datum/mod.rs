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
use std::sync::Arc;

use avow_budget::{Budget, Exceeded};

use crate::model::{Id, Inner};
use crate::{Schema, datum::resolve::Plan};

use crate::print::UNLIMITED;
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
    /// The kind.
    pub kind: DecodeErrorKind,
    message: Message,
    /// The field whose default is to blame: `Order.state`.
    field: Option<String>,
}

/// A message; those about types share the texts of the types, because unions may be long and errors many.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Message {
    Text(String),
    Mismatch { found: Arc<str>, expected: Arc<str>, missing_field: Option<Box<str>> },
}

/// The kinds of decoding errors.
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
        Self { kind, message: Message::Text(message.into()), field: None }
    }

    fn mismatch(kind: DecodeErrorKind, found: Arc<str>, expected: Arc<str>, missing_field: Option<&str>) -> Self {
        let missing_field = missing_field.map(Box::from);
        Self { kind, message: Message::Mismatch { found, expected, missing_field }, field: None }
    }

    /// The required field that the error names.
    pub(crate) fn missing_field(&self) -> Option<&str> {
        match &self.message {
            Message::Mismatch { missing_field, .. } => missing_field.as_deref(),
            Message::Text(_) => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Message::Text(text) => out.write_str(text),
            Message::Mismatch { found, expected, missing_field } => {
                write!(out, "Found {found}, expecting {expected}")?;
                match missing_field {
                    Some(name) => write!(out, ", missing required field {name}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// A datum that a reader cannot decode, with the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Witness {
    /// The datum in Avro's JSON encoding, as the writer has it.
    pub record: String,
    /// The bytes in hexadecimal.
    pub bytes: String,
    /// The message of Java's decoder.
    pub error: String,
    /// The kind of that error.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub kind: DecodeErrorKind,
    /// The way from the root to the place that fails, where it is known: `.items[].price`.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub path: String,
    /// The required field that the error names.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) missing_field: Option<String>,
}

/// How a reader decodes what a writer encoded, worked out once.
#[derive(Debug)]
pub struct Resolution<'s> {
    writer: &'s Inner,
    plan: Result<Plan, DecodeError>,
}

impl<'s> Resolution<'s> {
    /// Works out how `reader` decodes what `writer` encoded; `None` when the schemas are too large or too deep.
    pub fn within(reader: &'s Schema, writer: &'s Schema, budget: &Budget) -> Result<Option<Self>, Exceeded> {
        let (reader, writer) = (&*reader.inner, &*writer.inner);
        let plan = match resolve::plan(reader, writer, budget) {
            Ok(plan) => Ok(plan),
            Err(resolve::Stop::Fails(error)) => Err(error),
            Err(resolve::Stop::TooLarge) => return Ok(None),
            Err(resolve::Stop::Exceeded(exceeded)) => return Err(exceeded),
        };
        Ok(Some(Self { writer, plan }))
    }

    /// [`Resolution::within`] without a budget.
    pub fn new(reader: &'s Schema, writer: &'s Schema) -> Option<Self> {
        Self::within(reader, writer, &Budget::unlimited()).expect(UNLIMITED)
    }

    /// The field whose default keeps anything from being decoded.
    pub(crate) fn unusable_default(&self) -> Option<&str> {
        self.plan.as_ref().err()?.field.as_deref()
    }

    /// The action for a datum of the writer; an error when nothing could ever be decoded.
    pub fn root(&self) -> Result<ActionId, &DecodeError> {
        self.plan.as_ref().map(|plan| plan.root)
    }

    /// An action of this resolution; `None` for a place in another one.
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
    pub fn witness_within(&self, budget: &Budget) -> Result<Option<Witness>, Exceeded> {
        Ok(self.failure(|_| true, budget)?.map(|(witness, _)| witness))
    }

    /// [`Resolution::witness_within`] without a budget.
    pub fn witness(&self) -> Option<Witness> {
        self.witness_within(&Budget::unlimited()).expect(UNLIMITED)
    }

    /// Finds a datum that fails where a given type of the writer's is decoded.
    ///
    /// None when it fails earlier: the error would be about something else.
    pub(crate) fn witness_at(
        &self,
        is_wanted: impl Fn(Id) -> bool,
        budget: &Budget,
    ) -> Result<Option<Witness>, Exceeded> {
        let found = self.failure(is_wanted, budget)?;
        Ok(found.filter(|(witness, expected)| witness.error == *expected).map(|(witness, _)| witness))
    }

    /// A datum that fails, and the error at the place that was looked for.
    fn failure(&self, is_wanted: impl Fn(Id) -> bool, budget: &Budget) -> Result<Option<(Witness, String)>, Exceeded> {
        let least = search::LeastData::new(self.writer, budget)?;
        let found = match &self.plan {
            Err(error) => least.datum(self.writer.root).map(|datum| (datum, String::new(), error.to_string())),
            Ok(plan) => least.to_error(plan, is_wanted, budget)?,
        };
        let tried = found.and_then(|(datum, path, error)| Some((Witness { path, ..self.try_out(&datum)? }, error)));
        Ok(tried)
    }

    /// Encodes and decodes a datum; the proof when that fails.
    fn try_out(&self, datum: &Datum) -> Option<Witness> {
        let bytes = encode::encode(datum);
        let error = self.decode(&bytes).err()?;
        let (record, bytes) = (json::write(self.writer, datum), encode::hex(&bytes));
        let missing_field = error.missing_field().map(str::to_owned);
        let (kind, error) = (error.kind, error.to_string());
        Some(Witness { record, bytes, error, kind, path: String::new(), missing_field })
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
    /// Whether any finite datum of this schema exists.
    pub fn has_data(&self) -> bool {
        search::LeastData::new(&self.inner, &Budget::unlimited()).expect(UNLIMITED).datum(self.inner.root).is_some()
    }
}
