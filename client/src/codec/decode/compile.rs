//! From schemas, or a resolution of two, to a program.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use avow_avro::{Action, ActionId, Resolution, Schema, Step as Resolved, Type, TypeId};
use avow_budget::Budget;

use super::program::{Branch, Enum, Fixed, List, Op, Program, Record, Step};
use crate::codec::error::PlanError;
use crate::codec::logical::Logical;

impl Program {
    /// Compiles how `writer`'s data are decoded as themselves.
    pub(super) fn of_writer(writer: &Schema, budget: &Budget) -> Result<Self, PlanError> {
        Compiler::new(writer, writer, None, budget).run(Source::Reader(writer.root_type()))
    }

    /// Compiles how `writer`'s data are decoded as `reader`'s.
    pub(super) fn of_pair(
        writer: &Schema,
        reader: &Schema,
        resolution: &Resolution<'_>,
        budget: &Budget,
    ) -> Result<Self, PlanError> {
        let Ok(root) = resolution.root() else { return Err(PlanError::too_large()) };
        Compiler::new(writer, reader, Some(resolution), budget).run(Source::Action(root))
    }
}

/// The source of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    /// Two types that were resolved.
    Action(ActionId),
    /// A type of the writer's, only to be skipped.
    Writer(TypeId),
    /// A type of the reader's as itself, for defaults.
    Reader(TypeId),
}

struct Compiler<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    resolution: Option<&'s Resolution<'s>>,
    budget: &'s Budget,
    program: Program,
    known: HashMap<Source, Op>,
    /// Containers with an index whose table entry is still empty.
    pending: Vec<(Source, Op)>,
}

impl<'s> Compiler<'s> {
    fn new(writer: &'s Schema, reader: &'s Schema, resolution: Option<&'s Resolution<'s>>, budget: &'s Budget) -> Self {
        let program = Program::default();
        Self { writer, reader, resolution, budget, program, known: HashMap::new(), pending: Vec::new() }
    }

    fn run(mut self, root: Source) -> Result<Program, PlanError> {
        self.program.root = self.op(root)?;
        while let Some((source, op)) = self.pending.pop() {
            match source {
                Source::Action(id) => self.fill_resolved(self.action(id)?, op)?,
                Source::Writer(id) => self.fill(self.writer, id, op, Source::Writer)?,
                Source::Reader(id) => self.fill(self.reader, id, op, Source::Reader)?,
            }
        }
        self.program.bound();
        Ok(self.program)
    }

    fn action(&self, id: ActionId) -> Result<&'s Action, PlanError> {
        let action = self.resolution.and_then(|resolution| resolution.action(id));
        action.ok_or_else(PlanError::too_large)
    }

    /// The operation for a source; the content of a container is compiled later.
    fn op(&mut self, source: Source) -> Result<Op, PlanError> {
        self.budget.step()?;
        if let Some(op) = self.known.get(&source) {
            return Ok(*op);
        }
        let op = match source {
            Source::Writer(id) => self.reserve(self.writer, id, source)?,
            Source::Reader(id) => self.reserve(self.reader, id, source)?,
            Source::Action(id) => {
                let action = self.action(id)?;
                match &action.step {
                    Resolved::Error(error) => {
                        self.program.errors.push(error.to_string().into());
                        Op::Error(index(self.program.errors.len() - 1)?)
                    }
                    Resolved::Branch { .. } => {
                        let branch = self.branch(source)?;
                        self.program.branches.push(branch);
                        Op::Branch(index(self.program.branches.len() - 1)?)
                    }
                    Resolved::Branches(_) => {
                        self.program.unions.push(Vec::new());
                        self.later(source, Op::Union(index(self.program.unions.len() - 1)?))
                    }
                    Resolved::Read => self.read(action)?,
                    Resolved::Enum(_) | Resolved::Items(_) | Resolved::Record { .. } => {
                        self.reserve(self.reader, action.reader, source)?
                    }
                }
            }
        };
        self.known.insert(source, op);
        Ok(op)
    }

    fn later(&mut self, source: Source, op: Op) -> Op {
        self.pending.push((source, op));
        op
    }

    /// A primitive or fixed type, perhaps promoted.
    fn read(&mut self, action: &Action) -> Result<Op, PlanError> {
        let logical = Logical::of(self.reader, action.reader);
        Ok(match (self.writer.type_of(action.writer), self.reader.type_of(action.reader)) {
            (Type::Int, Type::Long) => Op::IntAsLong(logical),
            (Type::Int, Type::Float) => Op::IntAsFloat,
            (Type::Int, Type::Double) => Op::IntAsDouble,
            (Type::Long, Type::Float) => Op::LongAsFloat,
            (Type::Long, Type::Double) => Op::LongAsDouble,
            (Type::Float, Type::Double) => Op::FloatAsDouble,
            (Type::Bytes, Type::String) => Op::BytesAsString(logical),
            (Type::String, Type::Bytes) => Op::StringAsBytes(logical),
            _ => self.op(Source::Reader(action.reader))?,
        })
    }

    /// The operation for a type read as itself, with an empty table entry.
    fn reserve(&mut self, schema: &Schema, id: TypeId, source: Source) -> Result<Op, PlanError> {
        let name = || Arc::from(schema.name_of(id));
        let logical = Logical::of(schema, id);
        let program = &mut self.program;
        Ok(match schema.type_of(id) {
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
                Op::Fixed(index(program.fixed.len() - 1)?)
            }
            Type::Enum(symbols) => {
                let symbols = symbols.iter().map(|symbol| Arc::from(symbol.as_str())).collect();
                program.enums.push(Enum { name: name(), symbols, mapping: Vec::new() });
                let op = Op::Enum(index(program.enums.len() - 1)?);
                self.later(source, op)
            }
            kind @ (Type::Array(_) | Type::Map(_)) => {
                let is_map = matches!(kind, Type::Map(_));
                program.lists.push(List { item: Op::Null, width: usize::from(is_map) });
                let at = index(program.lists.len() - 1)?;
                self.later(source, if is_map { Op::Map(at) } else { Op::Array(at) })
            }
            Type::Record(members) => {
                let fields = members.iter().map(|member| Arc::from(member.name)).collect();
                program.records.push(Record {
                    name: name(),
                    steps: Vec::new(),
                    fields,
                    seen: AtomicUsize::new(0),
                    is_recursive: false,
                    zero_width_fields: 0,
                    #[cfg(feature = "apache-avro")]
                    name_bytes: members.iter().map(|member| member.name.len()).sum(),
                });
                let op = Op::Record(index(program.records.len() - 1)?);
                self.later(source, op)
            }
            Type::Union(_) => {
                program.unions.push(Vec::new());
                let op = Op::Union(index(program.unions.len() - 1)?);
                self.later(source, op)
            }
        })
    }

    /// Fills the table entry of a container that is read as itself.
    fn fill(&mut self, schema: &Schema, id: TypeId, op: Op, source: fn(TypeId) -> Source) -> Result<(), PlanError> {
        match (op, schema.type_of(id)) {
            (Op::Enum(at), Type::Enum(symbols)) => {
                let mapping = (0..symbols.len()).map(|place| index(place).map(Some)).collect::<Result<_, _>>()?;
                self.program.enums[at as usize].mapping = mapping;
            }
            (Op::Array(at) | Op::Map(at), Type::Array(item) | Type::Map(item)) => {
                self.program.lists[at as usize].item = self.op(source(item))?;
            }
            (Op::Record(at), Type::Record(members)) => {
                let mut steps = Vec::with_capacity(members.len());
                for (field, member) in members.iter().enumerate() {
                    let op = self.op(source(member.kind))?;
                    steps.push(Step::Read { op, name: self.name(at, field) });
                }
                self.program.records[at as usize].steps = steps;
            }
            (Op::Union(at), Type::Union(branches)) => {
                let mut filled = Vec::with_capacity(branches.len());
                for place in 0..branches.len() {
                    let op = self.op(source(branches[place]))?;
                    filled.push(self.branch_of(schema, branches, place, op)?);
                }
                self.program.unions[at as usize] = filled;
            }
            _ => {}
        }
        Ok(())
    }

    /// Fills the table entry of a container with resolved content.
    fn fill_resolved(&mut self, action: &'s Action, op: Op) -> Result<(), PlanError> {
        match (op, &action.step) {
            (Op::Enum(at), Resolved::Enum(mapping)) => {
                let place = |place: &Option<usize>| place.map(index).transpose();
                self.program.enums[at as usize].mapping = mapping.iter().map(place).collect::<Result<_, _>>()?;
            }
            (Op::Array(at) | Op::Map(at), Resolved::Items(item)) => {
                self.program.lists[at as usize].item = self.op(Source::Action(*item))?;
            }
            (Op::Union(at), Resolved::Branches(branches)) => {
                let branches = branches.iter().map(|branch| self.branch(Source::Action(*branch)));
                self.program.unions[at as usize] = branches.collect::<Result<_, _>>()?;
            }
            (Op::Record(at), Resolved::Record { fields, defaults }) => {
                let (Type::Record(written), Type::Record(read)) =
                    (self.writer.type_of(action.writer), self.reader.type_of(action.reader))
                else {
                    return Ok(());
                };
                let mut steps = Vec::with_capacity(fields.len() + defaults.len());
                for (member, field) in written.iter().zip(fields) {
                    steps.push(match field {
                        Some((field, id)) => {
                            let op = self.op(Source::Action(*id))?;
                            Step::Read { op, name: self.name(at, *field) }
                        }
                        None => Step::Skip(self.op(Source::Writer(member.kind))?),
                    });
                }
                for (field, datum) in defaults {
                    let op = self.op(Source::Reader(read[*field].kind))?;
                    let datum = datum.as_deref().ok_or_else(PlanError::too_large)?.into();
                    steps.push(Step::Default { op, name: self.name(at, *field), datum });
                }
                self.program.records[at as usize].steps = steps;
            }
            _ => {}
        }
        Ok(())
    }

    fn name(&self, record: u32, field: usize) -> Arc<str> {
        Arc::clone(&self.program.records[record as usize].fields[field])
    }

    fn branch(&mut self, source: Source) -> Result<Branch, PlanError> {
        if let Source::Action(id) = source {
            let action = self.action(id)?;
            if let (Resolved::Branch { at, inner }, Type::Union(branches)) =
                (&action.step, self.reader.type_of(action.reader))
            {
                let op = self.op(Source::Action(*inner))?;
                return self.branch_of(self.reader, branches, *at, op);
            }
        }
        let op = self.op(source)?;
        Ok(Branch { op, named: op, of: None })
    }

    /// A branch of the reader's union.
    fn branch_of(&mut self, schema: &Schema, branches: &[TypeId], at: usize, op: Op) -> Result<Branch, PlanError> {
        let of = Some((index(at)?, index(branches.len())?));
        // Null at most once: with three branches two hold something.
        let holds_something = |branch: &&TypeId| schema.type_of(**branch) != Type::Null;
        let mut branch = Branch { op, named: op, of };
        if branches.iter().take(3).filter(holds_something).count() > 1 {
            self.program.branches.push(branch);
            branch.named = Op::Branch(index(self.program.branches.len() - 1)?);
        }
        Ok(branch)
    }
}

fn index(at: usize) -> Result<u32, PlanError> {
    u32::try_from(at).map_err(|_| PlanError::too_large())
}
