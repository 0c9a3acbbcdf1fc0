//! Defaults and properties as Java holds them in memory, which is how the normal form prints them (contract 4.4).

use std::borrow::Cow;

use avow_budget::Budget;

use crate::ParseError;
use crate::json::{Number, Object, Value, decimal};
use crate::model::{Id, Inner, Kind, Primitive};
use crate::normal::sorted;
use crate::positions::{FastMap, Positions};
use crate::print;

/// Rebuilds the values of one schema.
pub(crate) struct Rebuilder<'n> {
    inner: &'n Inner,
    budget: &'n Budget,
    /// The fields by name of the records that defaults were rebuilt for.
    fields: FastMap<Id, Positions>,
    /// Which branch of a union takes which sort of value.
    branches: FastMap<(Id, Sort), Option<Id>>,
}

/// The sorts of values that Java distinguishes when it chooses the branch of a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sort {
    Container,
    Null,
    Bool,
    Whole,
    Big,
    Fraction,
    Text,
}

impl Sort {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Array(_) | Value::Object(_) => Self::Container,
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(Number::Int(_) | Number::Long(_)) => Self::Whole,
            Value::Number(Number::Big(_)) => Self::Big,
            Value::Number(Number::Double(_)) => Self::Fraction,
            Value::String(_) => Self::Text,
        }
    }
}

impl<'n> Rebuilder<'n> {
    pub(crate) fn new(inner: &'n Inner, budget: &'n Budget) -> Self {
        Self { inner, budget, fields: FastMap::default(), branches: FastMap::default() }
    }

    /// Rebuilds a value with sorted keys and, where it has a type, as a value of that type; `None` when Java loses it.
    pub(crate) fn rebuild(
        &mut self,
        value: &'n Value<'static>,
        kind: Option<Id>,
    ) -> Result<Option<Value<'static>>, ParseError> {
        let mut open: Vec<Open<'n>> = Vec::new();
        let mut next = (value, kind);
        loop {
            self.budget.step()?;
            let kind = self.chosen(next.0, next.1)?;
            let mut complete = match next.0 {
                Value::Array(values) => {
                    let opened = self.array(values, kind)?;
                    self.step(opened)?
                }
                Value::Object(object) => {
                    let rest = sorted(object.iter()).into_iter();
                    let done = Object::with_capacity(object.len());
                    self.step(Open::Object { rest, kind, key: "", done })?
                }
                scalar => match rebuild_scalar(scalar, kind.map(|id| &self.inner[id].kind)) {
                    Some(value) => Stepped::Complete(value),
                    // Java loses a default that it cannot read, but cannot write a value with such a hole in it.
                    None if open.is_empty() => return Ok(None),
                    None => return Err(lost()),
                },
            };
            loop {
                match complete {
                    Stepped::Part(opened, value, kind) => {
                        open.push(opened);
                        next = (value, kind);
                        break;
                    }
                    Stepped::Complete(value) => match open.pop() {
                        None => return Ok(Some(value)),
                        Some(outer) => complete = self.step(outer.take(value))?,
                    },
                }
            }
        }
    }

    /// Chooses the branch of a union: the first that Java can read the value with, never the null branch.
    fn chosen(&mut self, value: &Value<'_>, kind: Option<Id>) -> Result<Option<Id>, ParseError> {
        let inner = self.inner;
        let Some((union, Kind::Union(branches))) = kind.map(|id| (id, &inner[id].kind)) else {
            return Ok(kind);
        };
        let key = (union, Sort::of(value));
        if let Some(chosen) = self.branches.get(&key) {
            return Ok(*chosen);
        }
        self.budget.spend(branches.len() as u64)?;
        let is_null = |branch: &Id| matches!(inner[*branch].kind, Kind::Primitive(Primitive::Null));
        let reads = |branch: &Id| match value {
            Value::Array(_) | Value::Object(_) => true,
            scalar => rebuild_scalar(scalar, Some(&inner[*branch].kind)).is_some(),
        };
        let chosen = branches.iter().copied().find(|branch| !is_null(branch) && reads(branch)).or(kind);
        self.branches.insert(key, chosen);
        Ok(chosen)
    }

    fn array(&self, values: &'n [Value<'static>], kind: Option<Id>) -> Result<Open<'n>, ParseError> {
        let items = match kind.map(|id| (id, &self.inner[id].kind)) {
            Some((_, Kind::Array(items))) => Some(*items),
            Some((id, _)) if !values.is_empty() => {
                let schema = print::brief(&self.inner.nodes, id, self.budget)?;
                return Err(ParseError::Normalize(format!("Not an array: {schema}")));
            }
            _ => None,
        };
        Ok(Open::Array { rest: values.iter(), items, done: Vec::with_capacity(values.len()) })
    }

    fn step(&mut self, mut open: Open<'n>) -> Result<Stepped<'n>, ParseError> {
        let part = match &mut open {
            Open::Array { rest, items, .. } => rest.next().map(|value| (value, *items)),
            Open::Object { rest, kind, key, .. } => match rest.next() {
                None => None,
                Some((name, value)) => {
                    *key = name;
                    Some((value, self.member(*kind, name)?))
                }
            },
        };
        Ok(match (part, open) {
            (Some((value, kind)), open) => Stepped::Part(open, value, kind),
            (None, Open::Array { done, .. }) => Stepped::Complete(Value::Array(done)),
            (None, Open::Object { done, .. }) => Stepped::Complete(Value::Object(done)),
        })
    }

    /// The type of an object's member.
    fn member(&mut self, kind: Option<Id>, name: &str) -> Result<Option<Id>, ParseError> {
        let inner = self.inner;
        match kind.map(|id| (id, &inner[id].kind)) {
            Some((_, Kind::Map(values))) => Ok(Some(*values)),
            Some((id, Kind::Record(record))) => {
                let name_of = |at: usize| &*record.fields[at].name;
                let fields = self.fields.entry(id).or_insert_with(|| Positions::of(record.fields.len(), name_of));
                let at = fields.get(&name, name_of);
                let unknown = || ParseError::Normalize(format!("A default names the unknown field {name}"));
                Ok(Some(record.fields[at.ok_or_else(unknown)?].kind))
            }
            _ => Ok(None),
        }
    }
}

pub(crate) fn lost() -> ParseError {
    ParseError::Normalize("A default or property holds a value that cannot be rebuilt".to_owned())
}

/// A container that is still being rebuilt.
enum Open<'v> {
    Array {
        rest: std::slice::Iter<'v, Value<'static>>,
        items: Option<Id>,
        done: Vec<Value<'static>>,
    },
    Object {
        rest: std::vec::IntoIter<(&'v str, &'v Value<'static>)>,
        kind: Option<Id>,
        key: &'v str,
        done: Object<'static>,
    },
}

enum Stepped<'v> {
    Part(Open<'v>, &'v Value<'static>, Option<Id>),
    Complete(Value<'static>),
}

impl Open<'_> {
    fn take(mut self, value: Value<'static>) -> Self {
        match &mut self {
            Self::Array { done, .. } => done.push(value),
            Self::Object { key, done, .. } => done.insert((*key).to_owned(), value),
        }
        self
    }
}

fn rebuild_scalar(value: &Value<'_>, kind: Option<&Kind>) -> Option<Value<'static>> {
    match (value, kind) {
        (Value::Number(Number::Big(_)), _) => None,
        (Value::Number(number), Some(Kind::Primitive(primitive))) => {
            rebuild_number(number, *primitive).map(Value::Number)
        }
        // Java turns the text into Latin-1 bytes and back.
        (Value::String(text), Some(Kind::Fixed(_) | Kind::Primitive(Primitive::Bytes))) => {
            let latin: String = text.chars().map(|c| if c <= '\u{ff}' { c } else { '?' }).collect();
            Some(Value::String(Cow::Owned(latin)))
        }
        (Value::Null | Value::Bool(_), _)
        | (_, None)
        | (Value::String(_), Some(Kind::Enum(_) | Kind::Primitive(Primitive::String))) => Some(value.to_static()),
        _ => None,
    }
}

fn rebuild_number(number: &Number, kind: Primitive) -> Option<Number> {
    match (kind, number) {
        (Primitive::Int | Primitive::Long, Number::Int(_) | Number::Long(_)) => Some(number.clone()),
        (Primitive::Double, _) => Some(Number::Double(number.as_f64())),
        (Primitive::Float, _) => {
            #[expect(clippy::cast_possible_truncation, reason = "a float field holds a float")]
            let float = number.as_f64() as f32;
            // The digits of the float are what is read again, as a double.
            Some(Number::Double(decimal::of_float(float).replace("Infinity", "inf").parse().unwrap_or(f64::NAN)))
        }
        _ => None,
    }
}
