//! How the bytes of messages are laid out: a schema's messages with all types resolved.

use std::collections::{BTreeMap, HashMap};

use avow_budget::{Budget, Exceeded};

use crate::descriptor::FieldKind;
use crate::syntax::{Enum, Field, File, Label, Message, Syntax, Types, flag};
use crate::types::{Definition, FieldType, TypeTable, push_name};

#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) fields: BTreeMap<u32, FieldLayout>,
}

#[derive(Clone, Debug)]
pub(super) struct FieldLayout {
    pub(super) name: String,
    pub(super) kind: ValueKind,
    pub(super) repeated: bool,
    pub(super) packed: bool,
    pub(super) required: bool,
    /// The oneof that the field is in, by its index.
    pub(super) oneof: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum ValueKind {
    Scalar(FieldKind),
    /// Strings that must be UTF-8.
    CheckedString,
    Enum {
        numbers: Vec<i32>,
        /// Other numbers are not read as values of the field.
        closed: bool,
    },
    /// A message, by its full name.
    Message(String),
}

/// The layouts of a file's messages, and of those they use, by full name.
pub(super) struct Layouts<'a> {
    table: &'a TypeTable<'a>,
    budget: &'a Budget,
    syntax: Option<Syntax>,
    by_name: HashMap<String, Layout>,
    /// The messages that the file itself defines, in the order of its text.
    pub(super) own: Vec<String>,
}

impl<'a> Layouts<'a> {
    pub(super) fn of(file: &'a File, table: &'a TypeTable<'a>, budget: &'a Budget) -> Result<Self, Exceeded> {
        let mut layouts = Self { table, budget, syntax: file.syntax, by_name: HashMap::new(), own: Vec::new() };
        let mut pending: Vec<(String, &Types)> = vec![(file.package().to_owned(), &file.types)];
        while let Some((scope, types)) = pending.pop() {
            for message in &types.messages {
                let mut name = scope.clone();
                push_name(&mut name, &message.name);
                layouts.add(&name, message)?;
                pending.push((name.clone(), &message.types));
                layouts.own.push(name);
            }
        }
        Ok(layouts)
    }

    pub(super) fn get(&self, full_name: &str) -> Option<&Layout> {
        self.by_name.get(full_name)
    }

    /// Adds a message and the messages that its fields have, without recursion.
    fn add(&mut self, full_name: &str, message: &'a Message) -> Result<(), Exceeded> {
        let mut pending = vec![(full_name.to_owned(), message)];
        while let Some((full_name, message)) = pending.pop() {
            self.budget.step()?;
            if self.by_name.contains_key(&full_name) {
                continue;
            }
            let mut layout = Layout::default();
            let members = message.oneofs.iter().enumerate();
            let members = members.flat_map(|(index, oneof)| oneof.fields.iter().map(move |field| (field, Some(index))));
            for (field, oneof) in message.fields.iter().map(|field| (field, None)).chain(members) {
                let Ok(number) = u32::try_from(field.number) else { continue };
                if let Some(field) = self.field(&full_name, field, oneof, &mut pending)? {
                    layout.fields.insert(number, field);
                }
            }
            self.by_name.insert(full_name, layout);
        }
        Ok(())
    }

    fn field(
        &mut self,
        scope: &str,
        field: &Field,
        oneof: Option<usize>,
        pending: &mut Vec<(String, &'a Message)>,
    ) -> Result<Option<FieldLayout>, Exceeded> {
        self.budget.step()?;
        let (kind, is_map) = match FieldType::of(&field.type_name) {
            Ok(FieldType::Map { key, value }) => {
                let value = self.kind(scope, value, pending)?;
                let (Some(key), Some(value)) = (self.scalar(key), value) else { return Ok(None) };
                let entry = format!("{scope}.{}{{entry}}", field.name);
                let member = |name: &str, kind| FieldLayout {
                    name: name.to_owned(),
                    kind,
                    repeated: false,
                    packed: false,
                    required: false,
                    oneof: None,
                };
                let fields = BTreeMap::from([(1, member("key", key)), (2, member("value", value))]);
                self.by_name.insert(entry.clone(), Layout { fields });
                (ValueKind::Message(entry), true)
            }
            _ => match self.kind(scope, &field.type_name, pending)? {
                Some(kind) => (kind, false),
                None => return Ok(None),
            },
        };
        let repeated = is_map || field.label == Some(Label::Repeated);
        let packable = match &kind {
            ValueKind::Scalar(kind) => kind.is_packable(),
            ValueKind::Enum { .. } => true,
            ValueKind::CheckedString | ValueKind::Message(_) => false,
        };
        let packed = flag(&field.options, "packed").unwrap_or(self.syntax == Some(Syntax::Proto3));
        Ok(Some(FieldLayout {
            name: field.name.clone(),
            kind,
            repeated,
            packed: repeated && packable && packed,
            required: field.label == Some(Label::Required),
            oneof,
        }))
    }

    fn scalar(&self, name: &str) -> Option<ValueKind> {
        FieldKind::of_scalar(name).map(|kind| match kind {
            FieldKind::String if self.syntax == Some(Syntax::Proto3) => ValueKind::CheckedString,
            kind => ValueKind::Scalar(kind),
        })
    }

    fn kind(
        &self,
        scope: &str,
        name: &str,
        pending: &mut Vec<(String, &'a Message)>,
    ) -> Result<Option<ValueKind>, Exceeded> {
        if let Some(scalar) = self.scalar(name) {
            return Ok(Some(scalar));
        }
        let Some(full_name) = self.table.resolve(scope, name, self.budget)? else { return Ok(None) };
        Ok(self.table.get(&full_name).map(|entry| match entry.definition {
            Definition::Message(message) => {
                pending.push((full_name.clone(), message));
                ValueKind::Message(full_name)
            }
            Definition::Enum(declared) => {
                let numbers = Enum::numbers(declared);
                ValueKind::Enum { numbers, closed: self.syntax != Some(Syntax::Proto3) }
            }
        }))
    }
}
