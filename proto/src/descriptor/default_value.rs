//! Default values as the reference's library reads them.

use super::model::FieldKind;

/// Whether `text` is a value of a scalar type.
pub(super) fn is_valid_default(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::Int32 | FieldKind::Sint32 | FieldKind::Sfixed32 => {
            integer(text).is_some_and(|value| i32::try_from(value).is_ok())
        }
        FieldKind::Uint32 | FieldKind::Fixed32 => integer(text).is_some_and(|value| u32::try_from(value).is_ok()),
        FieldKind::Int64 | FieldKind::Sint64 | FieldKind::Sfixed64 => {
            integer(text).is_some_and(|value| i64::try_from(value).is_ok())
        }
        FieldKind::Uint64 | FieldKind::Fixed64 => integer(text).is_some_and(|value| u64::try_from(value).is_ok()),
        FieldKind::Float | FieldKind::Double => is_float(text),
        FieldKind::Bytes => is_escaped(text),
        FieldKind::Bool | FieldKind::String | FieldKind::Enum | FieldKind::Message | FieldKind::Group => true,
    }
}

/// A decimal, hexadecimal or octal integer.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(hexadecimal) => (hexadecimal, 16),
        None if digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    i128::from_str_radix(digits, radix).ok().map(|value| sign * value)
}

fn is_float(text: &str) -> bool {
    let number = text.trim();
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    let digits = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
    let is_plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.parse::<f64>().is_ok();
    matches!(text, "inf" | "-inf" | "nan") || matches!(unsigned, "NaN" | "Infinity") || is_plain
}

/// Whether every backslash starts an escape sequence.
fn is_escaped(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            continue;
        }
        match characters.next() {
            Some('0'..='7' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '\'' | '"' | '?') => {}
            Some('x') if characters.clone().next().is_some_and(|digit| digit.is_ascii_hexdigit()) => {}
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_of_their_type() {
        for (kind, text, valid) in [
            (FieldKind::Int32, "-2147483648", true),
            (FieldKind::Int32, "2147483648", false),
            (FieldKind::Uint32, "0xffffffff", true),
            (FieldKind::Uint32, "-1", false),
            (FieldKind::Int64, "077", true),
            (FieldKind::Int64, "08", false),
            (FieldKind::Uint64, "", false),
            (FieldKind::Double, "inf", true),
            (FieldKind::Float, "1.5e3f", true),
            (FieldKind::Float, "infinity", false),
            (FieldKind::Bytes, "\\x0", true),
            (FieldKind::Bytes, "\\", false),
        ] {
            assert_eq!(is_valid_default(kind, text), valid, "{kind:?} {text}");
        }
    }
}
