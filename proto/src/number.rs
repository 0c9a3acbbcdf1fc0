//! Numbers as the normal form writes them: read as the reference guesses their type, rounded to three decimals, in plain
//! digits.

use std::fmt::Write as _;

use avow_budget::{Budget, Exceeded};

/// Digits after the point.
const DECIMALS: usize = 3;

/// The normal spelling of a number, or the text itself where it is none.
pub(crate) fn normalize(text: &str, budget: &Budget) -> Result<String, Exceeded> {
    Ok(format(text, budget)?.unwrap_or_else(|| text.to_owned()))
}

fn format(text: &str, budget: &Budget) -> Result<Option<String>, Exceeded> {
    budget.spend(text.len() as u64)?;
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = ["0x", "0X", "#"].iter().find_map(|prefix| unsigned.strip_prefix(prefix));
    if let Some(digits) = hexadecimal {
        return integer(negative, digits, 16, budget);
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return match unsigned.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => integer(negative, octal, 8, budget),
            _ => integer(negative, unsigned, 10, budget),
        };
    }
    let Some(last) = unsigned.chars().last() else { return Ok(None) };
    match last {
        'l' | 'L' => integer_with_suffix(negative, &unsigned[..unsigned.len() - 1], budget),
        'f' | 'F' | 'd' | 'D' => {
            let number = &unsigned[..unsigned.len() - 1];
            let Some(decimal) = Decimal::parse(negative, number) else { return Ok(None) };
            let single = || decimal.to_f32().filter(|value| decimal.fits(f64::from(*value))).map(f64::from);
            let double = || decimal.to_f64().filter(|value| decimal.fits(*value));
            let value = if matches!(last, 'f' | 'F') { single().or_else(double) } else { double() };
            value.map_or_else(|| decimal.print(budget).map(Some), |value| Ok(Some(print_float(value))))
        }
        _ => {
            let Some(decimal) = Decimal::parse(negative, unsigned) else { return Ok(None) };
            match decimal.as_float() {
                Some(value) => Ok(Some(print_float(value))),
                None => decimal.print(budget).map(Some),
            }
        }
    }
}

fn integer_with_suffix(negative: bool, digits: &str, budget: &Budget) -> Result<Option<String>, Exceeded> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => integer(negative, octal, 8, budget),
        _ => integer(negative, digits, 10, budget),
    }
}

/// An integer of any size in decimal digits.
fn integer(negative: bool, digits: &str, radix: u32, budget: &Budget) -> Result<Option<String>, Exceeded> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    let decimal = if radix == 10 { digits.to_owned() } else { to_decimal(digits, radix, budget)? };
    let decimal = decimal.trim_start_matches('0');
    Ok(Some(match (negative, decimal) {
        (_, "") => "0".to_owned(),
        (true, decimal) => format!("-{decimal}"),
        (false, decimal) => decimal.to_owned(),
    }))
}

/// Converts a big integer digit by digit, in limbs of nine decimal digits. Quadratic, so every limb is a step.
fn to_decimal(digits: &str, radix: u32, budget: &Budget) -> Result<String, Exceeded> {
    const LIMB: u64 = 1_000_000_000;
    let mut limbs: Vec<u64> = vec![0];
    for digit in digits.chars().filter_map(|digit| digit.to_digit(radix)) {
        budget.spend(limbs.len() as u64)?;
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            let value = *limb * u64::from(radix) + carry;
            *limb = value % LIMB;
            carry = value / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut decimal = String::with_capacity(limbs.len() * 9);
    for limb in limbs.iter().rev() {
        write!(decimal, "{limb:09}").expect("writing to a string");
    }
    Ok(decimal)
}

/// A decimal number: `0.digits × 10^point`.
struct Decimal<'a> {
    negative: bool,
    text: &'a str,
    digits: String,
    point: i64,
}

impl<'a> Decimal<'a> {
    /// Reads `12.5e-3` without its sign.
    fn parse(negative: bool, text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let significant = digits.trim_matches('0').to_owned();
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + i64::from(exponent);
        Some(Self { negative, text, digits: significant, point })
    }

    fn sign(&self) -> f64 {
        if self.negative { -1.0 } else { 1.0 }
    }

    fn to_f64(&self) -> Option<f64> {
        self.text.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| value * self.sign())
    }

    fn to_f32(&self) -> Option<f32> {
        let value = self.text.parse().ok().filter(|value: &f32| value.is_finite())?;
        Some(if self.negative { -value } else { value })
    }

    /// Whether a value is not a zero made of digits that are not.
    fn fits(&self, value: f64) -> bool {
        value != 0.0 || self.digits.is_empty()
    }

    /// The binary number that the reference picks: single precision if it prints like double precision, double
    /// precision if it is exactly the text.
    fn as_float(&self) -> Option<f64> {
        let double = self.to_f64().filter(|value| self.fits(*value))?;
        let single = self.to_f32().filter(|value| self.fits(f64::from(*value)));
        if let Some(single) = single
            && prints_alike(single, double)
        {
            return Some(f64::from(single));
        }
        let printed = java_digits(double, f64::MANTISSA_DIGITS, || format!("{:e}", double.abs()));
        (printed.digits == self.digits && printed.point == self.point).then_some(double)
    }

    /// The number itself, rounded half to even.
    fn print(&self, budget: &Budget) -> Result<String, Exceeded> {
        let length = self.point.unsigned_abs();
        if self.point > 0 {
            budget.spend(length)?;
            budget.hold(usize::try_from(length).unwrap_or(usize::MAX))?;
        }
        Ok(print_digits(self.negative, &round(&self.digits, self.point), self.point))
    }
}

/// The digits before the point and `DECIMALS` after it, rounded half to even. One digit more where the number grew.
fn round(digits: &str, point: i64) -> Rounded {
    let Ok(kept) = usize::try_from(point.saturating_add_unsigned(DECIMALS as u64)) else {
        return Rounded { digits: String::new(), grew: false };
    };
    if kept >= digits.len() {
        return Rounded { digits: digits.to_owned(), grew: false };
    }
    let (head, tail) = digits.split_at(kept);
    let odd = head.bytes().last().is_some_and(|digit| digit % 2 == 1);
    let half = tail.starts_with('5') && tail[1..].bytes().all(|digit| digit == b'0');
    let up = if half { odd } else { tail.as_bytes()[0] >= b'5' };
    let mut head = head.as_bytes().to_vec();
    if !up {
        return Rounded { digits: String::from_utf8(head).expect("ASCII digits"), grew: false };
    }
    for digit in head.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return Rounded { digits: String::from_utf8(head).expect("ASCII digits"), grew: false };
        }
    }
    head.insert(0, b'1');
    Rounded { digits: String::from_utf8(head).expect("ASCII digits"), grew: true }
}

struct Rounded {
    digits: String,
    grew: bool,
}

fn print_digits(negative: bool, rounded: &Rounded, point: i64) -> String {
    let point = point + i64::from(rounded.grew);
    let digits = rounded.digits.as_str();
    let mut out = String::from(if negative { "-" } else { "" });
    let whole = usize::try_from(point).unwrap_or(0);
    if whole == 0 || digits.is_empty() {
        out.push('0');
    } else {
        out.extend(digits.chars().chain(std::iter::repeat('0')).take(whole));
    }
    let zeros = usize::try_from(-point).unwrap_or(0);
    let fraction: String = std::iter::repeat_n('0', zeros).chain(digits.chars().skip(whole)).take(DECIMALS).collect();
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Whether Java prints both numbers the same.
fn prints_alike(single: f32, double: f64) -> bool {
    let wide = f64::from(single);
    let one = java_digits(wide, f32::MANTISSA_DIGITS, || {
        // Of two equally near spellings Java takes the even one.
        let shortest = format!("{:e}", single.abs());
        let decimals = shortest.split_once('e').map_or(0, |(mantissa, _)| mantissa.len().saturating_sub(2));
        let nearest = format!("{:.decimals$e}", wide.abs());
        if nearest.parse() == Ok(single.abs()) { nearest } else { shortest }
    });
    let other = java_digits(double, f64::MANTISSA_DIGITS, || format!("{:e}", double.abs()));
    one.digits == other.digits && one.point == other.point
}

/// The digits that Java 17 prints: those of an integer as they are, up to what its precision leaves open, and the
/// shortest ones that mean the number otherwise.
fn java_digits(value: f64, precision: u32, shortest: impl FnOnce() -> String) -> Decimal<'static> {
    const LARGEST_EXPONENT: u32 = 62;
    let magnitude = value.abs();
    if magnitude.fract() == 0.0 && (1.0..2f64.powi(LARGEST_EXPONENT.cast_signed() + 1)).contains(&magnitude) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer below 2^63")]
        let integer = magnitude as u64;
        // 2^open is below the precision; its decimal digits are rounded away.
        let open = integer.ilog2().saturating_sub(precision + 1);
        let unit = 10u64.pow((1u64 << open).ilog10());
        let rounded = (integer / unit + u64::from(unit > 1 && integer % unit >= unit / 2)) * unit;
        let digits = rounded.to_string();
        let point = i64::try_from(digits.len()).unwrap_or(0);
        return Decimal { negative: false, text: "", digits: digits.trim_end_matches('0').to_owned(), point };
    }
    let parsed = Decimal::parse(false, &shortest()).map(|decimal| (decimal.digits, decimal.point));
    let (digits, point) = parsed.expect("a finite number prints as a decimal");
    Decimal { negative: false, text: "", digits, point }
}

/// A binary number: the digits that Java prints, or its exact value where these go past three decimals.
fn print_float(value: f64) -> String {
    let decimal = java_digits(value, f64::MANTISSA_DIGITS, || format!("{:e}", value.abs()));
    let whole_and_kept = usize::try_from(decimal.point.saturating_add_unsigned(DECIMALS as u64)).unwrap_or(0);
    if decimal.digits.len() <= whole_and_kept {
        let rounded = Rounded { digits: decimal.digits, grew: false };
        return print_digits(value.is_sign_negative(), &rounded, decimal.point);
    }
    let fixed = format!("{value:.DECIMALS$}");
    fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_in_java() {
        for (written, normal) in [
            ("1.23456789", "1.235"),
            ("0.0001", "0"),
            ("-0.0001", "-0"),
            ("1e-400", "0"),
            ("0x1F", "31"),
            ("0xffffffffffffffffffff", "1208925819614629174706175"),
            ("010", "8"),
            ("08", "08"),
            ("1.0f", "1"),
            ("10L", "10"),
            ("1.5L", "1.5L"),
            ("inf", "inf"),
            ("1e", "1e"),
            ("22635.98E6", "22635980000"),
            ("1234567.1", "1234567.125"),
            ("1538236.2", "1538236.25"),
            ("1925551.7", "1925551.7"),
            ("06537.88e13", "65378799633563648"),
            ("205737310.", "205737310"),
            ("99999.9999", "100000"),
            ("0.0005", "0.001"),
            ("1.0005", "1"),
        ] {
            assert_eq!(normalize(written, &Budget::unlimited()).as_deref(), Ok(normal), "{written}");
        }
    }
}
