//! Exact decimal numbers, printed as Java's `BigDecimal` prints them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use num_bigint::BigUint;

/// A number of a document: `±digits × 10^-scale`.
///
/// Equality is that of the reference: `1` (an integer), `1e0` and `1.0` are three different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without leading zeros; `0` for zero.
    digits: Arc<str>,
    scale: i32,
    /// Written without a point and without an exponent.
    integer: bool,
}

impl Decimal {
    /// Reads a number that follows the grammar of JSON; `None` if its exponent is out of range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        let digits = match all.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let exponent: i64 = match exponent {
            Some(text) => i64::from(i32::from_str(text).ok()?),
            None => 0,
        };
        let scale = i32::try_from(i64::try_from(fraction.len()).ok()? - exponent).ok()?;
        Some(Self {
            negative: mantissa.starts_with('-') && digits != "0",
            digits: digits.into(),
            scale,
            integer: !text.contains(['.', 'e', 'E']),
        })
    }

    /// The value of an integer literal that fits 32 bits.
    pub(crate) fn as_i32(&self) -> Option<i32> {
        if self.integer { self.to_string().parse().ok() } else { None }
    }

    /// The low 32 bits of the whole part: how Java narrows any number to an `int`.
    pub(crate) fn wrapping_i32(&self) -> i32 {
        let fraction = usize::try_from(self.scale.max(0)).expect("it is not negative");
        let whole = self.digits.len().checked_sub(fraction).map_or("", |kept| &self.digits[..kept]);
        let mut value =
            whole.bytes().fold(0u32, |value, digit| value.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
        // Ten to the 32nd and beyond is zero in 32 bits.
        for _ in 0..self.scale.min(0).unsigned_abs().min(32) {
            value = value.wrapping_mul(10);
        }
        if self.negative { value.wrapping_neg().cast_signed() } else { value.cast_signed() }
    }

    pub(crate) fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    pub(crate) fn is_zero(&self) -> bool {
        &*self.digits == "0"
    }

    pub(crate) fn is_integer_literal(&self) -> bool {
        self.integer
    }

    /// The same number, whatever its scale.
    pub(crate) fn same_number(&self, other: &Self) -> bool {
        let key = |number: &Self| {
            let digits = number.digits.trim_end_matches('0');
            let zeros = length(&number.digits) - length(digits);
            (number.negative, digits.to_owned(), if number.is_zero() { 0 } else { i64::from(number.scale) - zeros })
        };
        key(self) == key(other)
    }

    /// `self` divided by `divisor` leaves no remainder. Exact, at a cost bounded by the digits, not by the exponents.
    pub(crate) fn is_multiple_of(&self, divisor: &Self) -> bool {
        if divisor.is_zero() {
            return false;
        }
        if self.is_zero() {
            return true;
        }
        let shift = i64::from(divisor.scale) - i64::from(self.scale);
        let (value, modulus) = (self.magnitude(), divisor.magnitude());
        if shift >= 0 {
            let power = BigUint::from(10u8).modpow(&BigUint::from(shift.unsigned_abs()), &modulus);
            return (value * power) % modulus == BigUint::ZERO;
        }
        // The divisor is `modulus × 10^-shift` units of the value: it has to be no longer than the value.
        match u32::try_from(shift.unsigned_abs()) {
            Ok(zeros) if zeros as usize <= self.digits.len() => {
                value % (modulus * BigUint::from(10u8).pow(zeros)) == BigUint::ZERO
            }
            _ => false,
        }
    }

    fn magnitude(&self) -> BigUint {
        BigUint::parse_bytes(self.digits.as_bytes(), 10).expect("only digits are stored")
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits = &*self.digits;
        if self.scale == 0 {
            return f.write_str(digits);
        }
        let adjusted = length(digits) - 1 - i64::from(self.scale);
        if let Ok(scale) = usize::try_from(self.scale)
            && adjusted >= -6
        {
            return match digits.len().checked_sub(scale) {
                Some(whole) if whole > 0 => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
                _ => write!(f, "0.{digits:0>scale$}"),
            };
        }
        f.write_str(&digits[..1])?;
        if digits.len() > 1 {
            write!(f, ".{}", &digits[1..])?;
        }
        if adjusted == 0 { Ok(()) } else { write!(f, "E{adjusted:+}") }
    }
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).expect("the reader bounds the length of numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    #[test]
    fn prints_as_java_prints() {
        let table = [
            ("1.10", "1.10"),
            ("1e2", "1E+2"),
            ("1e-7", "1E-7"),
            ("0.00001", "0.00001"),
            ("0.0000001", "1E-7"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("1e400", "1E+400"),
            ("12.5e3", "1.25E+4"),
            ("1e0", "1"),
            ("0e5", "0E+5"),
            ("-120", "-120"),
        ];
        for (text, printed) in table {
            assert_eq!(number(text).to_string(), printed, "{text}");
        }
    }

    #[test]
    fn exponents_beyond_32_bits_are_no_numbers() {
        assert_eq!(Decimal::parse("1e99999999999"), None);
    }

    #[test]
    fn multiples_are_exact_and_cheap() {
        let table = [
            ("4", "2", true),
            ("0.3", "0.1", true),
            ("1", "0.1", true),
            ("0.1", "1", false),
            ("1e400", "3", false),
            ("3e400", "3", true),
            ("1e2000000000", "7", false),
            ("7", "1e2000000000", false),
            ("1000", "1e3", true),
        ];
        for (value, divisor, expected) in table {
            assert_eq!(number(value).is_multiple_of(&number(divisor)), expected, "{value} by {divisor}");
        }
    }

    #[test]
    fn narrows_as_java_narrows() {
        for (text, value) in [("5", 5), ("5.9", 5), ("-5.9", -5), ("4294967297", 1), ("1e40", 0), ("0.5", 0)] {
            assert_eq!(number(text).wrapping_i32(), value, "{text}");
        }
    }
}
