//! The Protobuf wire format: tags, varints and length-delimited bytes.

/// Levels of nesting that are read, as in the reference's library.
pub(crate) const MAX_NESTING: usize = 100;

/// Bytes that are no Protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WireValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    /// The fields of a group.
    Group(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message, in the order of its bytes.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

pub(crate) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, WireValue<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read_field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read_field(&mut self) -> Result<(u32, WireValue<'a>), Malformed> {
        let (number, wire_type) = self.read_tag()?;
        let value = match wire_type {
            0 => WireValue::Varint(read_varint(&mut self.rest)?),
            1 => WireValue::Fixed64(u64::from_le_bytes(self.read_array()?)),
            2 => {
                let length = read_varint(&mut self.rest)?;
                WireValue::Bytes(self.take(usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            3 => WireValue::Group(self.read_group(number)?),
            5 => WireValue::Fixed32(u32::from_le_bytes(self.read_array()?)),
            _ => return Err(Malformed),
        };
        Ok((number, value))
    }

    fn read_tag(&mut self) -> Result<(u32, u32), Malformed> {
        let tag = u32::try_from(read_varint(&mut self.rest)? & u64::from(u32::MAX)).map_err(|_| Malformed)?;
        if tag >> 3 == 0 { Err(Malformed) } else { Ok((tag >> 3, tag & 7)) }
    }

    /// Reads up to the end of a group, groups inside included, without recursion.
    fn read_group(&mut self, number: u32) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        let mut open = vec![number];
        loop {
            let before = self.rest;
            let (number, wire_type) = self.read_tag()?;
            match wire_type {
                3 if open.len() < MAX_NESTING => open.push(number),
                3 => return Err(Malformed),
                4 => {
                    if open.pop() != Some(number) {
                        return Err(Malformed);
                    }
                    if open.is_empty() {
                        return Ok(&start[..start.len() - before.len()]);
                    }
                }
                _ => {
                    self.rest = before;
                    self.read_field()?;
                }
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }
}

/// Reads a varint of at most ten bytes.
pub(crate) fn read_varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        if shift < 64 {
            value |= u64::from(byte & 0x7f) << shift;
        }
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

pub(crate) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

pub(crate) fn write_tag(out: &mut Vec<u8>, number: u32, wire_type: u64) {
    write_varint(out, u64::from(number) << 3 | wire_type);
}

pub(crate) fn write_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    write_tag(out, number, 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// An `int32`, `bool` or enum number.
pub(crate) fn write_int32(out: &mut Vec<u8>, number: u32, value: i32) {
    write_tag(out, number, 0);
    write_varint(out, i64::from(value).cast_unsigned());
}

pub(crate) fn zig_zag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned()
}

pub(crate) fn un_zig_zag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_end_after_ten_bytes() {
        let mut out = Vec::new();
        write_varint(&mut out, u64::MAX);
        assert_eq!(out.len(), 10);
        assert_eq!(read_varint(&mut out.as_slice()), Ok(u64::MAX));
        assert_eq!(read_varint(&mut [0x80; 11].as_slice()), Err(Malformed));
    }

    #[test]
    fn groups_end_at_their_own_number() {
        assert_eq!(fields(&[0x0b, 0x10, 1, 0x0c]).next(), Some(Ok((1, WireValue::Group(&[0x10, 1])))));
        assert_eq!(fields(&[0x0b, 0x14]).next(), Some(Err(Malformed)));
        assert_eq!(fields(&[0x0c]).next(), Some(Err(Malformed)));
    }

    #[test]
    fn zig_zag_goes_both_ways() {
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(un_zig_zag(zig_zag(value)), value);
        }
    }
}
