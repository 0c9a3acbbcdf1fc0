//! A serde serializer of one datum.

#![expect(clippy::inline_always, reason = "measured: a fifth of the time of small records")]

use serde::ser::{Error, Serialize, Serializer};

use super::compound::{Compound, Head, Items};
use super::fields::Fields;
use super::output::Output;
use super::program::{Op, type_name};
use super::union::Shape;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::logical::Logical;
use crate::codec::text;

pub(super) struct DatumSerializer<'a, 'o> {
    pub(super) out: &'a mut Output<'o>,
    /// Behind a reference, so that the whole travels in two registers.
    pub(super) op: &'o Op,
}

impl<'o> DatumSerializer<'_, 'o> {
    #[inline]
    pub(super) fn at(self, op: &'o Op) -> Self {
        Self { op, ..self }
    }

    /// Writes the index of a branch and goes on inside it.
    #[inline(always)]
    fn branch(self, union: u32, at: usize) -> Self {
        let op = &self.out.program.unions[union as usize].branches[at];
        self.out.length(at);
        self.at(op)
    }

    /// Goes on in the branch of a union that a value of this shape means.
    #[inline(always)]
    fn resolve_union(self, shape: Shape) -> Result<Self, EncodeError> {
        match *self.op {
            Op::Union(at) => {
                let branch = self.out.program.unions[at as usize].by_shape(shape)?;
                Ok(self.branch(at, branch))
            }
            _ => Ok(self),
        }
    }

    /// Goes on in the branch that is called so, else in the one for the shape.
    fn resolve_union_by_name(self, name: &str, shape: Shape) -> Result<Self, EncodeError> {
        match *self.op {
            Op::Union(at) => match self.out.program.unions[at as usize].by_name(self.out.program, name) {
                Some(branch) => Ok(self.branch(at, branch)),
                None => self.resolve_union(shape),
            },
            _ => Ok(self),
        }
    }

    /// A whole number that was not what the schema has first of all.
    #[inline(never)]
    fn whole(self, value: i128, shape: Shape, found: &'static str) -> Result<(), EncodeError> {
        let this = self.resolve_union(shape)?;
        match *this.op {
            Op::Int(_) => this.out.long(i64::from(in_range::<i32>(value)?)),
            Op::Long(_) => this.out.long(in_range(value)?),
            // Every number of this shape has an exact double.
            Op::Double if shape == Shape::Int => this.out.array(f64::from(in_range::<i32>(value)?).to_le_bytes()),
            Op::Byte => this.out.byte(in_range(value)?),
            Op::DurationPart => this.out.array(in_range::<u32>(value)?.to_le_bytes()),
            Op::Bytes(Logical::Decimal(_)) if shape == Shape::Wide => {
                this.out.bytes(text::shortest(&value.to_be_bytes()));
            }
            Op::Fixed(at) if shape == Shape::Wide => {
                let fixed = &this.out.program.fixed[at as usize];
                if !matches!(fixed.logical, Logical::Decimal(_)) {
                    return Err(EncodeError::mismatch(found, "fixed"));
                }
                let wide = fixed.widened(&value.to_be_bytes());
                this.out.raw(&wide.ok_or_else(|| range("the number does not fit the schema's fixed type"))?);
            }
            op => return Err(EncodeError::mismatch(found, type_name(op))),
        }
        Ok(())
    }

    /// A text where the schema has no string: a symbol, or a logical type in words.
    #[inline(never)]
    fn text(self, value: &str, found: &'static str) -> Result<(), EncodeError> {
        if let Op::Union(at) = *self.op {
            let union = &self.out.program.unions[at as usize];
            let shaped = union.by_shape(Shape::Text)?;
            let at_string = matches!(union.branches[shaped], Op::String(_));
            let by_symbol = (!at_string).then(|| union.by_symbol(self.out.program, value)).flatten();
            return self.branch(at, by_symbol.unwrap_or(shaped)).text(value, found);
        }
        let unreadable = || range("the text is not valid for the schema's logical type");
        match *self.op {
            Op::String(_) => self.out.bytes(value.as_bytes()),
            Op::Enum(at) => {
                let kind = &self.out.program.enums[at as usize];
                let symbol = kind.symbols.iter().position(|name| *name.text == *value);
                self.out.length(symbol.ok_or_else(|| unknown_symbol(value))?);
            }
            Op::Int(logical) if logical != Logical::Plain => {
                let number = text::parse_number(value, logical).ok_or_else(unreadable)?;
                self.out.long(i64::from(i32::try_from(number).map_err(|_| unreadable())?));
            }
            Op::Long(logical) if logical != Logical::Plain => {
                self.out.long(text::parse_number(value, logical).ok_or_else(unreadable)?);
            }
            Op::Bytes(Logical::Decimal(scale)) => {
                self.out.bytes(&text::parse_decimal(value, scale).ok_or_else(unreadable)?);
            }
            Op::Fixed(at) => {
                let fixed = &self.out.program.fixed[at as usize];
                match fixed.logical {
                    Logical::Decimal(scale) => {
                        let number = text::parse_decimal(value, scale).ok_or_else(unreadable)?;
                        self.out.raw(&fixed.widened(&number).ok_or_else(unreadable)?);
                    }
                    Logical::Uuid => self.out.raw(&text::parse_uuid(value).ok_or_else(unreadable)?),
                    _ => return Err(EncodeError::mismatch(found, "fixed")),
                }
            }
            op => return Err(EncodeError::mismatch(found, type_name(op))),
        }
        Ok(())
    }

    fn symbol(self, index: u32, variant: &'static str) -> Result<(), EncodeError> {
        match *self.op {
            Op::Enum(at) => {
                let symbols = &self.out.program.enums[at as usize].symbols;
                // Most enums have their symbols in the same order on both sides.
                let place = symbols.get(index as usize).filter(|name| name.is(variant)).map(|_| index as usize);
                let place = place.or_else(|| symbols.iter().position(|name| *name.text == *variant));
                self.out.length(place.ok_or_else(|| unknown_symbol(variant))?);
                Ok(())
            }
            Op::Union(at) => {
                let union = &self.out.program.unions[at as usize];
                if let Some(branch) = union.by_symbol(self.out.program, variant) {
                    return self.branch(at, branch).symbol(index, variant);
                }
                match union.by_name(self.out.program, variant) {
                    Some(branch) if union.branches[branch] == Op::Null => {
                        self.out.length(branch);
                        Ok(())
                    }
                    Some(branch) => self.branch(at, branch).unit_struct(),
                    None => self.text(variant, "a unit variant"),
                }
            }
            _ => self.text(variant, "a unit variant"),
        }
    }

    /// A struct without fields, where the schema has a record without any, or only with defaults.
    fn unit_struct(self) -> Result<(), EncodeError> {
        match *self.op {
            Op::Record(at) => Fields::new(self.out, at)?.finish(),
            op => Err(EncodeError::mismatch("a unit", type_name(op))),
        }
    }

    /// The branch that a variant with something inside stands for.
    fn variant(self, index: u32, variant: &'static str) -> Result<Self, EncodeError> {
        let Op::Union(at) = *self.op else { return Err(EncodeError::mismatch("a variant", type_name(*self.op))) };
        let union = &self.out.program.unions[at as usize];
        let by_place = || (index as usize) < union.branches.len();
        match union.by_name(self.out.program, variant) {
            Some(branch) => Ok(self.branch(at, branch)),
            None if by_place() => Ok(self.branch(at, index as usize)),
            None => {
                let message = Message::Named("no branch of the schema's union has the name", variant.into());
                Err(EncodeError::new(EncodeErrorKind::Branch, message))
            }
        }
    }
}

#[cold]
fn range(what: &'static str) -> EncodeError {
    EncodeError::new(EncodeErrorKind::Range, Message::Static(what))
}

#[cold]
fn unknown_symbol(symbol: &str) -> EncodeError {
    EncodeError::new(EncodeErrorKind::Symbol, Message::Named("the schema's enum has no symbol", symbol.into()))
}

fn in_range<T: TryFrom<i128>>(value: i128) -> Result<T, EncodeError> {
    T::try_from(value).map_err(|_| range("the number is out of range for the schema's type"))
}

/// Numbers of one shape, with the operations that take them as they are.
macro_rules! whole {
    ($($method:ident $kind:ty, $shape:ident, $found:literal;)*) => {
        $(
            #[inline(always)]
            fn $method(self, value: $kind) -> Result<(), EncodeError> {
                match *self.op {
                    Op::Long(_) => self.out.long(i64::from(value)),
                    _ => return self.whole(i128::from(value), Shape::$shape, $found),
                }
                Ok(())
            }
        )*
    };
}

impl<'a, 'o> Serializer for DatumSerializer<'a, 'o> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'a, 'o>;
    type SerializeTuple = Compound<'a, 'o>;
    type SerializeTupleStruct = Compound<'a, 'o>;
    type SerializeTupleVariant = Compound<'a, 'o>;
    type SerializeMap = Compound<'a, 'o>;
    type SerializeStruct = Fields<'a, 'o>;
    type SerializeStructVariant = Fields<'a, 'o>;

    #[inline(always)]
    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        let this = self.resolve_union(Shape::Boolean)?;
        match *this.op {
            Op::Boolean => this.out.byte(u8::from(value)),
            op => return Err(EncodeError::mismatch("a boolean", type_name(op))),
        }
        Ok(())
    }

    whole! {
        serialize_i8 i8, Int, "an integer";
        serialize_i16 i16, Int, "an integer";
        serialize_u16 u16, Int, "an integer";
        serialize_i64 i64, Long, "an integer";
        serialize_u32 u32, Long, "an integer";
    }

    #[inline(always)]
    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        match *self.op {
            Op::Byte => self.out.byte(value),
            _ => return self.whole(i128::from(value), Shape::Int, "an integer"),
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        match *self.op {
            Op::Int(_) | Op::Long(_) => self.out.long(i64::from(value)),
            _ => return self.whole(i128::from(value), Shape::Int, "an integer"),
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        match (*self.op, i64::try_from(value)) {
            (Op::Long(_), Ok(value)) => self.out.long(value),
            _ => return self.whole(i128::from(value), Shape::Long, "an integer"),
        }
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        self.whole(value, Shape::Wide, "an integer of 128 bits")
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        let value = i128::try_from(value).map_err(|_| range("the number has more than 127 bits"))?;
        self.serialize_i128(value)
    }

    #[inline(always)]
    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        let this = self.resolve_union(Shape::Float)?;
        match *this.op {
            Op::Float => this.out.array(value.to_le_bytes()),
            Op::Double => this.out.array(f64::from(value).to_le_bytes()),
            op => return Err(EncodeError::mismatch("a float", type_name(op))),
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        let this = self.resolve_union(Shape::Double)?;
        match *this.op {
            Op::Double => this.out.array(value.to_le_bytes()),
            op => return Err(EncodeError::mismatch("a double", type_name(op))),
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline(always)]
    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        match *self.op {
            Op::String(_) => self.out.bytes(value.as_bytes()),
            _ => return self.text(value, "a string"),
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        let this = self.resolve_union(Shape::Bytes)?;
        match *this.op {
            Op::Bytes(_) => this.out.bytes(value),
            Op::Fixed(at) if this.out.program.fixed[at as usize].size == value.len() => this.out.raw(value),
            Op::Fixed(at) if let Some(wide) = this.out.program.fixed[at as usize].widened(value) => this.out.raw(&wide),
            Op::Fixed(_) => return Err(range("the number of bytes differs from the size of the schema's fixed type")),
            Op::String(Logical::Uuid) if let Some(uuid) = text::format_uuid(value) => this.out.bytes(uuid.as_bytes()),
            op => return Err(EncodeError::mismatch("bytes", type_name(op))),
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_none(self) -> Result<(), EncodeError> {
        let this = self.resolve_union(Shape::Unit)?;
        match *this.op {
            Op::Null => Ok(()),
            op => Err(EncodeError::mismatch("`None`", type_name(op))),
        }
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        match *self.op {
            Op::Union(at) => match self.out.program.unions[at as usize].some {
                Some(branch) => value.serialize(self.branch(at, branch)),
                None => value.serialize(self),
            },
            _ => value.serialize(self),
        }
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), EncodeError> {
        match self.resolve_union_by_name(name, Shape::Unit)? {
            this @ DatumSerializer { op: Op::Record(_), .. } => this.unit_struct(),
            this => this.serialize_none(),
        }
    }

    #[inline(always)]
    fn serialize_unit_variant(self, _: &'static str, index: u32, variant: &'static str) -> Result<(), EncodeError> {
        self.symbol(index, variant)
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self.variant(index, variant)?)
    }

    #[inline(always)]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        let this = self.resolve_union(Shape::Sequence)?;
        let head = length.map_or(Head::Unknown, Head::Counted);
        match *this.op {
            Op::Array(at) => Ok(Compound::Items(Items::of_list(this.out, at, head)?)),
            Op::Bytes(_) => Ok(Compound::Items(Items::of_bytes(this.out, head)?)),
            Op::Fixed(at) => Ok(Compound::Items(Items::of_fixed(this.out, at, head)?)),
            Op::Record(at) => Ok(Compound::Fields(Fields::new(this.out, at)?)),
            op => Err(EncodeError::mismatch("a sequence", type_name(op))),
        }
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, EncodeError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeSeq, EncodeError> {
        self.resolve_union_by_name(name, Shape::Sequence)?.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        self.variant(index, variant)?.serialize_seq(Some(length))
    }

    #[inline(always)]
    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        let this = self.resolve_union(Shape::Map)?;
        let head = length.map_or(Head::Unknown, Head::Counted);
        match *this.op {
            Op::Map(at) => Ok(Compound::Items(Items::of_list(this.out, at, head)?)),
            Op::Record(at) => Ok(Compound::Fields(Fields::new(this.out, at)?)),
            op => Err(EncodeError::mismatch("a map", type_name(op))),
        }
    }

    #[inline(always)]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, EncodeError> {
        let this = match *self.op {
            Op::Union(_) => self.resolve_union_by_name(name, Shape::Struct)?,
            _ => self,
        };
        match *this.op {
            Op::Record(at) => Fields::new(this.out, at),
            Op::Map(at) => Fields::of_map(this.out, at),
            op => Err(EncodeError::mismatch("a struct", type_name(op))),
        }
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        self.variant(index, variant)?.serialize_struct(name, length)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        use std::fmt::Write;
        if !matches!(self.op, Op::String(_)) {
            return self.serialize_str(&value.to_string());
        }
        let from = self.out.at();
        self.out.length(0);
        let mut count = 0;
        let mut writer = Counted { out: self.out, count: &mut count };
        write!(writer, "{value}").map_err(|_| EncodeError::custom("the value cannot be printed"))?;
        if count > 0 {
            self.out.recount(from, 1, count);
        }
        Ok(())
    }
}

/// Text that is written straight into the record, and counted.
struct Counted<'c, 'o> {
    out: &'c mut Output<'o>,
    count: &'c mut usize,
}

impl std::fmt::Write for Counted<'_, '_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.out.raw(text.as_bytes());
        *self.count += text.len();
        Ok(())
    }
}
