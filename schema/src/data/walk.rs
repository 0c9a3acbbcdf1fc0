//! Reads a record byte by byte, and says what each is.

use avow_avro::{LogicalType, Schema, Type, TypeId};
use serde_json::{Map, Number, Value};

use super::logical;

/// Some bytes that mean one thing.
#[derive(Debug, PartialEq, serde::Serialize)]
pub struct Piece {
    pub at: usize,
    pub length: usize,
    /// For people: `Order.to.zip`.
    pub path: String,
    pub meaning: String,
}

/// Where the bytes stop making sense.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub at: usize,
    pub path: String,
    pub reason: String,
}

/// Records that nest deeper, or have more parts, are no records but mistakes.
const MOST_DEPTH: usize = 200;
const MOST_PIECES: usize = 1_000_000;

pub struct Walk<'s> {
    schema: &'s Schema,
    bytes: &'s [u8],
    at: usize,
    depth: usize,
    pub pieces: Vec<Piece>,
}

impl<'s> Walk<'s> {
    /// Begins after what was read already.
    pub fn new(schema: &'s Schema, bytes: &'s [u8], at: usize, pieces: Vec<Piece>) -> Self {
        Self { schema, bytes, at, depth: 0, pieces }
    }

    /// Reads one record, in Avro's JSON encoding; all bytes have to belong to it.
    pub fn record(&mut self) -> Result<Value, Fault> {
        let value = self.next_record()?;
        self.end()?;
        Ok(value)
    }

    /// Reads one record, which others may follow.
    pub fn next_record(&mut self) -> Result<Value, Fault> {
        self.value(self.schema.root_type(), &self.root())
    }

    fn root(&self) -> String {
        let root = self.schema.name_of(self.schema.root_type());
        root.rsplit('.').next().unwrap_or(&root).to_owned()
    }

    /// Takes all that is left for the bytes that the record is.
    pub fn bytes_alone(&mut self) -> Value {
        let value = latin(&self.bytes[self.at..]);
        let length = self.bytes.len() - self.at;
        self.piece(self.at, "bytes", format!("bytes, {length} of them, without their length: {value}"), length);
        value
    }

    /// Refuses bytes that are left.
    pub(super) fn end(&self) -> Result<(), Fault> {
        let left = self.bytes.len() - self.at;
        if left == 0 { Ok(()) } else { Err(self.fault(&self.root(), format!("{left} bytes follow the record"))) }
    }

    fn fault(&self, path: &str, reason: impl Into<String>) -> Fault {
        Fault { at: self.at, path: path.to_owned(), reason: reason.into() }
    }

    fn piece(&mut self, at: usize, path: &str, meaning: String, length: usize) {
        self.pieces.push(Piece { at, length, path: path.to_owned(), meaning });
        self.at = at + length;
    }

    fn value(&mut self, id: TypeId, path: &str) -> Result<Value, Fault> {
        if self.depth >= MOST_DEPTH {
            return Err(self.fault(path, format!("nested more than {MOST_DEPTH} levels deep")));
        }
        if self.pieces.len() >= MOST_PIECES {
            return Err(self.fault(path, format!("more than {MOST_PIECES} parts")));
        }
        self.depth += 1;
        let value = match self.schema.type_of(id) {
            Type::Null => {
                self.piece(self.at, path, "null, which takes no bytes".to_owned(), 0);
                Value::Null
            }
            Type::Boolean => match self.peek(path, 1, "boolean")? {
                [byte @ (0 | 1)] => {
                    let value = *byte == 1;
                    self.piece(self.at, path, format!("boolean: {value}"), 1);
                    value.into()
                }
                other => {
                    let reason = format!("a boolean is 00 or 01, not {:02x}", other[0]);
                    return Err(self.fault(path, reason));
                }
            },
            kind @ (Type::Int | Type::Long) => {
                let (number, length) = self.varint(path)?;
                let name = if kind == Type::Int { "int" } else { "long" };
                if kind == Type::Int && i32::try_from(number).is_err() {
                    return Err(self.fault(path, format!("{number} is too large for an int")));
                }
                self.piece(self.at, path, format!("{name}: {number}{}", self.moment(id, number)), length);
                number.into()
            }
            Type::Float => {
                let bytes = self.peek(path, 4, "float")?;
                let number = f32::from_le_bytes(bytes.try_into().unwrap_or_default());
                self.piece(self.at, path, format!("float: {number}"), 4);
                // By its own digits: a wider number would show digits that nobody wrote.
                floating(number.to_string().parse().unwrap_or(f64::from(number)))
            }
            Type::Double => {
                let bytes = self.peek(path, 8, "double")?;
                let number = f64::from_le_bytes(bytes.try_into().unwrap_or_default());
                self.piece(self.at, path, format!("double: {number}"), 8);
                floating(number)
            }
            Type::Bytes => {
                let bytes = self.sized(path, "bytes")?;
                let value = latin(bytes);
                self.piece(self.at, path, format!("bytes: {value}{}", self.decimal(id, bytes)), bytes.len());
                value
            }
            Type::Fixed(size) => {
                let bytes = self.peek(path, size as usize, "fixed")?;
                let value = latin(bytes);
                self.piece(self.at, path, format!("fixed: {value}{}", self.decimal(id, bytes)), bytes.len());
                value
            }
            Type::String => {
                let bytes = self.sized(path, "string")?;
                let Ok(text) = std::str::from_utf8(bytes) else {
                    return Err(self.fault(path, "the string is not UTF-8"));
                };
                let value = Value::from(text);
                self.piece(self.at, path, format!("string: {value}"), bytes.len());
                value
            }
            Type::Enum(symbols) => {
                let (index, length) = self.varint(path)?;
                let symbol = usize::try_from(index).ok().and_then(|index| symbols.get(index));
                let Some(symbol) = symbol else {
                    let reason = format!("there is no symbol {index}; the enum has {}", symbols.len());
                    return Err(self.fault(path, reason));
                };
                self.piece(self.at, path, format!("symbol {index} of the enum: {symbol}"), length);
                symbol.as_str().into()
            }
            Type::Union(branches) => {
                let (index, length) = self.varint(path)?;
                let Some(branch) = usize::try_from(index).ok().and_then(|index| branches.get(index)) else {
                    let reason = format!("there is no branch {index}; the union has {}", branches.len());
                    return Err(self.fault(path, reason));
                };
                let name = self.schema.name_of(*branch).into_owned();
                self.piece(self.at, path, format!("branch {index} of the union: {name}"), length);
                let value = self.value(*branch, path)?;
                if self.schema.type_of(*branch) == Type::Null { value } else { Map::from_iter([(name, value)]).into() }
            }
            Type::Array(items) => {
                let mut all = Vec::new();
                self.blocks(path, "items", |walk| {
                    let value = walk.value(items, &format!("{path}[{}]", all.len()))?;
                    all.push(value);
                    Ok(())
                })?;
                all.into()
            }
            Type::Map(values) => {
                let mut all = Map::new();
                self.blocks(path, "entries", |walk| {
                    let bytes = walk.sized(path, "key")?;
                    let Ok(key) = std::str::from_utf8(bytes) else {
                        return Err(walk.fault(path, "the key is not UTF-8"));
                    };
                    walk.piece(walk.at, path, format!("key: {}", Value::from(key)), bytes.len());
                    let value = walk.value(values, &format!("{path}[{key:?}]"))?;
                    all.insert(key.to_owned(), value);
                    Ok(())
                })?;
                all.into()
            }
            Type::Record(fields) => {
                let mut all = Map::new();
                for field in fields {
                    let value = self.value(field.kind, &format!("{path}.{}", field.name))?;
                    all.insert(field.name.to_owned(), value);
                }
                all.into()
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn blocks(
        &mut self,
        path: &str,
        noun: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        loop {
            let (count, length) = self.varint(path)?;
            if count == 0 {
                self.piece(self.at, path, format!("end of the {noun}"), length);
                return Ok(());
            }
            self.piece(self.at, path, format!("{noun} in this block: {}", count.unsigned_abs()), length);
            if count < 0 {
                let (size, length) = self.varint(path)?;
                self.piece(self.at, path, format!("they take {size} bytes"), length);
            }
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
        }
    }

    /// Reads a length, and gives what it is the length of.
    fn sized(&mut self, path: &str, what: &str) -> Result<&'s [u8], Fault> {
        let (size, length) = self.varint(path)?;
        let Ok(size) = usize::try_from(size) else {
            return Err(self.fault(path, format!("{size} is not a length")));
        };
        self.piece(self.at, path, format!("length of the {what}: {size}"), length);
        self.peek(path, size, what)
    }

    fn peek(&self, path: &str, length: usize, what: &str) -> Result<&'s [u8], Fault> {
        let left = &self.bytes[self.at..];
        left.get(..length).ok_or_else(|| {
            let there = left.len();
            self.fault(path, format!("the {what} takes {length} bytes, and there are only {there} left"))
        })
    }

    fn varint(&self, path: &str) -> Result<(i64, usize), Fault> {
        let mut zigzag = 0_u64;
        for (at, byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            zigzag |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed(), at + 1));
            }
        }
        let is_cut = self.bytes.len() - self.at < 10;
        Err(self.fault(path, if is_cut { "the bytes end within a number" } else { "a number of more than ten bytes" }))
    }

    /// A number as the date, time or moment that it means.
    fn moment(&self, id: TypeId, number: i64) -> String {
        let moment = self.schema.logical_type_of(id).and_then(|logical| logical::moment(&logical, number));
        moment.map(|moment| format!(" ({moment})")).unwrap_or_default()
    }

    fn decimal(&self, id: TypeId, bytes: &[u8]) -> String {
        let Some(LogicalType::Decimal { scale, .. }) = self.schema.logical_type_of(id) else { return String::new() };
        if bytes.is_empty() || bytes.len() > 16 || scale > 38 {
            return String::new();
        }
        let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
        let unscaled = bytes.iter().fold(sign, |number: i128, byte| number << 8 | i128::from(*byte));
        format!(" ({})", logical::decimal(unscaled, scale as usize))
    }
}

/// Avro's JSON encoding of bytes: a character each.
fn latin(bytes: &[u8]) -> Value {
    bytes.iter().copied().map(char::from).collect::<String>().into()
}

fn floating(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}
