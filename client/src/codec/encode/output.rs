//! The buffer that a record is appended to.

#![expect(clippy::inline_always, reason = "measured: a fifth of the time of small records")]

use super::fields::Deferred;
use super::program::Program;
use crate::codec::error::{EncodeError, EncodeErrorKind, Message};

/// The output buffer, behind the bytes that the caller already had.
///
/// The vector is filled with zeros ahead of the writing, so that a write is a copy into a slice and never a call that
/// may grow the vector byte by byte; what is too much is cut off in the end.
pub(super) struct Output<'o> {
    pub(super) program: &'o Program,
    bytes: &'o mut Vec<u8>,
    at: usize,
    depth: usize,
    pub(super) deferred: Deferred<'o>,
}

/// Deeper values would not be decoded by anyone with sensible limits, and take stack.
const MAX_DEPTH: usize = 200;

/// The longest number, and room to write one as a word of eight bytes.
const NUMBER: usize = 10;

impl<'o> Output<'o> {
    pub(super) fn new(program: &'o Program, bytes: &'o mut Vec<u8>, expected: usize) -> Self {
        let at = bytes.len();
        bytes.resize(at + expected, 0);
        Self { program, bytes, at, depth: MAX_DEPTH, deferred: Deferred::default() }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The levels of nesting left.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Cuts off everything from `at`.
    pub(super) fn cut(self, at: usize) {
        self.bytes.truncate(at);
    }

    /// Removes and returns the bytes written from `at` on.
    pub(super) fn split_off(&mut self, at: usize) -> Vec<u8> {
        let taken = self.bytes[at..self.at].to_vec();
        self.at = at;
        taken
    }

    /// Removes the bytes written from `at` on.
    pub(super) fn truncate(&mut self, at: usize) {
        self.at = at;
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), EncodeError> {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(EncodeError::new(EncodeErrorKind::TooDeep, Message::Static("the value is nested too deeply"))),
        }
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let length = (self.at + more).max(2 * self.bytes.len()).max(64);
        self.bytes.resize(length, 0);
    }

    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        self.array([byte]);
    }

    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.raw(&bytes);
    }

    #[inline(always)]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.at < bytes.len() {
            self.grow(bytes.len());
        }
        let end = self.at + bytes.len();
        copy(&mut self.bytes[self.at..end], bytes);
        self.at = end;
    }

    #[inline(always)]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    #[inline(always)]
    pub(super) fn length(&mut self, length: usize) {
        // No slice is longer than the greatest long.
        self.long(i64::try_from(length).unwrap_or(i64::MAX));
    }

    #[inline(always)]
    pub(super) fn long(&mut self, value: i64) {
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

    /// Replaces the `head` bytes at `at` by a count.
    pub(super) fn recount(&mut self, at: usize, head: usize, count: usize) {
        let body = self.split_off(at);
        self.length(count);
        self.raw(&body[head..]);
    }

    /// The bytes written from `at` on.
    pub(super) fn written(&self, at: usize) -> &[u8] {
        &self.bytes[at..self.at]
    }
}

/// Copies between slices of one length. Short texts are most of all texts, and two words that overlap are copied faster
/// than a function is called.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    if from.len() > 32 {
        to.copy_from_slice(from);
    } else if from.len() >= 16 {
        ends::<16>(to, from);
    } else if from.len() >= 8 {
        ends::<8>(to, from);
    } else if from.len() >= 4 {
        ends::<4>(to, from);
    } else {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}

/// Copies the first and the last bytes, which is everything when there are at most twice as many.
#[inline(always)]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}
