//! A serde deserializer of one datum.

use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Visitor};

use super::access::{Entries, Items};
use super::input::Input;
use super::program::{Branch, Op};
use super::record::{ByName, Fields};
use crate::codec::error::{DecodeError, DecodeErrorKind, Message};
use crate::codec::logical::Logical;
use crate::codec::text;

pub(super) struct DatumDeserializer<'a, 'de> {
    pub(super) input: &'a mut Input<'de>,
    /// Behind a reference, so that the whole travels in two registers.
    pub(super) op: &'de Op,
}

impl<'de> Input<'de> {
    /// Reads which branch of a union follows.
    #[inline]
    pub(super) fn branch(&mut self, union: u32) -> Result<&'de Branch, DecodeError> {
        let at = self.index()?;
        let branch = self.program.unions[union as usize].get(at);
        branch.ok_or_else(|| DecodeError::malformed("the writer's union has no such branch"))
    }

    /// Reads a symbol, as the reader has it.
    #[inline]
    pub(super) fn symbol(&mut self, kind: u32) -> Result<&'de str, DecodeError> {
        let at = self.index()?;
        let kind = &self.program.enums[kind as usize];
        match kind.mapping.get(at) {
            Some(Some(place)) => Ok(&kind.symbols[*place as usize]),
            Some(None) => {
                let message = Message::Static("the reader's enum has neither the writer's symbol nor a default");
                Err(DecodeError::new(DecodeErrorKind::DoesNotFit, message))
            }
            None => Err(DecodeError::malformed("the writer's enum has no such symbol")),
        }
    }

    #[inline]
    pub(super) fn fixed(&mut self, kind: u32) -> Result<(&'de [u8], Logical), DecodeError> {
        let fixed = &self.program.fixed[kind as usize];
        Ok((self.take(fixed.size)?, fixed.logical))
    }

    #[cold]
    pub(super) fn does_not_fit(&self, error: u32) -> DecodeError {
        let message = Message::Named(
            "the data does not resolve to the reader schema:",
            self.program.errors[error as usize].clone(),
        );
        DecodeError::new(DecodeErrorKind::DoesNotFit, message)
    }
}

impl DatumDeserializer<'_, '_> {
    /// Goes through unions to what is really there.
    #[inline]
    pub(super) fn resolve_union(&mut self) -> Result<Op, DecodeError> {
        match *self.op {
            Op::Union(at) => self.op = &self.input.branch(at)?.op,
            Op::Branch(at) => self.op = &self.input.program.branches[at as usize].op,
            _ => {}
        }
        Ok(*self.op)
    }
}

/// Methods without a preference of their own, which fall back to the type of the schema.
macro_rules! any {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
                self.deserialize_any(visitor)
            }
        )*
    };
}

/// A method that looks for one kind of operation before all others.
macro_rules! first {
    ($($method:ident: $($op:pat => $read:ident $visit:ident),*;)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
                match *self.op {
                    $($op => visitor.$visit(self.input.$read()?),)*
                    _ => self.deserialize_any(visitor),
                }
            }
        )*
    };
}

impl<'de> Deserializer<'de> for DatumDeserializer<'_, 'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        #[expect(clippy::cast_precision_loss, reason = "promotions of Avro are allowed to lose digits")]
        match self.resolve_union()? {
            Op::Null => visitor.visit_unit(),
            Op::Boolean => visitor.visit_bool(self.input.boolean()?),
            Op::Int(_) => visitor.visit_i32(self.input.int()?),
            Op::IntAsLong(_) => visitor.visit_i64(i64::from(self.input.int()?)),
            Op::IntAsFloat => visitor.visit_f32(self.input.int()? as f32),
            Op::IntAsDouble => visitor.visit_f64(f64::from(self.input.int()?)),
            Op::Long(_) => visitor.visit_i64(self.input.long()?),
            Op::LongAsFloat => visitor.visit_f32(self.input.long()? as f32),
            Op::LongAsDouble => visitor.visit_f64(self.input.long()? as f64),
            Op::Float => visitor.visit_f32(f32::from_le_bytes(self.input.array()?)),
            Op::FloatAsDouble => visitor.visit_f64(f64::from(f32::from_le_bytes(self.input.array()?))),
            Op::Double => visitor.visit_f64(f64::from_le_bytes(self.input.array()?)),
            Op::Bytes(logical) | Op::StringAsBytes(logical) => {
                let bytes = self.input.bytes()?;
                self.bytes(bytes, logical, visitor)
            }
            Op::String(_) | Op::BytesAsString(_) => visitor.visit_borrowed_str(self.input.text()?),
            Op::Fixed(at) => {
                let (fixed, logical) = self.input.fixed(at)?;
                self.bytes(fixed, logical, visitor)
            }
            Op::Enum(at) => {
                let symbol = self.input.symbol(at)?;
                self.input.charge(symbol.len())?;
                visitor.visit_borrowed_str(symbol)
            }
            Op::Array(at) => Items::visit(self.input, at, visitor),
            Op::Map(at) => Entries::visit(self.input, at, visitor),
            Op::Record(at) => ByName::visit(self.input, at, visitor),
            Op::Error(at) => Err(self.input.does_not_fit(at)),
            Op::Union(_) | Op::Branch(_) => Err(DecodeError::malformed("a union inside a union")),
        }
    }

    first! {
        deserialize_bool: Op::Boolean => boolean visit_bool;
        deserialize_i8: Op::Int(_) => int visit_i32;
        deserialize_i16: Op::Int(_) => int visit_i32;
        deserialize_i32: Op::Int(_) => int visit_i32, Op::Long(_) => long visit_i64;
        deserialize_i64: Op::Long(_) => long visit_i64, Op::Int(_) | Op::IntAsLong(_) => int visit_i32;
        deserialize_u8: Op::Int(_) => int visit_i32;
        deserialize_u16: Op::Int(_) => int visit_i32;
        deserialize_u32: Op::Int(_) => int visit_i32, Op::Long(_) => long visit_i64;
        deserialize_u64: Op::Long(_) => long visit_i64, Op::Int(_) | Op::IntAsLong(_) => int visit_i32;
        deserialize_f32: Op::Float => float visit_f32;
        deserialize_f64: Op::Double => double visit_f64;
    }

    any! { deserialize_char deserialize_unit deserialize_map }

    fn deserialize_i128<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        let (bytes, is_decimal) = match self.resolve_union()? {
            Op::Bytes(Logical::Decimal(_)) => (self.input.bytes()?, true),
            Op::Fixed(at) if matches!(self.input.program.fixed[at as usize].logical, Logical::Decimal(_)) => {
                (self.input.fixed(at)?.0, true)
            }
            _ => (&[][..], false),
        };
        if !is_decimal {
            return self.deserialize_any(visitor);
        }
        let unscaled = text::unscaled(bytes);
        visitor.visit_i128(unscaled.ok_or_else(|| DecodeError::malformed("a decimal has more than 128 bits"))?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_i128(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.resolve_union()? {
            Op::String(_) | Op::BytesAsString(_) => visitor.visit_borrowed_str(self.input.text()?),
            _ => self.deserialize_text(visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.resolve_union()? {
            Op::Bytes(_) | Op::StringAsBytes(_) | Op::BytesAsString(_) | Op::String(_) => {
                visitor.visit_borrowed_bytes(self.input.bytes()?)
            }
            Op::Fixed(at) => visitor.visit_borrowed_bytes(self.input.fixed(at)?.0),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let op = match *self.op {
            Op::Union(at) => &self.input.branch(at)?.named,
            _ => self.op,
        };
        if self.input.program.is_null(*op) {
            return visitor.visit_none();
        }
        visitor.visit_some(DatumDeserializer { input: self.input, op })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.resolve_union()? {
            Op::Array(at) => Items::visit(self.input, at, visitor),
            Op::Record(at) => Fields::visit(self.input, at, visitor),
            Op::Bytes(_) | Op::StringAsBytes(_) => in_bytes(self.input.bytes()?, visitor),
            Op::Fixed(at) => in_bytes(self.input.fixed(at)?.0, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        match self.resolve_union()? {
            Op::Fixed(at) if length == 3 && self.input.program.fixed[at as usize].logical == Logical::Duration => {
                let parts = text::duration(self.input.fixed(at)?.0);
                visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
            }
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_tuple(length, visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.resolve_union()? {
            Op::Record(at) => self.input.record(at, fields, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        super::variant::visit(self.input, self.op, variants, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.input.skip(*self.op)?;
        visitor.visit_unit()
    }
}

impl Input<'_> {
    #[inline]
    fn float(&mut self) -> Result<f32, DecodeError> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    #[inline]
    fn double(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.array()?))
    }
}

impl<'de> DatumDeserializer<'_, 'de> {
    /// A logical type in its textual notation, for a visitor that expects a string.
    fn deserialize_text<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        let text = match self.resolve_union()? {
            Op::Int(logical) if logical != Logical::Plain => text::format_number(i64::from(self.input.int()?), logical),
            Op::IntAsLong(logical) if logical != Logical::Plain => {
                text::format_number(i64::from(self.input.int()?), logical)
            }
            Op::Long(logical) if logical != Logical::Plain => text::format_number(self.input.long()?, logical),
            Op::Fixed(at) if self.input.program.fixed[at as usize].logical == Logical::Uuid => {
                text::format_uuid(self.input.fixed(at)?.0)
            }
            _ => return self.deserialize_any(visitor),
        };
        match text {
            Some(text) => visitor.visit_string(text),
            None => Err(DecodeError::malformed("the time is outside the range that can be formatted")),
        }
    }

    /// Bytes for a visitor without a preference: decimals become text, which keeps every digit.
    fn bytes<V: Visitor<'de>>(self, bytes: &'de [u8], logical: Logical, visitor: V) -> Result<V::Value, DecodeError> {
        let decimal = match logical {
            Logical::Decimal(scale) => text::format_decimal(bytes, i32::from(scale)),
            Logical::BigDecimal => text::format_big_decimal(bytes),
            _ => return visitor.visit_borrowed_bytes(bytes),
        };
        let decimal = decimal.ok_or_else(|| DecodeError::malformed("the decimal is invalid or too long"))?;
        self.input.charge(decimal.len())?;
        visitor.visit_string(decimal)
    }
}

fn in_bytes<'de, V: Visitor<'de>>(bytes: &'de [u8], visitor: V) -> Result<V::Value, DecodeError> {
    visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
}

/// The name of a field or variant, which the plan keeps.
pub(super) fn name(name: &str) -> BorrowedStrDeserializer<'_, DecodeError> {
    BorrowedStrDeserializer::new(name)
}
