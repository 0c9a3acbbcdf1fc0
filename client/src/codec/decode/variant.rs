//! Enums of Rust: the symbols of an Avro enum, or the branches of a union.

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, EnumAccess, Error, VariantAccess, Visitor};

use super::de::{DatumDeserializer, name};
use super::input::Input;
use super::program::{Op, Program};
use crate::codec::branch_names;
use crate::codec::error::DecodeError;

pub(super) fn visit<'de, V: Visitor<'de>>(
    input: &mut Input<'de>,
    op: &'de Op,
    variants: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, DecodeError> {
    let program = input.program;
    let union = op;
    let op = match *op {
        Op::Union(at) => &input.branch(at)?.named,
        _ => op,
    };
    let (op, of) = match *op {
        Op::Branch(at) => {
            let branch = &program.branches[at as usize];
            (&branch.op, branch.of)
        }
        _ => (op, None),
    };
    if let Op::Error(at) = *op {
        return Err(input.does_not_fit(at));
    }
    let branch_name = program.name_of(*op);
    if let Some(variant) = variants.iter().find(|variant| branch_names::is_branch(variant, branch_name))
        // A union of one enum and null is that enum, whatever its symbols are called.
        && (of.is_some() || !matches!(op, Op::Enum(_)))
    {
        return visitor.visit_enum(Branch { de: DatumDeserializer { input, op }, variant });
    }
    // Where no variant is called like a branch, the variants are the branches in order.
    if let Some((at, count)) = of
        && count as usize == variants.len()
        && !is_named_otherwise(program, *union, *op, variants)
    {
        let variant = variants[at as usize];
        return visitor.visit_enum(Branch { de: DatumDeserializer { input, op }, variant });
    }
    match *op {
        Op::Enum(at) => visitor.visit_enum(name(input.symbol(at)?)),
        Op::String(_) | Op::BytesAsString(_) => visitor.visit_enum(name(input.text()?)),
        _ => Err(DecodeError::unknown_variant(branch_name, variants)),
    }
}

/// Whether some variant has the name of a branch of the union or of a symbol of the enum.
fn is_named_otherwise(program: &Program, union: Op, op: Op, variants: &[&str]) -> bool {
    let branches: &[_] = match union {
        Op::Union(at) => &program.unions[at as usize],
        _ => &[],
    };
    let is_branch =
        |variant: &&str| branches.iter().any(|branch| branch_names::is_branch(variant, program.name_of(branch.op)));
    let is_symbol = |variant: &&str| match op {
        Op::Enum(at) => program.enums[at as usize].symbols.iter().any(|symbol| **symbol == **variant),
        _ => false,
    };
    variants.iter().any(|variant| is_branch(variant) || is_symbol(variant))
}

/// A branch of a union as a variant.
struct Branch<'a, 'de> {
    de: DatumDeserializer<'a, 'de>,
    variant: &'static str,
}

impl<'a, 'de> EnumAccess<'de> for Branch<'a, 'de> {
    type Error = DecodeError;
    type Variant = Inside<'a, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), DecodeError> {
        Ok((seed.deserialize(name(self.variant))?, Inside(self.de)))
    }
}

/// The content of a variant.
struct Inside<'a, 'de>(DatumDeserializer<'a, 'de>);

impl<'de> VariantAccess<'de> for Inside<'_, 'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        self.0.input.skip(*self.0.op)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.0.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.0.deserialize_struct("", fields, visitor)
    }
}
