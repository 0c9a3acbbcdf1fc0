//! Numbers in strings, as Java's `Double.parseDouble` reads them.

/// Reads a decimal or hexadecimal number, `NaN` or `Infinity`; Java trims, signs and suffixes like this.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let (sign, magnitude) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let magnitude = match magnitude {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = magnitude.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(magnitude);
            match magnitude.get(..2) {
                Some("0x" | "0X") => hexadecimal(&digits[2..])?,
                _ => decimal(digits)?,
            }
        }
    };
    Some(sign * magnitude)
}

fn decimal(digits: &str) -> Option<f64> {
    // Rust reads a few words and signs that Java does not.
    let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts_as_number = digits.starts_with(|c: char| c == '.' || c.is_ascii_digit());
    (plain && starts_as_number).then(|| digits.parse().ok()).flatten()
}

fn hexadecimal(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(value * 2.0_f64.powi(exponent.checked_sub(shift)?))
}

#[cfg(test)]
mod tests {
    use super::parse_double;

    #[test]
    fn reads_what_java_reads() {
        for (text, value) in [
            ("1", 1.0),
            (" 1.5 ", 1.5),
            ("-.5", -0.5),
            ("+1.", 1.0),
            ("1e3", 1000.0),
            ("2.5f", 2.5),
            ("1D", 1.0),
            ("0x1.8p1", 3.0),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_double(text), Some(value), "{text}");
        }
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn refuses_what_java_refuses() {
        for text in ["", " ", "x", "inf", "nan", "1e", "--1", "1_000", "0x1", "f", ".", "e5"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }
}
