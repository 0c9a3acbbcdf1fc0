//! Defaults and properties as Java holds them in memory, which is how the normal form prints them (contract 4.4).

use crate::ParseError;
use crate::json::{Number, Object, Value, decimal};
use crate::model::{Id, Inner, Kind, Primitive};
use crate::normal::sorted;
use crate::print;

/// Rebuilds a value with sorted keys and, where it has a type, as a value of that type; `None` when Java loses it.
pub(crate) fn rebuild(inner: &Inner, value: &Value, kind: Option<Id>) -> Result<Option<Value>, ParseError> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = (value, kind);
    loop {
        let kind = chosen(inner, next.0, next.1);
        let mut complete = match next.0 {
            Value::Array(values) => Open::array(inner, values, kind)?.step(inner)?,
            Value::Object(object) => Open::object(object, kind).step(inner)?,
            scalar => match rebuild_scalar(scalar, kind.map(|id| &inner[id].kind)) {
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
                    Some(outer) => complete = outer.take(value).step(inner)?,
                },
            }
        }
    }
}

pub(crate) fn lost() -> ParseError {
    ParseError::Normalize("A default or property holds a value that cannot be rebuilt".to_owned())
}

/// Chooses the branch of a union: the first that Java can read the value with, never the null branch.
fn chosen(inner: &Inner, value: &Value, kind: Option<Id>) -> Option<Id> {
    let Some(Kind::Union(branches)) = kind.map(|id| &inner[id].kind) else {
        return kind;
    };
    let is_null = |branch: &Id| matches!(inner[*branch].kind, Kind::Primitive(Primitive::Null));
    let reads = |branch: &Id| match value {
        Value::Array(_) | Value::Object(_) => true,
        scalar => rebuild_scalar(scalar, Some(&inner[*branch].kind)).is_some(),
    };
    branches.iter().copied().find(|branch| !is_null(branch) && reads(branch)).or(kind)
}

/// A container that is still being rebuilt.
enum Open<'v> {
    Array { rest: std::slice::Iter<'v, Value>, items: Option<Id>, done: Vec<Value> },
    Object { rest: std::vec::IntoIter<(&'v str, &'v Value)>, kind: Option<Id>, key: &'v str, done: Object },
}

enum Stepped<'v> {
    Part(Open<'v>, &'v Value, Option<Id>),
    Complete(Value),
}

impl<'v> Open<'v> {
    fn array(inner: &Inner, values: &'v [Value], kind: Option<Id>) -> Result<Self, ParseError> {
        let items = match kind.map(|id| (id, &inner[id].kind)) {
            Some((_, Kind::Array(items))) => Some(*items),
            Some((id, _)) if !values.is_empty() => {
                let schema = print::brief(&inner.nodes, id);
                return Err(ParseError::Normalize(format!("Not an array: {schema}")));
            }
            _ => None,
        };
        Ok(Self::Array { rest: values.iter(), items, done: Vec::with_capacity(values.len()) })
    }

    fn object(object: &'v Object, kind: Option<Id>) -> Self {
        Self::Object { rest: sorted(object.iter()).into_iter(), kind, key: "", done: Object::default() }
    }

    fn step(mut self, inner: &Inner) -> Result<Stepped<'v>, ParseError> {
        let part = match &mut self {
            Self::Array { rest, items, .. } => rest.next().map(|value| (value, *items)),
            Self::Object { rest, kind, key, .. } => match rest.next() {
                None => None,
                Some((name, value)) => {
                    *key = name;
                    Some((value, member(inner, *kind, name)?))
                }
            },
        };
        Ok(match (part, self) {
            (Some((value, kind)), open) => Stepped::Part(open, value, kind),
            (None, Self::Array { done, .. }) => Stepped::Complete(Value::Array(done)),
            (None, Self::Object { done, .. }) => Stepped::Complete(Value::Object(done)),
        })
    }

    fn take(mut self, value: Value) -> Self {
        match &mut self {
            Self::Array { done, .. } => done.push(value),
            Self::Object { key, done, .. } => done.insert((*key).to_owned(), value),
        }
        self
    }
}

/// The type of an object's member.
fn member(inner: &Inner, kind: Option<Id>, name: &str) -> Result<Option<Id>, ParseError> {
    match kind.map(|id| &inner[id].kind) {
        Some(Kind::Map(values)) => Ok(Some(*values)),
        Some(Kind::Record(record)) => {
            let field = record.fields.iter().find(|field| field.name == name);
            let unknown = || ParseError::Normalize(format!("A default names the unknown field {name}"));
            Ok(Some(field.ok_or_else(unknown)?.kind))
        }
        _ => Ok(None),
    }
}

fn rebuild_scalar(value: &Value, kind: Option<&Kind>) -> Option<Value> {
    match (value, kind) {
        (Value::Number(Number::Big(_)), _) => None,
        (Value::Number(number), Some(Kind::Primitive(primitive))) => {
            rebuild_number(number, *primitive).map(Value::Number)
        }
        // Java turns the text into Latin-1 bytes and back.
        (Value::String(text), Some(Kind::Fixed(_) | Kind::Primitive(Primitive::Bytes))) => {
            Some(Value::String(text.chars().map(|c| if c <= '\u{ff}' { c } else { '?' }).collect()))
        }
        (Value::Null | Value::Bool(_), _)
        | (_, None)
        | (Value::String(_), Some(Kind::Enum(_) | Kind::Primitive(Primitive::String))) => Some(value.clone()),
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
