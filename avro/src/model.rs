//! The schema model: an arena of nodes in which every reference is an index.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::Strictness;
use crate::fingerprint::Fingerprints;
use crate::json::Value;
use crate::name::Name;
use crate::positions::first_duplicate;

/// A type of a schema: the index of its node in the arena.
///
/// A primitive type without properties has no node. Its id says which one it is, and which use of it: as in Java, each use
/// is a type of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u32);

impl Id {
    const PRIMITIVE: u32 = 1 << 31;
    /// Bits that number the primitive types.
    const KIND_BITS: u32 = 3;

    pub(crate) const fn node(index: u32) -> Self {
        assert!(index < Self::PRIMITIVE, "an arena has fewer nodes than a document has bytes");
        Self(index)
    }

    pub(crate) const fn primitive(primitive: Primitive, r#use: u32) -> Self {
        Self(Self::PRIMITIVE | (r#use << Self::KIND_BITS) & !Self::PRIMITIVE | primitive as u32)
    }

    /// The index of the node, if there is one.
    pub(crate) fn index(self) -> Option<usize> {
        (self.0 & Self::PRIMITIVE == 0).then_some(self.0 as usize)
    }

    pub(crate) fn as_primitive(self) -> Option<Primitive> {
        let number = (self.0 & ((1 << Self::KIND_BITS) - 1)) as usize;
        (self.0 & Self::PRIMITIVE != 0).then(|| Primitive::ALL[number])
    }

    /// Both ids as one number.
    pub(crate) fn pair(self, other: Self) -> u64 {
        u64::from(self.0) << 32 | u64::from(other.0)
    }
}

/// A parsed schema document with everything its references define.
///
/// Cheap to clone: the nodes are shared.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// The nodes of the reference documents come first.
    pub(crate) nodes: Nodes,
    pub(crate) root: Id,
    /// The first node of the document itself.
    pub(crate) own_from: Id,
    /// Full names of the reference documents' top-level types: the names that the stored text does not define.
    pub(crate) reference_roots: Vec<Name>,
    pub(crate) strictness: Strictness,
    pub(crate) fingerprints: Fingerprints,
    /// The memory of all this.
    pub(crate) bytes: usize,
}

/// The arena.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes(Vec<Node>);

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Everything that is not part of the type itself, logical types included, in the order of the document.
    pub(crate) properties: Properties,
}

pub(crate) type Properties = Vec<(Box<str>, Value<'static>)>;

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Primitive(Primitive),
    Array(Id),
    Map(Id),
    Union(Vec<Id>),
    Record(Record),
    Enum(Enum),
    Fixed(Fixed),
    /// A name that was not known when it was read; none is left in a parsed schema.
    Unresolved(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) named: Named,
    pub(crate) is_error: bool,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Clone)]
pub(crate) struct Enum {
    pub(crate) named: Named,
    pub(crate) symbols: Vec<String>,
    pub(crate) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) named: Named,
    pub(crate) size: u32,
}

/// The parts that records, enums and fixed types share.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: Name,
    pub(crate) doc: Option<Box<str>>,
    pub(crate) aliases: Vec<Name>,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) kind: Id,
    pub(crate) doc: Option<Box<str>>,
    pub(crate) default: Option<Value<'static>>,
    pub(crate) order: Order,
    pub(crate) aliases: Vec<Box<str>>,
    pub(crate) properties: Properties,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Ascending,
    Descending,
    Ignore,
}

impl Primitive {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 8] =
        [Self::Null, Self::Boolean, Self::Int, Self::Long, Self::Float, Self::Double, Self::Bytes, Self::String];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "bytes" => Self::Bytes,
            "string" => Self::String,
            _ => return None,
        })
    }

    /// The name as JSON.
    pub(crate) fn quoted(self) -> &'static str {
        match self {
            Self::Null => "\"null\"",
            Self::Boolean => "\"boolean\"",
            Self::Int => "\"int\"",
            Self::Long => "\"long\"",
            Self::Float => "\"float\"",
            Self::Double => "\"double\"",
            Self::Bytes => "\"bytes\"",
            Self::String => "\"string\"",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }
}

impl Order {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
            Self::Ignore => "ignore",
        }
    }
}

impl Kind {
    pub(crate) fn named(&self) -> Option<&Named> {
        match self {
            Self::Record(Record { named, .. }) | Self::Enum(Enum { named, .. }) | Self::Fixed(Fixed { named, .. }) => {
                Some(named)
            }
            _ => None,
        }
    }

    pub(crate) fn named_mut(&mut self) -> Option<&mut Named> {
        match self {
            Self::Record(Record { named, .. }) | Self::Enum(Enum { named, .. }) | Self::Fixed(Fixed { named, .. }) => {
                Some(named)
            }
            _ => None,
        }
    }

    /// The name by which a union knows its branch.
    pub(crate) fn branch_name(&self) -> BranchName<'_> {
        match self.named() {
            Some(named) => BranchName::Named(&named.name),
            None => BranchName::Unnamed(self.type_name()),
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Primitive(primitive) => primitive.name(),
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Record(_) | Self::Unresolved(_) => "record",
            Self::Enum(_) => "enum",
            Self::Fixed(_) => "fixed",
        }
    }
}

impl Node {
    pub(crate) fn property(&self, name: &str) -> Option<&Value<'static>> {
        self.properties.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }
}

/// The name of a branch: the full name of a named type, the word of the language for any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BranchName<'n> {
    Named(&'n Name),
    Unnamed(&'static str),
}

impl<'n> BranchName<'n> {
    pub(crate) fn to_text(self) -> Cow<'n, str> {
        match self {
            Self::Named(name) => name.full(),
            Self::Unnamed(word) => Cow::Borrowed(word),
        }
    }
}

impl fmt::Display for BranchName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(out),
            Self::Unnamed(word) => out.write_str(word),
        }
    }
}

impl Nodes {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The id that the next node gets.
    pub(crate) fn next_id(&self) -> Id {
        Id::node(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn push(&mut self, node: Node) -> Id {
        let id = self.next_id();
        self.0.push(node);
        id
    }

    pub(crate) fn up_to(&self, end: Id) -> Self {
        Self(self.0[..end.index().unwrap_or(0)].to_vec())
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Id, &Node)> {
        let length = self.next_id().0;
        self.0.iter().zip(0..length).map(|(node, index)| (Id::node(index), node))
    }

    pub(crate) fn since(&self, first: Id) -> &[Node] {
        &self.0[first.index().unwrap_or(0)..]
    }

    pub(crate) fn since_mut(&mut self, first: Id) -> &mut [Node] {
        &mut self.0[first.index().unwrap_or(0)..]
    }
}

/// The nodes that stand for primitive types without properties.
static PRIMITIVES: [Node; 8] = {
    const fn node(primitive: Primitive) -> Node {
        Node { kind: Kind::Primitive(primitive), properties: Vec::new() }
    }
    [
        node(Primitive::Null),
        node(Primitive::Boolean),
        node(Primitive::Int),
        node(Primitive::Long),
        node(Primitive::Float),
        node(Primitive::Double),
        node(Primitive::Bytes),
        node(Primitive::String),
    ]
};

impl std::ops::Index<Id> for Nodes {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        match id.as_primitive() {
            Some(primitive) => &PRIMITIVES[primitive as usize],
            None => &self.0[id.0 as usize],
        }
    }
}

impl std::ops::Index<Id> for Inner {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        &self.nodes[id]
    }
}

/// The fault of the first field that has the name of an earlier one, in Java's words.
pub(crate) fn duplicate_field(nodes: &Nodes, record: &Record) -> Option<String> {
    let (earlier, at) = first_duplicate(record.fields.len(), |at| &*record.fields[at].name)?;
    let describe = |at: usize| {
        let field = &record.fields[at];
        format!("{} type:{} pos:{at}", field.name, nodes[field.kind].kind.type_name().to_uppercase())
    };
    let (name, record) = (&record.fields[at].name, &record.named.name);
    Some(format!("Duplicate field {name} in record {record}: {} and {}.", describe(at), describe(earlier)))
}

impl Schema {
    /// The bytes that this schema keeps in memory, for a cache to weigh it by.
    pub fn memory(&self) -> usize {
        size_of::<Inner>() + self.inner.bytes
    }

    pub(crate) fn root(&self) -> &Node {
        &self.inner[self.inner.root]
    }

    /// The full name of a named top-level type.
    pub fn full_name(&self) -> Option<Cow<'_, str>> {
        self.root().kind.named().map(|named| named.name.full())
    }

    /// The names of a top-level record's fields; nothing for other types.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields: &[Field] = match &self.root().kind {
            Kind::Record(record) => &record.fields,
            _ => &[],
        };
        fields.iter().map(|field| &*field.name)
    }
}
