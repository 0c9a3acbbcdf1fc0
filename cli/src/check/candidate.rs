//! The schemas to be checked, put together from the files of the project.

use std::rc::Rc;

use avow_avro::{ParseError, Schema, Strictness};

use crate::Error;
use crate::project::{Assignment, Broken, Documents, Resolved, Resolver};
use crate::report::Finding;
use crate::source::SchemaFile;
use avow_domain::Reference;

/// A file with the subject it belongs to.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) file: Rc<SchemaFile>,
    pub(crate) assignment: Assignment,
    /// The schema, or why it is none.
    pub(crate) resolved: Result<Resolved, Broken>,
    /// What it refers to in the registry.
    pub(crate) references: Vec<Reference>,
    /// What that means.
    pub(crate) documents: Documents,
}

impl Candidate {
    pub(super) fn new(resolver: &Resolver<'_>, file: Rc<SchemaFile>, assignment: Assignment) -> Result<Self, Error> {
        let resolved = resolver.resolve(&file.text, Strictness::Strict)?;
        Ok(Self { file, assignment, resolved, references: Vec::new(), documents: Documents::default() })
    }

    /// The same, but for the text of its file.
    pub(super) fn changed(&self, resolver: &Resolver<'_>, text: String) -> Result<Self, Error> {
        Ok(Self {
            resolved: resolver.resolve_with(&text, Strictness::Strict, &self.documents)?,
            file: Rc::new(SchemaFile::new(self.file.path.clone(), text)),
            assignment: self.assignment.clone(),
            references: self.references.clone(),
            documents: self.documents.clone(),
        })
    }

    pub(super) fn schema(&self) -> Option<&Schema> {
        self.resolved.as_ref().ok().map(|resolved| &resolved.schema)
    }

    /// The schema of a text that is the file's own, and needs nothing else.
    pub(super) fn alone(&self, text: &str) -> Option<&Schema> {
        let resolved = self.resolved.as_ref().ok().filter(|it| it.needs.is_empty() && self.file.text == text)?;
        Some(&resolved.schema)
    }

    /// The name of a type that nothing in the project defines.
    pub(super) fn undefined(&self) -> Option<&str> {
        match &self.resolved {
            Err(Broken::Invalid(ParseError::Undefined(name))) => Some(name),
            _ => None,
        }
    }

    /// Why the file is not a schema.
    pub(super) fn fault(&self) -> Option<Finding> {
        self.resolved.as_ref().err().map(|broken| broken.finding(&self.file))
    }
}
