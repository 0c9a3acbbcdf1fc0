//! Output that a registry or a schema cannot abuse: control characters of theirs never reach a terminal.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

/// A writer that escapes what is not printable, but for line feeds, tabs, and the colours of the command line itself.
pub(super) struct Printable<W>(pub(super) W);

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Text is written in whole strings: `write!` never divides a character.
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(printable(text).as_bytes())?,
            Err(_) => self.0.write_all(printable(&String::from_utf8_lossy(bytes)).as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A text with what is not printable as `\u001b`, which is also how JSON writes it.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_unprintable) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = colour(rest).unwrap_or(0);
        if length > 0 {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if let Some(c) = rest.chars().next() {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = fmt::Write::write_fmt(&mut out, format_args!("\\u{unit:04x}"));
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Control characters, and what reorders or hides text.
fn is_unprintable(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The length of a sequence that sets a colour or the weight of letters; those that hide or move text are none.
fn colour(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("\u{1b}[")?;
    let end = inner.find('m')?;
    let is_visible = |code: &str| matches!(code.parse(), Ok(0_u8 | 1..=4 | 22..=24 | 31..=37 | 39 | 91..=97));
    inner[..end].split(';').all(is_visible).then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_moves_hides_or_reorders_text() {
        for (text, expected) in [
            ("plain\n\ttext é 😀", "plain\n\ttext é 😀"),
            ("\u{1b}[1m\u{1b}[91mred\u{1b}[0m", "\u{1b}[1m\u{1b}[91mred\u{1b}[0m"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone"),
            ("\u{1b}[8mhidden", "\\u001b[8mhidden"),
            ("\u{9b}2J \u{7f}\r", "\\u009b2J \\u007f\\u000d"),
            ("a\u{202e}b\u{e0041}", "a\\u202eb\\udb40\\udc41"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
