//! A tree to text: the stored text of the reference, byte for byte.
//!
//! Lines of nested declarations are indented as they are written, blank lines included, so the cost is the size of the
//! output.

use avow_budget::{Budget, Exceeded};

use super::tree::{
    Enum, EnumValue, Extend, ExtensionRange, Field, File, Group, Label, MAX_FIELD_NUMBER, Message, Method, Numbers,
    Oneof, Opt, OptValue, Reserved, ReservedValue, Service, Syntax, Types,
};

/// A way of printing a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Stored,
    /// The stored text without custom options, extension ranges and `extend` blocks; options of the reference's own
    /// package stay.
    WithoutExtensions,
    /// For trees in normal form: oneofs and `extend` blocks without fields leave nothing but the blank line before them.
    Normal,
}

/// The text of a file.
pub fn print(file: &File, style: Style, budget: &Budget) -> Result<String, Exceeded> {
    let mut printer = Printer { out: String::new(), depth: 0, line_is_empty: true, style, budget, stopped: None };
    printer.file(file);
    printer.stopped.map_or(Ok(printer.out), Err)
}

struct Printer<'b> {
    budget: &'b Budget,
    /// Why nothing more is written: deep nesting makes the text many times longer than what it was read from.
    stopped: Option<Exceeded>,
    out: String,
    depth: usize,
    line_is_empty: bool,
    style: Style,
}

impl Printer<'_> {
    fn write(&mut self, text: &str) {
        if self.stopped.is_some() {
            return;
        }
        let length = text.len() + if self.line_is_empty { 2 * self.depth } else { 0 };
        self.stopped = self.budget.spend(length as u64 / 16).and_then(|()| self.budget.hold(length)).err();
        for line in text.split_inclusive('\n') {
            if self.line_is_empty {
                self.out.extend(std::iter::repeat_n("  ", self.depth));
            }
            self.out.push_str(line);
            self.line_is_empty = line.ends_with('\n');
        }
    }

    fn all(&mut self, parts: &[&str]) {
        for part in parts {
            self.write(part);
        }
    }

    fn blank_line(&mut self) {
        self.write("\n");
    }

    fn indented<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.depth += 1;
        for item in items {
            each(self, item);
        }
        self.depth -= 1;
    }

    /// A blank line and indented items, if there are any.
    fn section<'a, T: 'a>(&mut self, items: &'a [T], each: impl FnMut(&mut Self, &'a T)) {
        if !items.is_empty() {
            self.blank_line();
            self.indented(items, each);
        }
    }

    fn visible<'a>(&self, options: &'a [Opt]) -> Vec<&'a Opt> {
        let all = self.style != Style::WithoutExtensions;
        options.iter().filter(|option| all || !option.custom || option.name.starts_with("confluent.")).collect()
    }

    fn file(&mut self, file: &File) {
        if let Some(syntax) = file.syntax {
            self.all(&["syntax = \"", Syntax::as_str(syntax), "\";\n"]);
        }
        if let Some(package) = &file.package {
            self.all(&["package ", package, ";\n"]);
        }
        if !file.imports.is_empty() || !file.public_imports.is_empty() {
            self.blank_line();
        }
        for path in &file.imports {
            self.all(&["import \"", path, "\";\n"]);
        }
        for path in &file.public_imports {
            self.all(&["import public \"", path, "\";\n"]);
        }
        let options = self.visible(&file.options);
        if !options.is_empty() {
            self.blank_line();
        }
        for option in options {
            self.option_statement(option);
        }
        if !file.types.is_empty() {
            self.blank_line();
            self.types(&file.types);
        }
        if self.style != Style::WithoutExtensions && !file.extends.is_empty() {
            self.blank_line();
            file.extends.iter().for_each(|extend| self.extend(extend));
        }
        if !file.services.is_empty() {
            self.blank_line();
            file.services.iter().for_each(|service| self.service(service));
        }
    }

    fn types(&mut self, types: &Types) {
        types.messages.iter().for_each(|message| self.message(message));
        types.enums.iter().for_each(|declared| self.enumeration(declared));
    }

    fn message(&mut self, message: &Message) {
        self.all(&["message ", &message.name, " {"]);
        self.section(&message.reserved, Self::reserved);
        self.option_section(&message.options);
        self.section(&message.fields, Self::field);
        self.section(&message.oneofs, Self::oneof);
        self.section(&message.groups, Self::group);
        if self.style != Style::WithoutExtensions {
            self.section(&message.extensions, Self::extension_range);
            self.section(&message.extends, Self::extend);
        }
        if !message.types.is_empty() {
            self.blank_line();
            self.depth += 1;
            self.types(&message.types);
            self.depth -= 1;
        }
        self.write("}\n");
    }

    fn enumeration(&mut self, declared: &Enum) {
        self.all(&["enum ", &declared.name, " {"]);
        self.section(&declared.reserved, Self::reserved);
        if declared.reserved.is_empty() && (!declared.options.is_empty() || !declared.values.is_empty()) {
            self.blank_line();
        }
        let options = self.visible(&declared.options);
        self.indented(options, Self::option_statement);
        self.indented(&declared.values, Self::enum_value);
        self.write("}\n");
    }

    fn enum_value(&mut self, value: &EnumValue) {
        self.all(&[&value.name, " = ", &value.number.to_string()]);
        let options = self.visible(&value.options);
        self.bracketed_options(&options);
        self.write(";\n");
    }

    fn option_section(&mut self, options: &[Opt]) {
        let options = self.visible(options);
        if !options.is_empty() {
            self.blank_line();
            self.indented(options, Self::option_statement);
        }
    }

    fn oneof(&mut self, oneof: &Oneof) {
        if self.style == Style::Normal && oneof.fields.is_empty() {
            return;
        }
        self.all(&["oneof ", &oneof.name, " {"]);
        self.option_section(&oneof.options);
        self.section(&oneof.fields, Self::field);
        self.section(&oneof.groups, Self::group);
        self.write("}\n");
    }

    fn group(&mut self, group: &Group) {
        self.label(group.label);
        self.all(&["group ", &group.name, " = ", &group.number.to_string(), " {"]);
        self.section(&group.fields, Self::field);
        self.write("}\n");
    }

    fn extend(&mut self, extend: &Extend) {
        if self.style == Style::Normal && extend.fields.is_empty() {
            return;
        }
        self.all(&["extend ", &extend.extendee, " {"]);
        self.section(&extend.fields, Self::field);
        self.write("}\n");
    }

    fn label(&mut self, label: Option<Label>) {
        if let Some(label) = label {
            self.all(&[label.as_str(), " "]);
        }
    }

    fn field(&mut self, field: &Field) {
        self.label(field.label);
        self.all(&[&field.type_name, " ", &field.name, " = ", &field.number.to_string()]);
        let special = special_options(field);
        let mut options = self.visible(&field.options);
        options.extend(&special);
        self.bracketed_options(&options);
        self.write(";\n");
    }

    fn bracketed_options(&mut self, options: &[&Opt]) {
        if options.is_empty() {
            return;
        }
        self.write(" ");
        self.list("[", options, |printer, option| printer.option(option));
    }

    /// A list in square brackets: one item on the line, several one a line.
    fn list<T>(&mut self, open: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.write(open);
        if let [item] = items {
            each(self, item);
        } else {
            self.lines(items, each);
        }
        self.write("]");
    }

    fn lines<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.write("\n");
        self.depth += 1;
        for (index, item) in items.iter().enumerate() {
            each(self, item);
            self.write(if index + 1 < items.len() { ",\n" } else { "\n" });
        }
        self.depth -= 1;
    }

    fn reserved(&mut self, reserved: &Reserved) {
        self.write("reserved ");
        for (index, value) in reserved.values.iter().enumerate() {
            self.write(if index == 0 { "" } else { ", " });
            match value {
                ReservedValue::Name(name) => self.all(&["\"", name, "\""]),
                ReservedValue::Numbers(numbers) => self.numbers(*numbers),
            }
        }
        self.write(";\n");
    }

    fn extension_range(&mut self, range: &ExtensionRange) {
        self.write("extensions ");
        for (index, numbers) in range.values.iter().enumerate() {
            self.write(if index == 0 { "" } else { ", " });
            self.numbers(*numbers);
        }
        let options = self.visible(&range.options);
        self.bracketed_options(&options);
        self.write(";\n");
    }

    fn numbers(&mut self, numbers: Numbers) {
        self.write(&numbers.start().to_string());
        if let Numbers::Range(_, end) = numbers {
            self.write(" to ");
            self.write(&if end < MAX_FIELD_NUMBER { end.to_string() } else { "max".to_owned() });
        }
    }

    fn service(&mut self, service: &Service) {
        self.all(&["service ", &service.name, " {"]);
        self.option_section(&service.options);
        self.section(&service.methods, Self::method);
        self.write("}\n");
    }

    fn method(&mut self, method: &Method) {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        self.all(&["rpc ", &method.name, " (", stream(method.request_streams), &method.request, ") returns ("]);
        self.all(&[stream(method.response_streams), &method.response, ")"]);
        let options = self.visible(&method.options);
        if !options.is_empty() {
            self.write(" {\n");
            self.indented(options, Self::option_statement);
            self.write("}");
        }
        self.write(";\n");
    }

    fn option_statement(&mut self, option: &Opt) {
        self.write("option ");
        self.option(option);
        self.write(";\n");
    }

    fn option(&mut self, option: &Opt) {
        let mut option = option;
        loop {
            if option.custom {
                self.all(&["(", &option.name, ")"]);
            } else {
                self.write(&option.name);
            }
            match &option.value {
                OptValue::Nested(nested) => {
                    self.write(".");
                    option = nested;
                }
                OptValue::List(values) => return self.list(" = [", values, Self::value),
                value => {
                    self.write(" = ");
                    return self.value(value);
                }
            }
        }
    }

    fn value(&mut self, value: &OptValue) {
        match value {
            OptValue::Text(text) => self.all(&["\"", &escape(text), "\""]),
            OptValue::Bool(text) | OptValue::Number(text) | OptValue::Word(text) => self.write(text),
            OptValue::Map(entries) => self.map(entries),
            OptValue::List(values) => {
                self.write("[");
                self.lines(values, Self::value);
                self.write("]");
            }
            OptValue::Nested(option) => self.option(option),
        }
    }

    fn map(&mut self, entries: &[(String, OptValue)]) {
        self.write("{");
        self.lines(entries, |printer, (key, value)| {
            printer.all(&[key, ": "]);
            printer.value(value);
        });
        self.write("}");
    }
}

/// The default and the JSON name of a field as the options they were.
pub(crate) fn special_options(field: &Field) -> Vec<Opt> {
    let plain = |name: &str, value| Opt { name: name.to_owned(), custom: false, value };
    let default = field.default.clone().map(|text| plain("default", default_value(&field.type_name, text)));
    let json_name = field.json_name.clone().map(|text| plain("json_name", OptValue::Text(text)));
    default.into_iter().chain(json_name).collect()
}

/// A default, in the kind of literal that the type of its field asks for. Bytes are printed without quotes.
fn default_value(type_name: &str, text: String) -> OptValue {
    match type_name.rsplit('.').next().unwrap_or(type_name) {
        "bool" => OptValue::Bool(text),
        "string" => OptValue::Text(text),
        "bytes" | "double" | "float" | "fixed32" | "fixed64" | "int32" | "int64" | "sfixed32" | "sfixed64"
        | "sint32" | "sint64" | "uint32" | "uint64" => OptValue::Number(text),
        _ => OptValue::Word(text),
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let letter = match character {
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{b}' => 'v',
            '\\' | '\'' | '"' => character,
            other => {
                out.push(other);
                continue;
            }
        };
        out.extend(['\\', letter]);
    }
    out
}
