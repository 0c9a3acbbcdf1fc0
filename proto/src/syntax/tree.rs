//! The syntax tree of a `.proto` file: what the stored text and the comparison need, and nothing more.

use std::fmt::Write as _;

/// The largest field number, printed as `max` where it ends a range.
pub const MAX_FIELD_NUMBER: i32 = (1 << 29) - 1;

/// A half-open range of bytes of the text a declaration was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Proto2,
    Proto3,
}

impl Syntax {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proto2 => "proto2",
            Self::Proto3 => "proto3",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Proto2, Self::Proto3].into_iter().find(|syntax| syntax.as_str() == name)
    }
}

#[derive(Clone, Debug, Default)]
pub struct File {
    pub syntax: Option<Syntax>,
    pub package: Option<String>,
    pub imports: Vec<String>,
    pub public_imports: Vec<String>,
    pub options: Vec<Opt>,
    pub types: Types,
    pub extends: Vec<Extend>,
    pub services: Vec<Service>,
}

impl File {
    /// The package, or the empty string where none is declared.
    pub fn package(&self) -> &str {
        self.package.as_deref().unwrap_or_default()
    }
}

/// The messages and enums of a file or a message. The stored text keeps the order within each list, not between them.
#[derive(Clone, Debug, Default)]
pub struct Types {
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
}

impl Types {
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.enums.is_empty()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Message {
    pub name: String,
    pub reserved: Vec<Reserved>,
    pub options: Vec<Opt>,
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
    pub groups: Vec<Group>,
    pub extensions: Vec<ExtensionRange>,
    pub extends: Vec<Extend>,
    pub types: Types,
    pub span: Span,
}

impl Message {
    /// The fields and the members of oneofs.
    pub fn all_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().chain(self.oneofs.iter().flat_map(|oneof| &oneof.fields))
    }

    /// Whether this is the entry type of a map field, as descriptors spell maps.
    pub fn is_map_entry(&self) -> bool {
        flag(&self.options, "map_entry").unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Enum {
    pub name: String,
    pub reserved: Vec<Reserved>,
    pub options: Vec<Opt>,
    pub values: Vec<EnumValue>,
    pub span: Span,
}

impl Enum {
    pub fn numbers(&self) -> Vec<i32> {
        self.values.iter().map(|value| value.number).collect()
    }
}

#[derive(Clone, Debug)]
pub struct EnumValue {
    pub name: String,
    pub number: i32,
    pub options: Vec<Opt>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    Optional,
    Required,
    Repeated,
}

impl Label {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
            Self::Repeated => "repeated",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub label: Option<Label>,
    /// The type as written, maps with one space: `map<string, a.B>`.
    pub type_name: String,
    pub name: String,
    pub number: i32,
    pub default: Option<String>,
    pub json_name: Option<String>,
    pub options: Vec<Opt>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Oneof {
    pub name: String,
    pub options: Vec<Opt>,
    pub fields: Vec<Field>,
    pub groups: Vec<Group>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub label: Option<Label>,
    pub name: String,
    pub number: i32,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Extend {
    pub extendee: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub options: Vec<Opt>,
    pub methods: Vec<Method>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Method {
    pub name: String,
    pub request: String,
    pub request_streams: bool,
    pub response: String,
    pub response_streams: bool,
    pub options: Vec<Opt>,
    pub span: Span,
}

/// One or more numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    One(i32),
    Range(i32, i32),
}

impl Numbers {
    pub fn start(self) -> i32 {
        match self {
            Self::One(number) | Self::Range(number, _) => number,
        }
    }

    pub fn end(self) -> i32 {
        match self {
            Self::One(number) | Self::Range(_, number) => number,
        }
    }

    pub fn contains(self, number: i32) -> bool {
        (self.start()..=self.end()).contains(&number)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservedValue {
    Name(String),
    Numbers(Numbers),
}

/// One `reserved` statement.
#[derive(Clone, Debug)]
pub struct Reserved {
    pub values: Vec<ReservedValue>,
}

/// One `extensions` statement.
#[derive(Clone, Debug)]
pub struct ExtensionRange {
    pub values: Vec<Numbers>,
    pub options: Vec<Opt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    pub name: String,
    /// Written in parentheses, so a custom option.
    pub custom: bool,
    pub value: OptValue,
}

/// The value of an option. Numbers, booleans and words keep their spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptValue {
    Text(String),
    Bool(String),
    Number(String),
    Word(String),
    Map(Vec<(String, OptValue)>),
    List(Vec<OptValue>),
    /// `b = 1` of `(a).b = 1`.
    Nested(Box<Opt>),
}

impl OptValue {
    pub fn get(&self, key: &str) -> Option<&OptValue> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::Nested(option) if option.name == key => Some(&option.value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as the reference turns it into a string where it takes a default or a JSON name: literals as they are,
    /// aggregates as its own classes print themselves.
    pub fn to_plain_string(&self) -> String {
        let mut out = String::new();
        self.write_plain(&mut out);
        out
    }

    fn write_plain(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Bool(text) | Self::Number(text) | Self::Word(text) => out.push_str(text),
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    out.push_str(key);
                    out.push('=');
                    value.write_plain_element(out);
                }
                out.push('}');
            }
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    value.write_plain_element(out);
                }
                out.push(']');
            }
            Self::Nested(option) => {
                let Opt { name, custom, value } = &**option;
                let _ = write!(out, "OptionElement(name={name}, kind={}, value=", value.kind());
                value.write_plain(out);
                let _ = write!(out, ", isParenthesized={custom})");
            }
        }
    }

    fn write_plain_element(&self, out: &mut String) {
        if matches!(self, Self::Bool(_) | Self::Number(_) | Self::Word(_)) {
            let _ = write!(out, "OptionPrimitive(kind={}, value=", self.kind());
            self.write_plain(out);
            out.push(')');
        } else {
            self.write_plain(out);
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "STRING",
            Self::Bool(_) => "BOOLEAN",
            Self::Number(_) => "NUMBER",
            Self::Word(_) => "ENUM",
            Self::Map(_) => "MAP",
            Self::List(_) => "LIST",
            Self::Nested(_) => "OPTION",
        }
    }
}

/// The last value given to an option, with a leading dot of its name ignored.
pub fn find<'a>(options: &'a [Opt], name: &str) -> Option<&'a OptValue> {
    let named = |option: &&Opt| option.name.strip_prefix('.').unwrap_or(&option.name) == name;
    options.iter().rev().find(named).map(|option| &option.value)
}

/// A boolean option: anything but `true`, in whatever case, is false.
pub fn flag(options: &[Opt], name: &str) -> Option<bool> {
    find(options, name).map(|value| value.to_plain_string().eq_ignore_ascii_case("true"))
}
