//! Histories from the commits of a Git repository.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use avow_avro::{ParseError, Strictness};

use super::candidate::Candidate;
use super::evaluate::{History, Past};
use super::offline::{Deleted, Histories, Prior, Scope, Tree, deleted, past};
use crate::Error;
use crate::git::{self, Blob, Entry, EntryKind, Flag, Hashes, Repository};
use crate::project::{Broken, Documents, Project};
use crate::report::Version;
use crate::source::SchemaFile;

/// What a file was after some commit.
struct Ancestor {
    /// What people call it.
    name: String,
    commit: String,
    blob: Blob,
}

/// What a file was at the base.
enum Base {
    Missing,
    Text { path: String, text: String },
    Incomparable(String),
}

impl Base {
    fn of(path: String, blob: Blob) -> Self {
        match blob {
            Blob::Text(text) => Self::Text { path, text },
            Blob::Other(reason) => Self::Incomparable(format!("what it was cannot be compared with: {reason}")),
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Text { path, .. } => Some(path),
            Self::Missing | Self::Incomparable(_) => None,
        }
    }
}

/// The history of a project in its repository.
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
        let base = repository.merge_base(reference, Flag::Against)?;
        let prefix = match repository.path(&project.root)?.as_str() {
            "" | "." => String::new(),
            folder => format!("{folder}/"),
        };
        let paths: Vec<String> = files.iter().map(|file| repository.path(&file.path)).collect::<Result<_, _>>()?;
        let hashes = ask_for(&repository, &base, &paths)?;
        let documents = RefCell::default();
        Ok(Self { project, repository, reference: reference.to_owned(), base, prefix, documents, hashes })
    }

    pub(super) fn histories(&mut self, candidates: &[Candidate], scope: Scope) -> Result<Histories, Error> {
        let mut bases = self.bases(candidates)?;
        if bases.iter().any(|base| matches!(base, Base::Missing)) {
            let tree = Tree { project: self.project, by_path: self.tree()? };
            for (candidate, base) in candidates.iter().zip(&mut bases) {
                let path = self.repository.path(&candidate.file.path)?;
                let relative = path.strip_prefix(&self.prefix).unwrap_or(&path);
                if let (Base::Missing, Some((path, text))) = (&*base, tree.find(candidate, relative)) {
                    *base = Base::Text { path: format!("{}{path}", self.prefix), text: text.to_owned() };
                }
            }
        }
        let level = |candidate: &Candidate| scope.level(candidate.assignment.level);
        let older = candidates.iter().zip(&bases).filter(|(candidate, _)| scope.depth(level(candidate)) > 1);
        let older: Vec<String> = older.filter_map(|(_, base)| base.path().map(str::to_owned)).collect();
        let mut ancestors = self.ancestors(&older)?;
        let mut histories = Vec::new();
        for (candidate, base) in candidates.iter().zip(bases) {
            histories.push(match base {
                Base::Missing => Prior::New,
                Base::Incomparable(reason) => Prior::Incomparable(reason),
                Base::Text { path, text } => {
                    let mut revisions = ancestors.remove(&path).unwrap_or_default();
                    if revisions.is_empty() {
                        revisions.push(Ancestor {
                            name: self.reference.clone(),
                            commit: self.base.clone(),
                            blob: Blob::Text(text),
                        });
                    }
                    let level = level(candidate);
                    match self.versions(candidate, revisions, scope.depth(level))? {
                        Ok(versions) => Prior::History(History { level, versions, noun: "revision" }),
                        Err(reason) => Prior::Incomparable(reason),
                    }
                }
            });
        }
        Ok(histories)
    }

    /// So many revisions that differ, newest first; or why one cannot be compared with.
    fn versions(
        &self,
        candidate: &Candidate,
        revisions: Vec<Ancestor>,
        depth: usize,
    ) -> Result<Result<Vec<Past>, String>, Error> {
        let mut versions: Vec<Past> = Vec::new();
        for Ancestor { name, commit, blob } in revisions {
            if versions.len() == depth {
                break;
            }
            let text = match blob {
                Blob::Text(text) => text,
                Blob::Other(reason) => return Ok(Err(format!("`{name}` cannot be compared with: {reason}"))),
            };
            if versions.last().is_some_and(|newer| newer.text == text) {
                continue;
            }
            let found = match candidate.alone(&text) {
                Some(schema) => Ok(Some(Past { version: Version::Name(name), schema: schema.clone(), text })),
                None => self.past(candidate, name, &commit, text)?,
            };
            match found {
                Ok(found) => versions.extend(found),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(versions))
    }

    /// What the files were; the text of one that is what it was is not asked for.
    fn bases(&mut self, candidates: &[Candidate]) -> Result<Vec<Base>, Error> {
        let mut entries = HashMap::new();
        for asked in self.hashes.drain(..) {
            entries.extend(asked.wait()?);
        }
        let mut bases = Vec::with_capacity(candidates.len());
        // Objects to read, with the candidates that they are the bases of.
        let (mut asked, mut names) = (Vec::new(), Vec::new());
        for (at, candidate) in candidates.iter().enumerate() {
            let path = self.repository.path(&candidate.file.path)?;
            let text = candidate.file.text.clone();
            bases.push(match entries.get(&path) {
                Some(Entry { kind: EntryKind::File, hash }) if git::hash(&text, hash) == *hash => {
                    Base::Text { path, text }
                }
                Some(Entry { hash, kind }) => {
                    asked.push((at, path, *kind));
                    names.push(hash.clone());
                    Base::Missing
                }
                None => {
                    if let Some(folder) = self.repository.submodule_of(&path) {
                        Base::Incomparable(format!(
                            "it is in the submodule `{folder}`, which has a history of its own; run `avow check` in there"
                        ))
                    } else {
                        if let Some(real) = self.repository.behind_links(&path) {
                            names.push(format!("{}:{real}", self.base));
                            asked.push((at, real, EntryKind::File));
                        }
                        Base::Missing
                    }
                }
            });
        }
        let mut links = Vec::new();
        for ((at, path, kind), blob) in asked.into_iter().zip(self.repository.texts(&names)?) {
            bases[at] = match (kind, blob) {
                (_, None) => Base::Missing,
                (EntryKind::Link, Some(Blob::Text(target))) => {
                    links.push((at, target.clone(), git::target_of(&path, &target)));
                    Base::Missing
                }
                (_, Some(blob)) => Base::of(path, blob),
            };
        }
        let targets: Vec<String> =
            links.iter().map(|(_, _, path)| format!("{}:{}", self.base, path.as_deref().unwrap_or_default())).collect();
        for ((at, target, path), blob) in links.into_iter().zip(self.repository.texts(&targets)?) {
            bases[at] = match path.zip(blob) {
                Some((path, blob)) => Base::of(path, blob),
                None => Base::Incomparable(format!("it was a symbolic link to `{target}`, which Git does not track")),
            };
        }
        Ok(bases)
    }

    /// Files of the project at the base, under `paths`, whose subjects no file has any more.
    pub(super) fn deleted(&self, candidates: &[Candidate], paths: &[PathBuf]) -> Result<Vec<Deleted>, Error> {
        let paths = paths.iter().map(|path| self.repository.path(path)).collect::<Result<Vec<_>, _>>()?;
        let is_meant = |path: &str| {
            paths.is_empty() || paths.iter().any(|folder| Path::new(path).starts_with(folder) || folder == ".")
        };
        let mut gone: Vec<String> = self.repository.files(&self.base)?;
        gone.retain(|path| path.starts_with(&self.prefix) && is_meant(path) && !self.repository.has(path));
        let names: Vec<String> = gone.iter().map(|path| format!("{}:{path}", self.base)).collect();
        let texts = self.repository.texts(&names)?;
        let texts = gone.iter().zip(texts).filter_map(|(path, blob)| match blob? {
            Blob::Text(text) => Some((path[self.prefix.len()..].to_owned(), text)),
            Blob::Other(_) => None,
        });
        Ok(deleted(self.project, texts, candidates, &self.reference))
    }

    fn past(
        &self,
        candidate: &Candidate,
        name: String,
        commit: &str,
        text: String,
    ) -> Result<Result<Option<Past>, String>, Error> {
        let registered = &candidate.registered;
        let mut resolved = registered.resolve(&text, Strictness::Lenient);
        if matches!(resolved, Err(Broken::Invalid(ParseError::Undefined(_)))) {
            resolved = registered.clone().with(&*self.documents(commit)?).resolve(&text, Strictness::Lenient);
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
        let texts = blobs.into_iter().zip(texts).collect::<HashMap<_, _>>();
        let to_ancestor = |(commit, blob): (String, String)| {
            let short = commit.chars().take(SHORT).collect();
            Some(Ancestor { name: short, blob: texts.get(&blob)?.clone()?, commit })
        };
        Ok(ancestry
            .into_iter()
            .map(|(path, list)| (path, list.into_iter().filter_map(&to_ancestor).collect()))
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
        Ok(paths
            .into_iter()
            .zip(texts)
            .filter_map(|(path, blob)| match blob? {
                Blob::Text(text) => Some((relative(path), text)),
                Blob::Other(_) => None,
            })
            .collect())
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
