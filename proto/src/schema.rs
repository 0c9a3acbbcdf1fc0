//! A schema: a file and the files it refers to.

use avow_budget::{Budget, Exceeded};

use crate::Error;
use crate::compat::{self, Verdict};
use crate::normal;
use crate::reference::{Reference, ReferenceText};
use crate::syntax::{self, File, Style};
use crate::types::TypeTable;

#[derive(Clone, Debug)]
pub struct Schema {
    file: File,
    references: Vec<Reference>,
}

impl Schema {
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
        Ok(Self { file, references })
    }

    /// Whether `reader` reads what was written with `writer`.
    pub fn check(reader: &Self, writer: &Self, budget: &Budget) -> Result<Verdict, Exceeded> {
        let writer_types = TypeTable::of(&writer.file, &writer.references, budget)?;
        let reader_types = TypeTable::of(&reader.file, &reader.references, budget)?;
        let differences = compat::differences((&writer.file, &writer_types), (&reader.file, &reader_types), budget)?;
        Ok(Verdict { differences })
    }

    /// The stored text.
    pub fn text(&self) -> String {
        syntax::print(&self.file, Style::Stored)
    }

    /// The stored text without custom options, extension ranges and `extend` blocks.
    pub fn without_extensions(&self) -> String {
        syntax::print(&self.file, Style::WithoutExtensions)
    }

    /// The normal form. It resolves every type, so it fails where one is missing.
    pub fn normalized(&self, budget: &Budget) -> Result<String, Error> {
        let table = TypeTable::of(&self.file, &self.references, budget)?;
        let normal = normal::normalize(&self.file, &table, budget)?;
        let text = syntax::print(&normal, Style::Normal);
        read(&text, budget).map_err(|error| match error {
            Error::Refused { message, .. } => Error::invalid(message),
            exceeded @ Error::Exceeded(_) => exceeded,
        })?;
        Ok(text)
    }
}

fn read(text: &str, budget: &Budget) -> Result<File, Error> {
    budget.spend(text.len() as u64)?;
    budget.hold(text.len())?;
    syntax::parse(text).map_err(Error::parse)
}
