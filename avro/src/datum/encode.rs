//! Avro's binary encoding.

use super::Datum;

/// Encodes a datum. Recursion is as deep as the datum, which its maker has bounded.
pub(super) fn encode(datum: &Datum) -> Vec<u8> {
    let mut out = Vec::new();
    push(datum, &mut out);
    out
}

fn push(datum: &Datum, out: &mut Vec<u8>) {
    match datum {
        Datum::Null => {}
        Datum::Boolean(value) => out.push(u8::from(*value)),
        Datum::Int(value) => push_long(i64::from(*value), out),
        Datum::Long(value) => push_long(*value, out),
        Datum::Float(value) => out.extend(value.to_le_bytes()),
        Datum::Double(value) => out.extend(value.to_le_bytes()),
        Datum::Bytes(bytes) => {
            push_length(bytes.len(), out);
            out.extend(bytes);
        }
        Datum::String(text) => {
            push_length(text.len(), out);
            out.extend(text.bytes());
        }
        Datum::Fixed(bytes) => out.extend(bytes),
        Datum::Enum(at) => push_length(*at, out),
        Datum::Array(items) => {
            if !items.is_empty() {
                push_length(items.len(), out);
                for item in items {
                    push(item, out);
                }
            }
            out.push(0);
        }
        Datum::Map(entries) => {
            if !entries.is_empty() {
                push_length(entries.len(), out);
                for (key, value) in entries {
                    push_length(key.len(), out);
                    out.extend(key.bytes());
                    push(value, out);
                }
            }
            out.push(0);
        }
        Datum::Record(fields) => {
            for field in fields {
                push(field, out);
            }
        }
        Datum::Union(at, value) => {
            push_length(*at, out);
            push(value, out);
        }
    }
}

pub(super) fn push_length(length: usize, out: &mut Vec<u8>) {
    push_long(i64::try_from(length).unwrap_or(i64::MAX), out);
}

pub(super) fn push_long(value: i64, out: &mut Vec<u8>) {
    let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while zigzag >= 0x80 {
        out.push((zigzag & 0x7f) as u8 | 0x80);
        zigzag >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 128")]
    out.push(zigzag as u8);
}

/// Prints bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
