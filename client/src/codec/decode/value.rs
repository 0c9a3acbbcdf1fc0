//! Records as values of the `apache-avro` crate: the reader's types, with the branches of its unions.

use std::collections::HashMap;
use std::sync::Arc;

use apache_avro::types::Value;

use super::access::GROWTH;
use super::input::Input;
use super::program::{Branch, List, Op, Step};
use crate::codec::error::DecodeError;
use crate::codec::logical::Logical;
use crate::codec::path::{Segment, WithPath};
use crate::codec::text;

impl Input<'_> {
    /// Reads one datum.
    pub(super) fn value(&mut self, op: Op) -> Result<Value, DecodeError> {
        let program = self.program;
        #[expect(clippy::cast_precision_loss, reason = "promotions of Avro are allowed to lose digits")]
        Ok(match op {
            Op::Null => Value::Null,
            Op::Boolean => Value::Boolean(self.boolean()?),
            Op::Int(logical) => match (logical, self.int()?) {
                (Logical::Date, value) => Value::Date(value),
                (Logical::Time(_), value) => Value::TimeMillis(value),
                (_, value) => Value::Int(value),
            },
            Op::IntAsLong(logical) => long(i64::from(self.int()?), logical),
            Op::IntAsFloat => Value::Float(self.int()? as f32),
            Op::IntAsDouble => Value::Double(f64::from(self.int()?)),
            Op::Long(logical) => long(self.long()?, logical),
            Op::LongAsFloat => Value::Float(self.long()? as f32),
            Op::LongAsDouble => Value::Double(self.long()? as f64),
            Op::Float => Value::Float(f32::from_le_bytes(self.array()?)),
            Op::FloatAsDouble => Value::Double(f64::from(f32::from_le_bytes(self.array()?))),
            Op::Double => Value::Double(f64::from_le_bytes(self.array()?)),
            Op::Bytes(logical) | Op::StringAsBytes(logical) => match (logical, self.bytes()?) {
                (Logical::Decimal(_), bytes) => Value::Decimal(bytes.into()),
                (Logical::BigDecimal, bytes) => {
                    let number = text::format_big_decimal(bytes).and_then(|text| text.parse().ok());
                    Value::BigDecimal(number.ok_or_else(|| DecodeError::malformed("the big decimal is invalid"))?)
                }
                (_, bytes) => Value::Bytes(bytes.to_vec()),
            },
            Op::String(Logical::Uuid) | Op::BytesAsString(Logical::Uuid) => {
                let uuid =
                    text::parse_uuid(self.text()?).ok_or_else(|| DecodeError::malformed("the uuid is invalid"))?;
                Value::Uuid(apache_avro::Uuid::from_bytes(uuid))
            }
            Op::String(_) | Op::BytesAsString(_) => Value::String(self.text()?.to_owned()),
            Op::Fixed(at) => match self.fixed(at)? {
                (bytes, Logical::Decimal(_)) => Value::Decimal(bytes.into()),
                (bytes, Logical::Uuid) if let Ok(uuid) = bytes.try_into() => {
                    Value::Uuid(apache_avro::Uuid::from_bytes(uuid))
                }
                (bytes, Logical::Duration) if let Ok(parts) = <[u8; 12]>::try_from(bytes) => {
                    Value::Duration(parts.into())
                }
                (bytes, _) => Value::Fixed(bytes.len(), bytes.to_vec()),
            },
            Op::Enum(at) => {
                let symbol = self.symbol(at)?;
                self.charge(symbol.len())?;
                let place = program.enums[at as usize].symbols.iter().position(|known| **known == *symbol);
                Value::Enum(place.and_then(|place| u32::try_from(place).ok()).unwrap_or(0), symbol.to_owned())
            }
            Op::Array(at) => self
                .list(at, |input, list, values: &mut Vec<Value>| {
                    input.charge(GROWTH * size_of::<Value>())?;
                    let value = input.value(list.item);
                    values.push(value.map_err(|error| error.push_segment(Segment::Index(values.len())))?);
                    Ok(())
                })
                .map(Value::Array)?,
            Op::Map(at) => self
                .list(at, |input, list, values: &mut HashMap<String, Value>| {
                    input.charge(GROWTH * size_of::<(String, Value)>())?;
                    let key = input.text()?.to_owned();
                    let value = input
                        .value(list.item)
                        .map_err(|error| error.push_segment(Segment::Key(key.as_str().into())))?;
                    values.insert(key, value);
                    Ok(())
                })
                .map(Value::Map)?,
            Op::Record(at) => self.record_value(at)?,
            Op::Union(at) => {
                let branch = self.branch(at)?;
                self.branch_value(branch)?
            }
            Op::Branch(at) => self.branch_value(&program.branches[at as usize])?,
            Op::Error(at) => return Err(self.does_not_fit(at)),
        })
    }

    fn branch_value(&mut self, branch: &Branch) -> Result<Value, DecodeError> {
        let value = self.value(branch.op)?;
        Ok(match branch.of {
            Some((at, _)) => {
                self.charge(size_of::<Value>())?;
                Value::Union(at, Box::new(value))
            }
            None => value,
        })
    }

    fn list<C: Default>(
        &mut self,
        list: u32,
        mut item: impl FnMut(&mut Self, &List, &mut C) -> Result<(), DecodeError>,
    ) -> Result<C, DecodeError> {
        let list = &self.program.lists[list as usize];
        self.enter()?;
        let mut values = C::default();
        loop {
            let count = self.items(list.width)?;
            if count == 0 {
                break;
            }
            for _ in 0..count {
                item(self, list, &mut values)?;
            }
        }
        self.leave();
        Ok(values)
    }

    fn record_value(&mut self, record: u32) -> Result<Value, DecodeError> {
        let record = &self.program.records[record as usize];
        self.enter_record(record)?;
        self.charge(record.fields.len() * size_of::<(String, Value)>() + record.name_bytes)?;
        let mut fields: Vec<(usize, Value)> = Vec::with_capacity(record.fields.len());
        for step in &record.steps {
            let (name, value) = match step {
                Step::Skip(op) => {
                    self.skip(*op)?;
                    continue;
                }
                Step::Read { op, name, .. } => (name, self.value(*op)),
                Step::Default { op, name, datum, .. } => {
                    self.charge(datum.len())?;
                    let message = self.swap(datum);
                    let value = self.value(*op);
                    self.swap(message);
                    (name, value)
                }
            };
            let value = value.map_err(|error| error.push_segment(Segment::Field(Arc::clone(name))))?;
            let place = record.fields.iter().position(|field| Arc::ptr_eq(field, name));
            fields.push((place.unwrap_or(0), value));
        }
        self.leave();
        fields.sort_by_key(|(place, _)| *place);
        Ok(Value::Record(fields.into_iter().map(|(place, value)| (record.fields[place].to_string(), value)).collect()))
    }
}

fn long(value: i64, logical: Logical) -> Value {
    match logical {
        Logical::Time(_) => Value::TimeMicros(value),
        Logical::Timestamp(3) => Value::TimestampMillis(value),
        Logical::Timestamp(6) => Value::TimestampMicros(value),
        Logical::Timestamp(_) => Value::TimestampNanos(value),
        Logical::LocalTimestamp(3) => Value::LocalTimestampMillis(value),
        Logical::LocalTimestamp(6) => Value::LocalTimestampMicros(value),
        Logical::LocalTimestamp(_) => Value::LocalTimestampNanos(value),
        _ => Value::Long(value),
    }
}
