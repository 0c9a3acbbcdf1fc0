//! From any type that serde can take apart to Avro's binary encoding.

mod compound;
mod fields;
mod output;
mod program;
mod ser;
mod union;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use avow_avro::Schema;
use serde::Serialize;

use self::output::Output;
use self::program::{Op, Program};
use self::ser::DatumSerializer;
use super::error::{EncodeError, PlanError};

/// A compiled plan that encodes values with one schema: made once, shared by all records and threads.
///
/// Fields go by their names, whatever their order in the type; a field that the type lacks takes the schema's default.
///
/// ```
/// use avow_avro::{Strictness, parse};
/// use avow_client::codec::EncodePlan;
///
/// #[derive(serde::Serialize)]
/// struct Sale<'s> {
///     shop: &'s str,
///     cents: i64,
/// }
///
/// let schema = r#"{"type":"record","name":"Sale","fields":[
///     {"name":"shop","type":"string"},{"name":"cents","type":"long"}]}"#;
/// let plan = EncodePlan::new(&parse(schema, &[], Strictness::Strict)?)?;
///
/// let mut record = Vec::new();
/// plan.encode(&Sale { shop: "Ulm", cents: 42 }, &mut record)?;
/// assert_eq!(record, b"\x06Ulm\x54");
///
/// let wrong = plan.encode(&("Ulm", "many"), &mut record).unwrap_err();
/// assert_eq!(wrong.to_string(), "Sale.cents: a string does not fit the schema's long");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EncodePlan {
    program: Program,
    root: Op,
    name: Option<Arc<str>>,
    /// The expected size of a record, from the last ones.
    expected: AtomicUsize,
}

impl EncodePlan {
    /// Works out how values are encoded with `writer`.
    pub fn new(writer: &Schema) -> Result<Self, PlanError> {
        let (program, root) = Program::new(writer)?;
        let name = writer.full_name().map(Arc::from);
        Ok(Self { program, root, name, expected: AtomicUsize::new(64) })
    }

    /// Skips fields of a value that the schema lacks. They are an error by default, because their data would be lost.
    pub fn ignore_unknown_fields(mut self) -> Self {
        self.program.ignores_unknown_fields = true;
        self
    }

    /// Appends the Avro binary of `value` to `out`; on an error `out` is as it was.
    ///
    /// Allocates nothing when `out` has room, except for fields that come in another order than the schema's.
    pub fn encode<T: Serialize + ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let from = out.len();
        let expected = self.expected.load(Relaxed);
        let mut output = Output::new(&self.program, out, expected);
        let result = value.serialize(DatumSerializer { out: &mut output, op: &self.root });
        match result {
            Ok(()) => {
                let end = output.at();
                output.cut(end);
                self.expect(expected, end - from);
                Ok(())
            }
            Err(error) => {
                output.cut(from);
                Err(error.inside(self.name.as_ref()))
            }
        }
    }

    /// Appends the Avro binary of a value of the `apache-avro` crate to `out`; on an error `out` is as it was.
    #[cfg(feature = "apache-avro")]
    pub fn encode_value(&self, value: &apache_avro::types::Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode(&super::apache::ValueSerializer(value), out)
    }

    /// Remembers what a record took, so that the next one finds enough room and not much more.
    #[inline]
    fn expect(&self, expected: usize, took: usize) {
        if took + 16 > expected || took < expected / 4 {
            self.expected.store((took + 16).next_multiple_of(64), Relaxed);
        }
    }
}

/// The encoding of a big decimal: the bytes of the number, then its scale.
#[cfg(feature = "apache-avro")]
pub(super) fn big_decimal(number: &[u8], scale: i32) -> Vec<u8> {
    let (program, mut out) = (Program::default(), Vec::new());
    let mut output = Output::new(&program, &mut out, 0);
    output.bytes(number);
    output.long(i64::from(scale));
    let end = output.at();
    output.cut(end);
    out
}
