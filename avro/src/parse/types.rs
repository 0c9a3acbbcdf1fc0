//! From JSON to types: each kind of type with its parts, on a stack of our own, because documents may nest deeply.

use super::{Parser, Strictness, names, number};
use crate::json::{Number, Object, Value};
use crate::model::{self, Enum, Field, Fixed, Id, Kind, Named, Order, Primitive, Properties, Record};
use crate::name::{Name, Space};
use crate::positions::{Positions, first_duplicate};
use crate::{NameError, ParseError};

/// A type whose parts are still being read.
enum Open<'v> {
    Array { object: &'v Object<'v>, items: &'v Value<'v>, read: Option<Id>, space: Option<Space> },
    Map { object: &'v Object<'v>, values: &'v Value<'v>, read: Option<Id>, space: Option<Space> },
    Union { branches: &'v [Value<'v>], kinds: Vec<Id>, space: Option<Space> },
    Record { object: &'v Object<'v>, record: Record, fields: &'v [Value<'v>], space: Option<Space> },
}

enum Entered<'v> {
    Complete(Id),
    Open(Open<'v>),
}

impl Parser<'_> {
    pub(super) fn schema(&mut self, value: &Value<'_>) -> Result<Id, ParseError> {
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

    fn enter<'v>(&mut self, value: &'v Value<'v>, space: Option<Space>) -> Result<Entered<'v>, ParseError> {
        let object = match value {
            Value::String(name) => return self.find(name, space.as_ref()).map(Entered::Complete),
            Value::Array(branches) => {
                let kinds = Vec::with_capacity(branches.len());
                self.held.hold(branches.len() * size_of::<Id>())?;
                return Ok(Entered::Open(Open::Union { branches, kinds, space }));
            }
            Value::Object(object) => object,
            other => return Err(ParseError::NotASchema(other.to_string())),
        };
        let missing = |what| ParseError::Missing { what, from: value.to_string() };
        let kind = object.get("type").and_then(Value::as_str).ok_or_else(|| missing("No type"))?;
        if let Some(primitive) = Primitive::from_name(kind) {
            let properties = self.properties(object, is_type_key)?;
            return match properties.is_empty() {
                true => self.find(kind, None),
                false => self.add(Kind::Primitive(primitive), properties),
            }
            .map(Entered::Complete);
        }
        match kind {
            "array" => match object.get("items") {
                Some(items) => Ok(Entered::Open(Open::Array { object, items, read: None, space })),
                None => Err(missing("Array has no items type")),
            },
            "map" => match object.get("values") {
                Some(values) => Ok(Entered::Open(Open::Map { object, values, read: None, space })),
                None => Err(missing("Map has no values type")),
            },
            "record" | "error" => {
                let named = self.named(value, object, space.as_ref())?;
                let Some(Value::Array(fields)) = object.get("fields") else {
                    return Err(missing("Record has no fields"));
                };
                let space = named.name.space().cloned();
                self.held.hold(fields.len() * size_of::<Field>())?;
                let record = Record { named, is_error: kind == "error", fields: Vec::with_capacity(fields.len()) };
                Ok(Entered::Open(Open::Record { object, record, fields, space }))
            }
            "enum" => {
                let named = self.named(value, object, space.as_ref())?;
                let Some(Value::Array(symbols)) = object.get("symbols") else {
                    return Err(missing("Enum has no symbols"));
                };
                let mut kind = Kind::Enum(self.enumeration(named, symbols, object)?);
                self.add_aliases(&mut kind, object)?;
                let properties = self.properties(object, |key| is_type_key(key) || key == "default")?;
                self.define(kind, properties).map(Entered::Complete)
            }
            "fixed" => {
                let named = self.named(value, object, space.as_ref())?;
                let Some(Value::Number(Number::Int(size))) = object.get("size") else {
                    return Err(missing("Invalid or no size"));
                };
                let size = u32::try_from(*size)
                    .ok()
                    .filter(|size| *size <= LONGEST_FIXED)
                    .ok_or(ParseError::FixedSize(i64::from(*size)))?;
                let mut kind = Kind::Fixed(Fixed { named, size });
                self.add_aliases(&mut kind, object)?;
                let properties = self.properties(object, is_type_key)?;
                self.define(kind, properties).map(Entered::Complete)
            }
            // Up to 1.12.1 `{"type":"Named"}` means the same as `"Named"`, whatever else the object holds.
            name => self.find(name, space.as_ref()).map(Entered::Complete),
        }
    }

    /// Gives the part that was just read to the type it belongs to.
    fn take_part(&mut self, open: &mut Open<'_>, part: Id) -> Result<(), ParseError> {
        match open {
            Open::Array { read, .. } | Open::Map { read, .. } => *read = Some(part),
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
            Open::Array { object, read: Some(items), .. } => {
                let properties = self.properties(object, is_type_key)?;
                check_integers(&properties)?;
                self.add(Kind::Array(items), properties)
            }
            Open::Map { object, read: Some(values), .. } => {
                let properties = self.properties(object, is_type_key)?;
                check_integers(&properties)?;
                self.add(Kind::Map(values), properties)
            }
            Open::Array { .. } | Open::Map { .. } => unreachable!("a container is closed after its part was read"),
            Open::Union { kinds, .. } => {
                self.check_union(&kinds)?;
                self.add(Kind::Union(kinds), Vec::new())
            }
            Open::Record { object, record, .. } => {
                if let Some(message) = model::duplicate_field(&self.nodes, &record) {
                    return Err(ParseError::DuplicateField(message));
                }
                let mut kind = Kind::Record(record);
                self.add_aliases(&mut kind, object)?;
                let properties = self.properties(object, is_type_key)?;
                check_integers(&properties)?;
                self.define(kind, properties)
            }
        }
    }

    fn named(
        &mut self,
        value: &Value<'_>,
        object: &Object<'_>,
        outer_space: Option<&Space>,
    ) -> Result<Named, ParseError> {
        let own_space = object.get("namespace").and_then(Value::as_str);
        let name = object
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| ParseError::Missing { what: "No name in schema", from: value.to_string() })?;
        let is_outer = |own: &str| outer_space.is_some_and(|outer| outer.text() == own);
        let name = match own_space {
            Some(own) if !name.contains('.') && !is_outer(own) => {
                self.held.hold(own.len())?;
                let space = (!own.is_empty()).then(|| Space::new(own));
                Name::in_space(space, name)
            }
            _ => Name::new(name, outer_space),
        };
        self.held.hold(size_of::<Name>() + name.simple().len())?;
        names::check(name.simple(), self.strictness)?;
        if name.space().is_none() && Primitive::from_name(name.simple()).is_some() {
            return Err(ParseError::NamedLikePrimitive(name.simple().to_owned()));
        }
        let doc = object.get("doc").and_then(Value::as_str).map(|doc| self.keep(doc)).transpose()?;
        Ok(Named { name, doc, aliases: Vec::new() })
    }

    fn add_aliases(&mut self, kind: &mut Kind, object: &Object<'_>) -> Result<(), ParseError> {
        let Some(named) = kind.named_mut() else { return Ok(()) };
        let texts = aliases(object)?;
        let mut seen = Positions::default();
        for text in texts {
            let alias = Name::new(text, named.name.space());
            if self.strictness != Strictness::Lenient {
                names::check(alias.simple(), self.strictness)?;
            }
            self.held.hold(size_of::<Name>() + text.len())?;
            named.aliases.push(alias);
            if seen.insert(named.aliases.len() - 1, |at| named.aliases[at].key()).is_some() {
                named.aliases.pop();
            }
        }
        Ok(())
    }

    fn enumeration(&mut self, named: Named, values: &[Value<'_>], object: &Object<'_>) -> Result<Enum, ParseError> {
        let mut symbols: Vec<String> = Vec::with_capacity(values.len());
        let mut seen = Positions::default();
        for value in values {
            let symbol = value.as_str().ok_or(NameError::Null)?;
            names::check(symbol, self.strictness)?;
            self.budget.step()?;
            self.held.hold(size_of::<String>() + symbol.len() + Positions::ITEM_BYTES)?;
            symbols.push(symbol.to_owned());
            if seen.insert(symbols.len() - 1, |at| symbols[at].as_str()).is_some() {
                return Err(ParseError::DuplicateSymbol(symbol.to_owned()));
            }
        }
        let default = object.get("default").and_then(Value::as_str);
        if let Some(default) = default.filter(|default| seen.get(default, |at| symbols[at].as_str()).is_none()) {
            let symbols = format!("[{}]", symbols.join(", "));
            return Err(ParseError::EnumDefault { default: default.to_owned(), symbols });
        }
        Ok(Enum { named, symbols, default: default.map(str::to_owned) })
    }

    fn field(&mut self, value: &Value<'_>, kind: Id) -> Result<Field, ParseError> {
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
        let is_floating = matches!(self.nodes[kind].kind, Kind::Primitive(Primitive::Float | Primitive::Double));
        let default = match object.get("default") {
            Some(Value::String(text)) if is_floating => {
                let number =
                    number::parse_double(text).ok_or_else(|| ParseError::DefaultNumber(text.clone().into_owned()))?;
                Some(Value::Number(Number::Double(number)))
            }
            Some(default) => {
                self.held.hold(default.memory())?;
                Some(default.to_static())
            }
            None => None,
        };
        names::check(name, self.strictness)?;
        if self.strictness != Strictness::Lenient
            && let Some(default) = &default
        {
            self.check_default(name, kind, default, None)?;
        }
        self.count_part()?;
        let texts = aliases(object)?;
        let mut aliases = Vec::with_capacity(texts.len());
        for alias in texts {
            aliases.push(self.keep(alias)?);
        }
        Ok(Field {
            name: self.keep(name)?,
            kind,
            doc: object.get("doc").and_then(Value::as_str).map(|doc| self.keep(doc)).transpose()?,
            default,
            order,
            aliases,
            properties: self.properties(object, is_field_key)?,
        })
    }

    /// The keys of an object that are not part of the type itself.
    fn properties(
        &mut self,
        object: &Object<'_>,
        is_reserved: impl Fn(&str) -> bool,
    ) -> Result<Properties, ParseError> {
        let mut properties = Vec::new();
        for (key, value) in object.iter() {
            if !is_reserved(key) {
                self.held.hold(value.memory())?;
                properties.push((self.keep(key)?, value.to_static()));
            }
        }
        Ok(properties)
    }
}

impl<'v> Open<'v> {
    fn next_part(&self) -> Result<Option<(&'v Value<'v>, Option<Space>)>, ParseError> {
        Ok(match self {
            Self::Array { read: Some(_), .. } | Self::Map { read: Some(_), .. } => None,
            Self::Array { items: part, space, .. } | Self::Map { values: part, space, .. } => {
                Some((*part, space.clone()))
            }
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

fn no_field_name(field: &Value<'_>) -> ParseError {
    ParseError::Missing { what: "No field name", from: field.to_string() }
}

/// Whether a key belongs to a type; every other key is a property of the user's.
fn is_type_key(key: &str) -> bool {
    matches!(
        key,
        "doc" | "fields" | "items" | "name" | "namespace" | "size" | "symbols" | "values" | "type" | "aliases"
    )
}

fn is_field_key(key: &str) -> bool {
    matches!(key, "default" | "doc" | "name" | "order" | "type" | "aliases")
}

/// The longest array that Java can allocate.
const LONGEST_FIXED: u32 = 2_147_483_639;

/// Java cannot set an integer beyond 64 bits as a property of a record, error, array or map. It can on other types.
fn check_integers(properties: &Properties) -> Result<(), ParseError> {
    match properties.iter().find(|(_, value)| has_integer_beyond_64_bits(value)) {
        Some((key, _)) => Err(ParseError::PropertyBeyond64Bits(key.to_string())),
        None => Ok(()),
    }
}

/// Recursion is as deep as the document, which the reader has bounded.
fn has_integer_beyond_64_bits(value: &Value<'_>) -> bool {
    match value {
        Value::Number(Number::Big(digits)) => digits.parse::<i64>().is_err(),
        Value::Array(items) => items.iter().any(has_integer_beyond_64_bits),
        Value::Object(object) => object.iter().any(|(_, value)| has_integer_beyond_64_bits(value)),
        _ => false,
    }
}

/// The aliases of an object, each once.
fn aliases<'v>(object: &'v Object<'_>) -> Result<Vec<&'v str>, ParseError> {
    let Some(list) = object.get("aliases") else {
        return Ok(Vec::new());
    };
    let Value::Array(list) = list else {
        return Err(ParseError::AliasesNotAList(Value::Object(object.clone()).to_string()));
    };
    let mut aliases = Vec::with_capacity(list.len());
    for alias in list {
        aliases.push(alias.as_str().ok_or_else(|| ParseError::AliasNotAString(alias.to_string()))?);
    }
    if first_duplicate(aliases.len(), |at| aliases[at]).is_some() {
        let mut seen = Positions::default();
        let mut at = 0;
        let all = std::mem::take(&mut aliases);
        aliases.extend(all.iter().copied().filter(|_| {
            at += 1;
            seen.insert(at - 1, |at| all[at]).is_none()
        }));
    }
    Ok(aliases)
}
