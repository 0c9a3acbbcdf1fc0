//! Histories that need no registry: from Git, from a folder, from a file, from the lock file.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use avow_avro::Strictness;

use super::candidate::Candidate;
use super::evaluate::{History, Past};
use crate::Error;
use crate::git::{self, Hashes, Repository};
use crate::project::{Broken, Documents, LOCK, Lock, LockedVersion, Project, Resolved, Resolver};
use crate::report::Version;
use crate::source::{SchemaFile, slashed};
use avow_domain::{Level, Reference};

/// How far back to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// The level to check by, overriding every other.
    pub(super) level: Option<Level>,
    /// So many versions, whatever the level asks for.
    pub(super) versions: Option<usize>,
    /// So many versions at the most, of those that the level asks for.
    pub(super) history: Option<usize>,
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

/// The histories of candidates, in their order; none where a subject is new.
pub(super) type Histories = Vec<Option<History>>;

/// An old text that is not a schema was never a version.
fn past(version: Version, text: String, resolved: Result<Resolved, Broken>) -> Option<Past> {
    Some(Past { version, text, schema: resolved.ok()?.schema })
}

/// Old versions by path or, for files that moved, by subject.
struct Tree<'p> {
    project: &'p Project,
    by_path: HashMap<String, String>,
}

impl Tree<'_> {
    /// The path and text of what belonged to the subject of a candidate.
    fn find(&self, candidate: &Candidate, path: &str) -> Option<(&str, &str)> {
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

    fn documents(&self) -> Documents {
        let mut documents = Documents::default();
        let mut texts: Vec<_> = self.by_path.iter().collect();
        texts.sort();
        for (path, text) in texts {
            documents.add(&SchemaFile::new(path, text.clone()));
        }
        documents
    }
}

/// What a file was after some commit.
struct Ancestor {
    /// What people call it.
    name: String,
    commit: String,
    text: String,
}

/// What a repository holds of a project.
pub(super) struct GitHistory<'p> {
    project: &'p Project,
    repository: Repository,
    reference: String,
    base: String,
    /// Where the project is within the repository, with a slash behind it.
    prefix: String,
    documents: RefCell<HashMap<String, Rc<Documents>>>,
    /// What Git is asked about the files to be checked.
    hashes: Vec<Hashes>,
}

impl<'p> GitHistory<'p> {
    /// Asks what these files were at a commit.
    pub(super) fn begin(project: &'p Project, reference: &str, files: &[Rc<SchemaFile>]) -> Result<Self, Error> {
        let repository = Repository::around(&project.root)?;
        let base = repository.merge_base(reference)?;
        let prefix = match repository.path(&project.root)?.as_str() {
            "" | "." => String::new(),
            folder => format!("{folder}/"),
        };
        let paths: Vec<String> = files.iter().map(|file| repository.path(&file.path)).collect::<Result<_, _>>()?;
        let hashes = ask_for(&repository, &base, &paths)?;
        let documents = RefCell::default();
        Ok(Self { project, repository, reference: reference.to_owned(), base, prefix, documents, hashes })
    }

    pub(super) fn histories(mut self, candidates: &[Candidate], scope: Scope) -> Result<Histories, Error> {
        let paths: Vec<String> =
            candidates.iter().map(|it| self.repository.path(&it.file.path)).collect::<Result<_, _>>()?;
        let mut found: Vec<Option<(String, String)>> = self.as_they_were(candidates, &paths)?;
        if found.iter().any(Option::is_none) {
            let tree = Tree { project: self.project, by_path: self.tree()? };
            for (candidate, (found, path)) in candidates.iter().zip(found.iter_mut().zip(&paths)) {
                if found.is_none() {
                    let relative = path.strip_prefix(&self.prefix).unwrap_or(path);
                    *found = tree
                        .find(candidate, relative)
                        .map(|(path, text)| (format!("{}{path}", self.prefix), text.to_owned()));
                }
            }
        }
        let level = |candidate: &Candidate| scope.level(candidate.assignment.level);
        let older = candidates.iter().zip(&found).filter(|(candidate, _)| scope.depth(level(candidate)) > 1);
        let older: Vec<String> = older.filter_map(|(_, found)| Some(found.as_ref()?.0.clone())).collect();
        let mut ancestors = self.ancestors(&older)?;
        let mut histories = Vec::new();
        for (candidate, found) in candidates.iter().zip(found) {
            let Some((path, text)) = found else {
                histories.push(None);
                continue;
            };
            let mut texts = ancestors.remove(&path).unwrap_or_default();
            if texts.is_empty() {
                texts.push(Ancestor { name: self.reference.clone(), commit: self.base.clone(), text });
            }
            let mut versions: Vec<Past> = Vec::new();
            for Ancestor { name, commit, text } in texts {
                if versions.len() == scope.depth(level(candidate)) {
                    break;
                }
                if versions.last().is_some_and(|newer| newer.text == text) {
                    continue;
                }
                versions.extend(match candidate.alone(&text) {
                    Some(schema) => Some(Past { version: Version::Name(name), schema: schema.clone(), text }),
                    None => self.past(name, &commit, text)?,
                });
            }
            histories.push(Some(History { level: level(candidate), versions, noun: "revision" }));
        }
        Ok(histories)
    }

    /// The paths with the texts they had; a file that is what it was is not asked for.
    fn as_they_were(
        &mut self,
        candidates: &[Candidate],
        paths: &[String],
    ) -> Result<Vec<Option<(String, String)>>, Error> {
        let mut hashes = HashMap::new();
        for asked in self.hashes.drain(..) {
            hashes.extend(asked.wait()?);
        }
        let mut found: Vec<Option<(String, String)>> = Vec::with_capacity(paths.len());
        let mut asked = Vec::new();
        for (candidate, path) in candidates.iter().zip(paths) {
            let Some(hash) = hashes.get(path) else {
                found.push(None);
                continue;
            };
            if git::hash(&candidate.file.text, hash) != *hash {
                asked.push((found.len(), hash.clone()));
            }
            found.push(Some((path.clone(), candidate.file.text.clone())));
        }
        let names: Vec<String> = asked.iter().map(|(_, hash)| hash.clone()).collect();
        for ((at, _), text) in asked.into_iter().zip(self.repository.texts(&names)?) {
            found[at] = text.map(|text| (paths[at].clone(), text));
        }
        Ok(found)
    }

    fn past(&self, name: String, commit: &str, text: String) -> Result<Option<Past>, Error> {
        let mut resolved = Documents::default().resolve(&text, Strictness::Lenient);
        if matches!(resolved, Err(Broken::Invalid(avow_avro::ParseError::Undefined(_)))) {
            resolved = self.documents(commit)?.resolve(&text, Strictness::Lenient);
        }
        Ok(past(Version::Name(name), text, resolved))
    }

    /// What each path was, newest first.
    fn ancestors(&self, paths: &[String]) -> Result<HashMap<String, Vec<Ancestor>>, Error> {
        if paths.is_empty() {
            return Ok(HashMap::new());
        }
        if self.repository.is_shallow() {
            return Err(Error::Git {
                message: "this clone is shallow, and a transitive level asks for every earlier version".to_owned(),
                hint: Some("run: git fetch --unshallow".to_owned()),
            });
        }
        let ancestry = git::ancestry(&self.repository.history(&self.base)?, paths);
        let blobs: Vec<String> = ancestry.values().flatten().map(|(_, blob)| blob.clone()).collect();
        let texts = self.repository.texts(&blobs)?;
        let texts: HashMap<String, String> =
            blobs.into_iter().zip(texts).filter_map(|(blob, text)| Some((blob, text?))).collect();
        let to_ancestor = |(commit, blob): (String, String)| {
            let short = commit.chars().take(SHORT).collect();
            Some(Ancestor { name: short, text: texts.get(&blob)?.clone(), commit })
        };
        Ok(ancestry
            .into_iter()
            .map(|(path, list)| (path, list.into_iter().filter_map(to_ancestor).collect()))
            .collect())
    }

    /// The schema files of the base, by their paths from the project on.
    fn tree(&self) -> Result<HashMap<String, String>, Error> {
        self.files_of(&self.base)
    }

    fn files_of(&self, commit: &str) -> Result<HashMap<String, String>, Error> {
        let paths: Vec<String> =
            self.repository.files(commit)?.into_iter().filter(|path| path.starts_with(&self.prefix)).collect();
        let names: Vec<String> = paths.iter().map(|path| format!("{commit}:{path}")).collect();
        let texts = self.repository.texts(&names)?;
        let relative = |path: String| path[self.prefix.len()..].to_owned();
        Ok(paths.into_iter().zip(texts).filter_map(|(path, text)| Some((relative(path), text?))).collect())
    }

    /// What the files of a commit define.
    fn documents(&self, commit: &str) -> Result<Rc<Documents>, Error> {
        if let Some(documents) = self.documents.borrow().get(commit) {
            return Ok(Rc::clone(documents));
        }
        let tree = Tree { project: self.project, by_path: self.files_of(commit)? };
        let documents = Rc::new(tree.documents());
        self.documents.borrow_mut().insert(commit.to_owned(), Rc::clone(&documents));
        Ok(documents)
    }
}

const FOLDERS_AT_ONCE: usize = 200;

/// Asks for the hashes of all files in the folders that these are in.
fn ask_for(repository: &Repository, commit: &str, paths: &[String]) -> Result<Vec<Hashes>, Error> {
    let folder = |path: &String| path.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
    let folders: BTreeSet<String> = paths.iter().filter_map(folder).collect();
    // A command line holds only so much.
    let mut asked = Vec::new();
    for folders in Vec::from_iter(folders).chunks(FOLDERS_AT_ONCE) {
        asked.push(repository.hashes(commit, folders)?);
    }
    if paths.iter().any(|path| folder(path).is_none()) {
        asked.push(repository.hashes(commit, &[])?);
    }
    Ok(asked)
}

/// Digits of a commit that people are shown.
const SHORT: usize = 10;

/// The histories that the files of a folder are.
pub(super) fn folder(
    project: &Project,
    folder: &Path,
    candidates: &[Candidate],
    scope: Scope,
) -> Result<Histories, Error> {
    if !folder.is_dir() {
        return Err(Error::Input(format!("`{}` is not a folder", folder.display())));
    }
    let mut by_path = HashMap::new();
    for path in crate::project::walk(folder)? {
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        by_path.insert(slashed(inside), SchemaFile::read(&path)?.text);
    }
    let tree = Tree { project, by_path };
    let documents = tree.documents();
    let history = |candidate: &Candidate| {
        let (path, text) = tree.find(candidate, &project.relative(&candidate.file.path))?;
        let name = slashed(&folder.join(path));
        let resolved = documents.resolve(text, Strictness::Lenient);
        let versions = past(Version::Name(name), text.to_owned(), resolved).into_iter().collect();
        Some(History { level: scope.level(candidate.assignment.level), versions, noun: "file" })
    };
    Ok(candidates.iter().map(history).collect())
}

/// The history that one file is, for the only candidate.
pub(super) fn file(
    resolver: &Resolver<'_>,
    path: &Path,
    candidates: &[Candidate],
    scope: Scope,
) -> Result<Histories, Error> {
    let [candidate] = candidates else {
        return Err(Error::Usage("--against file:PATH compares one schema; name one file".to_owned()));
    };
    let old = SchemaFile::read(path)?;
    let resolved = resolver.resolve(&old.text, Strictness::Lenient)?;
    let schema = resolved.map_err(|broken| Error::Input(format!("`{}`: {}", path.display(), broken.sentence())))?;
    let past = Past { version: Version::Name(slashed(path)), text: old.text, schema: schema.schema };
    let level = scope.level(candidate.assignment.level);
    Ok(vec![Some(History { level, versions: vec![past], noun: "file" })])
}

/// The histories that the lock file tells.
pub(super) fn lock(project: &Project, candidates: &[Candidate], scope: Scope) -> Result<Histories, Error> {
    let path: PathBuf = project.path(LOCK.as_ref());
    if !path.is_file() {
        let message = format!("there is no `{}`; write it with `avow lock`", path.display());
        return Err(Error::Input(message));
    }
    let lock = Lock::read(&path)?;
    let mut histories = Vec::new();
    for candidate in candidates {
        let Some(subject) = lock.subjects.get(&candidate.assignment.subject) else {
            histories.push(None);
            continue;
        };
        let level = scope.level(Some(subject.level));
        let mut versions = Vec::new();
        for version in subject.versions.iter().rev().take(scope.depth(level)) {
            let mut documents = Documents::default();
            gather(&lock, &version.references, &mut documents, 0);
            let resolved = documents.resolve(&version.schema, Strictness::Lenient);
            versions.extend(past(Version::Number(version.version), version.schema.clone(), resolved));
        }
        histories.push(Some(History { level, versions, noun: "version" }));
    }
    Ok(histories)
}

/// References below one another that are followed.
const MOST_DEPTH: usize = 100;

fn gather(lock: &Lock, references: &[Reference], documents: &mut Documents, depth: usize) {
    for reference in references.iter().filter(|_| depth < MOST_DEPTH) {
        if let Some(LockedVersion { schema, references, .. }) = lock.find(reference) {
            documents.list(schema);
            gather(lock, references, documents, depth + 1);
        }
    }
}
