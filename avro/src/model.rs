//! The schema model: an arena of nodes in which every reference is an index.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::Strictness;
use crate::json::Value;

/// A type of a schema: the place of its node in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

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
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Id,
    /// The first node of the document itself.
    pub(crate) own_from: Id,
    /// Full names of the reference documents' top-level types: the names that the stored text does not define.
    pub(crate) reference_roots: Vec<String>,
    pub(crate) strictness: Strictness,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Everything that is not part of the type itself, logical types included, in the order of the document.
    pub(crate) properties: Vec<(String, Value)>,
}

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
    Unresolved(String),
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

/// What records, enums and fixed types share.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) aliases: Vec<Name>,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Id,
    pub(crate) doc: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) order: Order,
    pub(crate) aliases: Vec<String>,
    pub(crate) properties: Vec<(String, Value)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Ascending,
    Descending,
    Ignore,
}

/// A full name, kept as one text; the namespace is what stands before the last dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    full: String,
    short_from: usize,
}

impl Name {
    /// Reads `name`, which may bring its namespace along, inside the namespace `space`.
    pub(crate) fn new(name: &str, space: Option<&str>) -> Self {
        let (space, short) = match name.rsplit_once('.') {
            Some((space, short)) => (Some(space), short),
            None => (space, name),
        };
        match space.filter(|space| !space.is_empty()) {
            Some(space) => Self { full: format!("{space}.{short}"), short_from: space.len() + 1 },
            None => Self { full: short.to_owned(), short_from: 0 },
        }
    }

    pub(crate) fn full(&self) -> &str {
        &self.full
    }

    pub(crate) fn short(&self) -> &str {
        &self.full[self.short_from..]
    }

    pub(crate) fn space(&self) -> Option<&str> {
        (self.short_from > 0).then(|| &self.full[..self.short_from - 1])
    }

    /// The full name as Java's accessor gives it to a type in the namespace `space`: with a leading dot when it has no
    /// namespace but the type has.
    pub(crate) fn seen_from(&self, space: Option<&str>) -> Cow<'_, str> {
        if self.short_from == 0 && space.is_some() {
            Cow::Owned(format!(".{}", self.full))
        } else {
            Cow::Borrowed(&self.full)
        }
    }

    /// Shortens the name inside its own namespace, unless the short form would name a type of the language.
    pub(crate) fn inside(&self, space: Option<&str>) -> &str {
        let is_local = self.space().is_some_and(|own| Some(own) == space);
        if is_local && !TYPE_NAMES.contains(&self.short()) { self.short() } else { &self.full }
    }
}

/// Java shortens no name that looks like one of its own type names.
const TYPE_NAMES: [&str; 14] = [
    "record", "enum", "array", "map", "union", "fixed", "string", "bytes", "int", "long", "float", "double", "boolean",
    "null",
];

impl Primitive {
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

    /// The name that a union knows its branch by.
    pub(crate) fn branch_name(&self) -> &str {
        self.named().map_or(self.type_name(), |named| named.name.full())
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
    pub(crate) fn property(&self, name: &str) -> Option<&Value> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl std::ops::Index<Id> for Inner {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

/// Tells of the first field that has the name of an earlier one, in Java's words.
pub(crate) fn duplicate_field(nodes: &[Node], record: &Record) -> Option<String> {
    let mut seen = HashMap::new();
    record.fields.iter().enumerate().find_map(|(at, field)| {
        let earlier = seen.insert(field.name.as_str(), at)?;
        let describe = |at: usize| {
            let field = &record.fields[at];
            let kind = nodes[field.kind.0 as usize].kind.type_name().to_uppercase();
            format!("{} type:{kind} pos:{at}", field.name)
        };
        let (record, at, earlier) = (record.named.name.full(), describe(at), describe(earlier));
        Some(format!("Duplicate field {} in record {record}: {at} and {earlier}.", field.name))
    })
}

impl Schema {
    pub(crate) fn root(&self) -> &Node {
        &self.inner[self.inner.root]
    }

    /// Returns the full name of a named top-level type.
    pub fn full_name(&self) -> Option<&str> {
        self.root().kind.named().map(|named| named.name.full())
    }

    /// Lists the names of a top-level record's fields; nothing for other types.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields: &[Field] = match &self.root().kind {
            Kind::Record(record) => &record.fields,
            _ => &[],
        };
        fields.iter().map(|field| field.name.as_str())
    }
}
