//! The branch of a union that a value selects.

use super::program::{Op, Program};
use crate::codec::branch_names;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};
use crate::codec::logical::Logical;

/// The serde data model type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Unit,
    Boolean,
    /// At most 32 bits with a sign.
    Int,
    /// A larger number, or one that may be.
    Long,
    Float,
    Double,
    /// More than 64 bits.
    Wide,
    Text,
    Bytes,
    Sequence,
    Map,
    Struct,
}

const SHAPES: usize = Shape::Struct as usize + 1;

#[derive(Debug, Default)]
pub(super) struct Union {
    pub(super) branches: Vec<Op>,
    /// The branch that holds something, where there is one only.
    pub(super) some: Option<usize>,
    /// For each shape the branch that it means.
    by_shape: [Option<usize>; SHAPES],
}

impl Union {
    pub(super) fn new(branches: Vec<Op>, program: &Program) -> Self {
        let null = branches.iter().position(|op| *op == Op::Null);
        let mut others = (0..branches.len()).filter(|at| Some(*at) != null);
        let some = match (others.next(), others.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        };
        let find = |wanted: &dyn Fn(Op) -> bool| branches.iter().position(|op| wanted(*op));
        // A logical type that is written in words stands behind a true string.
        let as_text = |op| match op {
            Op::Int(logical) | Op::Long(logical) | Op::Bytes(logical) => logical != Logical::Plain,
            Op::Fixed(at) => matches!(program.fixed[at as usize].logical, Logical::Uuid | Logical::Decimal(_)),
            _ => false,
        };
        let is_int = |op| matches!(op, Op::Int(_));
        let is_long = |op| matches!(op, Op::Long(_));
        let is_fixed = |op| matches!(op, Op::Fixed(_));
        let is_bytes = |op| matches!(op, Op::Bytes(_));
        let is_decimal = |op| match op {
            Op::Bytes(Logical::Decimal(_)) => true,
            Op::Fixed(at) => matches!(program.fixed[at as usize].logical, Logical::Decimal(_)),
            _ => false,
        };
        let is_record = |op| matches!(op, Op::Record(_));
        let is_array = |op| matches!(op, Op::Array(_));
        let is_map = |op| matches!(op, Op::Map(_));
        let only_record = find(&is_record).filter(|_| branches.iter().filter(|op| is_record(**op)).count() == 1);
        let by_shape = [
            null,
            find(&|op| op == Op::Boolean),
            find(&is_int).or(find(&is_long)).or(find(&|op| op == Op::Double)),
            find(&is_long).or(find(&is_int)),
            find(&|op| op == Op::Float).or(find(&|op| op == Op::Double)),
            find(&|op| op == Op::Double),
            find(&is_decimal).or(find(&is_long)),
            find(&|op| matches!(op, Op::String(_))).or(find(&|op| matches!(op, Op::Enum(_)))).or(find(&as_text)),
            find(&is_bytes).or(find(&is_fixed)).or(find(&|op| matches!(op, Op::String(Logical::Uuid)))),
            find(&is_array).or(find(&is_bytes)).or(find(&is_fixed)).or(only_record),
            find(&is_map).or(only_record),
            only_record.or(find(&is_map)),
        ];
        Self { branches, some, by_shape }
    }

    pub(super) fn by_shape(&self, shape: Shape) -> Result<usize, EncodeError> {
        self.by_shape[shape as usize].ok_or_else(|| {
            let message = Message::Static("no branch of the schema's union matches the type of the value");
            EncodeError::new(EncodeErrorKind::Branch, message)
        })
    }

    /// The branch for a struct or a variant: the one that is called so.
    pub(super) fn by_name(&self, program: &Program, name: &str) -> Option<usize> {
        self.branches.iter().position(|op| branch_names::is_branch(name, program.name_of(*op)))
    }

    /// The branch for a symbol.
    pub(super) fn by_symbol(&self, program: &Program, symbol: &str) -> Option<usize> {
        let has_symbol = |op: &Op| match op {
            Op::Enum(at) => program.enums[*at as usize].symbols.iter().any(|name| *name.text == *symbol),
            _ => false,
        };
        self.branches.iter().position(has_symbol)
    }
}
