//! The fields of a record, in turn or not.

#![expect(clippy::inline_always, reason = "measured: a fifth of the time of small records")]

use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, SerializeStructVariant};

use super::compound::text_of;
use super::output::Output;
use super::program::{Field, Op};
use super::ser::Ser;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::meaning::Meaning;
use crate::codec::path::{Placed, Segment};

pub(super) struct Fields<'a, 'o> {
    out: &'a mut Output<'o>,
    /// None where the schema has a map.
    fields: &'o [Field],
    /// The field whose turn it is; beyond all fields where the schema has a map.
    next: usize,
}

/// What only few values need, for all records that are open.
#[derive(Default)]
pub(super) struct Late<'o> {
    /// Encoded fields whose turn has not come.
    held: Vec<Held>,
    /// Maps where the values have structs, the innermost last.
    maps: Vec<Map<'o>>,
    /// The field that the last key named.
    named: usize,
}

struct Held {
    /// How deep the record is that it belongs to.
    depth: usize,
    field: usize,
    encoded: Vec<u8>,
}

/// What the values of a map are, where it begins, and how many there are.
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
        out.late.maps.push(map);
        Ok(Self { out, fields: &[], next: 1 })
    }
}

impl<'o> Fields<'_, 'o> {
    /// Encodes the field whose turn it is.
    #[inline(always)]
    pub(super) fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self.fields.get(self.next) {
            Some(field) => self.in_turn(field, value),
            None => Err(Self::unknown("")),
        }
    }

    #[inline(always)]
    fn in_turn<T: Serialize + ?Sized>(&mut self, field: &'o Field, value: &T) -> Result<(), EncodeError> {
        let inner = Ser { out: &mut *self.out, op: &field.op };
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
            && let Some(map) = self.out.late.maps.last_mut()
        {
            map.count += 1;
            let op = map.value;
            self.out.bytes(name.as_bytes());
            let inner = Ser { out: &mut *self.out, op };
            return value.serialize(inner).map_err(|error| error.below(Segment::Key(name.into())));
        }
        self.release();
        let at = find(self.fields, self.next, name).ok_or_else(|| Self::unknown(name))?;
        self.field(at, value)
    }

    /// Finds the field that a key names: the name is written where the field would be, read again, and forgotten.
    #[inline]
    pub(super) fn key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), EncodeError> {
        self.release();
        let from = self.out.at();
        name.serialize(Ser { out: &mut *self.out, op: &Op::String(Meaning::Plain) })?;
        let name = String::from_utf8_lossy(text_of(self.out.written(from)));
        self.out.late.named = find(self.fields, self.next, &name).ok_or_else(|| Self::unknown(&name))?;
        self.out.forget(from);
        Ok(())
    }

    #[inline]
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let named = self.out.late.named;
        self.field(named, value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, at: usize, value: &T) -> Result<(), EncodeError> {
        self.release();
        if at == self.next {
            return self.next(value);
        }
        let field = &self.fields[at];
        if at < self.next || self.held(at).is_some() {
            let message = Message::Named("the value has more than one field", Arc::clone(&field.name.text));
            return Err(EncodeError::new(EncodeErrorKind::UnknownField, message));
        }
        let from = self.out.at();
        let inner = Ser { out: &mut *self.out, op: &field.op };
        value.serialize(inner).map_err(|error| error.in_field(&field.name.text))?;
        let (depth, encoded) = (self.out.depth(), self.out.take_back(from));
        self.out.late.held.push(Held { depth, field: at, encoded });
        Ok(())
    }

    /// Where a field of this record is held.
    fn held(&self, field: usize) -> Option<usize> {
        let depth = self.out.depth();
        self.out.late.held.iter().position(|held| held.depth == depth && held.field == field)
    }

    /// Writes the held fields whose turn has come.
    fn release(&mut self) {
        while let Some(held) = self.held(self.next) {
            let held = self.out.late.held.swap_remove(held);
            self.out.raw(&held.encoded);
            self.next += 1;
        }
    }

    /// Leaves out a field that the type skips: in turn its default is written at once.
    fn skip(&mut self, name: &'static str) {
        self.release();
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
            Message::Named("the schema has no field", name.into())
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

    /// Writes what was held and the defaults of what is missing.
    #[inline(never)]
    fn fill(&mut self) -> Result<(), EncodeError> {
        if self.next > self.fields.len() {
            let Some(map) = self.out.late.maps.pop() else { return Ok(()) };
            if map.count > 0 {
                self.out.recount(map.from, 0, map.count);
            }
            self.out.byte(0);
            return Ok(());
        }
        loop {
            self.release();
            let Some(field) = self.fields.get(self.next) else { return Ok(()) };
            let Some(default) = &field.default else {
                let message = Message::Static("the value has no such field, and the schema no default for it");
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
