//! Doubles and floats in decimal, digit for digit as Java 17's `Double.toString` and `Float.toString`.
//!
//! Those do not always print the shortest digits (Java does since 19), so no formatter of Rust's gives the same.
//! The method is Steele and White's, with the stopping rules that Java documents and the ones it does not.

use std::cmp::Ordering;

const FRACTION_BITS: i32 = 52;

/// Bits of 5^n, which decide between Java's 64-bit and its big-number arithmetic.
const FIVE_POWER_BITS: [i32; 27] =
    [0, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61];

/// Prints as `Double.toString`.
pub(crate) fn of_double(value: f64) -> String {
    let bits = value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = (bits >> FRACTION_BITS & 0x7ff) as i32;
    print(value, fraction, exponent, 1023, FRACTION_BITS)
}

/// Prints as `Float.toString`.
pub(crate) fn of_float(value: f32) -> String {
    let bits = value.to_bits();
    let fraction = u64::from(bits & ((1 << 23) - 1)) << (FRACTION_BITS - 23);
    #[expect(clippy::cast_possible_wrap, reason = "eight bits")]
    let exponent = (bits >> 23 & 0xff) as i32;
    print(f64::from(value), fraction, exponent, 127, 23)
}

fn print(value: f64, mut fraction: u64, exponent: i32, bias: i32, precision: i32) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    let (exponent, significant_bits) = if exponent == 0 {
        let shift = fraction.leading_zeros().cast_signed() - (63 - FRACTION_BITS);
        fraction <<= shift;
        (1 - shift - bias, precision + 1 - shift)
    } else {
        fraction |= 1 << FRACTION_BITS;
        (exponent - bias, precision + 1)
    };
    let (digits, point) = develop(fraction, exponent, significant_bits);
    format!("{sign}{}", place_point(&digits, point))
}

/// Develops the decimal digits; the value is 0.DIGITS times ten to the second result.
fn develop(fraction: u64, exponent: i32, significant_bits: i32) -> (String, i32) {
    let tail_zeros = fraction.trailing_zeros().cast_signed();
    let fraction_bits = FRACTION_BITS + 1 - tail_zeros;
    let tiny_bits = (fraction_bits - exponent - 1).max(0);
    if tiny_bits == 0 && (-21..=62).contains(&exponent) {
        return whole(fraction, exponent, significant_bits);
    }

    let mut decimal = estimate(fraction, exponent);
    let five_b = (-decimal).max(0);
    let five_s = decimal.max(0);
    let mut two_b = five_b + tiny_bits + exponent;
    let mut two_s = five_s + tiny_bits;
    let mut two_m = two_b - significant_bits;
    let fraction = fraction >> tail_zeros;
    two_b -= fraction_bits - 1;
    let common = two_b.min(two_s);
    two_b -= common;
    two_s -= common;
    two_m -= common;
    // The gap below a power of two is half as wide.
    if fraction_bits == 1 {
        two_m -= 1;
    }
    if two_m < 0 {
        two_b -= two_m;
        two_s -= two_m;
        two_m = 0;
    }
    let five_bits =
        |power: i32| usize::try_from(power).ok().and_then(|at| FIVE_POWER_BITS.get(at)).copied().unwrap_or(power * 3);
    // Java's 64-bit code asks `b + m > tens`, its big-number code `b + m >= tens`.
    let small = fraction_bits + two_b + five_bits(five_b) < 64 && two_s + 1 + five_bits(five_s + 1) < 64;
    let is_high = |order: Ordering| order.is_gt() || (!small && order.is_eq());

    let s = Big::power(1, five_s, two_s);
    let tens = Big::power(1, five_s + 1, two_s + 1);
    let mut b = Big::power(fraction, five_b, two_b);
    let mut m = Big::power(1, five_b, two_m);

    let mut digits = String::new();
    let first = b.take_quotient(&s);
    b.multiply(10);
    m.multiply(10);
    let mut low = b.compare(&m).is_lt();
    let mut high = is_high(b.plus(&m).compare(&tens));
    if first == 0 && !high {
        decimal -= 1;
    } else {
        digits.push(char::from(b'0' + first));
    }
    // Exponent notation always shows a digit after the point.
    if !(-3..8).contains(&decimal) {
        low = false;
        high = false;
    }
    while !low && !high {
        let digit = b.take_quotient(&s);
        b.multiply(10);
        m.multiply(10);
        low = b.compare(&m).is_lt();
        high = is_high(b.plus(&m).compare(&tens));
        digits.push(char::from(b'0' + digit));
    }
    let mut point = decimal + 1;
    let up = high
        && (!low || {
            b.multiply(2);
            let last_is_odd = digits.bytes().last().is_some_and(|digit| digit & 1 == 1);
            match b.compare(&tens) {
                Ordering::Less => false,
                Ordering::Equal => last_is_odd,
                Ordering::Greater => true,
            }
        });
    if up {
        point += round_up(&mut digits);
    }
    (digits, point)
}

/// Integers: only the digits that the type can tell apart are printed.
fn whole(fraction: u64, exponent: i32, significant_bits: i32) -> (String, i32) {
    let mut value = if exponent >= FRACTION_BITS {
        fraction << (exponent - FRACTION_BITS)
    } else {
        fraction >> (FRACTION_BITS - exponent)
    };
    let mut dropped = 0;
    if exponent > significant_bits {
        let spare_bits = exponent - significant_bits - 1;
        #[expect(clippy::cast_possible_truncation, reason = "at most 18")]
        let insignificant = if spare_bits > 1 { (f64::from(spare_bits) * std::f64::consts::LOG10_2) as i32 } else { 0 };
        if insignificant > 0 {
            let power = 10_u64.pow(insignificant.cast_unsigned());
            let residue = value % power;
            value /= power;
            dropped = insignificant;
            if residue >= power / 2 {
                value += 1;
            }
        }
    }
    let digits = value.to_string();
    let point = i32::try_from(digits.len()).expect("at most twenty digits") + dropped;
    let kept = digits.trim_end_matches('0');
    (kept.to_owned(), point)
}

/// Adds one to the last digit; returns 1 when that made the number a digit longer.
fn round_up(digits: &mut String) -> i32 {
    let length = digits.len();
    let kept = digits.trim_end_matches('9').len();
    let Some(last) = digits[..kept].bytes().last() else {
        *digits = format!("1{}", "0".repeat(length.saturating_sub(1)));
        return 1;
    };
    digits.truncate(kept - 1);
    digits.push(char::from(last + 1));
    digits.push_str(&"0".repeat(length - kept));
    0
}

/// Estimates the decimal exponent; at most one too high.
fn estimate(fraction: u64, exponent: i32) -> i32 {
    let mantissa = f64::from_bits((1023 << FRACTION_BITS) | (fraction & ((1 << FRACTION_BITS) - 1)));
    #[expect(clippy::approx_constant, reason = "Java's digits, whose last ones decide")]
    let estimated = (mantissa - 1.5) * 0.289_529_654 + 0.176_091_259 + f64::from(exponent) * 0.301_029_995_663_981;
    #[expect(clippy::cast_possible_truncation, reason = "between -324 and 309")]
    let decimal = estimated.floor() as i32;
    decimal
}

fn place_point(digits: &str, point: i32) -> String {
    let length = i32::try_from(digits.len()).expect("at most eighteen digits");
    match point {
        1..=7 if length <= point => {
            let zeros = "0".repeat((point - length).unsigned_abs() as usize);
            format!("{digits}{zeros}.0")
        }
        1..=7 => {
            let (before, after) = digits.split_at(point.unsigned_abs() as usize);
            format!("{before}.{after}")
        }
        -2..=0 => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        _ => {
            let (before, after) = digits.split_at(1);
            let after = if after.is_empty() { "0" } else { after };
            format!("{before}.{after}E{}", point - 1)
        }
    }
}

/// Just enough arithmetic on natural numbers; little endian.
#[derive(Clone)]
struct Big(Vec<u32>);

impl Big {
    /// factor * 5^fives * 2^twos
    fn power(factor: u64, fives: i32, twos: i32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let mut big = Self(vec![factor as u32, (factor >> 32) as u32]);
        for _ in 0..fives {
            big.multiply(5);
        }
        for _ in 0..twos / 31 {
            big.multiply(1 << 31);
        }
        big.multiply(1 << (twos % 31));
        big
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0_u64;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            #[expect(clippy::cast_possible_truncation, reason = "the low half")]
            let low = product as u32;
            *digit = low;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(u32::try_from(carry).expect("a carry fits the factor"));
        }
    }

    fn plus(&self, other: &Self) -> Self {
        let mut sum = Vec::new();
        let mut carry = 0_u64;
        for at in 0..=self.0.len().max(other.0.len()) {
            let total = u64::from(self.digit(at)) + u64::from(other.digit(at)) + carry;
            #[expect(clippy::cast_possible_truncation, reason = "the low half")]
            sum.push(total as u32);
            carry = total >> 32;
        }
        Self(sum)
    }

    /// Subtracts `divisor` as often as it fits, which is less than ten times here.
    fn take_quotient(&mut self, divisor: &Self) -> u8 {
        let mut quotient = 0;
        while self.compare(divisor).is_ge() {
            let mut borrow = 0_i64;
            for at in 0..self.0.len() {
                let difference = i64::from(self.0[at]) - i64::from(divisor.digit(at)) - borrow;
                borrow = i64::from(difference < 0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2^32")]
                let digit = difference as u32;
                self.0[at] = digit;
            }
            quotient += 1;
        }
        quotient
    }

    fn compare(&self, other: &Self) -> Ordering {
        (0..self.0.len().max(other.0.len()))
            .rev()
            .map(|at| self.digit(at).cmp(&other.digit(at)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn digit(&self, at: usize) -> u32 {
        self.0.get(at).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{of_double, of_float};

    #[test]
    fn prints_doubles_as_java_17() {
        for (value, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (100.0, "100.0"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (1e10, "1.0E10"),
            (0.001, "0.001"),
            (0.000_1, "1.0E-4"),
            (1.5e-5, "1.5E-5"),
            // The example of Java 19's release notes: two more digits than needed.
            (2e23, "1.9999999999999998E23"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (5e-324, "4.9E-324"),
            (-2.147_483_649e9, "-2.147483649E9"),
            (1.1, "1.1"),
            (123_456.789, "123456.789"),
            (-0.0, "-0.0"),
            (2.0e-3, "0.002"),
            (2.2e-322, "2.2E-322"),
            (1.0e-5, "1.0E-5"),
            (3.0e-44, "3.0E-44"),
            (2.981_959_4e-44, "2.9819594E-44"),
        ] {
            assert_eq!(of_double(value), text);
        }
    }

    #[test]
    fn prints_floats_as_java_17() {
        for (value, text) in [
            (2_147_483_648_f32, "2.14748365E9"),
            (0.1, "0.1"),
            (1.0, "1.0"),
            (3.402_823_5e38, "3.4028235E38"),
            (1.4e-45, "1.4E-45"),
            (16_777_216.0, "1.6777216E7"),
        ] {
            assert_eq!(of_float(value), text);
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        let mut bits = 0x0123_4567_89ab_cdef_u64;
        for _ in 0..2000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                assert_eq!(of_double(value).parse(), Ok(value));
            }
        }
    }
}
