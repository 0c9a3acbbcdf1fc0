//! Values with parts: items, entries and fields.

use std::sync::Arc;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::output::Output;
use super::program::{Op, Program, Record};
use super::ser::Ser;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::meaning::Meaning;
use crate::codec::path::Segment;

/// How many parts a value says it has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head {
    Counted(usize),
    Unknown,
}

pub(super) enum Compound<'a, 'o, 'p> {
    Items(Items<'a, 'o, 'p>),
    Fields(Fields<'a, 'o, 'p>),
}

/// Items of an array, entries of a map, or the bytes of bytes and fixed.
pub(super) struct Items<'a, 'o, 'p> {
    program: &'p Program,
    out: &'a mut Output<'o>,
    item: Op,
    /// How many parts the head says there are.
    claimed: usize,
    count: usize,
    /// Where the head is, and how many bytes it has.
    head: (usize, usize),
    end: End,
    /// Where the last key is, for the path.
    key: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// A block of no items.
    EmptyBlock,
    Nothing,
    /// So many bytes, or it is wrong.
    Exactly(usize),
}

pub(super) struct Fields<'a, 'o, 'p> {
    program: &'p Program,
    out: &'a mut Output<'o>,
    record: &'p Record,
    /// The field whose turn it is.
    next: usize,
    /// Encoded fields whose turn has not come.
    held: Vec<(usize, Vec<u8>)>,
    /// The field that a key named.
    named: usize,
}

impl<'a, 'o, 'p> Compound<'a, 'o, 'p> {
    #[inline]
    fn new(ser: Ser<'a, 'o, 'p>, item: Op, head: Head, end: End) -> Result<Self, EncodeError> {
        let Ser { program, out, .. } = ser;
        let from = out.at();
        let claimed = match head {
            Head::Counted(claimed) => claimed,
            Head::Unknown => 0,
        };
        match end {
            End::EmptyBlock if claimed == 0 => {}
            End::EmptyBlock | End::Nothing => out.length(claimed),
            End::Exactly(_) => {}
        }
        out.enter()?;
        let head = (from, out.at() - from);
        Ok(Self::Items(Items { program, out, item, claimed, count: 0, head, end, key: 0 }))
    }

    #[inline]
    pub(super) fn items(ser: Ser<'a, 'o, 'p>, head: Head) -> Result<Self, EncodeError> {
        let (Op::Array(at) | Op::Map(at)) = ser.op else { return Err(EncodeError::mismatch("a sequence", "type")) };
        let item = ser.program.items[at as usize];
        Self::new(ser, item, head, End::EmptyBlock)
    }

    #[inline]
    pub(super) fn bytes(ser: Ser<'a, 'o, 'p>, head: Head) -> Result<Self, EncodeError> {
        Self::new(ser, Op::Byte, head, End::Nothing)
    }

    pub(super) fn fixed(ser: Ser<'a, 'o, 'p>, head: Head) -> Result<Self, EncodeError> {
        let Op::Fixed(at) = ser.op else { return Err(EncodeError::mismatch("a sequence", "type")) };
        let fixed = &ser.program.fixed[at as usize];
        let is_parts = fixed.meaning == Meaning::Duration && matches!(head, Head::Counted(3));
        let (item, count) = if is_parts { (Op::Word, 3) } else { (Op::Byte, fixed.size) };
        Self::new(ser, item, head, End::Exactly(count))
    }

    #[inline]
    pub(super) fn record(ser: Ser<'a, 'o, 'p>) -> Result<Self, EncodeError> {
        let Op::Record(at) = ser.op else { return Err(EncodeError::mismatch("a struct", "type")) };
        let Ser { program, out, .. } = ser;
        out.enter()?;
        let record = &program.records[at as usize];
        Ok(Self::Fields(Fields { program, out, record, next: 0, held: Vec::new(), named: 0 }))
    }

    #[inline]
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        match self {
            Self::Items(items) => items.finish(),
            Self::Fields(fields) => fields.finish(),
        }
    }
}

impl Items<'_, '_, '_> {
    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let item = Ser { program: self.program, out: &mut *self.out, op: self.item };
        value.serialize(item).map_err(|error| error.below(Segment::Index(self.count)))?;
        self.count += 1;
        Ok(())
    }

    #[inline]
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = self.out.at();
        key.serialize(Ser { program: self.program, out: &mut *self.out, op: Op::String(Meaning::Plain) })
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let from = self.out.at();
        let item = Ser { program: self.program, out: &mut *self.out, op: self.item };
        match value.serialize(item) {
            Ok(()) => {
                self.count += 1;
                Ok(())
            }
            Err(error) => {
                let key = key(&self.out.written(self.key)[..from - self.key]);
                Err(error.below(Segment::Key(String::from_utf8_lossy(key).into())))
            }
        }
    }

    #[inline]
    fn finish(self) -> Result<(), EncodeError> {
        self.out.leave();
        match self.end {
            End::Exactly(count) if self.count != count => {
                let message = Message::Static("the parts are not as many as the schema's fixed type has");
                return Err(EncodeError::new(EncodeErrorKind::Range, message));
            }
            End::Exactly(_) => return Ok(()),
            End::EmptyBlock | End::Nothing if self.count == self.claimed => {}
            End::EmptyBlock if self.count == 0 => {
                self.out.take_back(self.head.0);
            }
            End::EmptyBlock | End::Nothing => self.out.recount(self.head.0, self.head.1, self.count),
        }
        if self.end == End::EmptyBlock {
            self.out.byte(0);
        }
        Ok(())
    }
}

/// The text of an encoded string: what follows its length.
fn key(encoded: &[u8]) -> &[u8] {
    let length = encoded.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    encoded.get(length..).unwrap_or_default()
}

impl Fields<'_, '_, '_> {
    /// Encodes the field whose turn it is.
    #[inline]
    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let Some(field) = self.record.fields.get(self.next) else { return Err(Self::unknown("")) };
        let inner = Ser { program: self.program, out: &mut *self.out, op: field.op };
        value.serialize(inner).map_err(|error| error.below(Segment::Field(Arc::clone(&field.name.text))))?;
        self.next += 1;
        Ok(())
    }

    #[inline]
    fn named<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError> {
        if let Some(field) = self.record.fields.get(self.next)
            && field.name.is(name)
        {
            return self.next(value);
        }
        self.out_of_turn(name, value)
    }

    #[inline(never)]
    fn out_of_turn<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), EncodeError> {
        self.release();
        let at = self.record.find(self.next, name).ok_or_else(|| Self::unknown(name))?;
        self.field(at, value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, at: usize, value: &T) -> Result<(), EncodeError> {
        self.release();
        if at == self.next {
            return self.next(value);
        }
        let field = &self.record.fields[at];
        if at < self.next || self.held.iter().any(|(held, _)| *held == at) {
            let message = Message::Named("the value has more than one field", Arc::clone(&field.name.text));
            return Err(EncodeError::new(EncodeErrorKind::UnknownField, message));
        }
        let from = self.out.at();
        let inner = Ser { program: self.program, out: &mut *self.out, op: field.op };
        value.serialize(inner).map_err(|error| error.below(Segment::Field(Arc::clone(&field.name.text))))?;
        let encoded = self.out.take_back(from);
        self.held.push((at, encoded));
        Ok(())
    }

    /// Writes the held fields whose turn has come.
    fn release(&mut self) {
        while let Some(held) = self.held.iter().position(|(at, _)| *at == self.next) {
            let (_, encoded) = self.held.swap_remove(held);
            self.out.raw(&encoded);
            self.next += 1;
        }
    }

    /// Leaves out a field that the type skips: in turn its default is written at once.
    fn skip(&mut self, name: &'static str) {
        self.release();
        if let Some(field) = self.record.fields.get(self.next)
            && let Some(default) = &field.default
            && field.name.is(name)
        {
            self.out.raw(default);
            self.next += 1;
        }
    }

    #[cold]
    fn unknown(name: &str) -> EncodeError {
        let message = if name.is_empty() {
            Message::Static("the value has more fields than the schema")
        } else {
            Message::Named("the schema has no field", name.into())
        };
        EncodeError::new(EncodeErrorKind::UnknownField, message)
    }

    #[inline]
    fn finish(mut self) -> Result<(), EncodeError> {
        if self.next < self.record.fields.len() {
            self.fill()?;
        }
        self.out.leave();
        Ok(())
    }

    /// Writes what was held and the defaults of what is missing.
    #[inline(never)]
    fn fill(&mut self) -> Result<(), EncodeError> {
        loop {
            self.release();
            let Some(field) = self.record.fields.get(self.next) else { return Ok(()) };
            let Some(default) = &field.default else {
                let message = Message::Static("the value has no such field, and the schema no default for it");
                let error = EncodeError::new(EncodeErrorKind::MissingField, message);
                return Err(error.below(Segment::Field(Arc::clone(&field.name.text))));
            };
            self.out.raw(default);
            self.next += 1;
        }
    }
}

/// Sequences: items, or the fields of a record one after the other.
macro_rules! sequences {
    ($($name:ident $method:ident,)*) => {
        $(
            impl $name for Compound<'_, '_, '_> {
                type Ok = ();
                type Error = EncodeError;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                    match self {
                        Self::Items(items) => items.item(value),
                        Self::Fields(fields) => fields.next(value),
                    }
                }

                #[inline]
                fn end(self) -> Result<(), EncodeError> {
                    self.finish()
                }
            }
        )*
    };
}

sequences! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// Structs: the fields of a record, or entries of a map.
macro_rules! structs {
    ($($name:ident,)*) => {
        $(
            impl $name for Compound<'_, '_, '_> {
                type Ok = ();
                type Error = EncodeError;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), EncodeError> {
                    match self {
                        Self::Fields(fields) => fields.named(name, value),
                        Self::Items(entries) => {
                            entries.key(name)?;
                            entries.value(value)
                        }
                    }
                }

                fn skip_field(&mut self, name: &'static str) -> Result<(), EncodeError> {
                    if let Self::Fields(fields) = self {
                        fields.skip(name);
                    }
                    Ok(())
                }

                #[inline]
                fn end(self) -> Result<(), EncodeError> {
                    self.finish()
                }
            }
        )*
    };
}

structs! { SerializeStruct, SerializeStructVariant, }

impl SerializeMap for Compound<'_, '_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), EncodeError> {
        let fields = match self {
            Self::Items(entries) => return entries.key(name),
            Self::Fields(fields) => fields,
        };
        fields.release();
        // The name is written where the field would be, read again, and taken back.
        let from = fields.out.at();
        name.serialize(Ser { program: fields.program, out: &mut *fields.out, op: Op::String(Meaning::Plain) })?;
        let name = String::from_utf8_lossy(key(fields.out.written(from)));
        let found = fields.record.find(fields.next, &name);
        fields.named = found.ok_or_else(|| Fields::unknown(&name))?;
        fields.out.forget(from);
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self {
            Self::Items(entries) => entries.value(value),
            Self::Fields(fields) => fields.field(fields.named, value),
        }
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}
