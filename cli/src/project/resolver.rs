//! Schemas resolved as registering them would: references first, then the files of the project, then what the lock file
//! or the registry knows under the name of a type.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use avow_avro::{ParseError, Strictness};

use super::{Assignment, Broken, Documents, LOCK, Lock, Project, Resolved};
use crate::Error;
use crate::connection::Connection;
use crate::remote::Remote;
use crate::source::SchemaFile;
use avow_domain::Reference;

/// Documents one schema may draw in, one after another.
const MOST_DOCUMENTS: usize = 1_000;

/// Resolves the schemas of a project. Files, lock file and registry are read when they are first needed.
pub(crate) struct Resolver<'p> {
    project: &'p Project,
    /// The files at hand; their definitions come before those of other files.
    files: Vec<Rc<SchemaFile>>,
    documents: OnceCell<Sources>,
    lock: OnceCell<Option<Lock>>,
    registry: Registry<'p>,
    opened: OnceCell<Option<Remote>>,
}

/// The registry a resolver may ask.
enum Registry<'p> {
    /// The configured one, once neither files nor lock file know a type.
    Fallback(&'p Connection, Option<&'p str>),
    /// This one, before the lock file: the command is about it, and fails without it.
    Required(&'p Remote),
}

/// The files of the project.
struct Sources {
    documents: Documents,
    /// By subject, with the references that avow.toml lists for them.
    subjects: HashMap<String, (Rc<SchemaFile>, Vec<Reference>)>,
}

/// A text, resolved or not.
#[derive(Debug)]
pub(crate) struct Resolution {
    pub(crate) resolved: Result<Resolved, Broken>,
    /// What a registration would list, as far as the registry knows it.
    pub(crate) references: Vec<Reference>,
    /// The documents of those references.
    pub(crate) registered: Documents,
    /// Everything that was loaded beside the files of the project.
    pub(crate) listed: Documents,
}

/// Where a reference leads.
enum Loaded {
    Registered(Documents),
    File(Documents, Vec<Reference>),
    Missing(String),
}

impl<'p> Resolver<'p> {
    /// A resolver that asks the configured registry for what the project does not know.
    pub(crate) fn with_fallback(
        project: &'p Project,
        files: &[Rc<SchemaFile>],
        connection: &'p Connection,
        context: Option<&'p str>,
    ) -> Self {
        Self::new(project, files, Registry::Fallback(connection, context))
    }

    /// A resolver for a command about one registry.
    pub(crate) fn at(project: &'p Project, files: &[Rc<SchemaFile>], remote: &'p Remote) -> Self {
        Self::new(project, files, Registry::Required(remote))
    }

    fn new(project: &'p Project, files: &[Rc<SchemaFile>], registry: Registry<'p>) -> Self {
        let (documents, lock, opened) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { project, files: files.to_vec(), documents, lock, registry, opened }
    }

    fn sources(&self) -> Result<&Sources, Error> {
        if let Some(sources) = self.documents.get() {
            return Ok(sources);
        }
        let mut sources = Sources { documents: Documents::default(), subjects: HashMap::new() };
        let mut add = |file: &Rc<SchemaFile>| {
            for (at, (assignment, _)) in self.project.assignments(file).into_iter().enumerate() {
                let references = assignment.references;
                if at == 0 {
                    sources.documents.add(file, &references);
                }
                sources.subjects.entry(assignment.subject).or_insert_with(|| (Rc::clone(file), references));
            }
        };
        self.files.iter().for_each(&mut add);
        // What the project lists comes before other files in its folders.
        for path in self.project.files(&[])?.into_iter().chain(self.project.all_files()?) {
            // A file that cannot be read defines nothing; it is reported where it is checked.
            if let Ok(file) = SchemaFile::read(&path) {
                add(&Rc::new(file));
            }
        }
        Ok(self.documents.get_or_init(|| sources))
    }

    fn lock(&self) -> Result<Option<&Lock>, Error> {
        if let Some(lock) = self.lock.get() {
            return Ok(lock.as_ref());
        }
        let path = self.project.path(LOCK.as_ref());
        let lock = if path.is_file() { Some(Lock::read(&path)?) } else { None };
        Ok(self.lock.get_or_init(|| lock).as_ref())
    }

    fn remote(&self) -> Result<Option<&Remote>, Error> {
        match &self.registry {
            Registry::Required(remote) => Ok(Some(remote)),
            Registry::Fallback(connection, context) => {
                if let Some(opened) = self.opened.get() {
                    return Ok(opened.as_ref());
                }
                let opened = match connection.url(self.project)? {
                    Some(url) => Some(connection.remote(&url, *context)?),
                    None => None,
                };
                Ok(self.opened.get_or_init(|| opened).as_ref())
            }
        }
    }

    /// Resolves the text of a file with what avow.toml says about it.
    pub(crate) async fn resolve(
        &self,
        file: &SchemaFile,
        strictness: Strictness,
        assignment: &Assignment,
    ) -> Result<Resolution, Error> {
        let text = file.text.as_str();
        let unreadable = file.fault.clone().unwrap_or_default();
        let mut resolution = Resolution {
            resolved: Err(Broken::Unreadable(unreadable)),
            references: Vec::new(),
            registered: Documents::default(),
            listed: Documents::default(),
        };
        if file.fault.is_some() {
            return Ok(resolution);
        }
        let mut known: Vec<Reference> = Vec::new();
        let mut open: Vec<Reference> = assignment.references.clone();
        for _ in 0..MOST_DOCUMENTS {
            for reference in std::mem::take(&mut open) {
                if known.contains(&reference) {
                    continue;
                }
                known.push(reference.clone());
                match self.load(&reference).await? {
                    Loaded::Registered(documents) => {
                        resolution.registered = resolution.registered.with(&documents);
                        resolution.listed = resolution.listed.with(&documents);
                        resolution.references.push(reference);
                    }
                    Loaded::File(documents, references) => {
                        resolution.listed = resolution.listed.with(&documents);
                        open.extend(references);
                    }
                    Loaded::Missing(reason) => {
                        let name = format!("{} ({}@{})", reference.name, reference.subject, number(reference.version));
                        resolution.resolved = Err(Broken::Reference { name, reason });
                        return Ok(resolution);
                    }
                }
            }
            resolution.resolved = resolution.listed.resolve(text, strictness);
            if matches!(resolution.resolved, Err(Broken::Invalid(ParseError::Undefined(_)))) {
                let all = resolution.listed.clone().with(&self.sources()?.documents);
                open.extend(all.references_of(text).into_iter().filter(|it| !known.contains(it)));
                if !open.is_empty() {
                    continue;
                }
                resolution.resolved = all.resolve(text, strictness);
            }
            let Err(Broken::Invalid(ParseError::Undefined(name))) = &resolution.resolved else { break };
            let name = name.clone();
            match self.guess(&name).await? {
                Ok(reference) if !known.contains(&reference) => open.push(reference),
                Ok(_) => break,
                Err(searched) => {
                    resolution.resolved = Err(Broken::Undefined { name, searched });
                    break;
                }
            }
        }
        Ok(resolution)
    }

    /// Resolves a text again with what was loaded before.
    pub(crate) fn resolve_with(
        &self,
        text: &str,
        strictness: Strictness,
        listed: &Documents,
    ) -> Result<Result<Resolved, Broken>, Error> {
        match listed.resolve(text, strictness) {
            Err(Broken::Invalid(ParseError::Undefined(_))) => {
                Ok(listed.clone().with(&self.sources()?.documents).resolve(text, strictness))
            }
            settled => Ok(settled),
        }
    }

    /// Loads what a reference means: the file of the project for the latest version of its subject, else the version.
    async fn load(&self, reference: &Reference) -> Result<Loaded, Error> {
        if reference.version == -1
            && let Some((file, references)) = self.sources()?.subjects.get(&reference.subject)
        {
            let mut documents = Documents::default();
            documents.list(&file.text);
            return Ok(Loaded::File(documents, references.clone()));
        }
        let mut documents = Documents::default();
        let is_required = matches!(self.registry, Registry::Required(_));
        let lock = self.lock()?.filter(|_| !is_required);
        if let Some(lock) = lock
            && lock.gather(reference, &mut documents)
        {
            return Ok(Loaded::Registered(documents));
        }
        let Some(remote) = self.remote()? else {
            return Ok(Loaded::Missing(
                "it is not in `avow.lock`, and no registry is configured; run `avow lock`, or give --registry"
                    .to_owned(),
            ));
        };
        let found = match remote.referenced(&reference.subject, reference.version).await {
            Err(error) if !is_required => return Ok(Loaded::Missing(error.to_string())),
            found => found?,
        };
        if found.is_none() {
            let reason = format!("the registry at {} does not have it", remote.url());
            return Ok(Loaded::Missing(reason));
        }
        remote.gather(std::slice::from_ref(reference), &mut documents).await?;
        Ok(Loaded::Registered(documents))
    }

    /// The latest version of a subject called like a type; else where the name was looked for.
    async fn guess(&self, name: &str) -> Result<Result<Reference, String>, Error> {
        let reference = |version| Reference { name: name.to_owned(), subject: name.to_owned(), version };
        let is_required = matches!(self.registry, Registry::Required(_));
        let lock = self.lock()?.filter(|_| !is_required);
        if let Some(found) = lock.and_then(|lock| lock.find(&reference(-1))) {
            return Ok(Ok(reference(found.version)));
        }
        let here = match lock {
            Some(_) => "Neither this file, nor the files of the project, nor `avow.lock`",
            None => "Neither this file, nor the files of the project",
        };
        let Some(remote) = self.remote()? else {
            return Ok(Err(format!("{here} define a type of that name, and no registry is configured.")));
        };
        match remote.referenced(name, -1).await {
            Ok(Some(found)) => Ok(Ok(reference(found.version))),
            Ok(None) => Ok(Err(format!("{here}, nor the registry define a type of that name."))),
            Err(error) if !is_required => {
                Ok(Err(format!("{here} define a type of that name, and the registry could not be asked: {error}.")))
            }
            Err(error) => Err(error),
        }
    }
}

fn number(version: i32) -> String {
    if version == -1 { "latest".to_owned() } else { version.to_string() }
}
