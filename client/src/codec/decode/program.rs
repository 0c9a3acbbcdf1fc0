//! A resolution as a flat program: steps that are copied, containers behind indices.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::codec::logical::Logical;

/// An operation on the next bytes; a container has the index of its table entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::codec) enum Op {
    #[default]
    Null,
    Boolean,
    Int(Logical),
    IntAsLong(Logical),
    IntAsFloat,
    IntAsDouble,
    Long(Logical),
    LongAsFloat,
    LongAsDouble,
    Float,
    FloatAsDouble,
    Double,
    Bytes(Logical),
    BytesAsString(Logical),
    String(Logical),
    StringAsBytes(Logical),
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
    pub(super) logical: Logical,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Arc<str>,
    /// The reader's symbols.
    pub(super) symbols: Vec<Arc<str>>,
    /// For each of the writer's symbols the reader's.
    pub(super) mapping: Vec<Option<u32>>,
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
    /// The cached field order of the last type, see [`FieldOrder`](super::record).
    pub(super) seen: AtomicUsize,
    /// A record inside itself can multiply without any array.
    pub(super) is_recursive: bool,
    /// Fields that may take no bytes of the message: nested ones multiply without any data.
    pub(super) zero_width_fields: usize,
    /// The length of all field names, which a dynamic value copies.
    #[cfg(feature = "apache-avro")]
    pub(super) name_bytes: usize,
}

#[derive(Debug)]
pub(super) enum Step {
    Read { op: Op, name: Arc<str> },
    Skip(Op),
    Default { op: Op, name: Arc<str>, datum: Box<[u8]> },
}

impl Step {
    /// The operation on the bytes of the message, if there is one.
    pub(super) fn op_of_message(&self) -> Option<Op> {
        match self {
            Self::Read { op, .. } | Self::Skip(op) => Some(*op),
            Self::Default { .. } => None,
        }
    }
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
    /// The branch name of a type in a union.
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
}
