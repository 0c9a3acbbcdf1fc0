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
        let double = self.to_f64().filter(|value| self.fits(*value));
        let single = self.to_f32().filter(|value| self.fits(f64::from(*value)));
        if let (Some(single), Some(double)) = (single, double)
            && format!("{single:e}") == format!("{double:e}")
        {
            return Some(f64::from(single));
        }
        double.filter(|value| {
            let printed = format!("{:e}", value.abs());
            Decimal::parse(false, &printed)
                .is_some_and(|exact| exact.digits == self.digits && exact.point == self.point)
        })
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

/// A binary number: the shortest digits that mean it, or its exact value where these go past three decimals.
fn print_float(value: f64) -> String {
    let shortest = format!("{:e}", value.abs());
    let decimal = Decimal::parse(value.is_sign_negative(), &shortest).expect("a finite number prints as a decimal");
    let whole_and_kept = usize::try_from(decimal.point.saturating_add_unsigned(DECIMALS as u64)).unwrap_or(0);
    if decimal.digits.len() <= whole_and_kept {
        let rounded = Rounded { digits: decimal.digits, grew: false };
        return print_digits(decimal.negative, &rounded, decimal.point);
    }
    let fixed = format!("{value:.DECIMALS$}");
    fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
}
