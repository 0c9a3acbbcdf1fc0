//! From JSON to types: each kind of type with its parts, on a stack of our own, because documents may nest deeply.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Parser, Strictness, names, number};
use crate::json::{Number, Object, Value};
use crate::model::{self, Enum, Field, Fixed, Id, Kind, Name, Named, Order, Primitive, Record};
use crate::{NameError, ParseError};

type Space = Option<Rc<str>>;

/// A type whose parts are still being read.
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

impl Parser<'_> {
    pub(super) fn schema(&mut self, value: &Value) -> Result<Id, ParseError> {
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
            let symbol = value.as_str().ok_or(NameError::Null)?;
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
            aliases: aliases(object)?,
            properties: properties(object, &FIELD_RESERVED),
        })
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

pub(super) fn properties(object: &Object, reserved: &[&str]) -> Vec<(String, Value)> {
    object
        .iter()
        .filter(|(key, _)| !reserved.contains(key))
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

pub(super) fn aliases(object: &Object) -> Result<Vec<String>, ParseError> {
    let Some(list) = object.get("aliases") else {
        return Ok(Vec::new());
    };
    let Value::Array(list) = list else {
        return Err(ParseError::AliasesNotAList(Value::Object(object.clone()).to_string()));
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
