//! Records: field after field where the type declares them in the very order of the plan, else by name.

use std::sync::atomic::Ordering::Relaxed;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::access::GROWTH;
use super::de::{DatumDeserializer, name};
use super::input::Input;
use super::program::{Op, Record, Step};
use crate::codec::error::{DecodeError, DecodeErrorKind};
use crate::codec::path::WithPath;

/// The order in which a type takes its fields. It is cached in the low bits of the address of the type's field list.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum FieldOrder {
    AsRead = 1,
    ByName = 2,
}

impl Record {
    /// Whether the fields are read in the order in which the type declares them.
    #[inline]
    fn is_in_order(&self, fields: &'static [&'static str]) -> bool {
        let address = fields.as_ptr().addr();
        let seen = self.seen.load(Relaxed);
        if seen == address | FieldOrder::AsRead as usize {
            // Two field lists may start at one address.
            return fields.len() == self.fields.len();
        }
        if seen == address | FieldOrder::ByName as usize {
            return false;
        }
        let names = self.steps.iter().filter_map(|step| match step {
            Step::Read { name, .. } | Step::Default { name, .. } => Some(&**name),
            Step::Skip(_) => None,
        });
        let is_in_order = names.eq(fields.iter().copied());
        self.remember(fields, if is_in_order { FieldOrder::AsRead } else { FieldOrder::ByName });
        is_in_order
    }

    fn remember(&self, fields: &'static [&'static str], order: FieldOrder) {
        self.seen.store(fields.as_ptr().addr() | order as usize, Relaxed);
    }
}

impl<'de> Input<'de> {
    #[inline]
    pub(super) fn record<V: Visitor<'de>>(
        &mut self,
        record: u32,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let plan = &self.program.records[record as usize];
        if plan.is_recursive {
            self.charge(size_of::<V::Value>())?;
        }
        if self.by_name || !plan.is_in_order(fields) {
            return ByName::visit(self, record, visitor);
        }
        self.enter_record(plan)?;
        let mut access = Fields { input: self, steps: plan.steps.iter(), was_called: false };
        match visitor.visit_seq(&mut access) {
            Ok(value) => {
                access.finish()?;
                Ok(value)
            }
            // A visitor that never asked for a field does not take sequences.
            Err(error) if !access.was_called && error.kind() == DecodeErrorKind::Refused && !plan.steps.is_empty() => {
                plan.remember(fields, FieldOrder::ByName);
                Err(error.wanting_names())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a field's value from the message, or its default from the plan.
    #[inline]
    fn field<T: DeserializeSeed<'de>>(&mut self, step: &'de Step, seed: T) -> Result<T::Value, DecodeError> {
        match step {
            Step::Read { op, name, .. } => {
                let value = seed.deserialize(DatumDeserializer { input: self, op });
                value.map_err(|error| error.in_field(name))
            }
            Step::Default { op, name, datum, .. } => {
                let value = self.default(op, datum, seed);
                value.map_err(|error| error.in_field(name))
            }
            Step::Skip(_) => Err(DecodeError::malformed("a skipped field was requested")),
        }
    }

    #[inline(never)]
    fn default<T: DeserializeSeed<'de>>(
        &mut self,
        op: &'de Op,
        datum: &'de [u8],
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        self.charge(datum.len())?;
        let message = self.swap(datum);
        let value = seed.deserialize(DatumDeserializer { input: self, op });
        self.swap(message);
        value
    }
}

/// The fields as a sequence.
pub(super) struct Fields<'a, 'de> {
    input: &'a mut Input<'de>,
    steps: std::slice::Iter<'de, Step>,
    was_called: bool,
}

impl<'a, 'de> Fields<'a, 'de> {
    pub(super) fn visit<V: Visitor<'de>>(
        input: &'a mut Input<'de>,
        record: u32,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let plan = &input.program.records[record as usize];
        if plan.is_recursive {
            input.charge(size_of::<V::Value>())?;
        }
        input.enter_record(plan)?;
        let mut access = Fields { input, steps: plan.steps.iter(), was_called: false };
        let value = visitor.visit_seq(&mut access)?;
        access.finish()?;
        Ok(value)
    }

    /// Skips what was not asked for.
    #[inline]
    fn finish(self) -> Result<(), DecodeError> {
        for op in self.steps.filter_map(Step::op_of_message) {
            self.input.skip(op)?;
        }
        self.input.leave();
        Ok(())
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        self.was_called = true;
        loop {
            match self.steps.next() {
                None => return Ok(None),
                Some(Step::Skip(op)) => self.input.skip(*op)?,
                Some(step) => return self.input.field(step, seed).map(Some),
            }
        }
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.steps.len())
    }
}

/// The fields as a map.
pub(super) struct ByName<'a, 'de> {
    input: &'a mut Input<'de>,
    steps: std::slice::Iter<'de, Step>,
    /// The field whose name was handed out last.
    pending: Option<&'de Step>,
    /// The type stores the names of the fields.
    is_dynamic: bool,
}

impl<'a, 'de> ByName<'a, 'de> {
    #[inline]
    pub(super) fn visit<V: Visitor<'de>>(
        input: &'a mut Input<'de>,
        record: u32,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let plan = &input.program.records[record as usize];
        input.enter_record(plan)?;
        let mut access = ByName { input, steps: plan.steps.iter(), pending: None, is_dynamic: false };
        let value = visitor.visit_map(&mut access)?;
        Fields { input: access.input, steps: access.steps, was_called: true }.finish()?;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for ByName<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        loop {
            match self.steps.next() {
                None => return Ok(None),
                Some(Step::Skip(op)) => self.input.skip(*op)?,
                Some(step @ (Step::Read { name: text, .. } | Step::Default { name: text, .. })) => {
                    // An owned name, unlike the index of a field that a derived type makes of it, takes memory.
                    if size_of::<K::Value>() >= size_of::<&str>() {
                        self.input.charge(GROWTH * size_of::<K::Value>() + text.len())?;
                        self.is_dynamic = true;
                    }
                    self.pending = Some(step);
                    return seed.deserialize(name(text)).map(Some);
                }
            }
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        match self.pending.take() {
            Some(step) => {
                if self.is_dynamic {
                    self.input.charge(GROWTH * size_of::<T::Value>())?;
                }
                self.input.field(step, seed)
            }
            None => Err(DecodeError::malformed("a value was requested before its name")),
        }
    }
}
