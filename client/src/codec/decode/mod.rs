//! From Avro's binary encoding to any type that serde can build.

mod access;
mod bounds;
mod compile;
mod de;
mod input;
mod program;
mod readability;
mod record;
mod skip;
#[cfg(feature = "apache-avro")]
mod value;
mod variant;

use std::sync::Arc;

use avow_avro::{Resolution, Schema, check};
use avow_budget::Budget;
use serde::Deserialize;

use self::de::DatumDeserializer;
use self::input::Input;
use self::program::{Op, Program};
use super::error::{DecodeError, DecodeErrorKind, Message, PlanError, PlanReason};
use super::limits::Limits;

/// The steps of compiling a plan: nodes of the schemas, fields and branches. A schema of 1 MB takes a tenth of them.
const PLAN_STEPS: u64 = 2_000_000;

/// A compiled plan that decodes records of one schema as another: made once, shared by all records and threads.
///
/// Java Avro's resolution, whole: defaults, dropped and reordered fields, promotions, aliases, unions on either side and
/// enum defaults.
///
/// ```
/// use avow_avro::{Strictness, parse};
/// use avow_client::codec::{DecodePlan, Limits};
///
/// #[derive(serde::Deserialize)]
/// struct Sale<'m> {
///     shop: &'m str,
///     cents: i64,
///     currency: &'m str,
/// }
///
/// let writer = r#"{"type":"record","name":"Sale","fields":[
///     {"name":"cents","type":"int"},{"name":"till","type":"int"},{"name":"shop","type":"string"}]}"#;
/// let reader = r#"{"type":"record","name":"Sale","fields":[
///     {"name":"shop","type":"string"},{"name":"cents","type":"long"},
///     {"name":"currency","type":"string","default":"EUR"}]}"#;
/// let schema = |text| parse(text, &[], Strictness::Strict);
/// let plan = DecodePlan::new(&schema(writer)?, Some(&schema(reader)?))?;
///
/// let sale: Sale = plan.decode(b"\x54\x02\x06Ulm", &Limits::default())?;
/// assert_eq!((sale.shop, sale.cents, sale.currency), ("Ulm", 42, "EUR"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DecodePlan {
    program: Program,
    root: Option<Arc<str>>,
}

impl DecodePlan {
    /// Works out how to decode what `writer` encoded, as `reader` or, without one, as it was written.
    ///
    /// An error when not one record could be decoded; a reader that fails for some data only fails on those.
    pub fn new(writer: &Schema, reader: Option<&Schema>) -> Result<Self, PlanError> {
        let root = reader.unwrap_or(writer).full_name().map(Arc::from);
        let budget = Budget::new(avow_budget::Limits { steps: PLAN_STEPS, ..avow_budget::Limits::UNLIMITED });
        let Some(reader) = reader else { return Ok(Self { program: Program::of_writer(writer, &budget)?, root }) };
        let resolution = Resolution::new(reader, writer).ok_or_else(PlanError::too_large)?;
        let is_readable = match resolution.root() {
            Ok(root) => readability::is_readable(&resolution, root, &budget)?,
            Err(_) => false,
        };
        if !is_readable {
            return Err(unresolvable(writer, reader, &resolution));
        }
        Ok(Self { program: Program::of_pair(writer, reader, &resolution, &budget)?, root })
    }

    /// Decodes one record, all of the bytes.
    ///
    /// The value may borrow from the bytes and, for defaults, from the plan.
    #[inline]
    pub fn decode<'de, T: Deserialize<'de>>(&'de self, bytes: &'de [u8], limits: &Limits) -> Result<T, DecodeError> {
        // One variable for the result, never moved: copying bytes that were just written stalls store forwarding.
        let mut result = self.run(bytes, limits, false);
        if matches!(&result, Err(error) if error.wants_names()) {
            result = self.run_by_name(bytes, limits);
        }
        result
    }

    /// For types that are written by hand and want their fields by name. That is remembered of a type, so this happens
    /// once, unless several types take turns at one record.
    #[cold]
    #[inline(never)]
    fn run_by_name<'de, T: Deserialize<'de>>(&'de self, bytes: &'de [u8], limits: &Limits) -> Result<T, DecodeError> {
        self.run(bytes, limits, true)
    }

    /// Decodes one record, all of the bytes, as a value of the `apache-avro` crate: the reader's types, whatever the
    /// writer's were.
    #[cfg(feature = "apache-avro")]
    pub fn decode_value(&self, bytes: &[u8], limits: &Limits) -> Result<apache_avro::types::Value, DecodeError> {
        self.read(bytes, limits, false, |input, op| input.value(*op))
    }

    #[inline]
    fn run<'de, T: Deserialize<'de>>(
        &'de self,
        bytes: &'de [u8],
        limits: &Limits,
        by_name: bool,
    ) -> Result<T, DecodeError> {
        self.read(bytes, limits, by_name, |input, op| T::deserialize(DatumDeserializer { input, op }))
    }

    #[inline]
    fn read<'de, T>(
        &'de self,
        bytes: &'de [u8],
        limits: &Limits,
        by_name: bool,
        read: impl FnOnce(&mut Input<'de>, &'de Op) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if bytes.len() > limits.bytes {
            let mut error = DecodeError::over("the message is larger than `Limits::bytes`");
            error.finish(self.root.as_ref(), 0);
            return Err(error);
        }
        let mut input = Input::new(&self.program, bytes, limits);
        input.by_name = by_name;
        let mut result = read(&mut input, &self.program.root);
        let left = input.left();
        match &mut result {
            Ok(_) if left == 0 => {}
            Ok(_) => result = Err(self.trailing(left, bytes.len())),
            Err(error) => error.finish(self.root.as_ref(), bytes.len().saturating_sub(left)),
        }
        result
    }

    #[cold]
    fn trailing(&self, left: usize, length: usize) -> DecodeError {
        let message = Message::Text(format!("{left} trailing bytes"));
        let mut error = DecodeError::new(DecodeErrorKind::TrailingBytes, message);
        error.finish(self.root.as_ref(), length - left);
        error
    }
}

fn unresolvable(writer: &Schema, reader: &Schema, resolution: &Resolution<'_>) -> PlanError {
    let verdict = check(reader, writer);
    let mut findings: Vec<_> =
        verdict.findings.into_iter().map(|finding| (finding.location, finding.message)).collect();
    findings.extend(verdict.exception.map(|message| ("/".to_owned(), message)));
    if findings.is_empty() {
        // The static check does not know everything; what the decoder says is for the whole schema.
        let message = resolution.witness().map(|witness| witness.error);
        findings.push(("/".to_owned(), message.unwrap_or_else(|| "no datum of the writer is finite".to_owned())));
    }
    PlanError { reason: PlanReason::Unresolvable(findings) }
}
