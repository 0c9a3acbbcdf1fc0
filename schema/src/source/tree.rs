//! JSON with the place of everything in it.

use std::ops::Range;

use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, ast};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

/// As Java Avro's reader: comments are welcome, everything else is JSON.
pub const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Node {
    /// Reads a document; none if it is not JSON.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &OPTIONS).ok()?;
        parsed.value.map(Self::of)
    }

    fn of(value: ast::Value<'_>) -> Self {
        let span = value.range().start..value.range().end;
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(it) => Value::Bool(it.value),
            ast::Value::NumberLit(it) => Value::Number(it.value.to_owned()),
            ast::Value::StringLit(it) => Value::String(it.value.into_owned()),
            ast::Value::Array(it) => Value::Array(it.elements.into_iter().map(Self::of).collect()),
            ast::Value::Object(it) => {
                let member = |property: ast::ObjectProp<'_>| Member {
                    key_span: property.name.range().start..property.name.range().end,
                    key: property.name.into_string(),
                    node: Self::of(property.value),
                };
                Value::Object(it.properties.into_iter().map(member).collect())
            }
        };
        Self { span, value }
    }

    /// The value of a key; of a repeated one the last, as Java has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().rfind(|member| member.key == key).map(|member| &member.node)
    }

    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    pub fn elements(&self) -> &[Self] {
        match &self.value {
            Value::Array(elements) => elements,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// The range to underline: the member if it exists, else the name of a named thing, else a type that is one word,
    /// else the opening bracket.
    pub fn focus(&self, member: Option<&str>) -> Range<usize> {
        let named =
            member.and_then(|member| self.get(member)).or_else(|| self.get("name")).or_else(|| self.get("type"));
        match (named, &self.value) {
            (Some(node), _) if !matches!(node.value, Value::Object(_)) => node.span.clone(),
            (_, Value::Object(_)) => self.span.start..self.span.start + 1,
            _ => self.span.clone(),
        }
    }

    /// The last string that reads so: of two equal ones the second is the one too many.
    pub fn find_text(&self, wanted: &str) -> Option<Range<usize>> {
        let mut found = None;
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            match &node.value {
                Value::String(text) if text == wanted => found = found.max(Some((node.span.start, node.span.end))),
                Value::Array(elements) => open.extend(elements),
                Value::Object(members) => open.extend(members.iter().map(|member| &member.node)),
                _ => {}
            }
        }
        found.map(|(start, end)| start..end)
    }

    /// Whether both say the same, wherever it stands.
    pub fn says_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_same(b)),
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|member| other.get(&member.key).is_some_and(|it| member.node.says_same(it)))
            }
            (a, b) => a == b,
        }
    }

    /// As compact JSON.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        self.print(&mut out);
        out
    }

    fn print(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::String(text) => out.push_str(&quoted(text)),
            Value::Array(elements) => {
                out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    element.print(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (at, member) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    out.push_str(&quoted(&member.key));
                    out.push_str(": ");
                    member.node.print(out);
                }
                out.push('}');
            }
        }
    }
}

/// A string as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
