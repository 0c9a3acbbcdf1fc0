//! The schemas to be checked, resolved against the files of the project and what they refer to.

use std::rc::Rc;

use avow_avro::{Schema, Strictness};

use crate::Error;
use crate::project::{Assignment, Broken, Documents, Project, Resolution, Resolved, Resolver};
use crate::remote::Remote;
use crate::report::Finding;
use crate::source::SchemaFile;
use avow_domain::Reference;

/// A file with the subject it belongs to.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) file: Rc<SchemaFile>,
    pub(crate) assignment: Assignment,
    pub(crate) strictness: Strictness,
    /// The schema, or why there is none.
    pub(crate) resolved: Result<Resolved, Broken>,
    /// What it refers to in the registry.
    pub(crate) references: Vec<Reference>,
    /// The documents of those references.
    pub(crate) registered: Documents,
    /// Everything that was loaded for it beside the files of the project.
    pub(crate) listed: Documents,
}

impl Candidate {
    /// Resolves a file; `remote` is the registry it is to be registered at, if the command is about one.
    pub(super) async fn new(
        project: &Project,
        resolver: &Resolver<'_>,
        remote: Option<&Remote>,
        file: Rc<SchemaFile>,
        assignment: Assignment,
        unnamed: Option<Broken>,
    ) -> Result<Self, Error> {
        let declared = project.strictness(&assignment);
        let mut strictness = declared.unwrap_or(Strictness::Strict);
        let mut resolution = resolver.resolve(&file, strictness, &assignment).await?;
        if let (None, Err(Broken::Invalid(_)), Some(remote)) = (declared, &resolution.resolved, remote) {
            strictness = remote.strictness(&assignment.subject).await?;
            if strictness == Strictness::Lenient {
                resolution = resolver.resolve(&file, strictness, &assignment).await?;
            }
        }
        let Resolution { resolved, references, registered, listed } = resolution;
        let resolved = match (resolved, unnamed) {
            (Ok(_), Some(unnamed)) => Err(unnamed),
            (resolved, _) => resolved,
        };
        Ok(Self { file, assignment, strictness, resolved, references, registered, listed })
    }

    /// The same, but for the text of its file.
    pub(super) fn changed(&self, resolver: &Resolver<'_>, text: String) -> Result<Self, Error> {
        Ok(Self {
            resolved: resolver.resolve_with(&text, self.strictness, &self.listed)?,
            file: Rc::new(self.file.with_text(text)),
            assignment: self.assignment.clone(),
            strictness: self.strictness,
            references: self.references.clone(),
            registered: self.registered.clone(),
            listed: self.listed.clone(),
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

    /// Why the file is not a schema.
    pub(super) fn fault(&self) -> Option<Finding> {
        self.resolved.as_ref().err().map(|broken| broken.finding(&self.file))
    }
}
