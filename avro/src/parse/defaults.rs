//! Whether a default fits its field: Java's shallow rule (avro-compat 6.1).

use std::collections::HashMap;

use super::Parser;
use crate::json::{Number, Value};
use crate::model::{Id, Kind, Primitive};
use crate::{ParseError, print};

impl Parser<'_> {
    /// Checks the default of a field.
    ///
    /// While a document is read, a name that is not known yet stands for an empty record. Afterwards names are followed,
    /// and `is_finished` tells which records have their fields already.
    pub(super) fn check_default(
        &self,
        field: &str,
        kind: Id,
        default: &Value,
        is_finished: Option<&dyn Fn(Id) -> bool>,
    ) -> Result<(), ParseError> {
        let mut check = Check { parser: self, is_finished, known: HashMap::new() };
        if check.fits(kind, default)? {
            return Ok(());
        }
        Err(ParseError::Default {
            field: field.to_owned(),
            default: default.to_string(),
            schema: print::brief(&self.nodes, kind),
        })
    }
}

struct Check<'p> {
    parser: &'p Parser<'p>,
    is_finished: Option<&'p dyn Fn(Id) -> bool>,
    /// Answers for records, which a union may ask again and again; the value is known by its place in memory.
    known: HashMap<(Id, *const Value), bool>,
}

impl Check<'_> {
    /// Recursion is as deep as the default, which the reader has bounded.
    fn fits(&mut self, kind: Id, value: &Value) -> Result<bool, ParseError> {
        let parser = self.parser;
        Ok(match &parser.nodes[kind.0 as usize].kind {
            Kind::Primitive(primitive) => fits_primitive(*primitive, value),
            Kind::Enum(_) | Kind::Fixed(_) => matches!(value, Value::String(_)),
            Kind::Array(items) => match value {
                Value::Array(values) => {
                    for value in values {
                        if !self.fits(*items, value)? {
                            return Ok(false);
                        }
                    }
                    true
                }
                _ => false,
            },
            Kind::Map(values) => match value {
                Value::Object(object) => {
                    for (_, value) in object.iter() {
                        if !self.fits(*values, value)? {
                            return Ok(false);
                        }
                    }
                    true
                }
                _ => false,
            },
            Kind::Union(branches) => {
                for branch in branches {
                    if self.fits(*branch, value)? {
                        return Ok(true);
                    }
                }
                false
            }
            Kind::Record(_) => self.fits_record(kind, value)?,
            Kind::Unresolved(name) => match parser.table.get(name) {
                Some(target) if self.is_finished.is_some() => self.fits(*target, value)?,
                _ => matches!(value, Value::Object(_)),
            },
        })
    }

    fn fits_record(&mut self, kind: Id, value: &Value) -> Result<bool, ParseError> {
        let (Kind::Record(record), Value::Object(object)) = (&self.parser.nodes[kind.0 as usize].kind, value) else {
            return Ok(false);
        };
        if self.is_finished.is_some_and(|is_finished| !is_finished(kind)) {
            return Err(ParseError::UnfinishedRecord);
        }
        let key = (kind, std::ptr::from_ref(value));
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let mut fits = true;
        for field in &record.fields {
            // A field's own default was checked when the field was read.
            fits = match object.get(&field.name) {
                Some(value) => self.fits(field.kind, value)?,
                None => field.default.is_some(),
            };
            if !fits {
                break;
            }
        }
        self.known.insert(key, fits);
        Ok(fits)
    }
}

fn fits_primitive(primitive: Primitive, value: &Value) -> bool {
    match primitive {
        Primitive::Null => matches!(value, Value::Null),
        Primitive::Boolean => matches!(value, Value::Bool(_)),
        Primitive::Int => matches!(value, Value::Number(Number::Int(_))),
        Primitive::Long => match value {
            Value::Number(Number::Int(_) | Number::Long(_)) => true,
            Value::Number(Number::Big(digits)) => digits.parse::<i64>().is_ok(),
            _ => false,
        },
        Primitive::Float | Primitive::Double => matches!(value, Value::Number(_)),
        Primitive::Bytes | Primitive::String => matches!(value, Value::String(_)),
    }
}
