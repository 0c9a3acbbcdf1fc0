//! The decoder: walks the writer's bytes along a plan.

use super::resolve::{ActionId, Plan, Step};
use super::{DecodeError, DecodeErrorKind};
use crate::model::{Enum, Id, Inner, Kind, Primitive};

/// Decodes one datum, all of the bytes.
pub(super) fn decode(plan: &Plan, writer: &Inner, bytes: &[u8]) -> Result<(), DecodeError> {
    let mut decoder = Decoder { plan, writer, bytes, depth: 0 };
    decoder.read(plan.root)?;
    if decoder.bytes.is_empty() { Ok(()) } else { Err(malformed()) }
}

struct Decoder<'p> {
    plan: &'p Plan,
    writer: &'p Inner,
    bytes: &'p [u8],
    depth: usize,
}

/// Data may nest deeper than schemas, through recursive types; this crate makes no such data.
const MOST_NESTING: usize = 1000;

impl Decoder<'_> {
    fn read(&mut self, action: ActionId) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > MOST_NESTING {
            return Err(malformed());
        }
        let plan = self.plan;
        let action = plan.action(action);
        match &action.step {
            Step::Error(error) => return Err(error.clone()),
            Step::Read => self.skip(action.writer)?,
            Step::Enum(known) => {
                let at = self.index()?;
                if known.get(at).ok_or_else(malformed)?.is_none() {
                    let Kind::Enum(kind) = &self.writer[action.writer].kind else { return Err(malformed()) };
                    return Err(unknown_symbol(kind, at));
                }
            }
            Step::Items(items) => {
                let is_map = matches!(self.writer[action.writer].kind, Kind::Map(_));
                self.blocks(is_map, |decoder| decoder.read(*items))?;
            }
            Step::Record { fields, .. } => {
                let Kind::Record(record) = &self.writer[action.writer].kind else { return Err(malformed()) };
                for (field, read) in record.fields.iter().zip(fields) {
                    match read {
                        Some((_, action)) => self.read(*action)?,
                        None => self.skip(field.kind)?,
                    }
                }
            }
            Step::Branches(branches) => {
                let branch = *branches.get(self.index()?).ok_or_else(malformed)?;
                self.read(branch)?;
            }
            Step::Branch { inner, .. } => self.read(*inner)?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn skip(&mut self, id: Id) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > MOST_NESTING {
            return Err(malformed());
        }
        let writer = self.writer;
        match &writer[id].kind {
            Kind::Primitive(primitive) => match primitive {
                Primitive::Null => {}
                Primitive::Boolean => self.take(1)?,
                Primitive::Int | Primitive::Long => {
                    self.long()?;
                }
                Primitive::Float => self.take(4)?,
                Primitive::Double => self.take(8)?,
                Primitive::Bytes | Primitive::String => {
                    let length = self.index()?;
                    self.take(length)?;
                }
            },
            Kind::Fixed(fixed) => self.take(fixed.size as usize)?,
            Kind::Enum(_) => {
                self.index()?;
            }
            Kind::Array(items) => self.blocks(false, |decoder| decoder.skip(*items))?,
            Kind::Map(values) => self.blocks(true, |decoder| decoder.skip(*values))?,
            Kind::Record(record) => {
                for field in &record.fields {
                    self.skip(field.kind)?;
                }
            }
            Kind::Union(branches) => {
                let branch = *branches.get(self.index()?).ok_or_else(malformed)?;
                self.skip(branch)?;
            }
            Kind::Unresolved(_) => {}
        }
        self.depth -= 1;
        Ok(())
    }

    fn blocks(
        &mut self,
        is_map: bool,
        mut item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.long()?;
                count = count.checked_neg().ok_or_else(malformed)?;
            }
            for _ in 0..count {
                if is_map {
                    let length = self.index()?;
                    self.take(length)?;
                }
                item(self)?;
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<(), DecodeError> {
        self.bytes = self.bytes.get(length..).ok_or_else(malformed)?;
        Ok(())
    }

    fn index(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.long()?).map_err(|_| malformed())
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        let mut zigzag = 0_u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or_else(malformed)?;
            self.bytes = rest;
            zigzag |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed());
            }
        }
        Err(malformed())
    }
}

/// The error of a symbol that the reader does not know.
pub(super) fn unknown_symbol(kind: &Enum, at: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Symbol, format!("No match for {}", kind.symbols[at]))
}

fn malformed() -> DecodeError {
    DecodeError::new(DecodeErrorKind::Bytes, "The bytes are no datum of the writer's schema")
}
