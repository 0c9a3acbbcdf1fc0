//! The two things to compare, wherever they are.

use std::path::Path;

use avow_avro::{Schema, Strictness};

use crate::connection::Connection;
use crate::git::{Blob, Repository};
use crate::project::{Documents, Project, Resolver};
use crate::remote::Remote;
use crate::source::SchemaFile;
use crate::{Error, block_on};
use avow_domain::Reference;

/// One side, as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// A file, or `-` for standard input.
    File(String),
    /// `SUBJECT@VERSION`; no number means the latest.
    Version { subject: String, version: Option<i32> },
    /// `id:N`, or `N`.
    Id(u32),
    /// `git:REF:PATH`.
    Git { reference: String, path: String },
}

impl Operand {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(id) = text.strip_prefix("id:") {
            return id.parse().map(Self::Id).map_err(|_| format!("`{id}` is not a schema id"));
        }
        if let Some(rest) = text.strip_prefix("git:") {
            let (reference, path) = rest.split_once(':').ok_or("write git:REF:PATH")?;
            return Ok(Self::Git { reference: reference.to_owned(), path: path.to_owned() });
        }
        if let Ok(id) = text.parse()
            && !Path::new(text).exists()
        {
            return Ok(Self::Id(id));
        }
        match text.rsplit_once('@') {
            // A file may well have such a name.
            Some((subject, version)) if !Path::new(text).exists() => {
                let version = match version {
                    "latest" => None,
                    number => Some(number.parse().map_err(|_| format!("`{number}` is not a version"))?),
                };
                Ok(Self::Version { subject: subject.to_owned(), version })
            }
            None if is_subject(text) => Ok(Self::Version { subject: text.to_owned(), version: None }),
            _ => Ok(Self::File(text.to_owned())),
        }
    }
}

/// Whether a text names a subject rather than a file that is not there.
fn is_subject(text: &str) -> bool {
    let path = Path::new(text);
    text != "-" && !path.exists() && path.extension().is_none_or(|it| it != "avsc") && !text.contains('/')
}

/// A schema that was found.
pub(super) struct Side {
    /// What people call it.
    pub(super) name: String,
    pub(super) schema: Schema,
    /// As far as they are known with their versions.
    pub(super) references: Vec<Reference>,
}

/// Where to look.
pub(super) struct Sources<'c> {
    pub(super) project: &'c Project,
    pub(super) connection: &'c Connection,
}

impl Sources<'_> {
    pub(super) fn find(&self, operand: &Operand) -> Result<Side, Error> {
        match operand {
            Operand::File(path) => {
                let file = SchemaFile::read(path.as_ref())?;
                self.local(if path == "-" { "standard input" } else { path }, path, &file.text)
            }
            Operand::Git { reference, path } => {
                let repository = Repository::around(&self.project.root)?;
                let inside = repository.path(path.as_ref())?;
                let text = repository.texts(&[format!("{reference}:{inside}")])?.pop().flatten();
                let text = match text {
                    Some(Blob::Text(text)) => text,
                    Some(Blob::Other(reason)) => {
                        return Err(Error::Input(format!("`{inside}` at `{reference}`: {reason}")));
                    }
                    None => {
                        return Err(Error::Git {
                            message: format!("there is no `{inside}` at `{reference}`"),
                            hint: Some(
                                "`git log --all --oneline -- '*.avsc'` lists the commits that have schemas".to_owned(),
                            ),
                        });
                    }
                };
                self.local(&format!("{reference}:{inside}"), path, &text)
            }
            Operand::Id(id) => self.held(format!("id {id}"), async |remote| {
                let found = remote.client.schema_by_id(*id).await.map_err(remote.failed())?.schema;
                Ok((found.text, found.references))
            }),
            Operand::Version { subject, version } => {
                let name = version.map_or_else(|| format!("{subject}@latest"), |number| format!("{subject}@{number}"));
                self.held(name, async |remote| {
                    let found = match version {
                        Some(number) => remote.client.version(subject, *number).await,
                        None => remote.client.latest(subject).await,
                    };
                    match found {
                        Ok(found) => Ok((found.schema.text, found.schema.references)),
                        Err(error) => Err(remote.failed_for(subject, error).await),
                    }
                })
            }
        }
    }

    /// A text of the project; avow.toml knows its references by its path.
    fn local(&self, name: &str, path: &str, text: &str) -> Result<Side, Error> {
        let assignment = self.project.assignment_to(path.as_ref(), String::new());
        let resolver = Resolver::with_fallback(self.project, &[], self.connection, None);
        let file = SchemaFile::new(path, text.to_owned());
        let resolution = block_on(resolver.resolve(&file, Strictness::Lenient, &assignment))?;
        let references = resolution.references;
        let resolved = resolution.resolved;
        let resolved = resolved.map_err(|broken| Error::Input(format!("{name}: {}", broken.sentence())))?;
        Ok(Side { name: name.to_owned(), schema: resolved.schema, references })
    }

    /// Something that the registry holds.
    fn held(
        &self,
        name: String,
        ask: impl AsyncFnOnce(&Remote) -> Result<(String, Vec<avow_client::rest::Reference>), Error>,
    ) -> Result<Side, Error> {
        let url = self.connection.known_url(self.project)?;
        let remote = Remote::new(self.connection.open(&url)?, &url);
        block_on(async {
            let (text, references) = ask(&remote).await?;
            let references: Vec<Reference> = references
                .into_iter()
                .map(|it| Reference { name: it.name, subject: it.subject, version: it.version })
                .collect();
            let mut documents = Documents::default();
            remote.gather(&references, &mut documents).await?;
            let resolved = documents.resolve(&text, Strictness::Lenient);
            let resolved = resolved.map_err(|broken| Error::Input(format!("{name}: {}", broken.sentence())))?;
            Ok(Side { name, schema: resolved.schema, references })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_compared() {
        let version = |subject: &str, version| Operand::Version { subject: subject.to_owned(), version };
        for (text, expected) in [
            ("a.avsc", Some(Operand::File("a.avsc".to_owned()))),
            ("orders-value", Some(version("orders-value", None))),
            ("-", Some(Operand::File("-".to_owned()))),
            ("id:7", Some(Operand::Id(7))),
            ("7", Some(Operand::Id(7))),
            ("orders@3", Some(version("orders", Some(3)))),
            ("a@b@latest", Some(version("a@b", None))),
            ("git:main:a/b.avsc", Some(Operand::Git { reference: "main".to_owned(), path: "a/b.avsc".to_owned() })),
            ("id:x", None),
            ("orders@x", None),
            ("git:main", None),
        ] {
            assert_eq!(Operand::parse(text).ok(), expected, "{text}");
        }
    }
}
