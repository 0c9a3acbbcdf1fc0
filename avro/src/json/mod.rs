//! JSON as schema documents use it: comments allowed, order and numbers kept as Java keeps them.

pub(crate) mod decimal;
mod read;
mod write;

use std::borrow::Cow;

use crate::positions::Positions;
pub(crate) use read::read;
pub(crate) use write::{escape, quote};

/// A JSON value with the distinctions that Java's tree model makes; its strings may borrow from the document.
///
/// Nesting is bounded by the reader, so the derived recursive code cannot exhaust the stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'t, str>),
    Array(Vec<Value<'t>>),
    Object(Object<'t>),
}

/// A number; `1` and `1.0` are different numbers, as `JsonNode.equals` has it.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    /// Nineteen digits and more: the reference's JSON library no longer calls these `long`.
    Big(Box<str>),
    Double(f64),
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Big(a), Self::Big(b)) => a == b,
            // Java compares doubles with `Double.compare`: NaN is itself, zero has a sign.
            (Self::Double(a), Self::Double(b)) => a.total_cmp(b).is_eq() || (a.is_nan() && b.is_nan()),
            _ => false,
        }
    }
}

impl Number {
    pub(crate) fn as_f64(&self) -> f64 {
        match self {
            Self::Int(number) => f64::from(*number),
            #[expect(clippy::cast_precision_loss, reason = "Java rounds in the same way")]
            Self::Long(number) => *number as f64,
            Self::Big(digits) => digits.parse().unwrap_or(f64::NAN),
            Self::Double(number) => *number,
        }
    }
}

/// An object; a repeated key keeps its first position and its last value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object<'t> {
    entries: Vec<(Cow<'t, str>, Value<'t>)>,
    /// Only for large objects, where looking at every entry would make reading quadratic.
    index: Option<Box<Positions>>,
}

const INDEX_FROM: usize = 16;

impl<'t> Object<'t> {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), index: None }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value<'t>> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub(crate) fn insert(&mut self, key: impl Into<Cow<'t, str>>, value: Value<'t>) {
        let key = key.into();
        if let Some(at) = self.position(&key) {
            self.entries[at].1 = value;
            return;
        }
        self.entries.push((key, value));
        if self.entries.len() > INDEX_FROM {
            let index = self.index.get_or_insert_default();
            for at in index.len()..self.entries.len() {
                index.insert(at, |at| self.entries[at].0.as_ref());
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value<'t>> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        for (key, value) in std::mem::take(self).entries {
            self.insert(key, value);
        }
        Some(value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value<'t>> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value<'t>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(&key, |at| self.entries[at].0.as_ref()),
            None => self.entries.iter().position(|(name, _)| name == key),
        }
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'t> Value<'t> {
    /// The value without its ties to the document.
    pub(crate) fn to_static(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::String(text) => Value::String(Cow::Owned(text.clone().into_owned())),
            Self::Array(items) => Value::Array(items.iter().map(Value::to_static).collect()),
            Self::Object(object) => {
                let mut copy = Object::with_capacity(object.len());
                for (key, value) in object.iter() {
                    copy.insert(key.to_owned(), value.to_static());
                }
                Value::Object(copy)
            }
        }
    }

    /// The bytes that a copy of the value takes.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::String(text) => text.len(),
                Self::Array(items) => items.iter().map(Value::memory).sum(),
                Self::Object(object) => object.iter().map(|(key, value)| key.len() + value.memory()).sum(),
                _ => 0,
            }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'t>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}
