//! Defaults as data: Java encodes a default before it hands it out, and not every accepted default can be encoded.

use avow_budget::{Budget, Exceeded};

use super::resolve::Stop;
use super::{DecodeError, DecodeErrorKind, MOST_DEPTH, encode};
use crate::json::{Number, Value};
use crate::model::{Field, Id, Inner, Kind, Primitive};
use crate::positions::{FastMap, Positions};

/// More parts or bytes than this are no sensible default: defaults inside defaults can multiply, and a fixed type of two
/// gigabytes fits into a line.
const MOST_PARTS: usize = 100_000;
const MOST_BYTES: usize = 1 << 20;

/// Encodes the default of a field; `None` when it is too large or too deep to be written down.
pub(crate) fn encode(schema: &Inner, field: &Field, default: &Value<'static>) -> Option<Vec<u8>> {
    Encoder::new(schema, &Budget::unlimited()).encode(field, default).ok()?.ok()?
}

pub(super) struct Encoder<'s> {
    schema: &'s Inner,
    budget: &'s Budget,
    out: Vec<u8>,
    parts_left: usize,
    symbols: FastMap<Id, Positions>,
    /// Which branch of a union seems to fit which sort of value.
    branches: FastMap<(Id, std::mem::Discriminant<Value<'static>>), Option<usize>>,
}

impl<'s> Encoder<'s> {
    pub(super) fn new(schema: &'s Inner, budget: &'s Budget) -> Self {
        let (symbols, branches) = (FastMap::default(), FastMap::default());
        Self { schema, budget, out: Vec::new(), parts_left: 0, symbols, branches }
    }

    /// Encodes the default of a field; `None` when it is too large or too deep to be written down.
    pub(super) fn encode(
        &mut self,
        field: &Field,
        default: &Value<'static>,
    ) -> Result<Result<Option<Vec<u8>>, DecodeError>, Exceeded> {
        let is_null_first = match &self.schema[field.kind].kind {
            Kind::Union(branches) => {
                let first = branches.first().map(|first| &self.schema[*first].kind);
                matches!(first, Some(Kind::Primitive(Primitive::Null)))
            }
            _ => false,
        };
        if *default == Value::Null && is_null_first {
            return Ok(Ok(Some(vec![0])));
        }
        self.out.clear();
        self.parts_left = MOST_PARTS;
        match self.push(field.kind, default, 0) {
            Ok(()) => Ok(Ok(Some(std::mem::take(&mut self.out)))),
            Err(Stop::Fails(error)) => Ok(Err(error)),
            Err(Stop::TooLarge) => Ok(Ok(None)),
            Err(Stop::Exceeded(exceeded)) => Err(exceeded),
        }
    }

    /// Writes as Java does: numbers are cut to their type, and what is no array or object has no members.
    fn push(&mut self, id: Id, value: &Value<'static>, depth: usize) -> Result<(), Stop> {
        self.budget.step()?;
        if self.out.len() > MOST_BYTES {
            return Err(Stop::TooLarge);
        }
        self.parts_left = self.parts_left.checked_sub(1).ok_or(Stop::TooLarge)?;
        if depth > MOST_DEPTH {
            return Err(Stop::TooLarge);
        }
        let schema = self.schema;
        let wrong = |what: &str| fails(format!("{what}: {value}"));
        match (&schema[id].kind, value) {
            (Kind::Record(record), value) => {
                for field in &record.fields {
                    let member = value.as_object().and_then(|object| object.get(&field.name));
                    let member = member.or(field.default.as_ref());
                    let member = member.ok_or_else(|| fails(format!("No default value for: {}", field.name)))?;
                    self.push(field.kind, member, depth + 1)?;
                }
            }
            (Kind::Enum(kind), value) => {
                let symbol = value.as_str().unwrap_or("null");
                let symbol_at = |at: usize| kind.symbols[at].as_str();
                let symbols = self.symbols.entry(id).or_insert_with(|| Positions::of(kind.symbols.len(), symbol_at));
                let at = value.as_str().and_then(|_| symbols.get(&symbol, symbol_at));
                let unknown = || {
                    let symbols = kind.symbols.join(", ");
                    fails(format!("enum value '{symbol}' is not in the enum symbol set: [{symbols}]"))
                };
                encode::push_length(at.ok_or_else(unknown)?, &mut self.out);
            }
            (Kind::Array(items), Value::Array(values)) if !values.is_empty() => {
                encode::push_length(values.len(), &mut self.out);
                for value in values {
                    self.push(*items, value, depth + 1)?;
                }
                self.out.push(0);
            }
            (Kind::Map(values), Value::Object(object)) if object.len() > 0 => {
                encode::push_length(object.len(), &mut self.out);
                for (key, value) in object.iter() {
                    self.text(key.as_bytes());
                    self.push(*values, value, depth + 1)?;
                }
                self.out.push(0);
            }
            (Kind::Array(_) | Kind::Map(_), _) => self.out.push(0),
            (Kind::Union(branches), value) => {
                let seems_to_fit = || branches.iter().position(|branch| is_compatible(&schema[*branch].kind, value));
                let at = *self.branches.entry((id, std::mem::discriminant(value))).or_insert_with(seems_to_fit);
                let at = at.ok_or_else(|| wrong("Not compatible default value for union"))?;
                encode::push_length(at, &mut self.out);
                self.push(branches[at], value, depth + 1)?;
            }
            (Kind::Fixed(kind), Value::String(text)) => {
                if kind.size as usize > MOST_BYTES {
                    return Err(Stop::TooLarge);
                }
                let mut bytes = latin(text);
                bytes.resize(kind.size as usize, 0);
                self.out.extend(bytes);
            }
            (Kind::Fixed(_), _) => return Err(wrong("Non-string default value for fixed")),
            (Kind::Primitive(Primitive::Null), Value::Null) | (Kind::Unresolved(_), _) => {}
            (Kind::Primitive(Primitive::Boolean), Value::Bool(value)) => self.out.push(u8::from(*value)),
            (Kind::Primitive(Primitive::Int), Value::Number(number)) => {
                #[expect(clippy::cast_possible_truncation, reason = "Java cuts in the same way")]
                let value = whole(number) as i32;
                encode::push_long(i64::from(value), &mut self.out);
            }
            (Kind::Primitive(Primitive::Long), Value::Number(number)) => {
                encode::push_long(whole(number), &mut self.out);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a float field holds a float")]
            (Kind::Primitive(Primitive::Float), Value::Number(number)) => {
                self.out.extend((number.as_f64() as f32).to_le_bytes());
            }
            (Kind::Primitive(Primitive::Double), Value::Number(number)) => {
                self.out.extend(number.as_f64().to_le_bytes());
            }
            (Kind::Primitive(Primitive::Bytes), Value::String(text)) => self.text(&latin(text)),
            (Kind::Primitive(Primitive::String), Value::String(text)) => self.text(text.as_bytes()),
            (Kind::Primitive(primitive), _) => {
                return Err(match primitive {
                    Primitive::Null => wrong("Non-null default value for null type"),
                    Primitive::Boolean => wrong("Non-boolean default for boolean"),
                    Primitive::Bytes | Primitive::String => {
                        wrong(&format!("Non-string default value for {}", primitive.name()))
                    }
                    Primitive::Int | Primitive::Long | Primitive::Float | Primitive::Double => {
                        wrong(&format!("Non-numeric default value for {}", primitive.name()))
                    }
                });
            }
        }
        Ok(())
    }

    fn text(&mut self, bytes: &[u8]) {
        encode::push_length(bytes.len(), &mut self.out);
        self.out.extend(bytes);
    }
}

/// Java reads the text of bytes as Latin-1 and writes a question mark for what is none.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

/// The number as Java's `longValue` has it.
fn whole(number: &Number) -> i64 {
    match number {
        Number::Int(number) => i64::from(*number),
        Number::Long(number) => *number,
        #[expect(clippy::cast_possible_truncation, reason = "Java cuts in the same way")]
        Number::Double(number) => *number as i64,
        // The low bits, as `BigInteger.longValue` gives them.
        Number::Big(digits) => {
            let (is_negative, digits) = digits.strip_prefix('-').map_or((false, &**digits), |digits| (true, digits));
            let low = digits
                .bytes()
                .filter(u8::is_ascii_digit)
                .fold(0_i64, |low, digit| low.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')));
            if is_negative { low.wrapping_neg() } else { low }
        }
    }
}

/// Java's choice of a branch: every record, enum, array and map seems to fit every value.
fn is_compatible(kind: &Kind, value: &Value<'_>) -> bool {
    match kind {
        Kind::Record(_) | Kind::Enum(_) | Kind::Array(_) | Kind::Map(_) => true,
        Kind::Fixed(_) | Kind::Primitive(Primitive::Bytes | Primitive::String) => value.as_str().is_some(),
        Kind::Primitive(Primitive::Null) => *value == Value::Null,
        Kind::Primitive(Primitive::Boolean) => matches!(value, Value::Bool(_)),
        Kind::Primitive(_) => matches!(value, Value::Number(_)),
        Kind::Union(_) | Kind::Unresolved(_) => false,
    }
}

fn fails(message: String) -> Stop {
    Stop::Fails(DecodeError::new(DecodeErrorKind::Default, message))
}
