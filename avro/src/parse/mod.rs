//! Acceptance exactly as Java Avro 1.12.1 decides it (avro-compat 6.1, contract 4.1).

mod defaults;
mod names;
mod number;
mod resolve;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::json::{self, Number, Object, Value};
use crate::model::{Enum, Field, Fixed, Id, Inner, Kind, Name, Named, Node, Order, Primitive, Record, Schema};
use crate::{ParseError, model, print, same};

/// How much the parser insists on (contract 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strictness {
    /// Newly registered schemas: ASCII names, defaults validated.
    #[default]
    Strict,
    /// Stored schemas and look-ups: Unicode names; namespaces, aliases and defaults unchecked.
    Lenient,
    /// The library default of Java Avro: Unicode names, defaults validated.
    Java,
}

/// Bounds on what one document, with its references, may ask of the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document and its references together.
    pub bytes: usize,
    /// Named types of the document and its references together.
    pub names: usize,
    /// Types and fields of the document and its references together.
    pub nodes: usize,
    /// Nesting of JSON values, in what is read and in what would be printed; 1000 as in the reference.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, names: 100_000, nodes: 1_000_000, depth: 1000 }
    }
}

/// Parses a document.
///
/// `references` are the texts of the documents it refers to, in dependency order; all share one table of names.
/// They are parsed leniently, because they were accepted once.
pub fn parse(text: &str, references: &[&str], strictness: Strictness) -> Result<Schema, ParseError> {
    parse_with(text, references, strictness, &Limits::default())
}

/// Parses a document within explicit bounds.
pub fn parse_with(
    text: &str,
    references: &[&str],
    strictness: Strictness,
    limits: &Limits,
) -> Result<Schema, ParseError> {
    let bytes = references.iter().map(|reference| reference.len()).sum::<usize>() + text.len();
    if bytes > limits.bytes {
        return Err(ParseError::TooLarge { limit: limits.bytes });
    }
    let mut parser = Parser::new(Strictness::Lenient, limits);
    let mut reference_roots = Vec::new();
    for reference in references {
        let root = parser.document(reference)?;
        reference_roots.extend(parser.nodes[root.0 as usize].kind.named().map(|named| named.name.full().to_owned()));
    }
    parser.finish(text, reference_roots, strictness)
}

impl Schema {
    /// Parses `text` in the place of this document: same references, same strictness.
    pub(crate) fn reparse(&self, text: &str) -> Result<Self, ParseError> {
        let limits = Limits::default();
        let mut parser = Parser::new(Strictness::Lenient, &limits);
        parser.nodes = self.inner.nodes[..self.inner.own_from.0 as usize].to_vec();
        for (at, node) in (0..).zip(&parser.nodes) {
            if let Some(named) = node.kind.named() {
                parser.table.entry(named.name.full().to_owned()).or_insert(Id(at));
            }
        }
        parser.finish(text, self.inner.reference_roots.clone(), self.inner.strictness)
    }
}

struct Parser<'l> {
    nodes: Vec<Node>,
    /// The types known so far; the first definition of a name stays.
    table: HashMap<String, Id>,
    strictness: Strictness,
    limits: &'l Limits,
    fields: usize,
}

type Space = Option<Rc<str>>;

/// A type whose parts are still being read. Kept on a stack of our own, because documents may nest deeply.
enum Open<'v> {
    Array { object: &'v Object, items: Option<Id>, space: Space },
    Map { object: &'v Object, values: Option<Id>, space: Space },
    Union { branches: &'v [Value], kinds: Vec<Id>, space: Space },
    Record { object: &'v Object, record: Record, fields: &'v [Value], space: Space },
}

enum Entered<'v> {
    Complete(Id),
    Open(Open<'v>),
}

impl<'l> Parser<'l> {
    fn new(strictness: Strictness, limits: &'l Limits) -> Self {
        Self { nodes: Vec::new(), table: HashMap::new(), strictness, limits, fields: 0 }
    }

    fn finish(
        mut self,
        text: &str,
        reference_roots: Vec<String>,
        strictness: Strictness,
    ) -> Result<Schema, ParseError> {
        let own_from = self.next_id();
        self.strictness = strictness;
        let root = self.document(text)?;
        let inner = Inner { nodes: self.nodes, root, own_from, reference_roots, strictness };
        if print::nests_deeper_than(&inner, self.limits.depth) {
            return Err(ParseError::TooDeep { limit: self.limits.depth });
        }
        Ok(Schema { inner: Arc::new(inner) })
    }

    fn document(&mut self, text: &str) -> Result<Id, ParseError> {
        let document = json::read(text, self.limits)?.ok_or(ParseError::Empty)?;
        let first = self.next_id();
        let root = self.schema(&document.value)?;
        let root = self.resolve(first, root)?;
        if document.rest.is_empty() { Ok(root) } else { Err(ParseError::Dangling(document.rest.to_owned())) }
    }

    fn schema(&mut self, value: &Value) -> Result<Id, ParseError> {
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut next = (value, None);
        loop {
            let mut complete = match self.enter(next.0, next.1)? {
                Entered::Complete(id) => id,
                Entered::Open(opened) => match opened.next_part()? {
                    Some(part) => {
                        open.push(opened);
                        next = part;
                        continue;
                    }
                    None => self.close(opened)?,
                },
            };
            loop {
                let Some(outer) = open.last_mut() else {
                    return Ok(complete);
                };
                self.take_part(outer, complete)?;
                if let Some(part) = outer.next_part()? {
                    next = part;
                    break;
                }
                complete = match open.pop() {
                    Some(outer) => self.close(outer)?,
                    None => return Ok(complete),
                };
            }
        }
    }

    fn enter<'v>(&mut self, value: &'v Value, space: Space) -> Result<Entered<'v>, ParseError> {
        let object = match value {
            Value::String(name) => return self.find(name, space.as_deref()).map(Entered::Complete),
            Value::Array(branches) => return Ok(Entered::Open(Open::Union { branches, kinds: Vec::new(), space })),
            Value::Object(object) => object,
            other => return Err(ParseError::NotASchema(other.to_string())),
        };
        let missing = |what| ParseError::Missing { what, from: value.to_string() };
        let kind = object.get("type").and_then(Value::as_str).ok_or_else(|| missing("No type"))?;
        if let Some(primitive) = Primitive::from_name(kind) {
            let properties = properties(object, &RESERVED);
            return self.add(Kind::Primitive(primitive), properties).map(Entered::Complete);
        }
        match kind {
            "array" if object.get("items").is_some() => Ok(Entered::Open(Open::Array { object, items: None, space })),
            "array" => Err(missing("Array has no items type")),
            "map" if object.get("values").is_some() => Ok(Entered::Open(Open::Map { object, values: None, space })),
            "map" => Err(missing("Map has no values type")),
            "record" | "error" => {
                let named = self.named(value, object, space.as_deref())?;
                let Some(Value::Array(fields)) = object.get("fields") else {
                    return Err(missing("Record has no fields"));
                };
                let space = named.name.space().map(Rc::from);
                let record = Record { named, is_error: kind == "error", fields: Vec::new() };
                Ok(Entered::Open(Open::Record { object, record, fields, space }))
            }
            "enum" => {
                let named = self.named(value, object, space.as_deref())?;
                let Some(Value::Array(symbols)) = object.get("symbols") else {
                    return Err(missing("Enum has no symbols"));
                };
                let kind = Kind::Enum(self.enumeration(named, symbols, object)?);
                self.define(kind, object, &ENUM_RESERVED).map(Entered::Complete)
            }
            "fixed" => {
                let named = self.named(value, object, space.as_deref())?;
                let Some(Value::Number(Number::Int(size))) = object.get("size") else {
                    return Err(missing("Invalid or no size"));
                };
                let size = u32::try_from(*size)
                    .ok()
                    .filter(|size| *size <= LONGEST_FIXED)
                    .ok_or(ParseError::FixedSize(i64::from(*size)))?;
                self.define(Kind::Fixed(Fixed { named, size }), object, &RESERVED).map(Entered::Complete)
            }
            // Up to 1.12.1 `{"type":"Named"}` means the same as `"Named"`, whatever else the object holds.
            name => self.find(name, space.as_deref()).map(Entered::Complete),
        }
    }

    /// Gives the part that was just read to the type it belongs to.
    fn take_part(&mut self, open: &mut Open<'_>, part: Id) -> Result<(), ParseError> {
        match open {
            Open::Array { items, .. } => *items = Some(part),
            Open::Map { values, .. } => *values = Some(part),
            Open::Union { branches, kinds, .. } => {
                kinds.push(part);
                *branches = &branches[1..];
            }
            Open::Record { record, fields, .. } => {
                let field = self.field(&fields[0], part)?;
                *fields = &fields[1..];
                record.fields.push(field);
            }
        }
        Ok(())
    }

    fn close(&mut self, open: Open<'_>) -> Result<Id, ParseError> {
        match open {
            Open::Array { object, items: Some(items), .. } => {
                self.add(Kind::Array(items), properties(object, &RESERVED))
            }
            Open::Map { object, values: Some(values), .. } => {
                self.add(Kind::Map(values), properties(object, &RESERVED))
            }
            Open::Array { .. } | Open::Map { .. } => unreachable!("a container is entered only when its part exists"),
            Open::Union { kinds, .. } => {
                self.check_union(&kinds)?;
                self.add(Kind::Union(kinds), Vec::new())
            }
            Open::Record { object, record, .. } => {
                if let Some(message) = model::duplicate_field(&self.nodes, &record) {
                    return Err(ParseError::DuplicateField(message));
                }
                self.define(Kind::Record(record), object, &RESERVED)
            }
        }
    }

    fn named(&self, value: &Value, object: &Object, space: Option<&str>) -> Result<Named, ParseError> {
        let space = object.get("namespace").and_then(Value::as_str).or(space);
        let name = object
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| ParseError::Missing { what: "No name in schema", from: value.to_string() })?;
        let name = Name::new(name, space);
        names::check(name.short(), self.strictness)?;
        if Primitive::from_name(name.full()).is_some() {
            return Err(ParseError::NamedLikePrimitive(name.full().to_owned()));
        }
        let doc = object.get("doc").and_then(Value::as_str).map(str::to_owned);
        Ok(Named { name, doc, aliases: Vec::new() })
    }

    fn enumeration(&self, named: Named, values: &[Value], object: &Object) -> Result<Enum, ParseError> {
        let mut symbols: Vec<String> = Vec::with_capacity(values.len());
        let mut seen = HashSet::new();
        for value in values {
            let symbol = value.as_str().ok_or(crate::NameError::Null)?;
            names::check(symbol, self.strictness)?;
            if !seen.insert(symbol) {
                return Err(ParseError::DuplicateSymbol(symbol.to_owned()));
            }
            symbols.push(symbol.to_owned());
        }
        let default = object.get("default").and_then(Value::as_str);
        if let Some(default) = default.filter(|default| !seen.contains(default)) {
            let symbols = format!("[{}]", symbols.join(", "));
            return Err(ParseError::EnumDefault { default: default.to_owned(), symbols });
        }
        Ok(Enum { named, symbols, default: default.map(str::to_owned) })
    }

    fn field(&mut self, value: &Value, kind: Id) -> Result<Field, ParseError> {
        let object = value.as_object().ok_or_else(|| no_field_name(value))?;
        let name = object.get("name").and_then(Value::as_str).ok_or_else(|| no_field_name(value))?;
        let order = match object.get("order") {
            None => Order::Ascending,
            Some(order) => match order.as_str().map(str::to_uppercase).as_deref() {
                Some("ASCENDING") => Order::Ascending,
                Some("DESCENDING") => Order::Descending,
                Some("IGNORE") => Order::Ignore,
                Some(other) => return Err(ParseError::Order(other.to_owned())),
                None => return Err(ParseError::Order(order.to_string())),
            },
        };
        let is_floating =
            matches!(self.nodes[kind.0 as usize].kind, Kind::Primitive(Primitive::Float | Primitive::Double));
        let default = match object.get("default") {
            Some(Value::String(text)) if is_floating => {
                let number = number::parse_double(text).ok_or_else(|| ParseError::DefaultNumber(text.clone()))?;
                Some(Value::Number(Number::Double(number)))
            }
            default => default.cloned(),
        };
        names::check(name, self.strictness)?;
        if self.strictness != Strictness::Lenient
            && let Some(default) = &default
        {
            self.check_default(name, kind, default, None)?;
        }
        self.fields += 1;
        Ok(Field {
            name: name.to_owned(),
            kind,
            doc: object.get("doc").and_then(Value::as_str).map(str::to_owned),
            default,
            order,
            aliases: aliases(value, object)?,
            properties: properties(object, &FIELD_RESERVED),
        })
    }

    /// Finds the type called `name`: in the enclosing namespace, then among the types without one.
    fn find(&mut self, name: &str, space: Option<&str>) -> Result<Id, ParseError> {
        if let Some(primitive) = Primitive::from_name(name) {
            return self.add(Kind::Primitive(primitive), Vec::new());
        }
        let full = match space {
            Some(space) if !name.contains('.') => format!("{space}.{name}"),
            _ => name.to_owned(),
        };
        match self.table.get(&full).or_else(|| self.table.get(name)) {
            Some(id) => Ok(*id),
            None => self.add(Kind::Unresolved(full), Vec::new()),
        }
    }

    /// Adds a named type and makes its name known, which for a record is after its fields.
    fn define(&mut self, mut kind: Kind, object: &Object, reserved: &[&str]) -> Result<Id, ParseError> {
        let (Kind::Record(Record { named, .. }) | Kind::Enum(Enum { named, .. }) | Kind::Fixed(Fixed { named, .. })) =
            &mut kind
        else {
            return self.add(kind, Vec::new());
        };
        let mut seen = HashSet::new();
        for alias in aliases(&Value::Null, object)? {
            let alias = Name::new(&alias, named.name.space());
            if self.strictness != Strictness::Lenient {
                names::check(alias.short(), self.strictness)?;
            }
            if seen.insert(alias.clone()) {
                named.aliases.push(alias);
            }
        }
        if self.strictness != Strictness::Lenient {
            names::check_namespace(&named.name, self.strictness)?;
        }
        let full = named.name.full().to_owned();
        let id = self.add(kind, properties(object, reserved))?;
        let first = *self.table.entry(full.clone()).or_insert(id);
        if first != id && !same::equal(&self.nodes, first, id) {
            return Err(ParseError::Redefined(full));
        }
        if self.table.len() > self.limits.names {
            return Err(ParseError::TooManyNames { limit: self.limits.names });
        }
        Ok(id)
    }

    fn add(&mut self, kind: Kind, properties: Vec<(String, Value)>) -> Result<Id, ParseError> {
        let id = self.next_id();
        self.nodes.push(Node { kind, properties });
        if self.nodes.len() + self.fields > self.limits.nodes {
            return Err(ParseError::TooManyNodes { limit: self.limits.nodes });
        }
        Ok(id)
    }

    fn next_id(&self) -> Id {
        Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
    }

    fn check_union(&self, kinds: &[Id]) -> Result<(), ParseError> {
        let mut seen = HashSet::new();
        for id in kinds {
            let kind = &self.nodes[id.0 as usize].kind;
            match kind {
                Kind::Union(_) => {
                    let branches: Vec<_> = kinds.iter().map(|id| print::brief(&self.nodes, *id)).collect();
                    return Err(ParseError::NestedUnion(format!("[{}]", branches.join(","))));
                }
                // Two unknown names may still turn out to be one.
                Kind::Unresolved(_) => {}
                kind if seen.insert(kind.branch_name()) => {}
                kind => return Err(ParseError::DuplicateBranch(kind.branch_name().to_owned())),
            }
        }
        Ok(())
    }
}

impl<'v> Open<'v> {
    fn next_part(&self) -> Result<Option<(&'v Value, Space)>, ParseError> {
        Ok(match self {
            Self::Array { items: Some(_), .. } | Self::Map { values: Some(_), .. } => None,
            Self::Array { object, space, .. } => object.get("items").map(|items| (items, space.clone())),
            Self::Map { object, space, .. } => object.get("values").map(|values| (values, space.clone())),
            Self::Union { branches, space, .. } => branches.first().map(|branch| (branch, space.clone())),
            Self::Record { fields, space, .. } => match fields.first() {
                None => None,
                Some(field) => {
                    let object = field.as_object().ok_or_else(|| no_field_name(field))?;
                    object.get("name").and_then(Value::as_str).ok_or_else(|| no_field_name(field))?;
                    let kind = object
                        .get("type")
                        .ok_or_else(|| ParseError::Missing { what: "No field type", from: field.to_string() })?;
                    Some((kind, space.clone()))
                }
            },
        })
    }
}

fn no_field_name(field: &Value) -> ParseError {
    ParseError::Missing { what: "No field name", from: field.to_string() }
}

/// Keys that belong to a type; everything else is a property of the user's.
const RESERVED: [&str; 10] =
    ["doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"];
const ENUM_RESERVED: [&str; 11] =
    ["doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases", "default"];
const FIELD_RESERVED: [&str; 6] = ["default", "doc", "name", "order", "type", "aliases"];

/// The longest array that Java can allocate.
const LONGEST_FIXED: u32 = 2_147_483_639;

fn properties(object: &Object, reserved: &[&str]) -> Vec<(String, Value)> {
    object
        .iter()
        .filter(|(key, _)| !reserved.contains(key))
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

fn aliases(value: &Value, object: &Object) -> Result<Vec<String>, ParseError> {
    let Some(list) = object.get("aliases") else {
        return Ok(Vec::new());
    };
    let Value::Array(list) = list else {
        let whole = if *value == Value::Null { Value::Object(object.clone()).to_string() } else { value.to_string() };
        return Err(ParseError::AliasesNotAList(whole));
    };
    let mut seen = HashSet::new();
    let mut aliases = Vec::new();
    for alias in list {
        let name = alias.as_str().ok_or_else(|| ParseError::AliasNotAString(alias.to_string()))?;
        if seen.insert(name) {
            aliases.push(name.to_owned());
        }
    }
    Ok(aliases)
}
