//! The reader: iterative, so that no input can exhaust the stack.

use std::borrow::Cow;

use super::{Key, Number, Object, Value};
use crate::{Limits, ParseError};

/// The longest number and the longest key that the reference's JSON library reads.
const NUMBER_LENGTH: usize = 1000;
const KEY_LENGTH: usize = 50_000;

/// The keys of the language, the frequent ones first.
const KEYWORDS: [&str; 16] = [
    "name",
    "type",
    "default",
    "doc",
    "fields",
    "items",
    "symbols",
    "values",
    "namespace",
    "logicalType",
    "aliases",
    "size",
    "order",
    "precision",
    "scale",
    "connect.name",
];

/// A value and what follows it.
pub(crate) struct Document<'a> {
    pub(crate) value: Value,
    /// Text after the value, without the white space around it.
    pub(crate) rest: &'a str,
}

/// Reads the first value of `text`; `None` when there is none.
pub(crate) fn read<'a>(text: &'a str, limits: &Limits) -> Result<Option<Document<'a>>, ParseError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blank()?;
    if reader.peek().is_none() {
        return Ok(None);
    }
    let value = reader.value(limits.depth)?;
    // Java trims control characters too; comments are not blank here.
    let rest = text[reader.at..].trim_matches(|c| c <= ' ');
    Ok(Some(Document { value, rest }))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A container that is still being filled.
enum Open {
    Array(Vec<Value>),
    Object(Object, Key),
}

impl Reader<'_> {
    fn value(&mut self, depth_limit: usize) -> Result<Value, ParseError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    self.skip_blank()?;
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        check_depth(open.len() + 1, depth_limit)?;
                        Value::Array(Vec::new())
                    } else {
                        open.push(Open::Array(Vec::new()));
                        check_depth(open.len(), depth_limit)?;
                        continue;
                    }
                }
                Some(b'{') => {
                    self.at += 1;
                    self.skip_blank()?;
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        check_depth(open.len() + 1, depth_limit)?;
                        Value::Object(Object::default())
                    } else {
                        let key = self.key()?;
                        open.push(Open::Object(Object::default(), key));
                        check_depth(open.len(), depth_limit)?;
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
                    (Open::Array(mut items), Some(b',')) => {
                        items.push(value);
                        self.at += 1;
                        self.skip_blank()?;
                        open.push(Open::Array(items));
                        break;
                    }
                    (Open::Array(mut items), Some(b']')) => {
                        items.push(value);
                        self.at += 1;
                        value = Value::Array(items);
                    }
                    (Open::Object(mut object, key), Some(b',')) => {
                        object.insert(key, value);
                        self.at += 1;
                        self.skip_blank()?;
                        let key = self.key()?;
                        open.push(Open::Object(object, key));
                        break;
                    }
                    (Open::Object(mut object, key), Some(b'}')) => {
                        object.insert(key, value);
                        self.at += 1;
                        value = Value::Object(object);
                    }
                    (Open::Array(_), _) => return Err(self.unexpected("expected ',' or ']'")),
                    (Open::Object(..), _) => return Err(self.unexpected("expected ',' or '}'")),
                }
            }
        }
    }

    fn key(&mut self) -> Result<Key, ParseError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("expected a field name in double quotes"));
        }
        let quoted = self.text.as_bytes()[self.at + 1..].split(|byte| *byte == b'"').next().unwrap_or_default();
        let key = match KEYWORDS.iter().find(|keyword| keyword.as_bytes() == quoted) {
            Some(keyword) => {
                self.at += keyword.len() + 2;
                Key::Borrowed(*keyword)
            }
            None => Key::Owned(self.string()?),
        };
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

    fn scalar(&mut self) -> Result<Value, ParseError> {
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
            return Ok(Number::Big(text.to_owned()));
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

    fn string(&mut self) -> Result<String, ParseError> {
        self.at += 1;
        let mut out = String::new();
        let mut plain_from = self.at;
        loop {
            match self.peek() {
                None => return Err(self.error("a string without its end".to_owned())),
                Some(b'"') => {
                    out.push_str(&self.text[plain_from..self.at]);
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(&self.text[plain_from..self.at]);
                    self.at += 1;
                    out.push(self.escaped()?);
                    plain_from = self.at;
                }
                Some(byte @ 0..0x20) => {
                    return Err(self.error(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): has to be escaped using backslash"
                    )));
                }
                Some(_) => {
                    let rest = &self.text.as_bytes()[self.at..];
                    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                    self.at += rest.iter().position(is_special).unwrap_or(rest.len());
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
            // Java's strings can hold half a character; no store or wire format of ours can.
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
    fn skip_blank(&mut self) -> Result<(), ParseError> {
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
