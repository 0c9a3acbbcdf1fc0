//! Declarations: tokens to a tree, accepting and refusing what the reference's parser does.

use std::collections::HashMap;

use super::lexer::{Lexer, Location, Read, SyntaxError};
use super::options::{self, Separator};
use super::tree::{
    Enum, EnumValue, Extend, ExtensionRange, Field, File, Group, Label, MAX_FIELD_NUMBER, Message, Method, Numbers,
    Oneof, Opt, OptValue, Reserved, ReservedValue, Service, Span, Syntax,
};
use super::{MAX_DEPTH, MAX_VALUE_DEPTH};

/// Reads a `.proto` file.
pub fn parse(text: &str) -> Result<File, SyntaxError> {
    Parser { lexer: Lexer::new(text), syntax: None, declarations: 0 }.read_file()
}

/// What a declaration stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    File,
    Message,
    Enum,
    Rpc,
    Extend,
    Service,
}

enum Declaration {
    /// An empty statement, or one that leaves nothing to add to the tree.
    Nothing,
    Package(String),
    Import(String),
    PublicImport(String),
    Option(Opt),
    Reserved(Reserved),
    /// The name and opening brace of a message; its body follows.
    MessageStart(String),
    Enum(Enum),
    Service(Service),
    Extend(Extend),
    Method(Method),
    Oneof(Oneof),
    Extensions(ExtensionRange),
    Field(Field),
    Group(Group),
    EnumValue(EnumValue),
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    syntax: Option<Syntax>,
    declarations: usize,
}

impl Parser<'_> {
    /// Reads declarations one after the other. Messages that are still open are on a stack of their own, not on the
    /// machine's.
    fn read_file(mut self) -> Read<File> {
        let mut file = File::default();
        let mut types = HashMap::new();
        let mut services = HashMap::new();
        let mut open: Vec<(Message, Location)> = Vec::new();
        loop {
            self.lexer.skip_documentation()?;
            let depth = open.len();
            let Some((message, message_start)) = open.last_mut() else {
                if self.lexer.is_exhausted() {
                    file.syntax = self.syntax;
                    return Ok(file);
                }
                self.read_in_file(&mut file, &mut open, &mut types, &mut services)?;
                continue;
            };
            if self.lexer.accept('}')? {
                let span = self.span(*message_start);
                if let Some((closed, start)) = open.pop() {
                    let closed = Message { span, ..closed };
                    if let Some((parent, _)) = open.last_mut() {
                        parent.types.messages.push(closed);
                    } else {
                        self.define(&mut types, &closed.name, start)?;
                        file.types.messages.push(closed);
                    }
                }
                continue;
            }
            let start = self.lexer.location();
            match self.read_declaration(Context::Message)? {
                Declaration::MessageStart(name) if depth < MAX_DEPTH => {
                    open.push((Message { name, ..Message::default() }, start));
                }
                Declaration::MessageStart(_) => {
                    return Err(self.lexer.error(format!("more than {MAX_DEPTH} levels of nesting")));
                }
                declaration => add_to_message(message, declaration),
            }
        }
    }

    fn read_in_file(
        &mut self,
        file: &mut File,
        open: &mut Vec<(Message, Location)>,
        types: &mut HashMap<String, Location>,
        services: &mut HashMap<String, Location>,
    ) -> Read<()> {
        let start = self.lexer.location();
        match self.read_declaration(Context::File)? {
            Declaration::MessageStart(name) => open.push((Message { name, ..Message::default() }, start)),
            Declaration::Package(name) => file.package = Some(name),
            Declaration::Import(path) => file.imports.push(path),
            Declaration::PublicImport(path) => file.public_imports.push(path),
            Declaration::Option(option) => file.options.push(option),
            Declaration::Enum(declared) => {
                self.define(types, &declared.name, start)?;
                file.types.enums.push(declared);
            }
            Declaration::Service(service) => {
                self.define(services, &service.name, start)?;
                file.services.push(service);
            }
            Declaration::Extend(extend) => file.extends.push(extend),
            _ => {}
        }
        Ok(())
    }

    /// Refuses a second definition of a name at the top of the file.
    fn define(&self, names: &mut HashMap<String, Location>, name: &str, at: Location) -> Read<()> {
        if let Some(first) = names.get(name) {
            let (at_text, first) = (self.lexer.display(at), self.lexer.display(*first));
            let message = format!("{name} ({at_text}) is already defined at {first}");
            return Err(SyntaxError { message, offset: at.offset });
        }
        names.insert(name.to_owned(), at);
        Ok(())
    }

    fn read_declaration(&mut self, context: Context) -> Read<Declaration> {
        let index = self.declarations;
        self.declarations += 1;
        if self.lexer.accept(';')? {
            return Ok(Declaration::Nothing);
        }
        let start = self.lexer.location();
        let word = match context {
            Context::Enum => self.lexer.read_word_without_leading_digit()?,
            _ => self.lexer.read_word()?,
        };
        Ok(match (word, context) {
            ("package", Context::File) => {
                let name = self.lexer.read_name()?;
                self.lexer.require(';')?;
                Declaration::Package(name)
            }
            ("import", Context::File) => self.read_import(start)?,
            ("syntax", Context::File) => self.read_syntax(start, index)?,
            ("option", _) => Declaration::Option(self.read_option_statement()?),
            ("reserved", _) => Declaration::Reserved(self.read_reserved(start)?),
            ("message", Context::File | Context::Message) => self.read_message_start()?,
            ("enum", Context::File | Context::Message) => Declaration::Enum(self.read_enum(start)?),
            ("service", Context::File) => Declaration::Service(self.read_service(start)?),
            ("extend", Context::File | Context::Message) => Declaration::Extend(self.read_extend()?),
            ("rpc", Context::Service) => Declaration::Method(self.read_method(start)?),
            ("oneof", Context::Message) => Declaration::Oneof(self.read_oneof(start)?),
            ("extensions", Context::Message) => Declaration::Extensions(self.read_extensions(start)?),
            (_, Context::Message | Context::Extend) => self.read_labelled_field(start, word)?,
            (_, Context::Enum) => Declaration::EnumValue(self.read_enum_value(start, word)?),
            ("edition", Context::File) => return Err(self.lexer.error("edition is not currently supported")),
            _ => return Err(self.lexer.error_at(start, format!("unexpected label: {word}"))),
        })
    }

    fn read_import(&mut self, start: Location) -> Read<Declaration> {
        let modifier = if self.lexer.peek_quote()? { None } else { Some(self.lexer.read_word()?) };
        let declaration = match modifier {
            None => Declaration::Import(normalize_path(&self.lexer.read_string()?)),
            Some("public") => Declaration::PublicImport(normalize_path(&self.lexer.read_string()?)),
            Some("weak") => {
                // The stored text does not have weak imports.
                self.lexer.read_string()?;
                Declaration::Nothing
            }
            Some(_) => return Err(self.lexer.error_at(start, "expected quoted string")),
        };
        self.lexer.require(';')?;
        Ok(declaration)
    }

    fn read_syntax(&mut self, start: Location, index: usize) -> Read<Declaration> {
        if self.syntax.is_some() {
            return Err(self.lexer.error_at(start, "too many syntax definitions"));
        }
        self.lexer.require('=')?;
        if index != 0 {
            return Err(self.lexer.error_at(start, "'syntax' element must be the first declaration in a file"));
        }
        let name = self.lexer.read_string()?;
        let Some(syntax) = Syntax::from_name(&name) else {
            return Err(self.lexer.error_at(start, format!("unexpected syntax: {name}")));
        };
        self.syntax = Some(syntax);
        self.lexer.require(';')?;
        Ok(Declaration::Nothing)
    }

    fn read_option_statement(&mut self) -> Read<Opt> {
        let option = options::read_option(&mut self.lexer, Separator::Equals, 0)?;
        self.lexer.require(';')?;
        Ok(option)
    }

    fn span(&self, start: Location) -> Span {
        Span { start: start.offset, end: self.lexer.offset() }
    }

    /// Reads the opening brace of a declaration.
    fn open(&mut self) -> Read<()> {
        self.lexer.require('{')
    }

    /// Whether the closing brace of a declaration is next; it is read.
    fn close(&mut self) -> Read<bool> {
        self.lexer.skip_documentation()?;
        self.lexer.accept('}')
    }

    fn read_message_start(&mut self) -> Read<Declaration> {
        let name = self.lexer.read_name()?;
        self.open()?;
        Ok(Declaration::MessageStart(name))
    }

    fn read_enum(&mut self, start: Location) -> Read<Enum> {
        let mut declared = Enum { name: self.lexer.read_name()?, ..Enum::default() };
        self.open()?;
        while !self.close()? {
            match self.read_declaration(Context::Enum)? {
                Declaration::EnumValue(value) => declared.values.push(value),
                Declaration::Option(option) => declared.options.push(option),
                Declaration::Reserved(reserved) => declared.reserved.push(reserved),
                _ => {}
            }
        }
        declared.span = self.span(start);
        Ok(declared)
    }

    fn read_service(&mut self, start: Location) -> Read<Service> {
        let name = self.lexer.read_name()?;
        let mut service = Service { name, options: Vec::new(), methods: Vec::new(), span: Span::default() };
        self.open()?;
        while !self.close()? {
            match self.read_declaration(Context::Service)? {
                Declaration::Method(method) => service.methods.push(method),
                Declaration::Option(option) => service.options.push(option),
                _ => {}
            }
        }
        service.span = self.span(start);
        Ok(service)
    }

    fn read_extend(&mut self) -> Read<Extend> {
        let mut extend = Extend { extendee: self.lexer.read_name()?, fields: Vec::new() };
        self.open()?;
        while !self.close()? {
            // Groups are read and left out, as the reference does.
            if let Declaration::Field(field) = self.read_declaration(Context::Extend)? {
                extend.fields.push(field);
            }
        }
        Ok(extend)
    }

    fn read_oneof(&mut self, start: Location) -> Read<Oneof> {
        let name = self.lexer.read_name()?;
        let mut oneof =
            Oneof { name, options: Vec::new(), fields: Vec::new(), groups: Vec::new(), span: Span::default() };
        self.open()?;
        while !self.close()? {
            let start = self.lexer.location();
            let word = self.lexer.read_word()?.to_owned();
            match self.read_type(word)?.as_str() {
                "group" => oneof.groups.push(self.read_group(None)?),
                "option" => oneof.options.push(self.read_option_statement()?),
                type_name => oneof.fields.push(self.read_field(start, None, type_name.to_owned())?),
            }
        }
        oneof.span = self.span(start);
        Ok(oneof)
    }

    fn read_labelled_field(&mut self, start: Location, word: &str) -> Read<Declaration> {
        let label = match word {
            "required" if self.syntax == Some(Syntax::Proto3) => {
                return Err(self.lexer.error_at(start, "'required' label forbidden in proto3 field declarations"));
            }
            "required" => Some(Label::Required),
            "optional" => Some(Label::Optional),
            "repeated" => Some(Label::Repeated),
            _ => None,
        };
        let type_name = if label.is_some() {
            let first = self.lexer.read_word()?.to_owned();
            self.read_type(first)?
        } else {
            let is_map = word == "map" && self.lexer.peek()? == '<';
            if self.syntax != Some(Syntax::Proto3) && !is_map {
                return Err(self.lexer.error_at(start, format!("unexpected label: {word}")));
            }
            self.read_type(word.to_owned())?
        };
        if type_name.starts_with("map<") && label.is_some() {
            return Err(self.lexer.error_at(start, "'map' type cannot have label"));
        }
        Ok(match type_name.as_str() {
            "group" => Declaration::Group(self.read_group(label)?),
            _ => Declaration::Field(self.read_field(start, label, type_name)?),
        })
    }

    /// Reads the rest of a type whose first word has been read.
    fn read_type(&mut self, first: String) -> Read<String> {
        self.read_type_at(first, 0)
    }

    fn read_type_at(&mut self, first: String, depth: usize) -> Read<String> {
        if first == "map" {
            if depth > MAX_VALUE_DEPTH {
                return Err(self.lexer.error(format!("more than {MAX_VALUE_DEPTH} levels of nesting")));
            }
            self.expect('<')?;
            let key = self.lexer.read_word()?.to_owned();
            let key = self.read_type_at(key, depth + 1)?;
            self.expect(',')?;
            let value = self.lexer.read_word()?.to_owned();
            let value = self.read_type_at(value, depth + 1)?;
            self.expect('>')?;
            return Ok(format!("map<{key}, {value}>"));
        }
        let mut name = first;
        while self.lexer.accept('.')? {
            name.push('.');
            name.push_str(self.lexer.read_word()?);
        }
        Ok(name)
    }

    fn expect(&mut self, character: char) -> Read<()> {
        if self.lexer.read_char()? == character {
            Ok(())
        } else {
            Err(self.lexer.error(format!("expected '{character}'")))
        }
    }

    fn read_field(&mut self, start: Location, label: Option<Label>, type_name: String) -> Read<Field> {
        let name = self.lexer.read_field_name()?;
        self.lexer.require('=')?;
        let number = self.lexer.read_integer()?;
        let mut options = options::read_bracketed(&mut self.lexer)?;
        let default = take_value(&mut options, "default");
        let json_name = take_value(&mut options, "json_name");
        self.lexer.require(';')?;
        let span = self.span(start);
        self.lexer.skip_trailing_comment()?;
        Ok(Field { label, type_name, name, number, default, json_name, options, span })
    }

    fn read_group(&mut self, label: Option<Label>) -> Read<Group> {
        let name = self.lexer.read_word()?.to_owned();
        self.lexer.require('=')?;
        let mut group = Group { label, name, number: self.lexer.read_integer()?, fields: Vec::new() };
        self.open()?;
        while !self.close()? {
            let start = self.lexer.location();
            let word = self.lexer.read_word()?;
            let label_less = !matches!(word, "required" | "optional" | "repeated");
            if self.is_nested_group(word, label_less) {
                return Err(self.lexer.error("expected field declaration, was GroupElement"));
            }
            if let Declaration::Field(field) = self.read_labelled_field(start, word)? {
                group.fields.push(field);
            }
        }
        Ok(group)
    }

    /// Whether a group begins here, in a group, where the reference has no room for it.
    fn is_nested_group(&mut self, word: &str, label_less: bool) -> bool {
        if label_less {
            return word == "group" && self.syntax == Some(Syntax::Proto3);
        }
        self.lexer.next_word_is("group")
    }

    fn read_enum_value(&mut self, start: Location, name: &str) -> Read<EnumValue> {
        let name = name.to_owned();
        self.lexer.require('=')?;
        let number = self.lexer.read_integer()?;
        let options = options::read_bracketed(&mut self.lexer)?;
        self.lexer.require(';')?;
        let span = self.span(start);
        self.lexer.skip_trailing_comment()?;
        Ok(EnumValue { name, number, options, span })
    }

    fn read_method(&mut self, start: Location) -> Read<Method> {
        let name = self.lexer.read_name()?;
        let (request, request_streams) = self.read_method_type()?;
        if self.lexer.read_word()? != "returns" {
            return Err(self.lexer.error_at(start, "expected 'returns'"));
        }
        let (response, response_streams) = self.read_method_type()?;
        let mut options = Vec::new();
        if self.lexer.accept('{')? {
            while !self.close()? {
                if let Declaration::Option(option) = self.read_declaration(Context::Rpc)? {
                    options.push(option);
                }
            }
        } else {
            self.lexer.require(';')?;
        }
        let span = self.span(start);
        Ok(Method { name, request, request_streams, response, response_streams, options, span })
    }

    fn read_method_type(&mut self) -> Read<(String, bool)> {
        self.lexer.require('(')?;
        let mut word = self.lexer.read_word()?;
        let streams = word == "stream";
        if streams {
            word = self.lexer.read_word()?;
        }
        let name = self.read_type(word.to_owned())?;
        self.lexer.require(')')?;
        Ok((name, streams))
    }

    fn read_reserved(&mut self, start: Location) -> Read<Reserved> {
        let mut values = Vec::new();
        loop {
            values.push(if self.lexer.peek_quote()? {
                ReservedValue::Name(self.lexer.read_string()?)
            } else {
                ReservedValue::Numbers(self.read_numbers(start, &[',', ';'], "expected ',', ';', or 'to'")?)
            });
            if !self.has_more_values()? {
                self.lexer.skip_trailing_comment()?;
                return Ok(Reserved { values });
            }
        }
    }

    fn read_extensions(&mut self, start: Location) -> Read<ExtensionRange> {
        let mut values = Vec::new();
        loop {
            values.push(self.read_numbers(start, &[',', ';', '['], "expected ',', ';', '[' or 'to'")?);
            if self.lexer.peek()? == '[' {
                let options = options::read_bracketed(&mut self.lexer)?;
                self.lexer.require(';')?;
                return Ok(ExtensionRange { values, options });
            }
            if !self.has_more_values()? {
                return Ok(ExtensionRange { values, options: Vec::new() });
            }
        }
    }

    fn has_more_values(&mut self) -> Read<bool> {
        match self.lexer.read_char()? {
            ';' => Ok(false),
            ',' => Ok(true),
            _ => Err(self.lexer.error("expected ',' or ';'")),
        }
    }

    fn read_numbers(&mut self, start: Location, ends: &[char], expected: &str) -> Read<Numbers> {
        let first = self.lexer.read_integer()?;
        if ends.contains(&self.lexer.peek()?) {
            return Ok(Numbers::One(first));
        }
        if self.lexer.read_word()? != "to" {
            return Err(self.lexer.error_at(start, expected));
        }
        let last = match self.lexer.read_word()? {
            "max" => MAX_FIELD_NUMBER,
            word => word.parse().map_err(|_| SyntaxError {
                message: format!("For input string: \"{word}\""),
                offset: self.lexer.offset(),
            })?,
        };
        Ok(Numbers::Range(first, last))
    }
}

fn add_to_message(message: &mut Message, declaration: Declaration) {
    match declaration {
        Declaration::Field(field) => message.fields.push(field),
        Declaration::Oneof(oneof) => message.oneofs.push(oneof),
        Declaration::Group(group) => message.groups.push(group),
        Declaration::Enum(nested) => message.types.enums.push(nested),
        Declaration::Extensions(range) => message.extensions.push(range),
        Declaration::Option(option) => message.options.push(option),
        Declaration::Extend(extend) => message.extends.push(extend),
        Declaration::Reserved(reserved) => message.reserved.push(reserved),
        _ => {}
    }
}

/// Removes an option that the tree keeps elsewhere; the last one wins.
fn take_value(options: &mut Vec<Opt>, name: &str) -> Option<String> {
    let last =
        options.iter().rev().find(|option| option.name == name).map(|option| OptValue::to_plain_string(&option.value));
    options.retain(|option| option.name != name);
    last
}

/// A path without empty and `.` segments, with slashes.
fn normalize_path(path: &str) -> String {
    let absolute = path.starts_with(['/', '\\']);
    let segments: Vec<_> = path
        .split(['/', '\\'])
        .filter(|segment| !segment.is_empty() && *segment != ".")
        .skip_while(|segment| absolute && *segment == "..")
        .collect();
    match (absolute, segments.is_empty()) {
        (true, _) => format!("/{}", segments.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => segments.join("/"),
    }
}
