//! Values of logical types as people write them.

use avow_avro::LogicalType;
use jiff::civil::{self, Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

const NANOS_A_SECOND: i128 = 1_000_000_000;
const NANOS_A_DAY: i64 = 86_400 * 1_000_000_000;

const EPOCH: Date = civil::date(1970, 1, 1);

/// Nanoseconds in the unit of a logical type, and how many digits of a second it has.
fn unit(logical: &LogicalType) -> Option<(i64, usize)> {
    use LogicalType as L;
    Some(match logical {
        L::TimeMillis | L::TimestampMillis | L::LocalTimestampMillis => (1_000_000, 3),
        L::TimeMicros | L::TimestampMicros | L::LocalTimestampMicros => (1_000, 6),
        L::TimestampNanos | L::LocalTimestampNanos => (1, 9),
        _ => return None,
    })
}

/// A number as the date, time or moment that it is; none where it is out of range.
pub fn moment(logical: &LogicalType, number: i64) -> Option<String> {
    use LogicalType as L;
    if matches!(logical, L::Date) {
        return Some(EPOCH.checked_add(number.days()).ok()?.to_string());
    }
    let (unit, digits) = unit(logical)?;
    let nanos = i128::from(number) * i128::from(unit);
    Some(match logical {
        L::TimeMillis | L::TimeMicros => {
            let nanos = i64::try_from(nanos).ok().filter(|nanos| (0..NANOS_A_DAY).contains(nanos))?;
            format!("{:.digits$}", Time::midnight().checked_add(nanos.nanoseconds()).ok()?)
        }
        L::TimestampMillis | L::TimestampMicros | L::TimestampNanos => {
            format!("{:.digits$}", Timestamp::from_nanosecond(nanos).ok()?)
        }
        _ => format!("{:.digits$}", TimeZone::UTC.to_datetime(Timestamp::from_nanosecond(nanos).ok()?)),
    })
}

/// The number of a date, time or moment; none where the text is not one, or finer than the unit.
pub fn number(logical: &LogicalType, text: &str) -> Option<i64> {
    use LogicalType as L;
    if matches!(logical, L::Date) {
        return Some(i64::from(text.parse::<Date>().ok()?.since((jiff::Unit::Day, EPOCH)).ok()?.get_days()));
    }
    let (unit, _) = unit(logical)?;
    let nanos = match logical {
        L::TimeMillis | L::TimeMicros => {
            let time: Time = text.parse().ok()?;
            i128::from(time.hour()) * 3_600 * NANOS_A_SECOND
                + i128::from(time.minute()) * 60 * NANOS_A_SECOND
                + i128::from(time.second()) * NANOS_A_SECOND
                + i128::from(time.subsec_nanosecond())
        }
        L::TimestampMillis | L::TimestampMicros | L::TimestampNanos => text.parse::<Timestamp>().ok()?.as_nanosecond(),
        _ => TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?.as_nanosecond(),
    };
    (nanos % i128::from(unit) == 0).then_some(nanos / i128::from(unit))?.try_into().ok()
}

/// The digits of a decimal with a scale, as `-12.50`.
pub fn decimal(unscaled: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let (sign, point) = (if unscaled < 0 { "-" } else { "" }, if scale == 0 { "" } else { "." });
    format!("{sign}{whole}{point}{fraction}")
}

/// The unscaled number of a decimal as people write it; none where it does not fit precision and scale.
pub fn unscaled(text: &str, precision: u32, scale: u32) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let scale = usize::try_from(scale).ok()?;
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > scale {
        return None;
    }
    let number: i128 = format!("{whole}{fraction:0<scale$}").parse().ok()?;
    let fits = number.to_string().len() <= usize::try_from(precision).ok()?;
    fits.then_some(sign * number)
}

/// The shortest two's complement of a number, the highest byte first.
pub fn shortest(number: i128) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let filler = if number < 0 { 0xff } else { 0x00 };
    let is_spare = |at: usize| bytes[at] == filler && (bytes[at + 1] & 0x80 == filler & 0x80);
    let start = (0..bytes.len() - 1).take_while(|at| is_spare(*at)).count();
    bytes[start..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use LogicalType as L;

    #[test]
    fn numbers_are_what_people_read_and_the_other_way_round() {
        for (logical, value, text) in [
            (L::Date, 19_358, "2023-01-01"),
            (L::TimeMillis, 45_296_789, "12:34:56.789"),
            (L::TimeMicros, 45_296_789_012, "12:34:56.789012"),
            (L::TimestampMillis, 1_672_531_200_001, "2023-01-01T00:00:00.001Z"),
            (L::TimestampMicros, 1_672_531_200_000_001, "2023-01-01T00:00:00.000001Z"),
            (L::TimestampNanos, 1_672_531_200_000_000_001, "2023-01-01T00:00:00.000000001Z"),
            (L::LocalTimestampMicros, -1, "1969-12-31T23:59:59.999999"),
        ] {
            assert_eq!(moment(&logical, value).as_deref(), Some(text));
            assert_eq!(number(&logical, text), Some(value), "{text}");
        }
        assert_eq!(moment(&L::TimestampMillis, i64::MAX), None);
        assert_eq!(number(&L::TimestampMillis, "2023-01-01T00:00:00.0001Z"), None, "finer than the unit");
    }

    #[test]
    fn decimals_are_what_people_write() {
        for (text, precision, scale, expected) in [
            ("12.34", 4, 2, Some(1234)),
            ("-0.5", 4, 2, Some(-50)),
            ("10", 4, 2, Some(1000)),
            ("12.340", 4, 2, Some(1234)),
            ("12.345", 9, 2, None),
            ("123.45", 4, 2, None),
            ("1e3", 9, 2, None),
            (".5", 9, 2, None),
        ] {
            assert_eq!(unscaled(text, precision, scale), expected, "{text}");
        }
        assert_eq!(decimal(-50, 2), "-0.50");
        for (number, bytes) in
            [(0, vec![0]), (127, vec![127]), (128, vec![0, 128]), (-128, vec![128]), (-129, vec![255, 127])]
        {
            assert_eq!(shortest(number), bytes, "{number}");
        }
    }
}
