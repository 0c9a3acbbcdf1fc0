//! Schemas put together from the files of a project.

use std::cell::OnceCell;
use std::rc::Rc;

use avow_avro::{ParseError, Strictness};

use super::{Broken, Documents, Project, Resolved};
use crate::Error;
use crate::source::SchemaFile;

/// What the files of the project define, read when it is first needed.
pub(crate) struct Resolver<'p> {
    project: &'p Project,
    /// The files at hand; what they define comes before what others define.
    files: Vec<Rc<SchemaFile>>,
    documents: OnceCell<Documents>,
}

impl<'p> Resolver<'p> {
    pub(crate) fn new(project: &'p Project, files: &[Rc<SchemaFile>]) -> Self {
        Self { project, files: files.to_vec(), documents: OnceCell::new() }
    }

    fn documents(&self) -> Result<&Documents, Error> {
        if let Some(documents) = self.documents.get() {
            return Ok(documents);
        }
        let mut documents = Documents::default();
        self.files.iter().for_each(|file| documents.add(file));
        // What the project lists comes before what else lies about.
        for path in self.project.files(&[])?.into_iter().chain(self.project.all_files()?) {
            // A file that cannot be read defines nothing; if it is to be checked, that is told where it is read.
            if let Ok(file) = SchemaFile::read(&path) {
                documents.add(&file);
            }
        }
        Ok(self.documents.get_or_init(|| documents))
    }

    /// Puts a schema together: from itself alone if possible, else with the files of the project.
    pub(crate) fn resolve(&self, text: &str, strictness: Strictness) -> Result<Result<Resolved, Broken>, Error> {
        self.resolve_with(text, strictness, &Documents::default())
    }

    /// The same, where other documents come first.
    pub(crate) fn resolve_with(
        &self,
        text: &str,
        strictness: Strictness,
        first: &Documents,
    ) -> Result<Result<Resolved, Broken>, Error> {
        match first.resolve(text, strictness) {
            Err(Broken::Invalid(ParseError::Undefined(_))) => {
                Ok(first.clone().with(self.documents()?).resolve(text, strictness))
            }
            settled => Ok(settled),
        }
    }
}
