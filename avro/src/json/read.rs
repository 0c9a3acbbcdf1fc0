//! The reader: iterative, so that no input can exhaust the stack.

use std::borrow::Cow;

use avow_budget::{Budget, Exceeded, Held};

use super::{Number, Object, Value};
use crate::ParseError;
use crate::positions::Positions;

/// The longest number and the longest key that the reference's JSON library reads.
const NUMBER_LENGTH: usize = 1000;
const KEY_LENGTH: usize = 50_000;

/// The bytes that end a run of plain characters in a string.
static IS_SPECIAL: [bool; 256] = {
    let mut is_special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        is_special[byte] = true;
        byte += 1;
    }
    is_special[b'"' as usize] = true;
    is_special[b'\\' as usize] = true;
    is_special
};

/// A value and what follows it.
pub(crate) struct Document<'t, 'b> {
    pub(crate) value: Value<'t>,
    /// Text after the value, without the white space around it.
    pub(crate) rest: &'t str,
    /// The memory of the value.
    _held: Held<'b>,
}

/// Reads the first value of `text`; `None` when there is none. Costs a step for each byte.
pub(crate) fn read<'t, 'b>(
    text: &'t str,
    depth_limit: usize,
    budget: &'b Budget,
) -> Result<Option<Document<'t, 'b>>, ParseError> {
    budget.spend(text.len() as u64)?;
    let mut reader = Reader { text, at: 0, items: Vec::new(), entries: Vec::new(), held: budget.scope() };
    reader.skip_blank()?;
    if reader.peek().is_none() {
        return Ok(None);
    }
    let value = reader.value(depth_limit)?;
    // Java trims control characters too; comments are not blank here.
    let rest = text[reader.at..].trim_matches(|c| c <= ' ');
    Ok(Some(Document { value, rest, _held: reader.held }))
}

struct Reader<'t, 'b> {
    text: &'t str,
    at: usize,
    /// The items of all arrays that are being read, the innermost last.
    items: Vec<Value<'t>>,
    /// The entries of all objects that are being read; the value of the last one of each follows.
    entries: Vec<(Cow<'t, str>, Value<'t>)>,
    held: Held<'b>,
}

/// A container that is being read, by where its parts begin.
enum Open<'t> {
    Array { items_from: usize },
    Object { entries_from: usize, key: Cow<'t, str> },
}

impl<'t> Reader<'t, '_> {
    fn value(&mut self, depth_limit: usize) -> Result<Value<'t>, ParseError> {
        let mut open: Vec<Open<'t>> = Vec::new();
        loop {
            let mut value = match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    self.skip_blank()?;
                    check_depth(open.len() + 1, depth_limit)?;
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        Value::Array(Vec::new())
                    } else {
                        open.push(Open::Array { items_from: self.items.len() });
                        continue;
                    }
                }
                Some(b'{') => {
                    self.at += 1;
                    self.skip_blank()?;
                    check_depth(open.len() + 1, depth_limit)?;
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        Value::Object(Object::default())
                    } else {
                        let key = self.key()?;
                        open.push(Open::Object { entries_from: self.entries.len(), key });
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // A finished value may finish the containers around it.
            loop {
                let Some(container) = open.pop() else {
                    return Ok(value);
                };
                self.skip_blank()?;
                let next = self.peek();
                match (container, next) {
                    (Open::Array { items_from }, Some(b',')) => {
                        self.items.push(value);
                        self.at += 1;
                        self.skip_blank()?;
                        open.push(Open::Array { items_from });
                        break;
                    }
                    (Open::Array { items_from }, Some(b']')) => {
                        self.items.push(value);
                        self.at += 1;
                        value = self.array(items_from)?;
                    }
                    (Open::Object { entries_from, key }, Some(b',')) => {
                        self.entries.push((key, value));
                        self.at += 1;
                        self.skip_blank()?;
                        let key = self.key()?;
                        open.push(Open::Object { entries_from, key });
                        break;
                    }
                    (Open::Object { entries_from, key }, Some(b'}')) => {
                        self.entries.push((key, value));
                        self.at += 1;
                        value = self.object(entries_from)?;
                    }
                    (Open::Array { .. }, _) => return Err(self.unexpected("expected ',' or ']'")),
                    (Open::Object { .. }, _) => return Err(self.unexpected("expected ',' or '}'")),
                }
            }
        }
    }

    fn array(&mut self, items_from: usize) -> Result<Value<'t>, Exceeded> {
        self.held.hold((self.items.len() - items_from) * size_of::<Value<'_>>())?;
        Ok(Value::Array(self.items.drain(items_from..).collect()))
    }

    fn object(&mut self, entries_from: usize) -> Result<Value<'t>, Exceeded> {
        let length = self.entries.len() - entries_from;
        self.held.hold(length * (size_of::<(Cow<'_, str>, Value<'_>)>() + Positions::ITEM_BYTES))?;
        let mut object = Object::with_capacity(length);
        for (key, value) in self.entries.drain(entries_from..) {
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    fn key(&mut self) -> Result<Cow<'t, str>, ParseError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("expected a field name in double quotes"));
        }
        let key = self.string()?;
        if key.len() > KEY_LENGTH {
            return Err(self.error(format!("a field name of more than {KEY_LENGTH} bytes")));
        }
        self.skip_blank()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("expected ':' after a field name"));
        }
        self.at += 1;
        self.skip_blank()?;
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value<'t>, ParseError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(byte) if byte.is_ascii_alphabetic() => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
                let value = match &rest[..end] {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    word => return Err(self.error(format!("Unrecognized token '{word}'"))),
                };
                self.at += end;
                Ok(value)
            }
            _ => Err(self.unexpected("expected a value")),
        }
    }

    fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let whole = self.digits();
        if whole == 0 {
            return Err(self.unexpected("expected a digit"));
        }
        if whole > 1 && self.text.as_bytes()[first] == b'0' {
            return Err(self.error("leading zeroes are not allowed".to_owned()));
        }
        let mut integral = true;
        if self.peek() == Some(b'.') {
            integral = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.unexpected("expected a digit after the decimal point"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integral = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.unexpected("expected a digit in the exponent"));
            }
        }
        let text = &self.text[start..self.at];
        if text.len() > NUMBER_LENGTH {
            return Err(self.error(format!("a number of more than {NUMBER_LENGTH} characters")));
        }
        if let Some(c) = self.text[self.at..].chars().next()
            && (c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '+' | '-'))
        {
            return Err(self.unexpected("expected white space after a number"));
        }
        let invalid = || self.error(format!("Invalid numeric value: {text}"));
        if !integral {
            return text.parse().map(Number::Double).map_err(|_| invalid());
        }
        if whole > 18 {
            return Ok(Number::Big(text.into()));
        }
        let number: i64 = text.parse().map_err(|_| invalid())?;
        Ok(i32::try_from(number).map_or(Number::Long(number), Number::Int))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// Reads a string, which is copied only when it has escapes.
    fn string(&mut self) -> Result<Cow<'t, str>, ParseError> {
        self.at += 1;
        let mut out = String::new();
        let mut plain_from = self.at;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += rest.iter().position(|byte| IS_SPECIAL[*byte as usize]).unwrap_or(rest.len());
            let plain = &self.text[plain_from..self.at];
            match self.peek() {
                None => return Err(self.error("a string without its end".to_owned())),
                Some(b'"') => {
                    self.at += 1;
                    if out.is_empty() {
                        return Ok(Cow::Borrowed(plain));
                    }
                    out.push_str(plain);
                    self.held.hold(out.len())?;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    out.push_str(plain);
                    self.at += 1;
                    out.push(self.escaped()?);
                    plain_from = self.at;
                }
                Some(byte) => {
                    return Err(self.error(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): has to be escaped using backslash"
                    )));
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, ParseError> {
        let Some(byte) = self.peek() else {
            return Err(self.error("a string without its end".to_owned()));
        };
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("unrecognized character escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, ParseError> {
        let unit = self.hex()?;
        let code = match unit {
            0xD800..0xDC00 if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                match self.hex()? {
                    low @ 0xDC00..0xE000 => 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00),
                    // Not a pair: the check below refuses the first half.
                    _ => unit,
                }
            }
            _ => unit,
        };
        char::from_u32(code).ok_or_else(|| {
            // Java's strings can hold half a character; no store or wire format can.
            self.error(format!("half of a surrogate pair: \\u{unit:04X}"))
        })
    }

    fn hex(&mut self) -> Result<u32, ParseError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let mut unit = 0;
        for byte in digits {
            match char::from(*byte).to_digit(16) {
                Some(digit) => unit = unit * 16 + digit,
                None => return Err(self.error("expected four hexadecimal digits".to_owned())),
            }
        }
        if digits.len() < 4 {
            return Err(self.error("expected four hexadecimal digits".to_owned()));
        }
        self.at += 4;
        Ok(unit)
    }

    /// Skips white space and comments.
    #[inline]
    fn skip_blank(&mut self) -> Result<(), ParseError> {
        match self.peek() {
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'/') => self.skip_blank_and_comments(),
            _ => Ok(()),
        }
    }

    #[cold]
    fn skip_blank_and_comments(&mut self) -> Result<(), ParseError> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') => {
                    let rest = &self.text[self.at..];
                    if rest.starts_with("//") {
                        self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                    } else if let Some(body) = rest.strip_prefix("/*") {
                        let Some(length) = body.find("*/") else {
                            return Err(self.error("a comment without its end".to_owned()));
                        };
                        self.at += length + 4;
                    } else {
                        return Err(self.unexpected("expected a comment after '/'"));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, expected: &str) -> ParseError {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => Cow::Borrowed("Unexpected end of input"),
            Some(c) => Cow::Owned(format!("Unexpected character ('{c}' (code {}))", u32::from(c))),
        };
        self.error(format!("{found}: {expected}"))
    }

    fn error(&self, message: String) -> ParseError {
        let before = String::from_utf8_lossy(&self.text.as_bytes()[..self.at.min(self.text.len())]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        ParseError::Json { message, line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

fn check_depth(depth: usize, limit: usize) -> Result<(), ParseError> {
    if depth > limit {
        return Err(ParseError::TooDeep { limit });
    }
    Ok(())
}
