//! The walk over an old and a new tree.

use std::collections::HashMap;

use avow_budget::{Budget, Exceeded};

use super::types;
use super::{Breach, Category, Rule};
use crate::syntax::{
    Enum, Extend, Field, File, Label, Message, Numbers, Reserved, ReservedValue, Service, Syntax, Types,
};
use crate::types::push_name;

/// The rules of a category that a change breaks, in the order of the old tree.
pub(crate) fn breaches(old: &File, new: &File, category: Category, budget: &Budget) -> Result<Vec<Breach>, Exceeded> {
    let mut comparison = Comparison { category, budget, breaches: Vec::new() };
    comparison.files(old, new)?;
    Ok(comparison.breaches)
}

struct Comparison<'b> {
    category: Category,
    budget: &'b Budget,
    breaches: Vec<Breach>,
}

/// A field and the oneof it is in.
type Member<'a> = (&'a Field, Option<&'a str>);

impl Comparison<'_> {
    fn add(&mut self, rule: Rule, path: &str, text: impl FnOnce() -> String) {
        if rule.category() <= self.category {
            self.breaches.push(Breach { rule, path: path.to_owned(), text: text() });
        }
    }

    fn files(&mut self, old: &File, new: &File) -> Result<(), Exceeded> {
        if old.package != new.package {
            let (before, after) = (old.package(), new.package());
            self.add(Rule::FileSamePackage, "", || format!("the package changes from `{before}` to `{after}`"));
        }
        if old.syntax.unwrap_or(Syntax::Proto2) != new.syntax.unwrap_or(Syntax::Proto2) {
            self.add(Rule::FileSameSyntax, "", || "the syntax changes".to_owned());
        }
        for option in old.options.iter().filter(|option| !option.custom) {
            self.budget.spend(1 + new.options.len() as u64)?;
            if !new.options.contains(option) {
                self.add(Rule::FileSameOptions, "", || format!("the file option `{}` changes", option.name));
            }
        }
        self.all_types(&old.types, &new.types)?;
        self.extensions("", &old.extends, &new.extends)?;
        let services: HashMap<_, _> = new.services.iter().map(|service| (service.name.as_str(), service)).collect();
        for service in &old.services {
            match services.get(service.name.as_str()) {
                Some(new) => self.services(service, new)?,
                None => self.add(Rule::ServiceNoDelete, &service.name, || "the service is deleted".to_owned()),
            }
        }
        Ok(())
    }

    fn all_types(&mut self, old: &Types, new: &Types) -> Result<(), Exceeded> {
        let mut pending = vec![(String::new(), old, new)];
        while let Some((scope, old, new)) = pending.pop() {
            let path_of = |name: &str| {
                let mut path = scope.clone();
                push_name(&mut path, name);
                path
            };
            let messages: HashMap<_, _> = new.messages.iter().map(|message| (message.name.as_str(), message)).collect();
            for message in &old.messages {
                self.budget.step()?;
                let path = path_of(&message.name);
                if let Some(new) = messages.get(message.name.as_str()) {
                    self.messages(&path, message, new)?;
                    pending.push((path, &message.types, &new.types));
                } else {
                    self.add(Rule::MessageNoDelete, &path, || "the message is deleted".to_owned());
                }
            }
            let enums: HashMap<_, _> = new.enums.iter().map(|declared| (declared.name.as_str(), declared)).collect();
            for declared in &old.enums {
                let path = path_of(&declared.name);
                match enums.get(declared.name.as_str()) {
                    Some(new) => self.enums(&path, declared, new)?,
                    None => self.add(Rule::EnumNoDelete, &path, || "the enum is deleted".to_owned()),
                }
            }
        }
        Ok(())
    }

    fn messages(&mut self, path: &str, old: &Message, new: &Message) -> Result<(), Exceeded> {
        let (old_fields, new_fields) = (members(old), members(new));
        let by_number: HashMap<_, _> = new_fields.iter().map(|member| (member.0.number, *member)).collect();
        let old_numbers: HashMap<_, _> = old_fields.iter().map(|member| (member.0.number, *member)).collect();
        for (field, oneof) in &old_fields {
            self.budget.spend(1 + new.reserved.len() as u64)?;
            let path = format!("{path}.{}", field.name);
            if let Some(after) = by_number.get(&field.number) {
                self.fields(&path, (field, *oneof), *after);
            } else {
                self.deleted_field(&path, field, &new.reserved);
            }
        }
        for (field, _) in &new_fields {
            let is_new = !old_numbers.contains_key(&field.number);
            if is_new && field.label == Some(Label::Required) {
                let path = format!("{path}.{}", field.name);
                self.add(Rule::MessageSameRequiredFields, &path, || "the new field is required".to_owned());
            }
        }
        for oneof in &old.oneofs {
            self.budget.spend(1 + new.oneofs.len() as u64)?;
            if new.oneofs.iter().all(|other| other.name != oneof.name) {
                let path = format!("{path}.{}", oneof.name);
                self.add(Rule::OneofNoDelete, &path, || "the oneof is deleted".to_owned());
            }
        }
        self.extensions(path, &old.extends, &new.extends)?;
        self.reserved(Rule::ReservedMessageNoDelete, path, &old.reserved, &new.reserved)
    }

    fn deleted_field(&mut self, path: &str, field: &Field, reserved: &[Reserved]) {
        let Field { number, name, .. } = field;
        self.add(Rule::FieldNoDelete, path, || "the field is deleted".to_owned());
        if !reserves_number(reserved, *number) {
            let text = || format!("the field is deleted; add `reserved {number};` so that nothing reuses its number");
            self.add(Rule::FieldNoDeleteUnlessNumberReserved, path, text);
        }
        if !reserves_name(reserved, name) {
            let text = || format!("the field is deleted; add `reserved \"{name}\";` so that nothing reuses its name");
            self.add(Rule::FieldNoDeleteUnlessNameReserved, path, text);
        }
        if field.label == Some(Label::Required) {
            self.add(Rule::MessageSameRequiredFields, path, || "the required field is deleted".to_owned());
        }
    }

    fn fields(&mut self, path: &str, (old, old_oneof): Member<'_>, (new, new_oneof): Member<'_>) {
        for rule in types::broken_by(&old.type_name, &new.type_name) {
            self.add(rule, path, || format!("the type changes from `{}` to `{}`", old.type_name, new.type_name));
        }
        let is = |field: &Field, label| field.label == Some(label);
        if is(old, Label::Repeated) != is(new, Label::Repeated) {
            let text = || "the field changes between one value and many".to_owned();
            self.add(Rule::FieldWireCompatibleCardinality, path, text);
        }
        if old.label != new.label {
            self.add(Rule::FieldSameCardinality, path, || "the label changes".to_owned());
        }
        if is(old, Label::Required) != is(new, Label::Required) {
            self.add(Rule::MessageSameRequiredFields, path, || "`required` comes or goes".to_owned());
        }
        if old_oneof != new_oneof {
            self.add(Rule::FieldSameOneof, path, || "the field moves into, out of or between oneofs".to_owned());
        }
        if old.default != new.default {
            let text = || "the default changes: old data without the field is read as another value".to_owned();
            self.add(Rule::FieldSameDefault, path, text);
        }
        if old.name != new.name {
            self.add(Rule::FieldSameName, path, || format!("the name changes to `{}`", new.name));
        }
        if json_name(old) != json_name(new) {
            self.add(Rule::FieldSameJsonName, path, || format!("the JSON name changes to `{}`", json_name(new)));
        }
    }

    fn enums(&mut self, path: &str, old: &Enum, new: &Enum) -> Result<(), Exceeded> {
        let mut names: HashMap<i32, Vec<&str>> = HashMap::new();
        for value in &new.values {
            names.entry(value.number).or_default().push(&value.name);
        }
        for value in &old.values {
            self.budget.spend(1 + new.reserved.len() as u64)?;
            let path = format!("{path}.{}", value.name);
            match names.get(&value.number) {
                Some(names) if names.contains(&value.name.as_str()) => {}
                Some(names) => {
                    let text = || format!("number {} is called `{}` now", value.number, names.join("`, `"));
                    self.add(Rule::EnumValueSameName, &path, text);
                }
                None => {
                    self.add(Rule::EnumValueNoDelete, &path, || "the value is deleted".to_owned());
                    if !reserves_number(&new.reserved, value.number) {
                        let text = || format!("the value is deleted; add `reserved {};`", value.number);
                        self.add(Rule::EnumValueNoDeleteUnlessNumberReserved, &path, text);
                    }
                    if !reserves_name(&new.reserved, &value.name) {
                        let text = || format!("the value is deleted; add `reserved \"{}\";`", value.name);
                        self.add(Rule::EnumValueNoDeleteUnlessNameReserved, &path, text);
                    }
                }
            }
        }
        self.reserved(Rule::ReservedEnumNoDelete, path, &old.reserved, &new.reserved)
    }

    fn reserved(&mut self, rule: Rule, path: &str, old: &[Reserved], new: &[Reserved]) -> Result<(), Exceeded> {
        for value in old.iter().flat_map(|reserved| &reserved.values) {
            self.budget.spend(1 + new.len() as u64)?;
            let stays = match value {
                ReservedValue::Name(name) => reserves_name(new, name),
                ReservedValue::Numbers(numbers) => reserves_all(new, *numbers),
            };
            if !stays {
                self.add(rule, path, || "what was reserved no longer is".to_owned());
            }
        }
        Ok(())
    }

    fn extensions(&mut self, path: &str, old: &[Extend], new: &[Extend]) -> Result<(), Exceeded> {
        let fields = |extends: &'_ [Extend]| -> Vec<(String, i32)> {
            let fields = extends.iter().flat_map(|extend| extend.fields.iter().map(move |field| (extend, field)));
            fields.map(|(extend, field)| (extend.extendee.clone(), field.number)).collect()
        };
        let new: std::collections::HashSet<_> = fields(new).into_iter().collect();
        for extension in fields(old) {
            self.budget.step()?;
            if !new.contains(&extension) {
                let (extendee, number) = extension;
                self.add(Rule::ExtensionNoDelete, path, || format!("extension {number} of `{extendee}` is deleted"));
            }
        }
        Ok(())
    }

    fn services(&mut self, old: &Service, new: &Service) -> Result<(), Exceeded> {
        let methods: HashMap<_, _> = new.methods.iter().map(|method| (method.name.as_str(), method)).collect();
        for method in &old.methods {
            self.budget.step()?;
            let path = format!("{}.{}", old.name, method.name);
            let Some(new) = methods.get(method.name.as_str()) else {
                self.add(Rule::RpcNoDelete, &path, || "the method is deleted".to_owned());
                continue;
            };
            for (rule, changed, part) in [
                (Rule::RpcSameRequestType, method.request != new.request, "request type"),
                (Rule::RpcSameResponseType, method.response != new.response, "response type"),
                (Rule::RpcSameClientStreaming, method.request_streams != new.request_streams, "client streaming"),
                (Rule::RpcSameServerStreaming, method.response_streams != new.response_streams, "server streaming"),
            ] {
                if changed {
                    self.add(rule, &path, || format!("the {part} changes"));
                }
            }
        }
        Ok(())
    }
}

fn members(message: &Message) -> Vec<Member<'_>> {
    let in_oneofs =
        message.oneofs.iter().flat_map(|oneof| oneof.fields.iter().map(|field| (field, Some(&*oneof.name))));
    message.fields.iter().map(|field| (field, None)).chain(in_oneofs).collect()
}

/// The JSON name, made from the name where none is written.
fn json_name(field: &Field) -> String {
    if let Some(written) = &field.json_name {
        return written.clone();
    }
    let mut name = String::new();
    let mut upper = false;
    for character in field.name.chars() {
        match character {
            '_' => upper = true,
            character if upper => {
                name.push(character.to_ascii_uppercase());
                upper = false;
            }
            character => name.push(character),
        }
    }
    name
}

fn reserved_numbers(reserved: &[Reserved]) -> impl Iterator<Item = Numbers> {
    reserved.iter().flat_map(|reserved| &reserved.values).filter_map(|value| match value {
        ReservedValue::Numbers(numbers) => Some(*numbers),
        ReservedValue::Name(_) => None,
    })
}

fn reserves_number(reserved: &[Reserved], number: i32) -> bool {
    reserved_numbers(reserved).any(|numbers| numbers.contains(number))
}

fn reserves_name(reserved: &[Reserved], name: &str) -> bool {
    let mut values = reserved.iter().flat_map(|reserved| &reserved.values);
    values.any(|value| matches!(value, ReservedValue::Name(known) if known == name))
}

/// Whether ranges cover all of `numbers`, alone or together.
fn reserves_all(reserved: &[Reserved], numbers: Numbers) -> bool {
    let mut ranges: Vec<_> = reserved_numbers(reserved).collect();
    ranges.sort_by_key(|range| range.start());
    let mut next = i64::from(numbers.start());
    for range in ranges {
        if i64::from(range.start()) <= next {
            next = next.max(i64::from(range.end()) + 1);
        }
    }
    next > i64::from(numbers.end())
}
