//! The fields of a record, in turn or not.

#![expect(clippy::inline_always, reason = "measured: a fifth of the time of small records")]

use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, SerializeStructVariant};

use super::compound::text_of;
use super::output::Output;
use super::program::{Field, Op};
use super::ser::DatumSerializer;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::logical::Logical;
use crate::codec::path::{Segment, WithPath};

pub(super) struct Fields<'a, 'o> {
    out: &'a mut Output<'o>,
    /// None where the schema has a map.
    fields: &'o [Field],
    /// The index of the next field; past the end where the schema has a map.
    next: usize,
}

/// State that few values need, of all records in progress.
#[derive(Default)]
pub(super) struct Deferred<'o> {
    /// Encoded fields that come later in the schema.
    buffered: Vec<Buffered>,
    /// Maps where the values have structs, the innermost last.
    maps: Vec<Map<'o>>,
    /// The field that the last key named; `None` for one that is ignored.
    named: Option<usize>,
}

struct Buffered {
    /// The depth of the record of this field.
    depth: usize,
    field: usize,
    encoded: Vec<u8>,
}

/// The value type of a map, its start, and the number of its entries.
struct Map<'o> {
    value: &'o Op,
    from: usize,
    count: usize,
}

impl<'a, 'o> Fields<'a, 'o> {
    #[inline(always)]
    pub(super) fn new(out: &'a mut Output<'o>, record: u32) -> Result<Self, EncodeError> {
        out.enter()?;
        let fields = &out.program.records[record as usize].fields;
        Ok(Self { out, fields, next: 0 })
    }

    #[cold]
    pub(super) fn of_map(out: &'a mut Output<'o>, list: u32) -> Result<Self, EncodeError> {
        out.enter()?;
        let map = Map { value: &out.program.items[list as usize], from: out.at(), count: 0 };
        out.deferred.maps.push(map);
        Ok(Self { out, fields: &[], next: 1 })
    }
}

impl<'o> Fields<'_, 'o> {
    /// Encodes the next field.
    #[inline(always)]
    pub(super) fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self.fields.get(self.next) {
            Some(field) => self.in_turn(field, value),
            None => Err(Self::unknown("")),
        }
    }

    #[inline(always)]
    fn in_turn<T: Serialize + ?Sized>(&mut self, field: &'o Field, value: &T) -> Result<(), EncodeError> {
        let inner = DatumSerializer { out: &mut *self.out, op: &field.op };
        value.serialize(inner).map_err(|error| error.in_field(&field.name.text))?;
        self.next += 1;
        Ok(())
    }

    #[inline(always)]
    fn named<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError> {
        if let Some(field) = self.fields.get(self.next)
            && field.name.is(name)
        {
            return self.in_turn(field, value);
        }
        self.next = Self::out_of_turn(&mut *self.out, self.fields, self.next, name, value)?;
        Ok(())
    }

    /// Encodes a field that is not the next; returns which is the next now.
    ///
    /// It takes the parts of `self`, so that these stay in registers where all fields come in turn.
    #[inline(never)]
    fn out_of_turn<T: Serialize + ?Sized>(
        out: &mut Output<'o>,
        fields: &'o [Field],
        next: usize,
        name: &'static str,
        value: &T,
    ) -> Result<usize, EncodeError> {
        let mut this = Fields { out, fields, next };
        this.by_name(name, value)?;
        Ok(this.next)
    }

    fn by_name<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), EncodeError> {
        if self.next > self.fields.len()
            && let Some(map) = self.out.deferred.maps.last_mut()
        {
            map.count += 1;
            let op = map.value;
            self.out.bytes(name.as_bytes());
            let inner = DatumSerializer { out: &mut *self.out, op };
            return value.serialize(inner).map_err(|error| error.push_segment(Segment::Key(name.into())));
        }
        self.flush_ready();
        match find(self.fields, self.next, name) {
            Some(at) => self.field(at, value),
            None if self.out.program.ignores_unknown_fields => Ok(()),
            None => Err(Self::unknown(name)),
        }
    }

    /// Finds the field that a key names: the name is written where the field would be, read again, and forgotten.
    #[inline]
    pub(super) fn key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), EncodeError> {
        self.flush_ready();
        let from = self.out.at();
        name.serialize(DatumSerializer { out: &mut *self.out, op: &Op::String(Logical::Plain) })?;
        let name = String::from_utf8_lossy(text_of(self.out.written(from)));
        let named = find(self.fields, self.next, &name);
        if named.is_none() && !self.out.program.ignores_unknown_fields {
            return Err(Self::unknown(&name));
        }
        self.out.deferred.named = named;
        self.out.truncate(from);
        Ok(())
    }

    #[inline]
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self.out.deferred.named {
            Some(named) => self.field(named, value),
            None => Ok(()),
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, at: usize, value: &T) -> Result<(), EncodeError> {
        self.flush_ready();
        if at == self.next {
            return self.next(value);
        }
        let field = &self.fields[at];
        if at < self.next || self.buffered(at).is_some() {
            let message = Message::Named("the value has a duplicate field", Arc::clone(&field.name.text));
            return Err(EncodeError::new(EncodeErrorKind::UnknownField, message));
        }
        let from = self.out.at();
        let inner = DatumSerializer { out: &mut *self.out, op: &field.op };
        value.serialize(inner).map_err(|error| error.in_field(&field.name.text))?;
        let (depth, encoded) = (self.out.depth(), self.out.split_off(from));
        self.out.deferred.buffered.push(Buffered { depth, field: at, encoded });
        Ok(())
    }

    /// The index of a buffered field of this record.
    fn buffered(&self, field: usize) -> Option<usize> {
        let depth = self.out.depth();
        self.out.deferred.buffered.iter().position(|buffered| buffered.depth == depth && buffered.field == field)
    }

    /// Writes the buffered fields that come next in the schema.
    fn flush_ready(&mut self) {
        while let Some(buffered) = self.buffered(self.next) {
            let buffered = self.out.deferred.buffered.swap_remove(buffered);
            self.out.raw(&buffered.encoded);
            self.next += 1;
        }
    }

    /// Leaves out a field that the type skips: in turn its default is written at once.
    fn skip(&mut self, name: &'static str) {
        self.flush_ready();
        if let Some(field) = self.fields.get(self.next)
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
            Message::Text(format!("the schema has no field `{name}`; add it, or call `ignore_unknown_fields()`"))
        };
        EncodeError::new(EncodeErrorKind::UnknownField, message)
    }

    #[inline(always)]
    pub(super) fn finish(mut self) -> Result<(), EncodeError> {
        if self.next != self.fields.len() {
            self.fill()?;
        }
        self.out.leave();
        Ok(())
    }

    /// Writes the buffered fields and the defaults of missing ones.
    #[inline(never)]
    fn fill(&mut self) -> Result<(), EncodeError> {
        if self.next > self.fields.len() {
            let Some(map) = self.out.deferred.maps.pop() else { return Ok(()) };
            if map.count > 0 {
                self.out.recount(map.from, 0, map.count);
            }
            self.out.byte(0);
            return Ok(());
        }
        loop {
            self.flush_ready();
            let Some(field) = self.fields.get(self.next) else { return Ok(()) };
            let Some(default) = &field.default else {
                let message = Message::Static("the value lacks this field, which has no default in the schema");
                let error = EncodeError::new(EncodeErrorKind::MissingField, message);
                return Err(error.in_field(&field.name.text));
            };
            self.out.raw(default);
            self.next += 1;
        }
    }
}

/// Finds a field, most probably at `near` or behind it.
fn find(fields: &[Field], near: usize, name: &str) -> Option<usize> {
    let (before, behind) = fields.split_at(near.min(fields.len()));
    let place = |fields: &[Field]| fields.iter().position(|field| *field.name.text == *name);
    place(behind).map(|at| at + before.len()).or_else(|| place(before))
}

/// Structs: the fields of a record, or the entries of a map.
macro_rules! structs {
    ($($name:ident,)*) => {
        $(
            impl $name for Fields<'_, '_> {
                type Ok = ();
                type Error = EncodeError;

                #[inline(always)]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), EncodeError> {
                    self.named(name, value)
                }

                fn skip_field(&mut self, name: &'static str) -> Result<(), EncodeError> {
                    self.skip(name);
                    Ok(())
                }

                #[inline(always)]
                fn end(self) -> Result<(), EncodeError> {
                    self.finish()
                }
            }
        )*
    };
}

structs! { SerializeStruct, SerializeStructVariant, }
