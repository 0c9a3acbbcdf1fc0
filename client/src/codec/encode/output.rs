//! The buffer that a record is appended to.

use crate::codec::error::{EncodeError, EncodeErrorKind, Message};

/// Bytes behind what the caller already had.
///
/// The vector is filled with zeros ahead of the writing, so that a write is a copy into a slice and never a call that
/// may grow the vector byte by byte; what is too much is cut off in the end.
pub(in crate::codec) struct Output<'o> {
    bytes: &'o mut Vec<u8>,
    at: usize,
    depth: usize,
}

/// Deeper values would not be decoded by anyone with sensible limits, and take stack.
const MOST_DEPTH: usize = 200;

/// The longest number, and room to write one as a word of eight bytes.
const NUMBER: usize = 10;

impl<'o> Output<'o> {
    pub(in crate::codec) fn new(bytes: &'o mut Vec<u8>, expected: usize) -> Self {
        let at = bytes.len();
        bytes.resize(at + expected, 0);
        Self { bytes, at, depth: MOST_DEPTH }
    }

    pub(in crate::codec) fn at(&self) -> usize {
        self.at
    }

    /// Cuts off everything from `at`.
    pub(in crate::codec) fn cut(self, at: usize) {
        self.bytes.truncate(at);
    }

    /// Takes back what was written from `at`.
    pub(in crate::codec) fn take_back(&mut self, at: usize) -> Vec<u8> {
        let taken = self.bytes[at..self.at].to_vec();
        self.at = at;
        taken
    }

    /// Forgets what was written from `at`.
    pub(in crate::codec) fn forget(&mut self, at: usize) {
        self.at = at;
    }

    #[inline]
    pub(in crate::codec) fn enter(&mut self) -> Result<(), EncodeError> {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(EncodeError::new(EncodeErrorKind::TooDeep, Message::Static("the value is nested too deeply"))),
        }
    }

    #[inline]
    pub(in crate::codec) fn leave(&mut self) {
        self.depth += 1;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let length = (self.at + more).max(2 * self.bytes.len()).max(64);
        self.bytes.resize(length, 0);
    }

    #[inline]
    pub(in crate::codec) fn byte(&mut self, byte: u8) {
        self.array([byte]);
    }

    #[inline]
    pub(in crate::codec) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.raw(&bytes);
    }

    #[inline]
    pub(in crate::codec) fn raw(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.at < bytes.len() {
            self.grow(bytes.len());
        }
        let end = self.at + bytes.len();
        self.bytes[self.at..end].copy_from_slice(bytes);
        self.at = end;
    }

    #[inline]
    pub(in crate::codec) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    #[inline]
    pub(in crate::codec) fn length(&mut self, length: usize) {
        // No slice is longer than the greatest long.
        self.long(i64::try_from(length).unwrap_or(i64::MAX));
    }

    #[inline]
    pub(in crate::codec) fn long(&mut self, value: i64) {
        let zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
        if let (Ok(byte @ 0..0x80), Some(place)) = (u8::try_from(zigzag), self.bytes.get_mut(self.at)) {
            *place = byte;
            self.at += 1;
            return;
        }
        self.long_of_many(zigzag);
    }

    #[inline]
    fn long_of_many(&mut self, zigzag: u64) {
        if self.bytes.len() - self.at < NUMBER {
            self.grow(NUMBER);
        }
        if zigzag >= 1 << 56 {
            return self.long_byte_by_byte(zigzag);
        }
        // Seven bits to each byte, spread out together; then a mark on every byte but the last.
        let bits = (zigzag & 0x0fff_ffff) | ((zigzag & 0x00ff_ffff_f000_0000) << 4);
        let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x0fff_c000_0fff_c000) << 2);
        let bits = (bits & 0x007f_007f_007f_007f) | ((bits & 0x3f80_3f80_3f80_3f80) << 1);
        let length = ((70 - (zigzag | 1).leading_zeros()) / 7) as usize;
        let marks = 0x0080_8080_8080_8080 & ((1_u64 << (8 * (length - 1))) - 1);
        if let Some(place) = self.bytes[self.at..].first_chunk_mut() {
            *place = (bits | marks).to_le_bytes();
        }
        self.at += length;
    }

    #[cold]
    fn long_byte_by_byte(&mut self, mut zigzag: u64) {
        while let rest @ 1.. = zigzag >> 7 {
            self.byte((zigzag & 0x7f) as u8 | 0x80);
            zigzag = rest;
        }
        self.byte((zigzag & 0x7f) as u8);
    }

    /// Puts a count in place of the `head` bytes at `at`.
    pub(in crate::codec) fn recount(&mut self, at: usize, head: usize, count: usize) {
        let body = self.take_back(at);
        self.length(count);
        self.raw(&body[head..]);
    }

    /// What was written from `at`.
    pub(in crate::codec) fn written(&self, at: usize) -> &[u8] {
        &self.bytes[at..self.at]
    }
}
