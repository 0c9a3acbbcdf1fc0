//! The reader of JSON text: as loose and as strict as the reference's, iterative, and bounded.

use std::fmt;
use std::sync::Arc;

use avow_budget::{Budget, Exceeded};

use crate::decimal::Decimal;
use crate::value::{Json, Object};

/// Containers inside containers.
pub(crate) const DEPTH_LIMIT: usize = 1000;
/// Characters of a number and of a key: what the reference's reader takes.
const NUMBER_LIMIT: usize = 1000;
const KEY_LIMIT: usize = 50_000;

/// Where and why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub message: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

pub(crate) enum ReadError {
    Syntax(SyntaxError),
    Exceeded(Exceeded),
}

impl From<Exceeded> for ReadError {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// Reads the first value of `text`; what follows it is ignored. `None` if there is none.
pub(crate) fn read(text: &str, budget: &Budget) -> Result<Option<Json>, ReadError> {
    budget.spend(text.len() as u64 / 64)?;
    let mut reader = Reader { text, position: 0 };
    reader.skip_blank();
    if reader.peek().is_none() {
        return Ok(None);
    }
    reader.value(budget).map(Some)
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
}

/// A container that is still being filled.
enum Open {
    Array(Vec<Json>),
    Object(Object, Arc<str>),
}

impl Reader<'_> {
    fn value(&mut self, budget: &Budget) -> Result<Json, ReadError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            budget.step()?;
            let mut value = match self.peek() {
                Some(bracket @ (b'[' | b'{')) => {
                    if open.len() == DEPTH_LIMIT {
                        return Err(self.error(&format!("nested deeper than {DEPTH_LIMIT} levels")));
                    }
                    self.position += 1;
                    self.skip_blank();
                    match (bracket, self.peek()) {
                        (b'[', Some(b']')) => Json::Array(Arc::default()),
                        (b'{', Some(b'}')) => Json::Object(Arc::default()),
                        (b'[', _) => {
                            open.push(Open::Array(Vec::new()));
                            continue;
                        }
                        _ => {
                            let key = self.key()?;
                            open.push(Open::Object(Object::new(), key));
                            continue;
                        }
                    }
                }
                _ => self.scalar()?,
            };
            if matches!(&value, Json::Array(_) | Json::Object(_)) {
                self.position += 1;
            }
            // A finished value may finish the containers around it.
            loop {
                let Some(container) = open.pop() else {
                    return Ok(value);
                };
                self.skip_blank();
                let next = self.peek();
                match container {
                    Open::Array(mut items) => {
                        items.push(value);
                        match next {
                            Some(b',') => {
                                self.position += 1;
                                self.skip_blank();
                                open.push(Open::Array(items));
                                break;
                            }
                            Some(b']') => value = Json::Array(Arc::new(items)),
                            _ => return Err(self.error("expected `,` or `]`")),
                        }
                    }
                    Open::Object(mut object, key) => {
                        // The last value of a key counts, at the place of the first.
                        object.insert(key, value);
                        match next {
                            Some(b',') => {
                                self.position += 1;
                                self.skip_blank();
                                let key = self.key()?;
                                open.push(Open::Object(object, key));
                                break;
                            }
                            Some(b'}') => value = Json::Object(Arc::new(object)),
                            _ => return Err(self.error("expected `,` or `}`")),
                        }
                    }
                }
                self.position += 1;
            }
        }
    }

    fn key(&mut self) -> Result<Arc<str>, ReadError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        let key = self.string()?;
        if key.chars().count() > KEY_LIMIT {
            return Err(self.error(&format!("a key is longer than {KEY_LIMIT} characters")));
        }
        self.skip_blank();
        if self.peek() != Some(b':') {
            return Err(self.error("expected `:`"));
        }
        self.position += 1;
        self.skip_blank();
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Json, ReadError> {
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'0'..=b'9') => self.number(),
            Some(b'-') if matches!(self.text.as_bytes().get(self.position + 1), Some(b'0'..=b'9')) => self.number(),
            Some(_) => self.word(),
            None => Err(self.error("the text ends too early")),
        }
    }

    /// A word of JSON, or a number that is none, which is kept as text.
    fn word(&mut self) -> Result<Json, ReadError> {
        let rest = &self.text[self.position..];
        let length = rest
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_alphanumeric() || (*at == 0 && matches!(c, '+' | '-'))))
            .map_or(rest.len(), |(at, _)| at);
        let value = match &rest[..length] {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "NaN" => Json::String("NaN".into()),
            "Infinity" | "+Infinity" | "+INF" => Json::String("Infinity".into()),
            "-Infinity" | "-INF" => Json::String("-Infinity".into()),
            _ => return Err(self.error("expected a value")),
        };
        self.position += length;
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, ReadError> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        let first = self.peek();
        self.digits()?;
        if first == Some(b'0') && self.position > start + 1 + usize::from(self.text[start..].starts_with('-')) {
            return Err(self.error("a number starts with 0"));
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits()?;
        }
        if let Some(next) = self.peek()
            && !matches!(next, b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}')
        {
            return Err(self.error("a number is followed by something that is no part of it"));
        }
        let text = &self.text[start..self.position];
        if text.len() > NUMBER_LIMIT {
            return Err(self.error(&format!("a number is longer than {NUMBER_LIMIT} characters")));
        }
        match Decimal::parse(text) {
            Some(number) => Ok(Json::Number(number)),
            None => Err(self.error("an exponent is out of range")),
        }
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        if start == self.position { Err(self.error("expected a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Arc<str>, ReadError> {
        self.position += 1;
        let start = self.position;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let text = self.text[start..self.position].into();
                    self.position += 1;
                    return Ok(text);
                }
                b'\\' => return self.escaped_string(start),
                0..=0x1f => return Err(self.error("a control character is not escaped")),
                _ => self.position += 1,
            }
        }
        Err(self.error("a string does not end"))
    }

    /// The rest of a string from its first escape on.
    fn escaped_string(&mut self, start: usize) -> Result<Arc<str>, ReadError> {
        let mut text = self.text[start..self.position].to_owned();
        loop {
            let run = self.position;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.position += 1;
            }
            text.push_str(&self.text[run..self.position]);
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error("a control character is not escaped")),
                None => return Err(self.error("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        self.position += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("an escape is not known")),
        };
        self.position += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> Result<char, ReadError> {
        let high = self.code_unit()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.text[self.position..].starts_with("\\u") {
            self.position += 1;
            let low = self.code_unit()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.error("a surrogate stands alone"));
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.error("a surrogate stands alone"))
    }

    /// The four digits after `u`.
    fn code_unit(&mut self) -> Result<u32, ReadError> {
        let digits = self.text.as_bytes().get(self.position + 1..self.position + 5).unwrap_or_default();
        if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.error("`\\u` needs four hexadecimal digits"));
        }
        let text = &self.text[self.position + 1..self.position + 5];
        self.position += 5;
        Ok(u32::from_str_radix(text, 16).expect("four hexadecimal digits"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    #[cold]
    fn error(&self, message: &str) -> ReadError {
        let before = &self.text.as_bytes()[..self.position.min(self.text.len())];
        let before = String::from_utf8_lossy(before);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        ReadError::Syntax(SyntaxError {
            message: message.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }
}
