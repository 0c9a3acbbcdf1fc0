//! Textual notations of logical types, as date, decimal and uuid crates read and write them.

use std::fmt::Write;

use super::logical::Logical;

/// The longest decimal that is formatted, because formatting takes quadratic time.
const MAX_BYTES: usize = 256;

/// The unscaled value of a decimal; `None` if it has more than 128 bits.
pub(super) fn unscaled(bytes: &[u8]) -> Option<i128> {
    let fill = sign(bytes);
    let from = bytes.len().saturating_sub(16);
    let (over, low) = bytes.split_at(from);
    let mut all = [fill; 16];
    all[16 - low.len()..].copy_from_slice(low);
    let value = i128::from_be_bytes(all);
    let fits = over.iter().all(|byte| *byte == fill) && (over.is_empty() || (value < 0) == (fill == 0xff));
    fits.then_some(value)
}

fn sign(bytes: &[u8]) -> u8 {
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 }
}

/// Formats a decimal with `scale` digits after the point; `None` if it is too long.
pub(super) fn format_decimal(bytes: &[u8], scale: i32) -> Option<String> {
    const MAX_SCALE: u32 = 1000;
    if bytes.len() > MAX_BYTES || scale.unsigned_abs() > MAX_SCALE {
        return None;
    }
    let is_negative = sign(bytes) != 0;
    let mut digits = digits(bytes, is_negative);
    match usize::try_from(scale) {
        Ok(0) => {}
        Ok(scale) => {
            if digits.len() <= scale {
                digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
            }
            digits.insert(digits.len() - scale, '.');
        }
        // A negative scale is a number of zeros.
        Err(_) if digits == "0" => {}
        Err(_) => digits.push_str(&"0".repeat(scale.unsigned_abs() as usize)),
    }
    if is_negative {
        digits.insert(0, '-');
    }
    Some(digits)
}

/// Formats a big decimal: the bytes of the number, then its scale.
pub(super) fn format_big_decimal(bytes: &[u8]) -> Option<String> {
    let (length, rest) = int(bytes)?;
    let (number, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (scale, rest) = int(rest)?;
    if !rest.is_empty() {
        return None;
    }
    format_decimal(number, scale)
}

/// Reads an Avro int.
fn int(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let mut zigzag = 0_u64;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        zigzag |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let value = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
            return Some((i32::try_from(value).ok()?, &bytes[at + 1..]));
        }
    }
    None
}

const GROUP: u64 = 1_000_000_000;

/// The digits of the absolute value of a number in two's complement.
fn digits(bytes: &[u8], is_negative: bool) -> String {
    // Groups of nine digits, the lowest first.
    let mut groups: Vec<u64> = vec![0];
    let mut push = |byte: u8| {
        let mut carry = u64::from(byte);
        for group in &mut groups {
            let value = *group * 256 + carry;
            *group = value % GROUP;
            carry = value / GROUP;
        }
        if carry > 0 {
            groups.push(carry);
        }
    };
    if is_negative {
        // The absolute value is the complement and one more.
        let ones = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        for (at, byte) in bytes.iter().enumerate() {
            let is_behind = at + ones >= bytes.len();
            let is_last = at + ones + 1 == bytes.len();
            push(if is_behind { 0 } else { (!byte).wrapping_add(u8::from(is_last)) });
        }
    } else {
        for byte in bytes {
            push(*byte);
        }
    }
    let mut groups = groups.iter().rev();
    let mut text = groups.next().copied().unwrap_or(0).to_string();
    for group in groups {
        // Writing to a string never fails.
        let _ = write!(text, "{group:09}");
    }
    text
}

/// Parses a decimal number to its unscaled value with `scale` digits after the point, in the fewest bytes.
///
/// `None` if it is not a number, has non-zero digits beyond the scale, or is too long.
pub(super) fn parse_decimal(text: &str, scale: u16) -> Option<Vec<u8>> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = usize::from(scale);
    let (fraction, rest) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    if !has_digits || !is_digits(whole) || !is_digits(fraction) || rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', scale - fraction.len());
    // The lowest byte first.
    let mut bytes: Vec<u8> = Vec::new();
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        let mut carry = u32::from(digit - b'0');
        for byte in &mut bytes {
            let [low, rest @ ..] = (u32::from(*byte) * 10 + carry).to_le_bytes();
            *byte = low;
            carry = u32::from(rest[0]);
        }
        if carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
        }
        if bytes.len() > MAX_BYTES {
            return None;
        }
    }
    bytes.push(0);
    if is_negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (value, overflows) = (!*byte).overflowing_add(u8::from(carry));
            *byte = value;
            carry = overflows;
        }
    }
    bytes.reverse();
    Some(shortest(&bytes).to_vec())
}

/// Drops the leading bytes that only repeat the sign.
pub(super) fn shortest(bytes: &[u8]) -> &[u8] {
    let fill = sign(bytes);
    let is_spare = |pair: &[u8]| pair[0] == fill && (pair[1] & 0x80 != 0) == (fill == 0xff);
    let spare = bytes.windows(2).take_while(|pair| is_spare(pair)).count();
    &bytes[spare..]
}

/// Sign-extends a number in two's complement to the size of a fixed type; `None` if it is longer.
pub(super) fn widened(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let bytes = shortest(bytes);
    let more = size.checked_sub(bytes.len())?;
    let mut wide = vec![sign(bytes); more];
    wide.extend_from_slice(bytes);
    Some(wide)
}

/// The months, days and milliseconds of a duration.
pub(super) fn duration(bytes: &[u8]) -> [u32; 3] {
    let mut parts = [0; 3];
    for (part, chunk) in parts.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *part = u32::from_le_bytes(*chunk);
    }
    parts
}

pub(super) fn format_uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(parts.join("-"))
}

pub(super) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let lengths = [8, 4, 4, 4, 12];
    let is_hyphenated = text.split('-').map(str::len).eq(lengths);
    let digits = text.replace('-', "");
    let is_plain = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_plain || !(is_hyphenated || text.len() == 32) {
        return None;
    }
    Some(u128::from_str_radix(&digits, 16).ok()?.to_be_bytes())
}

const DAY: i64 = 86_400;

/// Formats a date or time as ISO 8601; `None` for other types.
pub(super) fn format_number(value: i64, logical: Logical) -> Option<String> {
    Some(match logical {
        Logical::Date => date(value),
        Logical::Time(digits) => {
            let unit = 10_i64.pow(u32::from(digits));
            time(value.div_euclid(unit), value.rem_euclid(unit), digits)
        }
        Logical::Timestamp(digits) | Logical::LocalTimestamp(digits) => {
            let unit = 10_i64.pow(u32::from(digits));
            let (seconds, fraction) = (value.div_euclid(unit), value.rem_euclid(unit));
            let zone = if matches!(logical, Logical::Timestamp(_)) { "Z" } else { "" };
            format!("{}T{}{zone}", date(seconds.div_euclid(DAY)), time(seconds.rem_euclid(DAY), fraction, digits))
        }
        _ => return None,
    })
}

fn time(seconds: i64, fraction: i64, digits: u8) -> String {
    let width = usize::from(digits);
    format!("{:02}:{:02}:{:02}.{fraction:0width$}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The proleptic Gregorian date of a day since 1970-01-01, by counting years from March.
fn date(day: i64) -> String {
    let day = i128::from(day) + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    if (0..=9999).contains(&year) {
        format!("{year:04}-{month:02}-{of_month:02}")
    } else {
        format!("{year:+05}-{month:02}-{of_month:02}")
    }
}

/// Parses a date or time, truncated to the unit of the type. `None` if it is invalid or out of range.
pub(super) fn parse_number(text: &str, logical: Logical) -> Option<i64> {
    match logical {
        Logical::Date => parse_date(text),
        Logical::Time(digits) => {
            let (seconds, fraction) = parse_time(text, digits)?;
            seconds.checked_mul(10_i64.pow(u32::from(digits)))?.checked_add(fraction)
        }
        Logical::Timestamp(digits) | Logical::LocalTimestamp(digits) => {
            let (date, time) = text.split_once(['T', 't', ' '])?;
            let (time, offset) = match logical {
                Logical::Timestamp(_) => parse_zone(time)?,
                _ => (time, 0),
            };
            let (seconds, fraction) = parse_time(time, digits)?;
            let seconds = parse_date(date)?.checked_mul(DAY)?.checked_add(seconds)?.checked_sub(offset)?;
            let value = i128::from(seconds) * 10_i128.pow(u32::from(digits)) + i128::from(fraction);
            i64::try_from(value).ok()
        }
        _ => None,
    }
}

/// Splits `+02:00` or `Z` off the end of a time.
fn parse_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':').or_else(|| zone[1..].split_at_checked(2))?;
    let seconds = number(hours, 2)? * 3600 + number(minutes, 2)? * 60;
    Some((time, if zone.starts_with('-') { -seconds } else { seconds }))
}

fn parse_time(text: &str, digits: u8) -> Option<(i64, i64)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let seconds = parts.next().map_or(Some(0), |seconds| number(seconds, 2))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |at| fraction.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
    let fraction = (0..usize::from(digits)).fold(0, |value, at| value * 10 + digit(at));
    Some((hours * 3600 + minutes * 60 + seconds, fraction))
}

fn parse_date(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = rest.split('-');
    let year = parts.next()?;
    let (year, month, day) =
        (sign * number(year, year.len().clamp(4, 9))?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if parts.next().is_some() || !(1..=days).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A number of exactly `digits` digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
