//! A resolution as a flat program: steps that are copied, containers behind indices.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use avow_avro::{Action, ActionId, Resolution, Schema, Step as Resolved, Type, TypeId};

use crate::codec::error::{PlanError, PlanReason};
use crate::codec::meaning::Meaning;

/// What to do with the next bytes; the index of a container leads into its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::codec) enum Op {
    #[default]
    Null,
    Boolean,
    Int(Meaning),
    IntAsLong(Meaning),
    IntAsFloat,
    IntAsDouble,
    Long(Meaning),
    LongAsFloat,
    LongAsDouble,
    Float,
    FloatAsDouble,
    Double,
    Bytes(Meaning),
    BytesAsString(Meaning),
    String(Meaning),
    StringAsBytes(Meaning),
    Fixed(u32),
    Enum(u32),
    Array(u32),
    Map(u32),
    Record(u32),
    /// The index of a branch is next, then the branch.
    Union(u32),
    /// A branch of the reader's union, without any bytes that say which.
    Branch(u32),
    Error(u32),
}

#[derive(Debug, Default)]
pub(in crate::codec) struct Program {
    pub(super) root: Op,
    pub(super) fixed: Vec<Fixed>,
    pub(super) enums: Vec<Enum>,
    pub(super) lists: Vec<List>,
    pub(super) records: Vec<Record>,
    pub(super) unions: Vec<Vec<Branch>>,
    pub(super) branches: Vec<Branch>,
    pub(super) errors: Vec<Arc<str>>,
}

#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) name: Arc<str>,
    pub(super) size: usize,
    pub(super) meaning: Meaning,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Arc<str>,
    /// The reader's symbols.
    pub(super) symbols: Vec<Arc<str>>,
    /// For each of the writer's symbols the reader's.
    pub(super) places: Vec<Option<u32>>,
}

/// An array or a map.
#[derive(Debug)]
pub(super) struct List {
    pub(super) item: Op,
    /// No item takes fewer bytes, the key of a map included.
    pub(super) width: usize,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: Arc<str>,
    /// In the order of the writer's fields, and what has a default at the end.
    pub(super) steps: Vec<Step>,
    /// The reader's fields.
    pub(super) fields: Vec<Arc<str>>,
    /// How the last type took its fields, see [`Record::order`](super::record).
    pub(super) seen: AtomicUsize,
    /// A record inside itself can multiply without any array.
    pub(super) is_recursive: bool,
}

#[derive(Debug)]
pub(super) enum Step {
    Read { op: Op, name: Arc<str> },
    Skip(Op),
    Default { op: Op, name: Arc<str>, datum: Box<[u8]> },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    pub(super) op: Op,
    /// The same, or [`Op::Branch`] where the reader's union has several branches that hold something.
    pub(super) named: Op,
    /// The branch of the reader's union and how many it has; `None` where the reader has no union.
    pub(super) of: Option<(u32, u32)>,
}

impl Program {
    /// Compiles how `writer`'s data are decoded as themselves.
    pub(super) fn of_writer(writer: &Schema) -> Result<Self, PlanError> {
        Compiler::new(writer, writer, None).run(Source::Reader(writer.root_type()))
    }

    /// Compiles how `writer`'s data are decoded as `reader`'s.
    pub(super) fn of_pair(writer: &Schema, reader: &Schema, resolution: &Resolution<'_>) -> Result<Self, PlanError> {
        let Ok(root) = resolution.root() else { return Err(PlanError { reason: PlanReason::TooLarge }) };
        Compiler::new(writer, reader, Some(resolution)).run(Source::Action(root))
    }

    /// What a type is called where it stands in a union.
    pub(super) fn name_of(&self, op: Op) -> &str {
        match op {
            Op::Null | Op::Error(_) => "null",
            Op::Boolean => "boolean",
            Op::Int(_) => "int",
            Op::IntAsLong(_) | Op::Long(_) => "long",
            Op::IntAsFloat | Op::LongAsFloat | Op::Float => "float",
            Op::IntAsDouble | Op::LongAsDouble | Op::FloatAsDouble | Op::Double => "double",
            Op::Bytes(_) | Op::StringAsBytes(_) => "bytes",
            Op::String(_) | Op::BytesAsString(_) => "string",
            Op::Array(_) => "array",
            Op::Map(_) => "map",
            Op::Union(_) => "union",
            Op::Fixed(at) => &self.fixed[at as usize].name,
            Op::Enum(at) => &self.enums[at as usize].name,
            Op::Record(at) => &self.records[at as usize].name,
            Op::Branch(at) => self.name_of(self.branches[at as usize].op),
        }
    }

    pub(super) fn is_null(&self, op: Op) -> bool {
        match op {
            Op::Null => true,
            Op::Branch(at) => self.branches[at as usize].op == Op::Null,
            _ => false,
        }
    }

    /// The least number of bytes that a type takes; recursive types at least as much as was found so far.
    fn width(&self, op: Op, records: &[usize]) -> usize {
        match op {
            Op::Null | Op::Error(_) => 0,
            Op::Boolean
            | Op::Int(_)
            | Op::IntAsLong(_)
            | Op::IntAsFloat
            | Op::IntAsDouble
            | Op::Long(_)
            | Op::LongAsFloat
            | Op::LongAsDouble
            | Op::Bytes(_)
            | Op::BytesAsString(_)
            | Op::String(_)
            | Op::StringAsBytes(_)
            | Op::Enum(_)
            | Op::Array(_)
            | Op::Map(_) => 1,
            Op::Float | Op::FloatAsDouble => 4,
            Op::Double => 8,
            Op::Fixed(at) => self.fixed[at as usize].size,
            Op::Record(at) => records[at as usize],
            Op::Union(at) => {
                let branches = self.unions[at as usize].iter().map(|branch| self.width(branch.op, records));
                branches.min().unwrap_or(0).saturating_add(1)
            }
            Op::Branch(at) => self.width(self.branches[at as usize].op, records),
        }
    }

    fn measure(&mut self) {
        const MOST_ROUNDS: usize = 100;
        let mut widths = vec![0_usize; self.records.len()];
        for _ in 0..MOST_ROUNDS {
            let mut has_changed = false;
            for at in (0..widths.len()).rev() {
                let steps = self.records[at].steps.iter();
                let width = steps.fold(0_usize, |sum, step| match step {
                    Step::Read { op, .. } | Step::Skip(op) => sum.saturating_add(self.width(*op, &widths)),
                    Step::Default { .. } => sum,
                });
                has_changed |= width != widths[at];
                widths[at] = width;
            }
            if !has_changed {
                break;
            }
        }
        for at in 0..self.lists.len() {
            self.lists[at].width += self.width(self.lists[at].item, &widths);
        }
    }
}

/// Where an operation comes from.
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
    program: Program,
    known: HashMap<Source, Op>,
    /// Containers with a place in their table that is still empty.
    pending: Vec<(Source, Op)>,
}

impl<'s> Compiler<'s> {
    fn new(writer: &'s Schema, reader: &'s Schema, resolution: Option<&'s Resolution<'s>>) -> Self {
        let program = Program::default();
        Self { writer, reader, resolution, program, known: HashMap::new(), pending: Vec::new() }
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
        self.program.mark_recursive();
        self.program.measure();
        Ok(self.program)
    }

    fn action(&self, id: ActionId) -> Result<&'s Action, PlanError> {
        let action = self.resolution.and_then(|resolution| resolution.action(id));
        action.ok_or(PlanError { reason: PlanReason::TooLarge })
    }

    /// Returns the operation for a source; what is inside a container follows later.
    fn op(&mut self, source: Source) -> Result<Op, PlanError> {
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
        let meaning = Meaning::of(self.reader, action.reader);
        Ok(match (self.writer.type_of(action.writer), self.reader.type_of(action.reader)) {
            (Type::Int, Type::Long) => Op::IntAsLong(meaning),
            (Type::Int, Type::Float) => Op::IntAsFloat,
            (Type::Int, Type::Double) => Op::IntAsDouble,
            (Type::Long, Type::Float) => Op::LongAsFloat,
            (Type::Long, Type::Double) => Op::LongAsDouble,
            (Type::Float, Type::Double) => Op::FloatAsDouble,
            (Type::Bytes, Type::String) => Op::BytesAsString(meaning),
            (Type::String, Type::Bytes) => Op::StringAsBytes(meaning),
            _ => self.op(Source::Reader(action.reader))?,
        })
    }

    /// The operation for a type as itself, with an empty place in its table.
    fn reserve(&mut self, schema: &Schema, id: TypeId, source: Source) -> Result<Op, PlanError> {
        let name = || Arc::from(schema.name_of(id));
        let meaning = Meaning::of(schema, id);
        let program = &mut self.program;
        Ok(match schema.type_of(id) {
            Type::Null => Op::Null,
            Type::Boolean => Op::Boolean,
            Type::Int => Op::Int(meaning),
            Type::Long => Op::Long(meaning),
            Type::Float => Op::Float,
            Type::Double => Op::Double,
            Type::Bytes => Op::Bytes(meaning),
            Type::String => Op::String(meaning),
            Type::Fixed(size) => {
                program.fixed.push(Fixed { name: name(), size: size as usize, meaning });
                Op::Fixed(index(program.fixed.len() - 1)?)
            }
            Type::Enum(symbols) => {
                let symbols = symbols.iter().map(|symbol| Arc::from(symbol.as_str())).collect();
                program.enums.push(Enum { name: name(), symbols, places: Vec::new() });
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
                let (steps, seen) = (Vec::new(), AtomicUsize::new(0));
                program.records.push(Record { name: name(), steps, fields, seen, is_recursive: false });
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

    /// Fills the place of a container that is read as itself.
    fn fill(&mut self, schema: &Schema, id: TypeId, op: Op, source: fn(TypeId) -> Source) -> Result<(), PlanError> {
        match (op, schema.type_of(id)) {
            (Op::Enum(at), Type::Enum(symbols)) => {
                let places = (0..symbols.len()).map(|place| index(place).map(Some)).collect::<Result<_, _>>()?;
                self.program.enums[at as usize].places = places;
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

    /// Fills the place of a container of which something is resolved.
    fn fill_resolved(&mut self, action: &'s Action, op: Op) -> Result<(), PlanError> {
        match (op, &action.step) {
            (Op::Enum(at), Resolved::Enum(places)) => {
                let place = |place: &Option<usize>| place.map(index).transpose();
                self.program.enums[at as usize].places = places.iter().map(place).collect::<Result<_, _>>()?;
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
                    let datum = datum.as_deref().ok_or(PlanError { reason: PlanReason::TooLarge })?.into();
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
        let holds_something = |branch: &&TypeId| schema.type_of(**branch) != Type::Null;
        let mut branch = Branch { op, named: op, of };
        if branches.iter().filter(holds_something).count() > 1 {
            self.program.branches.push(branch);
            branch.named = Op::Branch(index(self.program.branches.len() - 1)?);
        }
        Ok(branch)
    }
}

impl Program {
    /// Finds the records that contain themselves.
    fn mark_recursive(&mut self) {
        // A record that is met again on the way down from the roots closes a circle; all on the circle are marked.
        let edges: Vec<Vec<usize>> = self.records.iter().map(|record| self.records_in(record)).collect();
        let circles = circles(&edges);
        for (record, is_recursive) in self.records.iter_mut().zip(circles) {
            record.is_recursive = is_recursive;
        }
    }

    fn records_in(&self, record: &Record) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open: Vec<Op> = record
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Read { op, .. } | Step::Default { op, .. } => Some(*op),
                Step::Skip(_) => None,
            })
            .collect();
        let mut seen = std::collections::HashSet::new();
        while let Some(op) = open.pop() {
            match op {
                Op::Record(at) => found.push(at as usize),
                Op::Array(at) | Op::Map(at) if seen.insert((0, at)) => open.push(self.lists[at as usize].item),
                Op::Union(at) if seen.insert((1, at)) => {
                    open.extend(self.unions[at as usize].iter().map(|branch| branch.op));
                }
                Op::Branch(at) => open.push(self.branches[at as usize].op),
                _ => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Tells for each node of a graph whether a way leads from it back to it: what is left when nodes without a way out,
/// and nodes without a way in, are taken away again and again. Nodes between two circles stay, which errs on the safe
/// side.
fn circles(edges: &[Vec<usize>]) -> Vec<bool> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, tos) in edges.iter().enumerate() {
        for to in tos {
            reversed[*to].push(from);
        }
    }
    let mut is_left = vec![true; edges.len()];
    for (ways, back) in [(edges, &reversed[..]), (&reversed[..], edges)] {
        let mut counts: Vec<usize> = ways.iter().map(|ways| ways.iter().filter(|to| is_left[**to]).count()).collect();
        let mut open: Vec<usize> = (0..ways.len()).filter(|at| is_left[*at] && counts[*at] == 0).collect();
        while let Some(at) = open.pop() {
            is_left[at] = false;
            for from in &back[at] {
                counts[*from] -= 1;
                if counts[*from] == 0 && is_left[*from] {
                    open.push(*from);
                }
            }
        }
    }
    is_left
}

fn index(at: usize) -> Result<u32, PlanError> {
    u32::try_from(at).map_err(|_| PlanError { reason: PlanReason::TooLarge })
}
