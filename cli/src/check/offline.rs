//! Histories that need no registry: from Git, from a folder, from a file, from the lock file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use avow_avro::{ParseError, Strictness};

use super::against::Against;
use super::candidate::Candidate;
use super::evaluate::{History, Past};
use super::git_history::GitHistory;
use crate::Error;
use crate::project::{Broken, Documents, LOCK, Lock, Project, Resolved, Resolver};
use crate::report::{Severity, Version};
use crate::source::{SchemaFile, slashed};
use avow_domain::Level;

/// How far back to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// The level to check by, overriding every other.
    pub(super) level: Option<Level>,
    /// So many versions, whatever the level asks for.
    pub(super) versions: Option<usize>,
    /// So many versions at the most, of those that the level asks for.
    pub(super) history: Option<usize>,
    /// How much it matters that readers take a value for another.
    pub(super) meaning: Option<Severity>,
}

impl Scope {
    /// The level that holds, where `own` is what else is known.
    pub(super) fn level(self, own: Option<Level>) -> Level {
        self.level.or(own).unwrap_or_default()
    }

    /// Whether somebody asks for more than the subject does; then versions that are the same are looked at, too.
    pub(super) fn is_overridden(self) -> bool {
        self.versions.is_some() || self.level.is_some()
    }

    /// How many versions are looked at, the newest first.
    pub(super) fn depth(self, level: Level) -> usize {
        let asked = if level.is_transitive() { self.history.unwrap_or(usize::MAX) } else { 1 };
        self.versions.unwrap_or(asked)
    }
}

/// What a candidate is compared with.
#[derive(Debug)]
pub(super) enum Prior {
    /// Nothing: the subject is new.
    New,
    History(History),
    /// There is an earlier version, and it cannot be compared with.
    Incomparable(String),
}

impl From<Option<History>> for Prior {
    fn from(history: Option<History>) -> Self {
        history.map_or(Self::New, Self::History)
    }
}

/// What the candidates are compared with, in their order.
pub(super) type Histories = Vec<Prior>;

/// An old text that is not a schema was never a version; one whose types are not known cannot be compared with.
pub(super) fn past(version: Version, text: String, resolved: Result<Resolved, Broken>) -> Result<Option<Past>, String> {
    match resolved {
        Ok(resolved) => Ok(Some(Past { version, text, schema: resolved.schema })),
        Err(Broken::Invalid(error)) if !matches!(error, ParseError::Undefined(_)) => Ok(None),
        Err(broken) => Err(format!("`{version}` cannot be compared with: {}", broken.sentence())),
    }
}

/// Where the earlier versions are.
pub(super) enum Source<'p> {
    Git(GitHistory<'p>),
    Folder(Folder<'p>),
    File(&'p Path),
    Lock(&'p Project),
}

impl<'p> Source<'p> {
    /// Begins to read them: Git works while the files are parsed.
    pub(super) fn begin(project: &'p Project, against: &'p Against, files: &[Rc<SchemaFile>]) -> Result<Self, Error> {
        Ok(match against {
            Against::Git(reference) => Self::Git(GitHistory::begin(project, reference, files)?),
            Against::Folder(path) => Self::Folder(Folder::read(project, path)?),
            Against::File(path) => Self::File(path),
            Against::Lock | Against::Registry => Self::Lock(project),
        })
    }

    pub(super) fn histories(
        &mut self,
        resolver: &Resolver<'_>,
        candidates: &[Candidate],
        scope: Scope,
    ) -> Result<Histories, Error> {
        match self {
            Self::Git(git) => git.histories(candidates, scope),
            Self::Folder(folder) => Ok(folder.histories(candidates, scope)),
            Self::File(path) => file(resolver, path, candidates, scope),
            Self::Lock(project) => lock(project, candidates, scope),
        }
    }

    /// Schemas that were there and whose files are gone, as far as the source knows of files.
    pub(super) fn deleted(&self, candidates: &[Candidate], paths: &[PathBuf]) -> Result<Vec<Deleted>, Error> {
        match self {
            Self::Git(git) => git.deleted(candidates, paths),
            Self::Folder(folder) if paths.is_empty() => Ok(folder.deleted(candidates)),
            Self::Folder(_) | Self::File(_) | Self::Lock(_) => Ok(Vec::new()),
        }
    }
}

/// The file of a schema that is not there any more.
pub(super) struct Deleted {
    pub(super) file: SchemaFile,
    pub(super) subject: String,
    /// Where it was.
    pub(super) origin: String,
}

/// Old versions by path or, for files that moved, by subject.
pub(super) struct Tree<'p> {
    pub(super) project: &'p Project,
    pub(super) by_path: HashMap<String, String>,
}

impl Tree<'_> {
    /// The path and text of what belonged to the subject of a candidate.
    pub(super) fn find(&self, candidate: &Candidate, path: &str) -> Option<(&str, &str)> {
        if let Some((path, text)) = self.by_path.get_key_value(path) {
            return Some((path, text));
        }
        let mut same: Vec<_> = self
            .by_path
            .iter()
            .filter(|(path, text)| {
                let assignment = self.project.assignment(&self.project.path(path.as_ref()), text);
                assignment.is_ok_and(|it| it.subject == candidate.assignment.subject)
            })
            .collect();
        same.sort();
        same.first().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(super) fn documents(&self) -> Documents {
        let mut documents = Documents::default();
        let mut texts: Vec<_> = self.by_path.iter().collect();
        texts.sort();
        for (path, text) in texts {
            documents.add(&SchemaFile::new(path, text.clone()), &[]);
        }
        documents
    }
}

/// The files of a folder that schemas are compared with.
pub(super) struct Folder<'p> {
    folder: &'p Path,
    tree: Tree<'p>,
    /// Files that cannot be read, and why.
    faults: HashMap<String, String>,
}

impl<'p> Folder<'p> {
    pub(super) fn read(project: &'p Project, folder: &'p Path) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::Input(format!("`{}` is not a folder", folder.display())));
        }
        let (mut by_path, mut faults) = (HashMap::new(), HashMap::new());
        for path in crate::project::walk(folder)? {
            let inside = slashed(path.strip_prefix(folder).unwrap_or(&path));
            let file = SchemaFile::read_or_fault(&path)?;
            match file.fault {
                Some(fault) => drop(faults.insert(inside, fault)),
                None => drop(by_path.insert(inside, file.text.clone())),
            }
        }
        Ok(Self { folder, tree: Tree { project, by_path }, faults })
    }

    pub(super) fn histories(&self, candidates: &[Candidate], scope: Scope) -> Histories {
        let documents = self.tree.documents();
        let prior = |candidate: &Candidate| {
            let relative = self.tree.project.relative(&candidate.file.path);
            if let Some(fault) = self.faults.get(&relative) {
                return Prior::Incomparable(fault.clone());
            }
            let Some((path, text)) = self.tree.find(candidate, &relative) else { return Prior::New };
            let name = slashed(&self.folder.join(path));
            let resolved = candidate.registered.clone().with(&documents).resolve(text, Strictness::Lenient);
            match past(Version::Name(name), text.to_owned(), resolved) {
                Ok(past) => {
                    let versions = past.into_iter().collect();
                    Prior::History(History { level: scope.level(candidate.assignment.level), versions, noun: "file" })
                }
                Err(reason) => Prior::Incomparable(reason),
            }
        };
        candidates.iter().map(prior).collect()
    }

    /// Files of the folder whose subjects no file of the project has.
    pub(super) fn deleted(&self, candidates: &[Candidate]) -> Vec<Deleted> {
        let project = self.tree.project;
        let gone = self.tree.by_path.iter().filter(|(path, _)| !project.path(path.as_ref()).exists());
        let gone = gone.map(|(path, text)| (path.clone(), text.clone()));
        deleted(project, gone, candidates, &slashed(self.folder))
    }
}

/// Those of some files that belonged to subjects that no candidate has.
pub(super) fn deleted(
    project: &Project,
    files: impl Iterator<Item = (String, String)>,
    candidates: &[Candidate],
    origin: &str,
) -> Vec<Deleted> {
    let known: HashSet<&str> = candidates.iter().map(|it| it.assignment.subject.as_str()).collect();
    let mut found: Vec<Deleted> = files
        .filter_map(|(path, text)| {
            let path = project.path(path.as_ref());
            let subject = project.assignment(&path, &text).ok().filter(|_| project.lists(&path))?.subject;
            let is_gone = !known.contains(subject.as_str());
            let file = SchemaFile::new(project.shown(path.as_ref()), text);
            is_gone.then(|| Deleted { file, subject, origin: origin.to_owned() })
        })
        .collect();
    found.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    found
}

/// The history that one file is, for the only candidate.
fn file(resolver: &Resolver<'_>, path: &Path, candidates: &[Candidate], scope: Scope) -> Result<Histories, Error> {
    let [candidate] = candidates else {
        return Err(Error::Usage("--against file:PATH compares one schema; name one file".to_owned()));
    };
    let old = SchemaFile::read(path)?;
    let resolved = resolver.resolve_with(&old.text, Strictness::Lenient, &candidate.listed)?;
    let schema = resolved.map_err(|broken| Error::Input(format!("`{}`: {}", path.display(), broken.sentence())))?;
    let past = Past { version: Version::Name(slashed(path)), text: old.text.clone(), schema: schema.schema };
    let level = scope.level(candidate.assignment.level);
    Ok(vec![Prior::History(History { level, versions: vec![past], noun: "file" })])
}

/// The histories of the lock file.
fn lock(project: &Project, candidates: &[Candidate], scope: Scope) -> Result<Histories, Error> {
    let path: PathBuf = project.path(LOCK.as_ref());
    if !path.is_file() {
        let message = format!("there is no `{}`; write it with `avow lock`", path.display());
        return Err(Error::Input(message));
    }
    let lock = Lock::read(&path)?;
    let mut histories = Vec::new();
    for candidate in candidates {
        let Some(subject) = lock.subjects.get(&candidate.assignment.subject) else {
            histories.push(Prior::New);
            continue;
        };
        let level = scope.level(Some(subject.level));
        let mut versions = Vec::new();
        let mut fault = None;
        for version in subject.versions.iter().rev().take(scope.depth(level)) {
            let mut documents = Documents::default();
            for reference in &version.references {
                lock.gather(reference, &mut documents);
            }
            let resolved = documents.resolve(&version.schema, Strictness::Lenient);
            match past(Version::Number(version.version), version.schema.clone(), resolved) {
                Ok(past) => versions.extend(past),
                Err(reason) => fault = fault.or(Some(reason)),
            }
        }
        histories.push(match fault {
            Some(reason) => Prior::Incomparable(reason),
            None => Prior::History(History { level, versions, noun: "version" }),
        });
    }
    Ok(histories)
}
