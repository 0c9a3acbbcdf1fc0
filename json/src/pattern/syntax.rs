//! Checks an expression by the grammar of `java.util.regex` and writes it for the engine at hand.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::properties;
use crate::stack::deep;

/// Groups and classes inside each other.
const NESTING_LIMIT: usize = 500;

const LINE_END: &str = r"(?=(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)";
const ANY: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";
const NOTHING: &str = "(?!)";

pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut translator = Translator {
        chars: source.chars().collect(),
        position: 0,
        out: String::with_capacity(source.len()),
        groups: 0,
        names: BTreeSet::new(),
        nesting: 0,
    };
    translator.alternatives(Flags::default())?;
    match translator.peek() {
        None => Ok(translator.out),
        Some(_) => Err(translator.error("unmatched closing `)`")),
    }
}

/// The flags that change what `.` and `$` mean.
#[derive(Clone, Copy, Default)]
struct Flags {
    dot_all: bool,
    multi_line: bool,
}

struct Translator {
    chars: Vec<char>,
    position: usize,
    out: String,
    groups: usize,
    names: BTreeSet<String>,
    nesting: usize,
}

type Checked = Result<(), String>;

impl Translator {
    fn alternatives(&mut self, mut flags: Flags) -> Checked {
        self.nesting += 1;
        if self.nesting > NESTING_LIMIT {
            return Err(self.error("nested too deep"));
        }
        while let Some(c) = self.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.position += 1;
                    self.out.push('|');
                }
                '*' | '+' | '?' => return Err(self.error(&format!("dangling meta character `{c}`"))),
                '(' => {
                    let start = self.out.len();
                    if self.group(&mut flags)? {
                        self.quantifier(start)?;
                    }
                }
                _ => {
                    let start = self.out.len();
                    self.atom(c, flags)?;
                    self.quantifier(start)?;
                }
            }
        }
        self.nesting -= 1;
        Ok(())
    }

    /// A group; `false` for one that only sets flags.
    fn group(&mut self, flags: &mut Flags) -> Result<bool, String> {
        self.position += 1;
        let mut inner = *flags;
        if self.take('?') {
            match self.next() {
                Some(c @ (':' | '=' | '!' | '>')) => {
                    self.out.push_str("(?");
                    self.out.push(c);
                }
                Some('<') => {
                    if let Some(c @ ('=' | '!')) = self.peek() {
                        self.position += 1;
                        self.out.push_str("(?<");
                        self.out.push(c);
                    } else {
                        let name = self.group_name()?;
                        self.groups += 1;
                        write!(self.out, "(?<{name}>").expect("a string takes any text");
                        if !self.names.insert(name) {
                            return Err(self.error("a group name is used twice"));
                        }
                    }
                }
                Some(_) => {
                    self.position -= 1;
                    let letters = self.flags(&mut inner)?;
                    match self.next() {
                        Some(')') => {
                            *flags = inner;
                            if !letters.is_empty() {
                                write!(self.out, "(?{letters})").expect("a string takes any text");
                            }
                            return Ok(false);
                        }
                        Some(':') => write!(self.out, "(?{letters}:").expect("a string takes any text"),
                        _ => return Err(self.error("unknown inline modifier")),
                    }
                }
                None => return Err(self.error("unknown group")),
            }
        } else {
            self.groups += 1;
            self.out.push('(');
        }
        deep(|| self.alternatives(inner))?;
        if !self.take(')') {
            return Err(self.error("unclosed group"));
        }
        self.out.push(')');
        Ok(true)
    }

    /// Inline flags; returns those that the engine has too.
    fn flags(&mut self, flags: &mut Flags) -> Result<String, String> {
        let mut letters = String::new();
        let mut on = true;
        while let Some(c) = self.peek() {
            match c {
                's' => flags.dot_all = on,
                'm' => flags.multi_line = on,
                'i' | 'x' => letters.push(c),
                'd' | 'u' | 'U' | 'c' => {}
                '-' if on => {
                    on = false;
                    letters.push('-');
                }
                ')' | ':' => return Ok(letters.trim_end_matches('-').to_owned()),
                _ => break,
            }
            self.position += 1;
        }
        Err(self.error("unknown inline modifier"))
    }

    fn group_name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.next() {
            match c {
                '>' if !name.is_empty() => return Ok(name),
                c if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty()) => name.push(c),
                _ => break,
            }
        }
        Err(self.error("a group name is not closed by `>` or has other characters than letters and digits"))
    }

    fn atom(&mut self, c: char, flags: Flags) -> Checked {
        self.position += 1;
        match c {
            '[' => {
                self.position -= 1;
                self.class()
            }
            '\\' => self.escape(),
            '.' => {
                self.out.push_str(if flags.dot_all { r"[\x{0}-\x{10FFFF}]" } else { ANY });
                Ok(())
            }
            '^' => {
                self.out.push_str(if flags.multi_line { "(?m:^)" } else { "^" });
                Ok(())
            }
            '$' => {
                self.out.push_str(if flags.multi_line { "(?m:$)" } else { LINE_END });
                Ok(())
            }
            '{' => {
                // A repetition of nothing is one if it is well formed.
                self.position -= 1;
                self.out.push_str("(?:)");
                Ok(())
            }
            c => {
                self.literal(c);
                Ok(())
            }
        }
    }

    fn quantifier(&mut self, start: usize) -> Checked {
        let quantifier = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.position += 1;
                c.to_string()
            }
            Some('{') => {
                self.position += 1;
                let Some(least) = self.count()? else {
                    return Err(self.error("illegal repetition"));
                };
                let range = if self.take(',') {
                    match self.count()? {
                        Some(most) if most < least => return Err(self.error("illegal repetition range")),
                        Some(most) => format!("{{{least},{most}}}"),
                        None => format!("{{{least},}}"),
                    }
                } else {
                    format!("{{{least}}}")
                };
                if !self.take('}') {
                    return Err(self.error("unclosed counted closure"));
                }
                range
            }
            _ => return Ok(()),
        };
        let atom = self.out.split_off(start);
        write!(self.out, "(?:{atom}){quantifier}").expect("a string takes any text");
        if self.take('?') {
            self.out.push('?');
        } else if self.take('+') {
            let repeated = self.out.split_off(start);
            write!(self.out, "(?>{repeated})").expect("a string takes any text");
        }
        Ok(())
    }

    fn count(&mut self) -> Result<Option<u32>, String> {
        let start = self.position;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.position += 1;
        }
        if start == self.position {
            return Ok(None);
        }
        let digits: String = self.chars[start..self.position].iter().collect();
        match digits.parse::<u32>() {
            Ok(count) if i32::try_from(count).is_ok() => Ok(Some(count)),
            _ => Err(self.error("illegal repetition range")),
        }
    }

    /// An escape outside a class.
    fn escape(&mut self) -> Checked {
        let Some(c) = self.next() else {
            return Err(self.error("unexpected internal error: nothing follows the last backslash"));
        };
        match c {
            'b' if self.rest_starts_with("{g}") => {
                self.position += 3;
                Ok(())
            }
            'b' | 'B' | 'A' | 'z' => {
                self.out.push('\\');
                self.out.push(c);
                Ok(())
            }
            'Z' => {
                self.out.push_str(LINE_END);
                Ok(())
            }
            'G' => {
                self.out.push('^');
                Ok(())
            }
            'R' => {
                self.out.push_str(r"(?:\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])");
                Ok(())
            }
            'X' => {
                self.out.push_str(r"(?:\P{M}\p{M}*|\p{M}+)");
                Ok(())
            }
            'k' => {
                let name = if self.take('<') { self.group_name()? } else { String::new() };
                if !self.names.contains(&name) {
                    return Err(self.error("a named group does not exist"));
                }
                write!(self.out, r"\k<{name}>").expect("a string takes any text");
                Ok(())
            }
            'Q' => {
                self.quotation();
                Ok(())
            }
            '1'..='9' => {
                let group = self.back_reference(c);
                if group <= self.groups {
                    write!(self.out, r"(?:\{group})").expect("a string takes any text");
                } else {
                    self.out.push_str(NOTHING);
                }
                Ok(())
            }
            c => {
                if let Some(content) = self.class_escape(c)? {
                    write!(self.out, "[{content}]").expect("a string takes any text");
                } else {
                    let c = self.character_escape(c)?;
                    self.literal(c);
                }
                Ok(())
            }
        }
    }

    /// More digits belong to the number as long as such a group exists.
    fn back_reference(&mut self, first: char) -> usize {
        let mut group = first as usize - '0' as usize;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            group = longer;
            self.position += 1;
        }
        group
    }

    /// `\Q…\E`: everything in between is text.
    fn quotation(&mut self) {
        while self.position < self.chars.len() {
            if self.rest_starts_with("\\E") {
                self.position += 2;
                return;
            }
            let c = self.chars[self.position];
            self.position += 1;
            self.literal(c);
        }
    }

    /// The content of a class for an escape that stands for several characters.
    fn class_escape(&mut self, c: char) -> Result<Option<String>, String> {
        let content = match c {
            'd' => "0-9",
            'D' => "^0-9",
            'w' => "a-zA-Z0-9_",
            'W' => "^a-zA-Z0-9_",
            's' => r" \t\n\x0B\x0C\r",
            'S' => r"^ \t\n\x0B\x0C\r",
            'h' => r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
            'H' => r"^ \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
            'v' => r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}",
            'V' => r"^\n\x0B\x0C\r\x{85}\x{2028}\x{2029}",
            'p' | 'P' => {
                let name: String = if self.take('{') {
                    let Some(length) = self.chars[self.position..].iter().position(|c| *c == '}') else {
                        return Err(self.error("unclosed character family"));
                    };
                    let name = self.chars[self.position..self.position + length].iter().collect();
                    self.position += length + 1;
                    name
                } else {
                    self.next().into_iter().collect()
                };
                let Some(content) = properties::class(&name) else {
                    return Err(self.error(&format!("unknown character property {{{name}}}")));
                };
                return Ok(Some(if c == 'P' { format!("^{content}") } else { content }));
            }
            _ => return Ok(None),
        };
        Ok(Some(content.to_owned()))
    }

    /// An escape that stands for one character.
    fn character_escape(&mut self, c: char) -> Result<char, String> {
        let code = match c {
            'a' => 0x7,
            'e' => 0x1b,
            'f' => 0xc,
            'n' => 0xa,
            'r' => 0xd,
            't' => 0x9,
            '0' => self.octal()?,
            'c' => match self.next() {
                Some(c) => u32::from(c) ^ 64,
                None => return Err(self.error("illegal control escape")),
            },
            'x' if self.take('{') => {
                let Some(length) = self.chars[self.position..].iter().position(|c| *c == '}') else {
                    return Err(self.error("unclosed hexadecimal escape"));
                };
                let code = self.hexadecimal(length)?;
                self.position += 1;
                code
            }
            'x' => self.hexadecimal(2)?,
            'u' => {
                let high = self.hexadecimal(4)?;
                if (0xd800..0xdc00).contains(&high) && self.rest_starts_with("\\u") {
                    self.position += 2;
                    let low = self.hexadecimal(4)?;
                    0x10000 + ((high - 0xd800) << 10) + (low & 0x3ff)
                } else {
                    high
                }
            }
            c if c.is_ascii_alphanumeric() => return Err(self.error("illegal escape sequence")),
            c => return Ok(c),
        };
        char::from_u32(code).ok_or_else(|| self.error("an escape stands for no character"))
    }

    fn octal(&mut self) -> Result<u32, String> {
        let mut code = 0;
        let mut digits = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) {
            if digits == 3 || (digits == 2 && code > 0o37) {
                break;
            }
            code = code * 8 + digit;
            digits += 1;
            self.position += 1;
        }
        if digits == 0 { Err(self.error("illegal octal escape")) } else { Ok(code) }
    }

    fn hexadecimal(&mut self, length: usize) -> Result<u32, String> {
        let digits: String = self.chars[self.position..].iter().take(length).collect();
        let is_number = length > 0 && digits.chars().count() == length && digits.chars().all(|c| c.is_ascii_hexdigit());
        match u32::from_str_radix(&digits, 16) {
            Ok(code) if is_number && code <= 0x10_ffff => {
                self.position += length;
                Ok(code)
            }
            _ => Err(self.error("illegal hexadecimal escape")),
        }
    }

    fn class(&mut self) -> Checked {
        self.position += 1;
        self.nesting += 1;
        if self.nesting > NESTING_LIMIT {
            return Err(self.error("nested too deep"));
        }
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut empty = true;
        loop {
            let Some(c) = self.peek() else {
                return Err(self.error("unclosed character class"));
            };
            match c {
                ']' if !empty => break,
                '[' => deep(|| self.class())?,
                '&' if self.rest_starts_with("&&") => {
                    self.position += 2;
                    // `&&&&` is one operator, and one at either end has no effect.
                    if !empty && self.peek() != Some(']') && !self.rest_starts_with("&&") {
                        self.out.push_str("&&");
                    }
                    continue;
                }
                _ => self.class_member()?,
            }
            empty = false;
        }
        self.position += 1;
        self.out.push(']');
        self.nesting -= 1;
        Ok(())
    }

    /// A character, a range or an escape of a class.
    fn class_member(&mut self) -> Checked {
        let first = match self.class_character()? {
            Member::Several(content) => {
                write!(self.out, "[{content}]").expect("a string takes any text");
                return Ok(());
            }
            Member::Quoted => return Ok(()),
            Member::One(c) => c,
        };
        self.class_literal(first);
        let after = self.chars.get(self.position + 1).copied();
        if self.peek() == Some('-') && !matches!(after, None | Some(']' | '[')) {
            self.position += 1;
            let Member::One(last) = self.class_character()? else {
                return Err(self.error("illegal character range"));
            };
            if last < first {
                return Err(self.error("illegal character range"));
            }
            self.out.push('-');
            self.class_literal(last);
        }
        Ok(())
    }

    fn class_character(&mut self) -> Result<Member, String> {
        let Some(c) = self.next() else {
            return Err(self.error("unclosed character class"));
        };
        if c != '\\' {
            return Ok(Member::One(c));
        }
        let Some(c) = self.next() else {
            return Err(self.error("nothing follows the last backslash"));
        };
        if c == 'Q' {
            while self.position < self.chars.len() && !self.rest_starts_with("\\E") {
                let c = self.chars[self.position];
                self.position += 1;
                self.class_literal(c);
            }
            self.position = (self.position + 2).min(self.chars.len());
            return Ok(Member::Quoted);
        }
        match self.class_escape(c)? {
            Some(content) => Ok(Member::Several(content)),
            None => self.character_escape(c).map(Member::One),
        }
    }

    fn class_literal(&mut self, c: char) {
        write!(self.out, r"\x{{{:x}}}", u32::from(c)).expect("a string takes any text");
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() && c != '<' && c != '>' {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += 1;
        Some(c)
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }

    fn rest_starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.chars.get(self.position + offset) == Some(&c))
    }

    fn error(&self, message: &str) -> String {
        format!("{message} near index {}", self.position)
    }
}

enum Member {
    One(char),
    Several(String),
    /// A quotation, already written.
    Quoted,
}
