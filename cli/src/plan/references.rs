//! What the schema of a file refers to: what avow.toml says, else other files of the project, else the registry.

use std::rc::Rc;

use super::tree::Tree;
use crate::Error;
use crate::project::Documents;
use crate::remote::Remote;
use avow_domain::Reference;
use avow_schema::source::short;

/// A file whose place in its subject is known.
#[derive(Debug)]
pub(super) struct Settled {
    /// The version that it is, or will be.
    pub(super) version: i32,
    /// It is there already.
    pub(super) registered: bool,
    /// The file, and what it needs.
    pub(super) documents: Rc<Documents>,
}

/// What a file refers to, and what that means.
#[derive(Debug, Default)]
pub(super) struct ResolvedReferences {
    pub(super) references: Vec<Reference>,
    pub(super) documents: Documents,
    /// What of it is in the registry already.
    pub(super) registered: Documents,
    /// References to what is not there.
    pub(super) missing: Vec<Reference>,
}

impl ResolvedReferences {
    /// `settled` has the files before this one.
    pub(super) async fn of(remote: &Remote, tree: &Tree, settled: &[Settled], at: usize) -> Result<Self, Error> {
        let wanted = &tree.wanted[at];
        let written = &wanted.assignment.references;
        let mut resolved_references = Self::default();
        for reference in written {
            match tree.of_subject(&reference.subject).filter(|_| reference.version == -1) {
                Some(other) => resolved_references.add_settled(&reference.name, &reference.subject, &settled[other]),
                None => resolved_references.add_registered(remote, reference.clone()).await?,
            }
        }
        for name in &wanted.names.uses {
            let is_written = |it: &Reference| it.name == *name || it.name == short(name);
            if written.iter().any(is_written) || (!written.is_empty() && resolved_references.documents.defines(name)) {
                continue;
            }
            if let Some(other) = tree.defining(name).filter(|other| *other != at) {
                let defining = &tree.wanted[other];
                let defined = defining.file.full_name().unwrap_or_else(|| name.clone());
                resolved_references.add_settled(&defined, &defining.assignment.subject, &settled[other]);
            } else if remote.referenced(name, -1).await?.is_some() {
                let latest = Reference { name: name.clone(), subject: name.clone(), version: -1 };
                resolved_references.add_registered(remote, latest).await?;
            }
        }
        Ok(resolved_references)
    }

    fn add_settled(&mut self, name: &str, subject: &str, settled: &Settled) {
        self.references.push(Reference {
            name: name.to_owned(),
            subject: subject.to_owned(),
            version: settled.version,
        });
        self.documents = std::mem::take(&mut self.documents).with(&settled.documents);
        if settled.registered {
            self.registered = std::mem::take(&mut self.registered).with(&settled.documents);
        }
    }

    async fn add_registered(&mut self, remote: &Remote, mut reference: Reference) -> Result<(), Error> {
        match remote.referenced(&reference.subject, reference.version).await? {
            Some(found) => {
                reference.version = found.version;
                let mut documents = Documents::default();
                remote.gather(std::slice::from_ref(&reference), &mut documents).await?;
                self.documents = std::mem::take(&mut self.documents).with(&documents);
                self.registered = std::mem::take(&mut self.registered).with(&documents);
            }
            None => self.missing.push(reference.clone()),
        }
        self.references.push(reference);
        Ok(())
    }
}
