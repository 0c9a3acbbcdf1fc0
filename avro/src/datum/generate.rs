//! Data at random, from a seed: every branch, symbol and size sooner or later.

use avow_budget::Budget;

use super::Datum;
use super::search::LeastData;
use crate::model::{Id, Inner, Kind, Primitive};
use crate::print::UNLIMITED;

/// Below this depth only the least data are made.
const RANDOM_DEPTH: usize = 8;

pub(super) struct Generator<'s> {
    schema: &'s Inner,
    least: LeastData<'s>,
    state: u64,
    /// The number of parts that the datum may still have.
    parts: usize,
}

impl<'s> Generator<'s> {
    pub(super) fn new(schema: &'s Inner, seed: u64) -> Self {
        Self {
            schema,
            least: LeastData::new(schema, &Budget::unlimited()).expect(UNLIMITED),
            state: seed | 1,
            parts: 0,
        }
    }

    /// Makes a datum of the whole schema; `None` when it has no finite one.
    pub(super) fn datum(&mut self) -> Option<Datum> {
        self.parts = 500;
        self.make(self.schema.root, 0)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or(0) % sides.max(1)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())]
    }

    fn make(&mut self, id: Id, depth: usize) -> Option<Datum> {
        self.parts = self.parts.saturating_sub(1);
        if depth > RANDOM_DEPTH || self.parts == 0 || !self.least.has_data(id) {
            return self.least.datum(id);
        }
        Some(match &self.schema[id].kind {
            Kind::Primitive(primitive) => self.primitive(*primitive),
            Kind::Fixed(fixed) => {
                let byte = self.pick(&[0, 1, 0x7f, 0xff]);
                Datum::Fixed(vec![byte; fixed.size as usize])
            }
            Kind::Enum(kind) => Datum::Enum(self.roll(kind.symbols.len())),
            Kind::Array(items) => {
                let length = self.length(*items);
                Datum::Array((0..length).map(|_| self.make(*items, depth + 1)).collect::<Option<_>>()?)
            }
            Kind::Map(values) => {
                let length = self.length(*values);
                let entry = |at| Some((format!("k{at}"), self.make(*values, depth + 1)?));
                Datum::Map((0..length).map(entry).collect::<Option<_>>()?)
            }
            Kind::Record(record) => Datum::Record(
                record.fields.iter().map(|field| self.make(field.kind, depth + 1)).collect::<Option<_>>()?,
            ),
            Kind::Union(branches) => {
                let possible: Vec<_> = (0..branches.len()).filter(|at| self.least.has_data(branches[*at])).collect();
                let at = self.pick(&possible);
                Datum::Union(at, Box::new(self.make(branches[at], depth + 1)?))
            }
            Kind::Unresolved(_) => return None,
        })
    }

    fn length(&mut self, items: Id) -> usize {
        if self.least.has_data(items) { self.roll(4) } else { 0 }
    }

    fn primitive(&mut self, primitive: Primitive) -> Datum {
        match primitive {
            Primitive::Null => Datum::Null,
            Primitive::Boolean => Datum::Boolean(self.roll(2) == 0),
            Primitive::Int => Datum::Int(self.pick(&[0, 1, -1, 64, i32::MAX, i32::MIN])),
            Primitive::Long => Datum::Long(self.pick(&[0, 1, -65, 1 << 40, i64::MAX, i64::MIN])),
            Primitive::Float => Datum::Float(self.pick(&[0.0, -0.0, 1.5, f32::MAX])),
            Primitive::Double => Datum::Double(self.pick(&[0.0, -0.0, 1.5, f64::MIN_POSITIVE, f64::MAX])),
            Primitive::Bytes => Datum::Bytes(self.pick::<&[u8]>(&[b"", b"a", &[0, 0xff], &[0x80; 100]]).to_vec()),
            Primitive::String => Datum::String(self.pick(&["", "a", "hello", "été", "漢字"]).to_owned()),
        }
    }
}
