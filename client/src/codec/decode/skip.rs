//! Skipping of data that the reader does not have.

use super::input::Input;
use super::program::{Op, Step};
use crate::codec::error::DecodeError;

impl Input<'_> {
    /// Skips one datum. A datum that does not resolve is an error also when it is skipped.
    pub(super) fn skip(&mut self, op: Op) -> Result<(), DecodeError> {
        let program = self.program;
        match op {
            Op::Null => Ok(()),
            Op::Boolean => self.take(1).map(drop),
            Op::Int(_)
            | Op::IntAsLong(_)
            | Op::IntAsFloat
            | Op::IntAsDouble
            | Op::Long(_)
            | Op::LongAsFloat
            | Op::LongAsDouble => self.long().map(drop),
            Op::Float | Op::FloatAsDouble => self.take(4).map(drop),
            Op::Double => self.take(8).map(drop),
            Op::Bytes(_) | Op::BytesAsString(_) | Op::String(_) | Op::StringAsBytes(_) => self.bytes().map(drop),
            Op::Fixed(at) => self.take(program.fixed[at as usize].size).map(drop),
            Op::Enum(at) => self.symbol(at).map(drop),
            Op::Array(at) => self.skip_blocks(at, false),
            Op::Map(at) => self.skip_blocks(at, true),
            Op::Record(at) => {
                let record = &program.records[at as usize];
                self.enter_record(record)?;
                for op in record.steps.iter().filter_map(Step::op_of_message) {
                    self.skip(op)?;
                }
                self.leave();
                Ok(())
            }
            Op::Union(at) => {
                let branch = self.branch(at)?.op;
                self.skip(branch)
            }
            Op::Branch(at) => self.skip(program.branches[at as usize].op),
            Op::Error(at) => Err(self.does_not_fit(at)),
        }
    }

    fn skip_blocks(&mut self, list: u32, is_map: bool) -> Result<(), DecodeError> {
        let list = &self.program.lists[list as usize];
        self.enter()?;
        loop {
            match self.block()? {
                (0, _) => break,
                (_, Some(size)) => self.take(size).map(drop)?,
                // Items without any bytes are nothing to skip, however many they are said to be.
                (_, None) if list.width == 0 && !matches!(list.item, Op::Error(_)) => {}
                (count, None) => {
                    for _ in 0..count {
                        if is_map {
                            self.bytes()?;
                        }
                        self.skip(list.item)?;
                    }
                }
            }
        }
        self.leave();
        Ok(())
    }
}
