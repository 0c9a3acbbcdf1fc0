//! A writer's schema as a flat program for encoding.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use avow_avro::{Schema, Type, TypeId};

use super::union::Union;
use crate::codec::error::{PlanError, PlanReason};
use crate::codec::logical::Logical;
use crate::codec::text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codec) enum Op {
    Null,
    Boolean,
    Int(Logical),
    Long(Logical),
    Float,
    Double,
    Bytes(Logical),
    String(Logical),
    Fixed(u32),
    Enum(u32),
    Array(u32),
    Map(u32),
    Record(u32),
    Union(u32),
    /// A byte of a bytes or fixed that serde passes as a sequence of numbers.
    Byte,
    /// A part of a duration: months, days or milliseconds.
    DurationPart,
}

#[derive(Debug, Default)]
pub(in crate::codec) struct Program {
    pub(super) fixed: Vec<Fixed>,
    pub(super) enums: Vec<Enum>,
    /// The items of arrays and the values of maps.
    pub(super) items: Vec<Op>,
    pub(super) records: Vec<Record>,
    pub(super) unions: Vec<Union>,
    /// Fields of a value that the schema lacks are skipped instead of an error.
    pub(super) ignores_unknown_fields: bool,
}

#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) name: Arc<str>,
    pub(super) size: usize,
    pub(super) logical: Logical,
}

impl Fixed {
    /// The bytes of a number as long as this type; `None` when this is no decimal, or the number is longer.
    pub(super) fn widened(&self, number: &[u8]) -> Option<Vec<u8>> {
        matches!(self.logical, Logical::Decimal(_)).then(|| text::widened(number, self.size)).flatten()
    }
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Arc<str>,
    pub(super) symbols: Vec<Name>,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: Arc<str>,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Name,
    pub(super) op: Op,
    /// The encoded default, written when the value lacks the field.
    pub(super) default: Option<Box<[u8]>>,
}

/// A name of the schema, with the address of an equal Rust field name.
///
/// Names in programs never move and never change, so after the first record one comparison of addresses is enough.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: Arc<str>,
    seen: AtomicUsize,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), seen: AtomicUsize::new(0) }
    }

    #[inline]
    pub(super) fn is(&self, name: &'static str) -> bool {
        let is_seen = self.seen.load(Relaxed) == name.as_ptr().addr() && name.len() == self.text.len();
        is_seen || self.compare(name)
    }

    #[inline(never)]
    fn compare(&self, name: &'static str) -> bool {
        let is_same = *self.text == *name;
        // The first type keeps the slot, so that types that share a plan do not overwrite each other.
        if is_same && self.seen.load(Relaxed) == 0 {
            self.seen.store(name.as_ptr().addr(), Relaxed);
        }
        is_same
    }
}

impl Program {
    /// Compiles a schema; returns the operation for its outermost type.
    pub(super) fn new(schema: &Schema) -> Result<(Self, Op), PlanError> {
        let mut compiler = Compiler { schema, program: Self::default(), known: HashMap::new(), pending: Vec::new() };
        let root = compiler.op(schema.root_type())?;
        while let Some((id, op)) = compiler.pending.pop() {
            compiler.fill(id, op)?;
        }
        Ok((compiler.program, root))
    }

    /// The branch name of a type in a union.
    pub(super) fn name_of(&self, op: Op) -> &str {
        match op {
            Op::Fixed(at) => &self.fixed[at as usize].name,
            Op::Enum(at) => &self.enums[at as usize].name,
            Op::Record(at) => &self.records[at as usize].name,
            Op::Byte | Op::DurationPart => "int",
            _ => type_name(op),
        }
    }
}

/// The name of a type in Avro.
pub(super) fn type_name(op: Op) -> &'static str {
    match op {
        Op::Null => "null",
        Op::Boolean => "boolean",
        Op::Int(_) => "int",
        Op::Long(_) => "long",
        Op::Float => "float",
        Op::Double => "double",
        Op::Bytes(_) => "bytes",
        Op::String(_) => "string",
        Op::Array(_) => "array",
        Op::Map(_) => "map",
        Op::Union(_) => "union",
        Op::Fixed(_) => "fixed",
        Op::Enum(_) => "enum",
        Op::Record(_) => "record",
        Op::Byte => "byte of bytes or fixed",
        Op::DurationPart => "part of a duration",
    }
}

struct Compiler<'s> {
    schema: &'s Schema,
    program: Program,
    known: HashMap<TypeId, Op>,
    /// Containers with an index whose table entry is still empty.
    pending: Vec<(TypeId, Op)>,
}

impl Compiler<'_> {
    fn op(&mut self, id: TypeId) -> Result<Op, PlanError> {
        if let Some(op) = self.known.get(&id) {
            return Ok(*op);
        }
        let schema = self.schema;
        let name = || Arc::from(schema.name_of(id));
        let logical = Logical::of(schema, id);
        let program = &mut self.program;
        let op = match schema.type_of(id) {
            Type::Null => Op::Null,
            Type::Boolean => Op::Boolean,
            Type::Int => Op::Int(logical),
            Type::Long => Op::Long(logical),
            Type::Float => Op::Float,
            Type::Double => Op::Double,
            Type::Bytes => Op::Bytes(logical),
            Type::String => Op::String(logical),
            Type::Fixed(size) => {
                program.fixed.push(Fixed { name: name(), size: size as usize, logical });
                Op::Fixed(last(program.fixed.len())?)
            }
            Type::Enum(symbols) => {
                let symbols = symbols.iter().map(|symbol| Name::new(symbol)).collect();
                program.enums.push(Enum { name: name(), symbols });
                Op::Enum(last(program.enums.len())?)
            }
            Type::Array(_) => {
                program.items.push(Op::Null);
                Op::Array(last(program.items.len())?)
            }
            Type::Map(_) => {
                program.items.push(Op::Null);
                Op::Map(last(program.items.len())?)
            }
            Type::Record(_) => {
                program.records.push(Record { name: name(), fields: Vec::new() });
                Op::Record(last(program.records.len())?)
            }
            Type::Union(_) => {
                program.unions.push(Union::default());
                Op::Union(last(program.unions.len())?)
            }
        };
        if matches!(op, Op::Array(_) | Op::Map(_) | Op::Record(_) | Op::Union(_)) {
            self.pending.push((id, op));
        }
        self.known.insert(id, op);
        Ok(op)
    }

    fn fill(&mut self, id: TypeId, op: Op) -> Result<(), PlanError> {
        match (op, self.schema.type_of(id)) {
            (Op::Array(at) | Op::Map(at), Type::Array(item) | Type::Map(item)) => {
                self.program.items[at as usize] = self.op(item)?;
            }
            (Op::Record(at), Type::Record(members)) => {
                let mut fields = Vec::with_capacity(members.len());
                for (field, member) in members.iter().enumerate() {
                    let default = self.schema.default_of(id, field).map(Into::into);
                    fields.push(Field { name: Name::new(member.name), op: self.op(member.kind)?, default });
                }
                self.program.records[at as usize].fields = fields;
            }
            (Op::Union(at), Type::Union(branches)) => {
                let ops = branches.iter().map(|branch| self.op(*branch)).collect::<Result<Vec<_>, _>>()?;
                self.program.unions[at as usize] = Union::new(ops, &self.program);
            }
            _ => {}
        }
        Ok(())
    }
}

fn last(length: usize) -> Result<u32, PlanError> {
    u32::try_from(length - 1).map_err(|_| PlanError { reason: PlanReason::TooLarge })
}
