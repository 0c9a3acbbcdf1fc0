//! A schema: a file and the files it refers to.

use std::collections::BTreeSet;

use avow_budget::{Budget, Exceeded};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::Error;
use crate::compat::{self, Verdict};
use crate::data::{self, Witness};
use crate::definitions::{self, Definition};
use crate::descriptor;
use crate::fix::{self, Fix};
use crate::imports;
use crate::indexes::{self, MessageIndexes};
use crate::known;
use crate::normal;
use crate::reference::{Reference, ReferenceText};
use crate::rules::{self, Breach, Category};
use crate::syntax::{self, File, Message, Style};
use crate::tags;
use crate::types::{FieldType, TypeTable};

/// Base64 as the reference reads it: padding may be missing, and bits after the last byte are ignored.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A parsed Protobuf schema.
#[derive(Clone, Debug)]
pub struct Schema {
    file: File,
    text: String,
    references: Vec<Reference>,
}

/// How much a schema is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Types resolve.
    Lenient,
    /// A descriptor can be built: names, numbers, imports and defaults are right too.
    Strict,
}

impl Schema {
    /// Reads a `.proto` text, or a `FileDescriptorProto` in base64, and the files that it may import.
    pub fn parse(text: &str, references: &[ReferenceText<'_>], budget: &Budget) -> Result<Self, Error> {
        let file = read(text, budget)?;
        let read_reference = |reference: &ReferenceText<'_>| {
            Ok(Reference {
                name: reference.name.to_owned(),
                file: read(reference.text, budget)?,
                origin: reference.origin.cloned(),
            })
        };
        let references = references.iter().map(read_reference).collect::<Result<_, Error>>()?;
        check_field_types(&file)?;
        let text = syntax::print(&file, Style::Stored, budget)?;
        Ok(Self { file, text, references })
    }

    /// The syntax tree.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The stored text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The stored text without custom options, extension ranges and `extend` blocks.
    pub fn without_extensions(&self) -> String {
        syntax::print(&self.file, Style::WithoutExtensions, &Budget::unlimited()).expect("shorter than the stored text")
    }

    /// The normal form. It resolves every type, so it fails where one is missing.
    pub fn normalized(&self, budget: &Budget) -> Result<String, Error> {
        let table = TypeTable::of(&self.file, &self.references, budget)?;
        let normal = normal::normalize(&self.file, &table, budget)?;
        let text = syntax::print(&normal, Style::Normal, budget)?;
        read(&text, budget).map_err(|error| match error {
            Error::Refused { message, .. } => Error::invalid(message),
            exceeded @ Error::Exceeded(_) => exceeded,
        })?;
        Ok(text)
    }

    /// The schema in its normal form, with the same references.
    pub fn to_normalized(&self, budget: &Budget) -> Result<Self, Error> {
        self.with_text(&self.normalized(budget)?, budget)
    }

    pub fn validate(&self, strictness: Strictness, budget: &Budget) -> Result<(), Error> {
        self.normalized(budget)?;
        if strictness == Strictness::Strict {
            imports::build_linked(&self.file, &self.references, budget)?;
        }
        Ok(())
    }

    /// The `FileDescriptorProto` in base64. It fails where a descriptor cannot be built.
    pub fn serialized(&self, budget: &Budget) -> Result<String, Error> {
        let descriptor = imports::build_linked(&self.file, &self.references, budget)?;
        Ok(STANDARD.encode(descriptor::write(&descriptor)))
    }

    /// Whether `reader` reads what was written with `writer`.
    pub fn check(reader: &Self, writer: &Self, budget: &Budget) -> Result<Verdict, Exceeded> {
        let writer_types = writer.types(budget)?;
        let reader_types = reader.types(budget)?;
        let differences = compat::differences((&writer.file, &writer_types), (&reader.file, &reader_types), budget)?;
        Ok(Verdict { differences })
    }

    /// A message of `writer` to which the worst happens when `reader` reads it, of a few for each field. None where the
    /// two have no message in common.
    pub fn witness(reader: &Self, writer: &Self, budget: &Budget) -> Result<Option<Witness>, Exceeded> {
        let (writer_types, reader_types) = (writer.types(budget)?, reader.types(budget)?);
        data::worst_effect((&writer.file, &writer_types), (&reader.file, &reader_types), budget)
    }

    /// The rules of a category that a change from `old` to `new` breaks.
    pub fn breaches(old: &Self, new: &Self, category: Category, budget: &Budget) -> Result<Vec<Breach>, Exceeded> {
        rules::breaches(&old.file, &new.file, category, budget)
    }

    /// Fields of `new` whose number an earlier version used for another field. `earlier` starts with the oldest.
    pub fn reused_numbers(new: &Self, earlier: &[&Self], budget: &Budget) -> Result<Vec<Breach>, Exceeded> {
        let earlier: Vec<_> = earlier.iter().map(|schema| &schema.file).collect();
        rules::reused_numbers(&new.file, &earlier, budget)
    }

    /// Changes to `reader` after which it reads more of what was written with `writer`; each was tried.
    pub fn fixes(reader: &Self, writer: &Self, budget: &Budget) -> Result<Vec<Fix>, Exceeded> {
        fix::fixes(reader, writer, budget)
    }

    /// Another text with the same references.
    pub(crate) fn with_text(&self, text: &str, budget: &Budget) -> Result<Self, Error> {
        let file = read(text, budget)?;
        check_field_types(&file)?;
        Ok(Self { file, text: text.to_owned(), references: self.references.clone() })
    }

    pub(crate) fn types(&self, budget: &Budget) -> Result<TypeTable<'_>, Exceeded> {
        TypeTable::of(&self.file, &self.references, budget)
    }

    /// The full name of the first message, or of the first enum where there is none.
    pub fn name(&self) -> Option<String> {
        let file = self.effective_file();
        let message = file.types.messages.first().map(|message| &message.name);
        let first = message.or_else(|| file.types.enums.first().map(|declared| &declared.name))?;
        Some(definitions::qualified(file.package(), first))
    }

    /// The message and enum types that the schema defines, in the order of its text.
    pub fn definitions(&self) -> Vec<Definition> {
        definitions::of(&self.file)
    }

    /// The fields of all messages at the top, members of oneofs included.
    pub fn top_level_fields(&self) -> BTreeSet<&str> {
        let messages = &self.effective_file().types.messages;
        messages.iter().flat_map(Message::all_fields).map(|field| field.name.as_str()).collect()
    }

    /// The tags of the file, its messages, enums, fields and values, in the order of the text.
    pub fn tags(&self, budget: &Budget) -> Result<Vec<String>, Exceeded> {
        tags::of(&self.file, budget)
    }

    /// The indexes of a message by its full name; empty for a name that is no message.
    pub fn message_indexes(&self, full_name: &str) -> MessageIndexes {
        let file = self.effective_file();
        let is_wrapper = !std::ptr::eq(file, &raw const self.file);
        let local = full_name.strip_prefix(file.package()).and_then(|rest| rest.strip_prefix('.'));
        indexes::indexes_of(file, local.filter(|_| is_wrapper).unwrap_or(full_name))
    }

    /// The full name of the message at some indexes.
    pub fn message_at(&self, indexes: &MessageIndexes) -> Option<String> {
        indexes::message_at(self.effective_file(), indexes).map(|(name, _)| name)
    }

    /// The file whose types count: that of the only import, if the schema is nothing but a public import.
    pub(crate) fn effective_file(&self) -> &File {
        let file = &self.file;
        let is_wrapper =
            file.types.is_empty() && file.imports.is_empty() && file.services.is_empty() && file.extends.is_empty();
        let [path] = file.public_imports.as_slice() else { return file };
        let reference = self.references.iter().find(|reference| reference.name == *path);
        let imported = reference.map(|reference| &reference.file).or_else(|| known::file(path));
        imported.filter(|imported| is_wrapper && !imported.types.is_empty()).unwrap_or(file)
    }
}

fn read(text: &str, budget: &Budget) -> Result<File, Error> {
    budget.spend(text.len() as u64)?;
    budget.hold(text.len())?;
    syntax::parse(text).or_else(|error| {
        let bytes = BASE64.decode(text).ok();
        bytes.and_then(|bytes| descriptor::read(&bytes).ok()).ok_or_else(|| Error::parse(error))
    })
}

/// Refuses map types that the reference cannot print.
fn check_field_types(file: &File) -> Result<(), Error> {
    let mut pending: Vec<&Message> = file.types.messages.iter().collect();
    let extensions = file.extends.iter().flat_map(|extend| &extend.fields);
    extensions.into_iter().try_for_each(|field| FieldType::check(&field.type_name)).map_err(Error::invalid)?;
    while let Some(message) = pending.pop() {
        let groups = message.groups.iter().chain(message.oneofs.iter().flat_map(|oneof| &oneof.groups));
        let extensions = message.extends.iter().flat_map(|extend| &extend.fields);
        let fields = message.all_fields().chain(groups.flat_map(|group| &group.fields)).chain(extensions);
        fields.into_iter().try_for_each(|field| FieldType::check(&field.type_name)).map_err(Error::invalid)?;
        pending.extend(&message.types.messages);
    }
    Ok(())
}
