//! The normal form: a tree in which equal schemas look the same, by the reference's rules.

use avow_budget::Budget;

use crate::Error;
use crate::options;
use crate::syntax::{
    Enum, EnumValue, Extend, ExtensionRange, Field, File, Group, Message, Method, Numbers, Oneof, Opt, Reserved,
    ReservedValue, Service, Syntax, Types, special_options,
};
use crate::types::{FieldType, TypeTable, push_name};

/// The normal form of a file.
pub(crate) fn normalize(file: &File, table: &TypeTable<'_>, budget: &Budget) -> Result<File, Error> {
    let mut normalizer = Normalizer { table, budget, scope: file.package().to_owned() };
    normalizer.file(file)
}

struct Normalizer<'t, 'b> {
    table: &'t TypeTable<'t>,
    budget: &'b Budget,
    /// The package and the messages around the place that is looked at.
    scope: String,
}

impl Normalizer<'_, '_> {
    fn file(&mut self, file: &File) -> Result<File, Error> {
        let distinct = |paths: &[String]| {
            let mut paths = paths.to_vec();
            paths.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            paths.dedup();
            paths
        };
        Ok(File {
            syntax: file.syntax.filter(|syntax| *syntax == Syntax::Proto3),
            package: file.package.clone(),
            imports: distinct(&file.imports),
            public_imports: distinct(&file.public_imports),
            options: self.options(&file.options)?,
            types: self.types(&file.types)?,
            extends: self.extends(&file.extends)?,
            services: file.services.iter().map(|service| self.service(service)).collect::<Result<_, _>>()?,
        })
    }

    fn options(&self, options: &[Opt]) -> Result<Vec<Opt>, Error> {
        options::normalize(options, self.table, &self.scope, self.budget)
    }

    fn types(&mut self, types: &Types) -> Result<Types, Error> {
        let mut normal = Types::default();
        let length = self.scope.len();
        // A map entry is found by its name, from the scope around it.
        let mut messages = Vec::new();
        for message in &types.messages {
            let entry = self.table.find(&self.scope, &message.name, self.budget)?;
            if !entry.is_some_and(|entry| entry.is_map) {
                messages.push(message);
            }
        }
        for message in messages {
            push_name(&mut self.scope, &message.name);
            let body = self.message(message)?;
            let types = self.types(&message.types)?;
            normal.messages.push(Message { types, ..body });
            self.scope.truncate(length);
        }
        for declared in &types.enums {
            push_name(&mut self.scope, &declared.name);
            normal.enums.push(self.enumeration(declared)?);
            self.scope.truncate(length);
        }
        Ok(normal)
    }

    /// A message without the types in it.
    fn message(&self, message: &Message) -> Result<Message, Error> {
        self.budget.step()?;
        Ok(Message {
            name: message.name.clone(),
            reserved: reserved(&message.reserved),
            options: self.options(&message.options)?,
            fields: self.fields(&message.fields)?,
            oneofs: self.oneofs(&message.oneofs)?,
            groups: self.groups(&message.groups)?,
            extensions: self.extension_ranges(&message.extensions)?,
            extends: self.extends(&message.extends)?,
            types: Types::default(),
            span: message.span,
        })
    }

    fn enumeration(&self, declared: &Enum) -> Result<Enum, Error> {
        let mut values: Vec<_> = declared.values.iter().collect();
        values.sort_by(|a, b| a.number.cmp(&b.number).then_with(|| a.name.cmp(&b.name)));
        Ok(Enum {
            name: declared.name.clone(),
            reserved: reserved(&declared.reserved),
            options: self.options(&declared.options)?,
            values: values.into_iter().map(|value| self.enum_value(value)).collect::<Result<_, _>>()?,
            span: declared.span,
        })
    }

    fn enum_value(&self, value: &EnumValue) -> Result<EnumValue, Error> {
        self.budget.step()?;
        Ok(EnumValue { options: self.options(&value.options)?, ..value.clone() })
    }

    fn fields(&self, fields: &[Field]) -> Result<Vec<Field>, Error> {
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_by_key(|field| field.number);
        fields.into_iter().map(|field| self.field(field)).collect()
    }

    fn oneofs(&self, oneofs: &[Oneof]) -> Result<Vec<Oneof>, Error> {
        let mut oneofs: Vec<_> = oneofs.iter().collect();
        oneofs.sort_by_key(|oneof| oneof.fields.iter().map(|field| field.number).min());
        let normal = |oneof: &Oneof| {
            if oneof.fields.is_empty() {
                return Ok(Oneof { groups: Vec::new(), ..oneof.clone() });
            }
            Ok(Oneof {
                name: oneof.name.clone(),
                options: self.options(&oneof.options)?,
                fields: self.fields(&oneof.fields)?,
                groups: self.groups(&oneof.groups)?,
                span: oneof.span,
            })
        };
        oneofs.into_iter().map(normal).collect()
    }

    fn groups(&self, groups: &[Group]) -> Result<Vec<Group>, Error> {
        let mut groups: Vec<_> = groups.iter().collect();
        groups.sort_by_key(|group| group.number);
        let normal = |group: &Group| {
            let Group { label, ref name, number, ref fields } = *group;
            Ok(Group { label, name: name.clone(), number, fields: self.fields(fields)? })
        };
        groups.into_iter().map(normal).collect()
    }

    fn extension_ranges(&self, ranges: &[ExtensionRange]) -> Result<Vec<ExtensionRange>, Error> {
        let mut single = Vec::new();
        for range in ranges {
            let options = self.options(&range.options)?;
            for numbers in &range.values {
                single.push(ExtensionRange { values: vec![one_if_equal(*numbers)], options: options.clone() });
            }
        }
        single.sort_by_key(|range| range.values[0].start());
        Ok(single)
    }

    /// One block for each extended message, in the order in which they first occur.
    fn extends(&self, extends: &[Extend]) -> Result<Vec<Extend>, Error> {
        let mut blocks: Vec<(String, Vec<Field>)> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for extend in extends {
            let extendee = if extend.fields.is_empty() { String::new() } else { self.resolve(&extend.extendee)? };
            let block = *index.entry(extendee.clone()).or_insert(blocks.len());
            if block == blocks.len() {
                blocks.push((extendee, Vec::new()));
            }
            blocks[block].1.extend(extend.fields.iter().cloned());
        }
        let normal = |(extendee, fields): (String, Vec<Field>)| Ok(Extend { extendee, fields: self.fields(&fields)? });
        blocks.into_iter().map(normal).collect()
    }

    fn resolve(&self, name: &str) -> Result<String, Error> {
        let found = self.table.resolve(&self.scope, name, self.budget)?;
        found.map(|full| format!(".{full}")).ok_or_else(|| Error::invalid(format!("Could not resolve type: {name}")))
    }

    fn field(&self, field: &Field) -> Result<Field, Error> {
        self.budget.step()?;
        let (type_name, label) = match self.field_type(&field.type_name)? {
            (type_name, true) => (type_name, None),
            (type_name, false) => (type_name, field.label),
        };
        let mut options = field.options.clone();
        options.extend(special_options(&Field { type_name: type_name.clone(), ..field.clone() }));
        let options = self.options(&options)?;
        Ok(Field { label, type_name, options, default: None, json_name: None, ..field.clone() })
    }

    /// The type with full names, and whether it is a map.
    fn field_type(&self, written: &str) -> Result<(String, bool), Error> {
        let mut name = written.to_owned();
        if matches!(FieldType::of(&name).map_err(Error::invalid)?, FieldType::Named(_)) {
            name = self.resolve(&name)?;
            if let Some(entry) = self.table.get(&name).filter(|entry| entry.is_map) {
                name = entry.map_type().ok_or_else(|| Error::invalid("a map entry has a key and a value"))?;
            }
        }
        let FieldType::Map { key, value } = FieldType::of(&name).map_err(Error::invalid)? else {
            return Ok((name, false));
        };
        let resolved = match self.table.resolve(&self.scope, value, self.budget)? {
            Some(full) => format!("map<{key}, .{full}>"),
            None => format!("map<{key}, {value}>"),
        };
        Ok((resolved, true))
    }

    fn service(&self, service: &Service) -> Result<Service, Error> {
        let options = self.options(&service.options)?;
        let methods = service.methods.iter().map(|method| self.method(method)).collect::<Result<_, _>>()?;
        Ok(Service { name: service.name.clone(), options, methods, span: service.span })
    }

    fn method(&self, method: &Method) -> Result<Method, Error> {
        let request = self.resolve(&method.request)?;
        let response = self.resolve(&method.response)?;
        Ok(Method { request, response, options: self.options(&method.options)?, ..method.clone() })
    }
}

/// One statement for each value, numbers first.
fn reserved(statements: &[Reserved]) -> Vec<Reserved> {
    let key = |value: &ReservedValue| match value {
        ReservedValue::Numbers(Numbers::One(number)) => (*number, number.to_string()),
        ReservedValue::Numbers(Numbers::Range(start, end)) => (*start, format!("{start}..{end}")),
        ReservedValue::Name(name) => (i32::MAX, name.clone()),
    };
    let mut values: Vec<_> = statements.iter().flat_map(|statement| &statement.values).cloned().collect();
    values.sort_by_cached_key(key);
    let single = |value| match value {
        ReservedValue::Numbers(numbers) => ReservedValue::Numbers(one_if_equal(numbers)),
        name @ ReservedValue::Name(_) => name,
    };
    values.into_iter().map(|value| Reserved { values: vec![single(value)] }).collect()
}

fn one_if_equal(numbers: Numbers) -> Numbers {
    match numbers {
        Numbers::Range(start, end) if start == end => Numbers::One(start),
        numbers => numbers,
    }
}
