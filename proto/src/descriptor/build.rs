//! A tree to a descriptor, the way the reference makes one: map entries and synthetic oneofs included.

use std::collections::HashSet;

use avow_budget::Budget;

use super::model::{
    EnumDescriptor, EnumValueDescriptor, FieldDescriptor, FieldKind, FileDescriptor, MessageDescriptor,
    MethodDescriptor, NumberRange, OneofDescriptor, ServiceDescriptor,
};
use super::options;
use crate::Error;
use crate::syntax::{
    Enum, Extend, Field, File, Label, Message, Method, Numbers, Opt, Reserved, ReservedValue, Service, Syntax, flag,
};
use crate::types::{FieldType, TypeTable, push_name};

/// The descriptor of a file. `imports` are the files that it may depend on; others are left out.
pub(crate) fn build(
    name: &str,
    file: &File,
    table: &TypeTable<'_>,
    is_import: impl Fn(&str) -> bool,
    budget: &Budget,
) -> Result<FileDescriptor, Error> {
    let mut builder = Builder { table, budget, syntax: file.syntax, scope: file.package().to_owned() };
    let mut descriptor = FileDescriptor {
        name: name.to_owned(),
        package: file.package.clone(),
        messages: builder.messages(&file.types.messages)?,
        enums: file.types.enums.iter().map(|declared| builder.enumeration(declared)).collect::<Result<_, _>>()?,
        services: file.services.iter().map(|declared| service(declared, budget)).collect::<Result<_, _>>()?,
        extensions: builder.extensions(&file.extends)?,
        options: options::encode(&file.options, options::FILE, budget)?,
        syntax: file.syntax.map(Syntax::as_str),
        ..FileDescriptor::default()
    };
    for path in file.imports.iter().filter(|path| is_import(path)) {
        budget.spend(1 + descriptor.dependencies.len() as u64)?;
        dependency(&mut descriptor.dependencies, path);
    }
    for path in file.public_imports.iter().filter(|path| is_import(path)) {
        budget.spend(1 + descriptor.dependencies.len() as u64)?;
        let index = dependency(&mut descriptor.dependencies, path);
        descriptor.public_dependencies.push(index);
    }
    Ok(descriptor)
}

fn dependency(dependencies: &mut Vec<String>, path: &str) -> usize {
    dependencies.iter().position(|known| known == path).unwrap_or_else(|| {
        dependencies.push(path.to_owned());
        dependencies.len() - 1
    })
}

struct Builder<'t, 'b> {
    table: &'t TypeTable<'t>,
    budget: &'b Budget,
    syntax: Option<Syntax>,
    scope: String,
}

/// What sets a field apart from the one that is written.
#[derive(Default)]
struct Place<'a> {
    label: Option<Label>,
    oneof_index: Option<usize>,
    proto3_optional: bool,
    extendee: Option<&'a str>,
}

impl Builder<'_, '_> {
    fn messages(&mut self, messages: &[Message]) -> Result<Vec<MessageDescriptor>, Error> {
        let length = self.scope.len();
        let mut built = Vec::with_capacity(messages.len());
        for message in messages {
            push_name(&mut self.scope, &message.name);
            let nested = self.messages(&message.types.messages)?;
            built.push(self.message(message, nested)?);
            self.scope.truncate(length);
        }
        Ok(built)
    }

    /// A message whose nested messages are built. These come first, so that the stack of their recursion stays small.
    fn message(&self, message: &Message, nested: Vec<MessageDescriptor>) -> Result<MessageDescriptor, Error> {
        self.budget.step()?;
        let mut built = MessageDescriptor {
            name: message.name.clone(),
            nested,
            enums: message.types.enums.iter().map(|nested| self.enumeration(nested)).collect::<Result<_, _>>()?,
            extensions: self.extensions(&message.extends)?,
            options: options::encode(&message.options, options::MESSAGE, self.budget)?,
            ..MessageDescriptor::default()
        };
        let mut members = HashSet::new();
        for oneof in &message.oneofs {
            let place =
                Place { label: Some(Label::Optional), oneof_index: Some(built.oneofs.len()), ..Place::default() };
            for field in &oneof.fields {
                built.fields.push(self.field(field, &field.type_name, &place)?);
                members.insert(field.name.as_str());
            }
            let options = options::encode(&oneof.options, options::ONEOF, self.budget)?.unwrap_or_default();
            built.oneofs.push(OneofDescriptor { name: oneof.name.clone(), options });
        }
        for field in message.fields.iter().filter(|field| !members.contains(field.name.as_str())) {
            self.message_field(field, &mut built)?;
        }
        for value in message.reserved.iter().flat_map(|reserved| &reserved.values) {
            match value {
                ReservedValue::Name(name) => built.reserved_names.push(name.clone()),
                ReservedValue::Numbers(numbers) => built.reserved_ranges.push(half_open(*numbers, None)),
            }
        }
        for range in &message.extensions {
            let options = options::encode(&range.options, options::EXTENSION_RANGE, self.budget)?;
            // The reference sets the options of a range even where there are none.
            let options = Some(options.unwrap_or_default());
            built.extension_ranges.extend(range.values.iter().map(|numbers| half_open(*numbers, options.clone())));
        }
        Ok(built)
    }

    fn message_field(&self, field: &Field, message: &mut MessageDescriptor) -> Result<(), Error> {
        let place = match (field.label, self.syntax) {
            (Some(Label::Optional), Some(Syntax::Proto3)) => {
                let oneof_index = Some(message.oneofs.len());
                let name = format!("_{}", field.name);
                message.oneofs.push(OneofDescriptor { name, options: Vec::new() });
                Place { label: field.label, oneof_index, proto3_optional: true, extendee: None }
            }
            (label, _) => Place { label, ..Place::default() },
        };
        let built = match FieldType::of(&field.type_name).map_err(Error::invalid)? {
            FieldType::Map { key, value } => {
                let entry = self.map_entry(&field.name, key, value)?;
                let built = self.field(field, &entry.name, &Place { label: Some(Label::Repeated), ..place })?;
                message.nested.push(entry);
                built
            }
            _ => self.field(field, &field.type_name, &place)?,
        };
        message.fields.push(built);
        Ok(())
    }

    fn map_entry(&self, field: &str, key: &str, value: &str) -> Result<MessageDescriptor, Error> {
        let member = |name: &str, number, type_name: &str| {
            let member = Field {
                label: None,
                type_name: type_name.to_owned(),
                name: name.to_owned(),
                number,
                default: None,
                json_name: None,
                options: Vec::new(),
                span: crate::syntax::Span::default(),
            };
            self.field(&member, type_name, &Place::default())
        };
        let map_entry = Opt {
            name: "map_entry".to_owned(),
            custom: false,
            value: crate::syntax::OptValue::Bool("true".to_owned()),
        };
        Ok(MessageDescriptor {
            name: map_entry_name(field),
            fields: vec![member("key", 1, key)?, member("value", 2, value)?],
            options: options::encode(&[map_entry], options::MESSAGE, self.budget)?,
            ..MessageDescriptor::default()
        })
    }

    fn field(&self, field: &Field, type_name: &str, place: &Place<'_>) -> Result<FieldDescriptor, Error> {
        self.budget.step()?;
        let scalar = FieldKind::of_scalar(type_name);
        let kind = match scalar {
            Some(scalar) => Some(scalar),
            None => self.table.find(&self.scope, type_name, self.budget)?.map(|entry| match entry.is_enum() {
                true => FieldKind::Enum,
                false => FieldKind::Message,
            }),
        };
        Ok(FieldDescriptor {
            name: field.name.clone(),
            extendee: place.extendee.map(str::to_owned),
            number: field.number,
            label: place.label,
            kind,
            type_name: scalar.is_none().then(|| type_name.to_owned()),
            default: field.default.clone(),
            options: options::encode(&field.options, options::FIELD, self.budget)?,
            packed: flag(&field.options, "packed").unwrap_or_default(),
            oneof_index: place.oneof_index,
            json_name: field.json_name.clone(),
            proto3_optional: place.proto3_optional,
        })
    }

    fn extensions(&self, extends: &[Extend]) -> Result<Vec<FieldDescriptor>, Error> {
        let fields = extends.iter().flat_map(|extend| extend.fields.iter().map(move |field| (&extend.extendee, field)));
        let extension = |(extendee, field): (&String, &Field)| {
            let place = Place { label: field.label, extendee: Some(extendee), ..Place::default() };
            self.field(field, &field.type_name, &place)
        };
        fields.map(extension).collect()
    }

    fn enumeration(&self, declared: &Enum) -> Result<EnumDescriptor, Error> {
        self.budget.spend(1 + declared.values.len() as u64)?;
        let mut built = EnumDescriptor {
            name: declared.name.clone(),
            options: options::encode(&declared.options, options::ENUM, self.budget)?,
            ..EnumDescriptor::default()
        };
        for value in &declared.values {
            let options = options::encode(&value.options, options::ENUM_VALUE, self.budget)?;
            built.values.push(EnumValueDescriptor { name: value.name.clone(), number: value.number, options });
        }
        for value in declared.reserved.iter().flat_map(|reserved: &Reserved| &reserved.values) {
            match value {
                ReservedValue::Name(name) => built.reserved_names.push(name.clone()),
                ReservedValue::Numbers(numbers) => {
                    let range = NumberRange { start: numbers.start(), end: numbers.end(), options: None };
                    built.reserved_ranges.push(range);
                }
            }
        }
        Ok(built)
    }
}

fn half_open(numbers: Numbers, options: Option<Vec<u8>>) -> NumberRange {
    NumberRange { start: numbers.start(), end: numbers.end().wrapping_add(1), options }
}

fn service(service: &Service, budget: &Budget) -> Result<ServiceDescriptor, Error> {
    let method = |method: &Method| {
        Ok(MethodDescriptor {
            name: method.name.clone(),
            request: method.request.clone(),
            response: method.response.clone(),
            options: options::encode(&method.options, options::METHOD, budget)?,
            client_streaming: method.request_streams,
            server_streaming: method.response_streams,
        })
    };
    Ok(ServiceDescriptor {
        name: service.name.clone(),
        methods: service.methods.iter().map(method).collect::<Result<_, Error>>()?,
        options: options::encode(&service.options, options::SERVICE, budget)?,
    })
}

/// `a_b` as `ABEntry`, and `aB` as `aBEntry`: only names with an underscore become camel case.
fn map_entry_name(field: &str) -> String {
    let mut name = String::new();
    if field.contains('_') {
        for word in field.split('_') {
            let (first, rest) = word.split_at_checked(1).unwrap_or(("", ""));
            name.push_str(&first.to_ascii_uppercase());
            name.push_str(&rest.to_ascii_lowercase());
        }
    } else {
        name.push_str(field);
    }
    name.push_str("Entry");
    name
}
