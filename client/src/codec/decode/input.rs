//! The bytes that are left of a message, and what the record may still take.

use super::program::{Program, Record};
use crate::codec::error::DecodeError;
use crate::codec::limits::Limits;

pub(in crate::codec) struct Input<'de> {
    pub(super) program: &'de Program,
    rest: &'de [u8],
    depth: usize,
    memory: usize,
    items: usize,
    zero_width_values: usize,
    /// Structs get their fields by name, whatever their order.
    pub(super) by_name: bool,
}

impl<'de> Input<'de> {
    /// A message that is no longer than the limits allow.
    // In line, so that it is put where it stays: a copy of what was only just written is slow.
    #[inline]
    pub(super) fn new(program: &'de Program, bytes: &'de [u8], limits: &Limits) -> Self {
        Self {
            program,
            rest: bytes,
            depth: limits.depth,
            memory: limits.bytes.saturating_sub(bytes.len()),
            items: limits.items,
            zero_width_values: limits.zero_width_values.saturating_add(bytes.len()),
            by_name: false,
        }
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The unread bytes.
    #[inline]
    pub(super) fn peek(&self) -> &'de [u8] {
        self.rest
    }

    /// The map key at the start of the bytes, for a path, shortened.
    #[cold]
    pub(super) fn key_at(bytes: &[u8]) -> Box<str> {
        const MAX_KEY: usize = 64;
        static EMPTY: std::sync::LazyLock<Program> = std::sync::LazyLock::new(Program::default);
        let key = Input::new(&EMPTY, bytes, &Limits::default()).bytes().unwrap_or_default();
        String::from_utf8_lossy(&key[..key.len().min(MAX_KEY)]).into()
    }

    /// Goes on with other bytes; returns the ones at hand, to come back to.
    pub(super) fn swap(&mut self, bytes: &'de [u8]) -> &'de [u8] {
        std::mem::replace(&mut self.rest, bytes)
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), DecodeError> {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(DecodeError::over("nested deeper than `Limits::depth`")),
        }
    }

    /// Enters a record whose fields are decoded or skipped.
    #[inline]
    pub(super) fn enter_record(&mut self, record: &Record) -> Result<(), DecodeError> {
        if record.zero_width_fields > 0 {
            self.charge_zero_width(record.zero_width_fields)?;
        }
        self.enter()
    }

    #[inline]
    fn charge_zero_width(&mut self, values: usize) -> Result<(), DecodeError> {
        let left = self.zero_width_values.checked_sub(values);
        self.zero_width_values =
            left.ok_or_else(|| DecodeError::over("more values without bytes than `Limits::zero_width_values`"))?;
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }

    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.memory.checked_sub(bytes) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(DecodeError::over("takes more memory than `Limits::bytes`")),
        }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.rest.split_first().ok_or_else(DecodeError::truncated)?;
        self.rest = rest;
        Ok(*byte)
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&'de [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(DecodeError::truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(DecodeError::truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(super) fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::malformed("a boolean is neither 0 nor 1")),
        }
    }

    #[inline]
    pub(super) fn int(&mut self) -> Result<i32, DecodeError> {
        i32::try_from(self.long()?).map_err(|_| DecodeError::malformed("an int has more than 32 bits"))
    }

    #[inline]
    pub(super) fn long(&mut self) -> Result<i64, DecodeError> {
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(unzigzag(u64::from(*byte)));
        }
        self.long_of_many()
    }

    #[inline]
    fn long_of_many(&mut self) -> Result<i64, DecodeError> {
        if let Some(chunk) = self.rest.first_chunk() {
            let type_name = u64::from_le_bytes(*chunk);
            let ends = !type_name & 0x8080_8080_8080_8080;
            if ends != 0 {
                let length = (ends.trailing_zeros() / 8 + 1) as usize;
                // Everything up to the first byte that ends a number, seven bits of each byte moved together.
                let bits = type_name & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
                let bits = (bits & 0x007f_007f_007f_007f) | ((bits & 0x7f00_7f00_7f00_7f00) >> 1);
                let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x3fff_0000_3fff_0000) >> 2);
                let bits = (bits & 0x0fff_ffff) | ((bits & 0x0fff_ffff_0000_0000) >> 4);
                self.rest = &self.rest[length..];
                return Ok(unzigzag(bits));
            }
        }
        self.long_byte_by_byte()
    }

    /// Near the end of the message, and for numbers of nine or ten bytes.
    #[inline(never)]
    fn long_byte_by_byte(&mut self) -> Result<i64, DecodeError> {
        let mut zigzag = 0_u64;
        for (at, byte) in self.rest.iter().enumerate() {
            if at == 9 && *byte > 1 {
                return Err(DecodeError::malformed("a number has more than 64 bits"));
            }
            zigzag |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[at + 1..];
                return Ok(unzigzag(zigzag));
            }
        }
        Err(DecodeError::truncated())
    }

    #[inline]
    pub(super) fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.long()?).map_err(|_| DecodeError::malformed("a length is negative"))
    }

    #[inline]
    pub(super) fn index(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.long()?).map_err(|_| DecodeError::malformed("an index is negative"))
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'de [u8], DecodeError> {
        let length = self.length()?;
        self.take(length)
    }

    #[inline]
    pub(super) fn text(&mut self) -> Result<&'de str, DecodeError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| DecodeError::malformed("a string is not UTF-8"))
    }

    /// Reads the head of a block: how many items it has, and how many bytes when the writer said so.
    #[inline]
    pub(super) fn block(&mut self) -> Result<(usize, Option<usize>), DecodeError> {
        let count = self.long()?;
        if let Ok(count) = usize::try_from(count) {
            return Ok((count, None));
        }
        let size = self.length()?;
        if size > self.rest.len() {
            return Err(DecodeError::truncated());
        }
        let count = usize::try_from(count.unsigned_abs());
        Ok((count.map_err(|_| DecodeError::malformed("a block has too many items"))?, Some(size)))
    }

    /// Reads the head of a block whose items are decoded; no item takes fewer bytes than `width`.
    #[inline]
    pub(super) fn items(&mut self, width: usize) -> Result<usize, DecodeError> {
        let (count, _) = self.block()?;
        let most = self.rest.len().checked_div(width);
        if most.is_some_and(|most| count > most) {
            return Err(DecodeError::truncated());
        }
        self.items =
            self.items.checked_sub(count).ok_or_else(|| DecodeError::over("more items than `Limits::items`"))?;
        if most.is_none() {
            self.charge_zero_width(count)?;
        }
        Ok(count)
    }
}

#[inline]
fn unzigzag(zigzag: u64) -> i64 {
    (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed()
}
