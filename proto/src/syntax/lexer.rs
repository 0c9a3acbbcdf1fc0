//! Characters to words, strings and numbers, with the reference's own idea of where a line begins.

use std::fmt;

/// Why a text is not a `.proto` file, in the reference's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub message: String,
    /// The byte at which reading stopped.
    pub offset: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

pub(super) type Read<T> = Result<T, SyntaxError>;

/// A place in the text: the byte, and the line and column that the reference reports.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) offset: usize,
    line: usize,
    line_start: usize,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0, line: 0, line_start: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.position
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.position == self.text.len()
    }

    pub(super) fn location(&self) -> Location {
        Location { offset: self.position, line: self.line, line_start: self.line_start }
    }

    /// `:line:column`, columns in UTF-16 units.
    pub(super) fn display(&self, at: Location) -> String {
        let column = self.text[at.line_start.min(at.offset)..at.offset].encode_utf16().count() + 1;
        format!(":{}:{column}", at.line + 1)
    }

    pub(super) fn error(&self, message: impl fmt::Display) -> SyntaxError {
        self.error_at(self.location(), message)
    }

    pub(super) fn error_at(&self, at: Location, message: impl fmt::Display) -> SyntaxError {
        SyntaxError { message: format!("Syntax error in {}: {message}", self.display(at)), offset: at.offset }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn next_char(&mut self) -> Option<char> {
        let next = self.text[self.position..].chars().next()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn newline(&mut self) {
        self.line += 1;
        self.line_start = self.position;
    }

    /// Reads the next character that is neither white space nor a comment.
    pub(super) fn read_char(&mut self) -> Read<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Ok(next)
    }

    /// The next character that is neither white space nor a comment, left unread.
    pub(super) fn peek(&mut self) -> Read<char> {
        self.skip_blanks(true)?;
        self.text[self.position..].chars().next().ok_or_else(|| self.error("unexpected end of file"))
    }

    /// Reads `expected` if it is next.
    pub(super) fn accept(&mut self, expected: char) -> Read<bool> {
        let found = self.peek()? == expected;
        if found {
            self.position += expected.len_utf8();
        }
        Ok(found)
    }

    pub(super) fn require(&mut self, expected: char) -> Read<()> {
        let found = self.read_char()?;
        if found == expected { Ok(()) } else { Err(self.error(format!("expected '{expected}' but was '{found}'"))) }
    }

    /// Makes the character just read unread.
    pub(super) fn unread(&mut self, character: char) {
        self.position -= character.len_utf8();
    }

    pub(super) fn peek_quote(&mut self) -> Read<bool> {
        Ok(matches!(self.peek()?, '"' | '\''))
    }

    /// Adjacent strings as one.
    pub(super) fn read_string(&mut self) -> Read<String> {
        let mut quote = self.read_char()?;
        if quote != '"' && quote != '\'' {
            return Err(self.error("expected quoted string"));
        }
        let mut out = String::new();
        while let Some(mut next) = self.next_char() {
            if next == quote {
                if self.peek_quote()? {
                    quote = self.read_char()?;
                    continue;
                }
                return Ok(out);
            }
            if next == '\\' {
                next = self.read_escape()?;
            }
            out.push(next);
            if next == '\n' {
                self.newline();
            }
        }
        Err(self.error("unterminated string"))
    }

    fn read_escape(&mut self) -> Read<char> {
        let escaped = self.next_char().ok_or_else(|| self.error("unexpected end of file"))?;
        Ok(match escaped {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' | 'X' => self.read_numeric_escape(16, 2)?,
            '0'..='7' => {
                self.unread(escaped);
                self.read_numeric_escape(8, 3)?
            }
            other => other,
        })
    }

    fn read_numeric_escape(&mut self, radix: u32, digits: usize) -> Read<char> {
        let rest = &self.text.as_bytes()[self.position..];
        let values = rest.iter().take(digits).map_while(|byte| char::from(*byte).to_digit(radix));
        let (count, value) = values.fold((0, 0), |(count, value), digit| (count + 1, value * radix + digit));
        if count == 0 {
            return Err(self.error("expected a digit after \\x or \\X"));
        }
        self.position += count;
        Ok(char::from_u32(value).expect("three octal digits end below the surrogates"))
    }

    /// A word, or one in parentheses or square brackets, without them.
    pub(super) fn read_name(&mut self) -> Read<String> {
        self.read_name_of(Self::read_word)
    }

    /// The name of a field.
    pub(super) fn read_field_name(&mut self) -> Read<String> {
        self.read_name_of(Self::read_word_without_leading_digit)
    }

    fn read_name_of(&mut self, read_word: impl FnOnce(&mut Self) -> Read<&'a str>) -> Read<String> {
        let close = match self.peek()? {
            '(' => ')',
            '[' => ']',
            _ => return read_word(self).map(str::to_owned),
        };
        self.position += 1;
        let word = read_word(self)?.to_owned();
        if self.read_char()? == close { Ok(word) } else { Err(self.error(format!("expected '{close}'"))) }
    }

    /// A run of letters, digits, `_`, `-` and `.`.
    pub(super) fn read_word(&mut self) -> Read<&'a str> {
        self.skip_blanks(true)?;
        let rest = &self.text[self.position..];
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        self.position += word.len();
        if word.is_empty() { Err(self.error("expected a word")) } else { Ok(word) }
    }

    /// Whether `word` is the next word; nothing is read.
    pub(super) fn next_word_is(&self, word: &str) -> bool {
        let mut ahead = Self { ..*self };
        ahead.read_word().is_ok_and(|next| next == word)
    }

    pub(super) fn read_word_without_leading_digit(&mut self) -> Read<&'a str> {
        let word = self.read_word()?;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            // The reference counts this column from zero.
            let start = self.position - word.len();
            let column = self.text[self.line_start.min(start)..start].encode_utf16().count();
            let message = "field and constant names cannot start with a digit";
            let message = format!("Syntax error in :{}:{column}: {message}", self.line + 1);
            return Err(SyntaxError { message, offset: start });
        }
        Ok(word)
    }

    pub(super) fn read_integer(&mut self) -> Read<i32> {
        let word = self.read_word()?;
        let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
        let (digits, radix) = hexadecimal.map_or((word, 10), |digits| (digits, 16));
        i32::from_str_radix(digits, radix).map_err(|_| self.error(format!("expected an integer but was {digits}")))
    }

    /// Skips white space and comments between declarations.
    pub(super) fn skip_documentation(&mut self) -> Read<()> {
        self.skip_blanks(true)
    }

    /// Skips a comment that follows a declaration on its line. The reference is strict about these.
    pub(super) fn skip_trailing_comment(&mut self) -> Read<()> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.position += 1,
                Some(b'/') => break self.position += 1,
                Some(_) => return Ok(()),
                None => break,
            }
        }
        let star = match self.byte() {
            Some(b'/') => false,
            Some(b'*') => true,
            _ => return Err(self.error("expected '//' or '/*'")),
        };
        self.position += 1;
        if star {
            let Some(length) = self.text[self.position..].find("*/") else {
                self.position = self.text.len();
                return Err(self.error("trailing comment must be closed"));
            };
            self.position += length + 2;
            while let Some(next) = self.next_char() {
                match next {
                    '\n' => {
                        self.newline();
                        break;
                    }
                    ' ' | '\t' => {}
                    _ => return Err(self.error("no syntax may follow trailing comment")),
                }
            }
        } else {
            self.skip_to_next_line();
        }
        Ok(())
    }

    fn skip_to_next_line(&mut self) {
        match self.text[self.position..].find('\n') {
            Some(length) => {
                self.position += length + 1;
                self.newline();
            }
            None => self.position = self.text.len(),
        }
    }

    fn skip_blanks(&mut self, comments: bool) -> Read<()> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\r') => self.position += 1,
                Some(b'\n') => {
                    self.position += 1;
                    self.newline();
                }
                Some(b'/') if comments => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_comment(&mut self) -> Read<()> {
        self.position += 1;
        match self.next_char() {
            Some('*') => {
                while self.position + 1 < self.text.len() {
                    match &self.text.as_bytes()[self.position..self.position + 2] {
                        b"*/" => {
                            self.position += 2;
                            return Ok(());
                        }
                        [b'\n', _] => self.newline(),
                        _ => {}
                    }
                    self.next_char();
                }
                Err(self.error("unterminated comment"))
            }
            Some('/') => {
                if self.byte() == Some(b' ') {
                    self.position += 1;
                }
                if self.is_exhausted() {
                    let end = self.text.encode_utf16().count();
                    let message = format!("startIndex: {end} > endIndex: {}", end - 1);
                    return Err(SyntaxError { message, offset: self.position });
                }
                self.skip_to_next_line();
                Ok(())
            }
            _ => Err(self.error("unexpected '/'")),
        }
    }
}
