//! Values with parts: items, entries, and whatever else serde hands over one by one.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant};

use super::fields::Fields;
use super::output::Output;
use super::program::Op;
use super::ser::DatumSerializer;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::logical::Logical;
use crate::codec::path::{Segment, WithPath};

/// The declared number of items of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head {
    Counted(usize),
    Unknown,
}

pub(super) enum Compound<'a, 'o> {
    Items(Items<'a, 'o>),
    Fields(Fields<'a, 'o>),
}

/// Items of an array, entries of a map, or the bytes of bytes and fixed.
pub(super) struct Items<'a, 'o> {
    out: &'a mut Output<'o>,
    item: &'o Op,
    /// The declared number of items.
    claimed: usize,
    count: usize,
    /// The position and the length of the block header.
    head: (usize, usize),
    end: End,
    /// The position of the last key, for the path.
    key: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// A block of no items.
    EmptyBlock,
    Nothing,
    /// Exactly this many bytes.
    Exactly(usize),
}

impl<'a, 'o> Items<'a, 'o> {
    #[inline]
    fn new(out: &'a mut Output<'o>, item: &'o Op, head: Head, end: End) -> Result<Self, EncodeError> {
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
        Ok(Self { out, item, claimed, count: 0, head, end, key: 0 })
    }

    /// The items of an array, or the entries of a map.
    #[inline]
    pub(super) fn of_list(out: &'a mut Output<'o>, list: u32, head: Head) -> Result<Self, EncodeError> {
        let item = &out.program.items[list as usize];
        Self::new(out, item, head, End::EmptyBlock)
    }

    pub(super) fn of_bytes(out: &'a mut Output<'o>, head: Head) -> Result<Self, EncodeError> {
        Self::new(out, &Op::Byte, head, End::Nothing)
    }

    pub(super) fn of_fixed(out: &'a mut Output<'o>, fixed: u32, head: Head) -> Result<Self, EncodeError> {
        let fixed = &out.program.fixed[fixed as usize];
        let is_parts = fixed.logical == Logical::Duration && matches!(head, Head::Counted(3));
        let (item, count) = if is_parts { (&Op::DurationPart, 3) } else { (&Op::Byte, fixed.size) };
        Self::new(out, item, head, End::Exactly(count))
    }
}

impl Items<'_, '_> {
    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let item = DatumSerializer { out: &mut *self.out, op: self.item };
        value.serialize(item).map_err(|error| error.in_item(self.count))?;
        self.count += 1;
        Ok(())
    }

    #[inline]
    pub(super) fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = self.out.at();
        key.serialize(DatumSerializer { out: &mut *self.out, op: &Op::String(Logical::Plain) })
    }

    #[inline]
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let from = self.out.at();
        let item = DatumSerializer { out: &mut *self.out, op: self.item };
        match value.serialize(item) {
            Ok(()) => {
                self.count += 1;
                Ok(())
            }
            Err(error) => {
                let key = text_of(&self.out.written(self.key)[..from - self.key]);
                Err(error.push_segment(Segment::Key(String::from_utf8_lossy(key).into())))
            }
        }
    }

    #[inline]
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        self.out.leave();
        match self.end {
            End::Exactly(count) if self.count != count => {
                let message = Message::Static("the number of items differs from the size of the schema's fixed type");
                return Err(EncodeError::new(EncodeErrorKind::Range, message));
            }
            End::Exactly(_) => return Ok(()),
            End::EmptyBlock | End::Nothing if self.count == self.claimed => {}
            End::EmptyBlock if self.count == 0 => {
                self.out.split_off(self.head.0);
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
pub(super) fn text_of(encoded: &[u8]) -> &[u8] {
    let length = encoded.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    encoded.get(length..).unwrap_or_default()
}

/// Sequences: items, or the fields of a record one after the other.
macro_rules! sequences {
    ($($name:ident $method:ident,)*) => {
        $(
            impl $name for Compound<'_, '_> {
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
                    match self {
                        Self::Items(items) => items.finish(),
                        Self::Fields(fields) => fields.finish(),
                    }
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

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), EncodeError> {
        match self {
            Self::Items(entries) => entries.key(name),
            Self::Fields(fields) => fields.key(name),
        }
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self {
            Self::Items(entries) => entries.value(value),
            Self::Fields(fields) => fields.value(value),
        }
    }

    #[inline]
    fn end(self) -> Result<(), EncodeError> {
        match self {
            Self::Items(items) => items.finish(),
            Self::Fields(fields) => fields.finish(),
        }
    }
}
