//! JSON as schema documents use it: comments allowed, order and numbers kept as Java keeps them.

pub(crate) mod decimal;
mod read;
mod write;

use std::borrow::Cow;
use std::collections::HashMap;

pub(crate) use read::read;
pub(crate) use write::{escape, quote};

/// A JSON value with the distinctions that Java's tree model makes.
///
/// Nesting is bounded by the reader, so the derived recursive code cannot exhaust the stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Value>),
    Object(Object),
}

/// A number; `1` and `1.0` are different numbers, as `JsonNode.equals` has it.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    /// Nineteen digits and more: the reference's JSON library no longer calls these `long`.
    Big(String),
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

/// An object; a repeated key keeps its first place and its last value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    entries: Vec<(Key, Value)>,
    /// Only for large objects, where looking at every entry would make reading quadratic.
    #[expect(clippy::box_collection, reason = "objects are many, and few are large")]
    index: Option<Box<HashMap<Key, usize>>>,
}

/// A key; the words of the language need no memory.
pub(crate) type Key = Cow<'static, str>;

const INDEX_FROM: usize = 16;

impl Object {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub(crate) fn insert(&mut self, key: impl Into<Key>, value: Value) {
        let key = key.into();
        if let Some(at) = self.position(&key) {
            self.entries[at].1 = value;
            return;
        }
        self.entries.push((key, value));
        if self.entries.len() > INDEX_FROM {
            let index = self.index.get_or_insert_default();
            for at in index.len()..self.entries.len() {
                index.insert(self.entries[at].0.clone(), at);
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        for (key, value) in std::mem::take(self).entries {
            self.insert(key, value);
        }
        Some(value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| name == key),
        }
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl Value {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}
