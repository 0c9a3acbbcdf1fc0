//! Compact JSON text, byte for byte as the reference's JSON library prints it.

use std::fmt::{self, Write};

use super::{Number, Value, decimal};

impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => number.fmt(out),
            Self::String(text) => quote(out, text),
            Self::Array(items) => {
                out.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.write_char(',')?;
                    }
                    item.fmt(out)?;
                }
                out.write_char(']')
            }
            Self::Object(object) => {
                out.write_char('{')?;
                for (at, (key, value)) in object.iter().enumerate() {
                    if at > 0 {
                        out.write_char(',')?;
                    }
                    quote(out, key)?;
                    out.write_char(':')?;
                    value.fmt(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(out, "{number}"),
            Self::Long(number) => write!(out, "{number}"),
            Self::Big(digits) => out.write_str(digits),
            // JSON has no such numbers; the reference writes them as strings.
            Self::Double(number) if !number.is_finite() => {
                write!(out, "\"{}\"", decimal::of_double(*number))
            }
            Self::Double(number) => out.write_str(&decimal::of_double(*number)),
        }
    }
}

/// Writes `text` as a JSON string.
pub(crate) fn quote(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.write_str(&text[plain_from..at])?;
        if short.is_empty() {
            write!(out, "\\u{byte:04X}")?;
        } else {
            out.write_str(short)?;
        }
        plain_from = at + 1;
    }
    out.write_str(&text[plain_from..])?;
    out.write_char('"')
}

/// Returns `text` as a JSON string.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text).expect("writing to a string cannot fail");
    out
}
