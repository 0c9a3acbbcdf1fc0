//! The bytes of a descriptor to a tree: what clients register that have no `.proto` text.

use std::collections::{HashMap, HashSet};

use super::meta::lossy;
use super::model::FieldKind;
use super::options::{self, Known, int32};
use crate::syntax::{
    Enum, EnumValue, Extend, ExtensionRange, Field, File, Label, Message, Method, Numbers, Oneof, Opt, Reserved,
    ReservedValue, Service, Span, Syntax, Types,
};
use crate::wire::{self, MAX_NESTING, Malformed, WireValue};

/// Reads a `FileDescriptorProto`.
pub(crate) fn read(bytes: &[u8]) -> Result<File, Malformed> {
    let mut raw = Raw::default();
    for field in wire::fields(bytes) {
        match field? {
            (2, WireValue::Bytes(bytes)) => raw.package = lossy(bytes),
            (3, WireValue::Bytes(bytes)) => raw.dependencies.push(lossy(bytes)),
            (4, WireValue::Bytes(bytes)) => raw.messages.push(bytes),
            (5, WireValue::Bytes(bytes)) => raw.enums.push(bytes),
            (6, WireValue::Bytes(bytes)) => raw.services.push(bytes),
            (7, WireValue::Bytes(bytes)) => raw.extensions.push(bytes),
            (8, WireValue::Bytes(bytes)) => raw.options.extend_from_slice(bytes),
            (10, value) => read_integers(value, &mut raw.public)?,
            (11, value) => read_integers(value, &mut raw.weak)?,
            (12, WireValue::Bytes(bytes)) => raw.syntax = lossy(bytes),
            _ => {}
        }
    }
    let proto3 = raw.syntax == "proto3";
    let mut file = File {
        syntax: Syntax::from_name(&raw.syntax),
        package: (!raw.package.is_empty()).then_some(raw.package),
        options: options::decode(&raw.options, options::FILE)?,
        types: read_types(&raw.messages, &raw.enums, proto3, 1)?,
        extends: read_extends(&raw.extensions, proto3)?,
        services: raw.services.into_iter().map(read_service).collect::<Result<_, _>>()?,
        ..File::default()
    };
    for (index, path) in (0..).zip(raw.dependencies) {
        if raw.public.contains(&index) {
            file.public_imports.push(path);
        } else if !raw.weak.contains(&index) {
            file.imports.push(path);
        }
    }
    Ok(file)
}

#[derive(Default)]
struct Raw<'a> {
    package: String,
    dependencies: Vec<String>,
    messages: Vec<&'a [u8]>,
    enums: Vec<&'a [u8]>,
    services: Vec<&'a [u8]>,
    extensions: Vec<&'a [u8]>,
    options: Vec<u8>,
    public: HashSet<i32>,
    weak: HashSet<i32>,
    syntax: String,
}

fn read_integers(value: WireValue<'_>, out: &mut HashSet<i32>) -> Result<(), Malformed> {
    match value {
        WireValue::Varint(value) => {
            out.insert(int32(value));
        }
        WireValue::Bytes(mut packed) => {
            while !packed.is_empty() {
                out.insert(int32(wire::read_varint(&mut packed)?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn read_types(messages: &[&[u8]], enums: &[&[u8]], proto3: bool, depth: usize) -> Result<Types, Malformed> {
    if depth > MAX_NESTING {
        return Err(Malformed);
    }
    Ok(Types {
        messages: messages.iter().map(|bytes| read_message(bytes, proto3, depth)).collect::<Result<_, _>>()?,
        enums: enums.iter().map(|bytes| read_enum(bytes)).collect::<Result<_, _>>()?,
    })
}

fn read_message(bytes: &[u8], proto3: bool, depth: usize) -> Result<Message, Malformed> {
    let mut message = Message::default();
    let (mut nested, mut enums, mut extensions, mut raw_options) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut fields, mut names, mut oneof_names) = (Vec::new(), Vec::new(), HashMap::new());
    for field in wire::fields(bytes) {
        match field? {
            (1, WireValue::Bytes(bytes)) => message.name = lossy(bytes),
            (2, WireValue::Bytes(bytes)) => fields.push(RawField::read(bytes)?),
            (3, WireValue::Bytes(bytes)) => nested.push(bytes),
            (4, WireValue::Bytes(bytes)) => enums.push(bytes),
            (5, WireValue::Bytes(bytes)) => message.extensions.push(read_extension_range(bytes)?),
            (6, WireValue::Bytes(bytes)) => extensions.push(bytes),
            (7, WireValue::Bytes(bytes)) => raw_options.extend_from_slice(bytes),
            (8, WireValue::Bytes(bytes)) => add_oneof(&mut message.oneofs, read_oneof(bytes)?, &mut oneof_names),
            (9, WireValue::Bytes(bytes)) => {
                let (start, end, _) = read_range(bytes)?;
                message.reserved.push(reserved_numbers(start, end.wrapping_sub(1)));
            }
            (10, WireValue::Bytes(bytes)) => names.push(reserved_name(bytes)),
            _ => {}
        }
    }
    message.reserved.extend(names);
    message.options = options::decode(&raw_options, options::MESSAGE)?;
    for field in fields {
        match field.oneof_index.filter(|_| !field.proto3_optional) {
            Some(index) => {
                let index = usize::try_from(index).map_err(|_| Malformed)?;
                let oneof = message.oneofs.get_mut(index).ok_or(Malformed)?;
                oneof.fields.push(Field { label: None, ..field.into_field(proto3)? });
            }
            None => message.fields.push(field.into_field(proto3)?),
        }
    }
    message.oneofs.retain(|oneof| !oneof.fields.is_empty());
    message.extends = read_extends(&extensions, proto3)?;
    message.types = read_types(&nested, &enums, proto3, depth + 1)?;
    Ok(message)
}

fn numbers(start: i32, end: i32) -> Numbers {
    if start == end { Numbers::One(start) } else { Numbers::Range(start, end) }
}

fn reserved_numbers(start: i32, end: i32) -> Reserved {
    Reserved { values: vec![ReservedValue::Numbers(numbers(start, end))] }
}

fn reserved_name(bytes: &[u8]) -> Reserved {
    Reserved { values: vec![ReservedValue::Name(lossy(bytes))] }
}

/// Start, end and options of a range.
fn read_range(bytes: &[u8]) -> Result<(i32, i32, Vec<u8>), Malformed> {
    let mut range = (0, 0, Vec::new());
    for field in wire::fields(bytes) {
        match field? {
            (1, WireValue::Varint(value)) => range.0 = int32(value),
            (2, WireValue::Varint(value)) => range.1 = int32(value),
            (3, WireValue::Bytes(bytes)) => range.2.extend_from_slice(bytes),
            _ => {}
        }
    }
    Ok(range)
}

fn read_extension_range(bytes: &[u8]) -> Result<ExtensionRange, Malformed> {
    let (start, end, raw_options) = read_range(bytes)?;
    let options = options::decode(&raw_options, options::EXTENSION_RANGE)?;
    Ok(ExtensionRange { values: vec![numbers(start, end.wrapping_sub(1))], options })
}

/// The name and the options of an element that has nothing else, by the number of its options.
fn read_named(bytes: &[u8], options_number: u32, table: &[Known]) -> Result<(String, Vec<Opt>), Malformed> {
    let (mut name, mut raw_options) = (String::new(), Vec::new());
    for field in wire::fields(bytes) {
        match field? {
            (1, WireValue::Bytes(bytes)) => name = lossy(bytes),
            (number, WireValue::Bytes(bytes)) if number == options_number => raw_options.extend_from_slice(bytes),
            _ => {}
        }
    }
    Ok((name, options::decode(&raw_options, table)?))
}

fn read_oneof(bytes: &[u8]) -> Result<Oneof, Malformed> {
    let (name, options) = read_named(bytes, 2, options::ONEOF)?;
    Ok(Oneof { name, options, fields: Vec::new(), groups: Vec::new(), span: Span::default() })
}

/// Adds a oneof, or replaces the one of its name, as the reference does.
fn add_oneof(oneofs: &mut Vec<Oneof>, oneof: Oneof, names: &mut HashMap<String, usize>) {
    if let Some(&known) = names.get(&oneof.name) {
        oneofs[known] = oneof;
    } else {
        names.insert(oneof.name.clone(), oneofs.len());
        oneofs.push(oneof);
    }
}

fn read_enum(bytes: &[u8]) -> Result<Enum, Malformed> {
    let (name, options) = read_named(bytes, 3, options::ENUM)?;
    let mut declared = Enum { name, options, ..Enum::default() };
    let mut names = Vec::new();
    for field in wire::fields(bytes) {
        match field? {
            (2, WireValue::Bytes(bytes)) => declared.values.push(read_enum_value(bytes)?),
            (4, WireValue::Bytes(bytes)) => {
                let (start, end, _) = read_range(bytes)?;
                declared.reserved.push(reserved_numbers(start, end));
            }
            (5, WireValue::Bytes(bytes)) => names.push(reserved_name(bytes)),
            _ => {}
        }
    }
    declared.reserved.extend(names);
    Ok(declared)
}

fn read_enum_value(bytes: &[u8]) -> Result<EnumValue, Malformed> {
    let (name, options) = read_named(bytes, 3, options::ENUM_VALUE)?;
    let mut number = 0;
    for field in wire::fields(bytes) {
        if let (2, WireValue::Varint(value)) = field? {
            number = int32(value);
        }
    }
    Ok(EnumValue { name, number, options, span: Span::default() })
}

fn read_service(bytes: &[u8]) -> Result<Service, Malformed> {
    let (name, options) = read_named(bytes, 3, options::SERVICE)?;
    let mut service = Service { name, options, methods: Vec::new(), span: Span::default() };
    for field in wire::fields(bytes) {
        if let (2, WireValue::Bytes(bytes)) = field? {
            service.methods.push(read_method(bytes)?);
        }
    }
    Ok(service)
}

fn read_method(bytes: &[u8]) -> Result<Method, Malformed> {
    let (name, options) = read_named(bytes, 4, options::METHOD)?;
    let mut method = Method {
        name,
        request: String::new(),
        request_streams: false,
        response: String::new(),
        response_streams: false,
        options,
        span: Span::default(),
    };
    for field in wire::fields(bytes) {
        match field? {
            (2, WireValue::Bytes(bytes)) => method.request = lossy(bytes),
            (3, WireValue::Bytes(bytes)) => method.response = lossy(bytes),
            (5, WireValue::Varint(value)) => method.request_streams = value != 0,
            (6, WireValue::Varint(value)) => method.response_streams = value != 0,
            _ => {}
        }
    }
    Ok(method)
}

/// Extension fields by the message they extend, in the order in which messages first occur.
fn read_extends(extensions: &[&[u8]], proto3: bool) -> Result<Vec<Extend>, Malformed> {
    let mut extends: Vec<Extend> = Vec::new();
    let mut index = HashMap::new();
    for bytes in extensions {
        let field = RawField::read(bytes)?;
        let extendee = field.extendee.clone();
        let at = *index.entry(extendee.clone()).or_insert(extends.len());
        if at == extends.len() {
            extends.push(Extend { extendee, fields: Vec::new() });
        }
        extends[at].fields.push(field.into_field(proto3)?);
    }
    Ok(extends)
}

#[derive(Default)]
struct RawField {
    name: String,
    extendee: String,
    number: i32,
    label: i32,
    kind: i32,
    type_name: Option<String>,
    default: Option<String>,
    options: Vec<u8>,
    oneof_index: Option<i32>,
    json_name: Option<String>,
    proto3_optional: bool,
}

impl RawField {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut raw = Self::default();
        for field in wire::fields(bytes) {
            match field? {
                (1, WireValue::Bytes(bytes)) => raw.name = lossy(bytes),
                (2, WireValue::Bytes(bytes)) => raw.extendee = lossy(bytes),
                (3, WireValue::Varint(value)) => raw.number = int32(value),
                (4, WireValue::Varint(value)) => raw.label = int32(value),
                (5, WireValue::Varint(value)) => raw.kind = int32(value),
                (6, WireValue::Bytes(bytes)) => raw.type_name = Some(lossy(bytes)),
                (7, WireValue::Bytes(bytes)) => raw.default = Some(lossy(bytes)),
                (8, WireValue::Bytes(bytes)) => raw.options.extend_from_slice(bytes),
                (9, WireValue::Varint(value)) => raw.oneof_index = Some(int32(value)),
                (10, WireValue::Bytes(bytes)) => raw.json_name = Some(lossy(bytes)),
                (17, WireValue::Varint(value)) => raw.proto3_optional = value != 0,
                _ => {}
            }
        }
        Ok(raw)
    }

    fn into_field(self, proto3: bool) -> Result<Field, Malformed> {
        let label = match self.label {
            _ if self.proto3_optional => Some(Label::Optional),
            3 => Some(Label::Repeated),
            _ if proto3 => None,
            2 => Some(Label::Required),
            _ => Some(Label::Optional),
        };
        let kind = || FieldKind::from_number(self.kind).unwrap_or(FieldKind::Double).as_str().to_owned();
        Ok(Field {
            label,
            type_name: self.type_name.unwrap_or_else(kind),
            name: self.name,
            number: self.number,
            default: self.default.filter(|_| !proto3),
            json_name: self.json_name,
            options: options::decode(&self.options, options::FIELD)?,
            span: Span::default(),
        })
    }
}
