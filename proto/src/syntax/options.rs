//! Options and their aggregate values.

use std::collections::HashMap;

use super::lexer::{Lexer, Read};
use super::tree::{Opt, OptValue};
use super::{MAX_VALUE_DEPTH, SyntaxError};

/// What stands between the name of an option and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `=`, in statements and in square brackets.
    Equals,
    /// `:`, in aggregate values, where it may be missing before `{`.
    Colon,
}

impl Separator {
    fn character(self) -> char {
        match self {
            Self::Equals => '=',
            Self::Colon => ':',
        }
    }
}

/// The options in square brackets, if there are any.
pub(super) fn read_bracketed(lexer: &mut Lexer<'_>) -> Read<Vec<Opt>> {
    let mut options = Vec::new();
    if !lexer.accept('[')? {
        return Ok(options);
    }
    loop {
        options.push(read_option(lexer, Separator::Equals, 0)?);
        if lexer.accept(']')? {
            return Ok(options);
        }
        if !lexer.accept(',')? {
            return Err(lexer.error("Expected ',' or ']"));
        }
    }
}

pub(super) fn read_option(lexer: &mut Lexer<'_>, separator: Separator, depth: usize) -> Read<Opt> {
    let opening = lexer.peek()?;
    let word = lexer.read_name()?;
    let name = if opening == '[' { format!("[{word}]") } else { word };

    // The parts after the name: `.b.(c.d)` of `(a).b.(c.d) = 1`.
    let mut parts: Vec<(String, bool)> = Vec::new();
    let mut next = lexer.read_char()?;
    while next == '.' {
        let custom = lexer.peek()? == '(';
        let bracketed = lexer.peek()? == '[';
        let part = lexer.read_name()?;
        if custom {
            parts.push((part, true));
        } else if bracketed {
            parts.extend(format!("[{part}]").split('.').map(|part| (part.to_owned(), false)));
        } else {
            parts.extend(part.split('.').map(|part| (part.to_owned(), false)));
        }
        next = lexer.read_char()?;
        if depth + parts.len() > MAX_VALUE_DEPTH {
            return Err(too_deep(lexer));
        }
    }
    if separator == Separator::Colon && next == '{' {
        lexer.unread('{');
    } else if next != separator.character() {
        return Err(lexer.error(format!("expected '{}' in option", separator.character())));
    }
    let mut value = read_value(lexer, depth + parts.len())?;
    for (name, custom) in parts.into_iter().rev() {
        value = OptValue::Nested(Box::new(Opt { name, custom, value }));
    }
    Ok(Opt { name, custom: opening == '(', value })
}

fn read_value(lexer: &mut Lexer<'_>, depth: usize) -> Read<OptValue> {
    if depth > MAX_VALUE_DEPTH {
        return Err(too_deep(lexer));
    }
    let next = lexer.peek()?;
    Ok(match next {
        '{' => OptValue::Map(read_map(lexer, depth + 1)?),
        '[' => OptValue::List(read_list(lexer, depth + 1)?),
        '"' | '\'' => OptValue::Text(lexer.read_string()?),
        '-' => OptValue::Number(lexer.read_word()?.to_owned()),
        digit if digit.is_numeric() => OptValue::Number(lexer.read_word()?.to_owned()),
        _ => match lexer.read_word()? {
            word @ ("true" | "false") => OptValue::Bool(word.to_owned()),
            word => OptValue::Word(word.to_owned()),
        },
    })
}

fn read_map(lexer: &mut Lexer<'_>, depth: usize) -> Read<Vec<(String, OptValue)>> {
    lexer.require('{')?;
    let mut entries = Entries::default();
    loop {
        if lexer.accept('}')? {
            return Ok(entries.list);
        }
        let Opt { name, value, .. } = read_option(lexer, Separator::Colon, depth)?;
        entries.add(name, value);
        if !lexer.accept(',')? {
            lexer.accept(';')?;
        }
    }
}

fn read_list(lexer: &mut Lexer<'_>, depth: usize) -> Read<Vec<OptValue>> {
    lexer.require('[')?;
    let mut values = Vec::new();
    loop {
        if lexer.accept(']')? {
            return Ok(values);
        }
        values.push(read_value(lexer, depth)?);
        if !lexer.accept(',')? && lexer.peek()? != ']' {
            return Err(lexer.error("expected ',' or ']'"));
        }
    }
}

fn too_deep(lexer: &Lexer<'_>) -> SyntaxError {
    lexer.error(format!("more than {MAX_VALUE_DEPTH} levels of nesting"))
}

/// The entries of an aggregate value: a key written twice holds a list, parts of a name are a map inside.
#[derive(Default)]
struct Entries {
    list: Vec<(String, OptValue)>,
    index: HashMap<String, usize>,
    /// Where the keys of a map inside are.
    nested_index: HashMap<usize, HashMap<String, usize>>,
}

impl Entries {
    fn add(&mut self, name: String, value: OptValue) {
        let known = self.index.get(&name).copied();
        let at = known.unwrap_or_else(|| {
            self.index.insert(name.clone(), self.list.len());
            self.list.push((name, OptValue::List(Vec::new())));
            self.list.len() - 1
        });
        match value {
            OptValue::Nested(option) => self.put(at, *option),
            value if known.is_some() => {
                self.nested_index.remove(&at);
                extend_list(&mut self.list[at].1, value);
            }
            value => self.list[at].1 = value,
        }
    }

    /// Sets a key of a map inside. The kind of a literal is lost on this way, as it is in the reference.
    fn put(&mut self, at: usize, option: Opt) {
        let value = match option.value {
            OptValue::Bool(text) | OptValue::Number(text) | OptValue::Word(text) => OptValue::Text(text),
            value => value,
        };
        if !matches!(self.list[at].1, OptValue::Map(_)) {
            self.nested_index.remove(&at);
            self.list[at].1 = OptValue::Map(Vec::new());
        }
        let OptValue::Map(entries) = &mut self.list[at].1 else { return };
        let index = self
            .nested_index
            .entry(at)
            .or_insert_with(|| entries.iter().enumerate().map(|(index, (key, _))| (key.clone(), index)).collect());
        if let Some(&known) = index.get(&option.name) {
            entries[known].1 = value;
        } else {
            index.insert(option.name.clone(), entries.len());
            entries.push((option.name, value));
        }
    }
}

fn extend_list(present: &mut OptValue, value: OptValue) {
    if !matches!(present, OptValue::List(_)) {
        let first = std::mem::replace(present, OptValue::List(Vec::new()));
        extend_list(present, first);
    }
    if let OptValue::List(values) = present {
        match value {
            OptValue::List(more) => values.extend(more),
            value => values.push(value),
        }
    }
}
