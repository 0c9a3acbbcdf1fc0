//! Earlier states of a repository, read through the `git` program: one process for many questions.

mod ancestry;
mod objects;

use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::Error;
use super::source::{absolute, slashed};
use ancestry::read_change;
pub(super) use ancestry::{Commit, ancestry};
use objects::read_object;
pub(super) use objects::{Blob, Entry, EntryKind, hash};

/// A repository, by the folder at its top.
#[derive(Debug)]
pub(super) struct Repository {
    top: PathBuf,
}

/// What a repository calls the default branch of where it came from.
pub(super) const DEFAULT_BRANCH: &str = "origin/HEAD";

/// The flag that a reference was given with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Against,
    Since,
    ChangedSince,
}

impl Flag {
    fn with(self, reference: &str) -> String {
        match self {
            Self::Against => format!("--against git:{reference}"),
            Self::Since => format!("--since {reference}"),
            Self::ChangedSince => format!("--changed-since {reference}"),
        }
    }
}

enum Kind {
    Branch,
    Tag,
}

/// The command that Git itself recommends for a repository of another user.
fn ownership(reason: &str) -> Option<String> {
    let command = reason.lines().find_map(|line| line.trim().strip_prefix("git config --global --add safe.directory"));
    command.map(|folder| format!("run: git config --global --add safe.directory{folder}"))
}

impl Repository {
    /// The repository around a folder.
    pub(super) fn around(folder: &Path) -> Result<Self, Error> {
        let absolute = absolute(folder)?;
        let top = absolute.ancestors().find(|folder| folder.join(".git").exists());
        let top = top.ok_or_else(|| Error::Git {
            message: format!("`{}` is in no Git repository", folder.display()),
            hint: Some("compare with a folder instead: --against dir:PATH".to_owned()),
        })?;
        Ok(Self { top: top.to_owned() })
    }

    /// The path of a file as the repository knows it.
    pub(super) fn path(&self, file: &Path) -> Result<String, Error> {
        let absolute = absolute(file)?;
        let outside = || Error::Input(format!("`{}` is not in the repository", file.display()));
        // A link into the repository is as good as the folder itself.
        let inside = absolute.strip_prefix(&self.top).map(Path::to_owned).or_else(|_| {
            let (real, top) = (absolute.canonicalize()?, self.top.canonicalize()?);
            real.strip_prefix(top).map(Path::to_owned).map_err(std::io::Error::other)
        });
        let path = slashed(&inside.map_err(|_| outside())?);
        if path.contains('\n') { Err(outside()) } else { Ok(path) }
    }

    /// The submodule that a path is in.
    pub(super) fn submodule_of(&self, path: &str) -> Option<String> {
        let mut folders = Path::new(path).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        folders.find(|folder| self.top.join(folder).join(".git").exists()).map(slashed)
    }

    /// The path of a file whose folder is reached through a symbolic link.
    pub(super) fn behind_links(&self, path: &str) -> Option<String> {
        let path = self.top.join(path);
        let folder = path.parent()?.canonicalize().ok()?;
        let top = self.top.canonicalize().ok()?;
        let real = folder.strip_prefix(&top).ok()?.join(path.file_name()?);
        (top.join(&real) != path).then(|| slashed(&real))
    }

    /// Whether there is such a file now.
    pub(super) fn has(&self, path: &str) -> bool {
        self.top.join(path).exists()
    }

    /// The commit that a reference and the current one have in common.
    ///
    /// Before the first commit there is nothing to have in common: then it is the empty tree.
    pub(super) fn merge_base(&self, reference: &str, flag: Flag) -> Result<String, Error> {
        if reference.starts_with('-') || reference.is_empty() {
            return Err(Error::Usage(format!("`{reference}` is not a Git reference")));
        }
        let output = self.run(&["merge-base", "HEAD", reference])?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if let Some(hint) = ownership(&reason) {
            return Err(Error::Git {
                message: format!("Git refuses to read the repository: {reason}"),
                hint: Some(hint),
            });
        }
        if !self.knows("HEAD")? {
            return Ok(self.ok(&["hash-object", "-t", "tree", "--stdin"])?.trim().to_owned());
        }
        let message = match reason.as_str() {
            "" => format!("HEAD and `{reference}` have no commit in common"),
            reason => format!("Git does not know `{reference}`: {}", reason.lines().next().unwrap_or_default()),
        };
        Err(Error::Git { message, hint: Some(self.advice(reference, flag)?) })
    }

    /// Whether a reference leads to a commit.
    fn knows(&self, reference: &str) -> Result<bool, Error> {
        let commit = format!("{reference}^{{commit}}");
        Ok(self.run(&["rev-parse", "--quiet", "--verify", &commit])?.status.success())
    }

    /// A command that helps when a reference is not there, or has no commit in common.
    fn advice(&self, reference: &str, flag: Flag) -> Result<String, Error> {
        let branch = reference.strip_prefix("origin/").unwrap_or(reference);
        let there = |name: &str| Ok::<_, Error>(name != reference && self.knows(name)?);
        if !self.knows(reference)? {
            let others = match reference {
                DEFAULT_BRANCH => vec!["origin/main".to_owned(), "origin/master".to_owned(), "HEAD".to_owned()],
                _ => vec![format!("origin/{branch}")],
            };
            for other in others {
                if there(&other)? {
                    return Ok(format!("say what to compare with: {}", flag.with(&other)));
                }
            }
        }
        let fetch = if self.is_shallow() { "git fetch --unshallow origin" } else { "git fetch origin" };
        Ok(match self.kind_at_origin(branch)? {
            Some(Kind::Tag) => format!("run: {fetch} tag {branch}"),
            Some(Kind::Branch) => {
                let remote = format!("origin/{branch}");
                format!("run: {fetch} {branch}:refs/remotes/{remote}, and compare with {}", flag.with(&remote))
            }
            None => format!("`git branch --all` and `git tag` list what there is; or: {}", flag.with("HEAD")),
        })
    }

    /// What the remote repository knows under a name.
    fn kind_at_origin(&self, name: &str) -> Result<Option<Kind>, Error> {
        let (branch, tag) = (format!("refs/heads/{name}"), format!("refs/tags/{name}"));
        let mut command = self.command(&["ls-remote", "origin", &branch, &tag]);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=5");
        let output = command.stdin(Stdio::null()).output().map_err(|source| no_git(&source))?;
        let listed = String::from_utf8_lossy(&output.stdout);
        let has = |name: &str| listed.lines().any(|line| line.ends_with(name));
        Ok(if has(&branch) { Some(Kind::Branch) } else { has(&tag).then_some(Kind::Tag) })
    }

    /// Whether older commits were left out when this was cloned.
    pub(super) fn is_shallow(&self) -> bool {
        self.top.join(".git/shallow").exists()
    }

    /// The texts of objects, each named as `COMMIT:PATH` or by its hash; none where there is no such thing.
    pub(super) fn texts(&self, names: &[String]) -> Result<Vec<Option<Blob>>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| no_git(&source))?;
        let mut stdin = child.stdin.take().expect("it was asked for");
        let questions = names.join("\n") + "\n";
        // Written beside the reading: both pipes are short.
        let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
        let mut answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut texts = Vec::with_capacity(names.len());
        for _ in names {
            texts.push(read_object(&mut answers)?);
        }
        writer.join().expect("it does not panic")?;
        child.wait()?;
        Ok(texts)
    }

    /// The hashes of all files that a commit has in some folders.
    ///
    /// One process for any number of files; for most of them the hash shows that they did not change.
    /// [`Hashes::wait`] returns them: there is other work to do meanwhile.
    pub(super) fn hashes(&self, commit: &str, folders: &[String]) -> Result<Hashes, Error> {
        let mut command = self.command(&["ls-tree", "-z", "--full-tree", commit, "--"]);
        command.args(folders).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map(Hashes).map_err(|source| no_git(&source))
    }

    /// The schema files of a commit.
    pub(super) fn files(&self, commit: &str) -> Result<Vec<String>, Error> {
        let output = self.ok(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?;
        Ok(split(&output)
            .filter(|path| Path::new(path).extension().is_some_and(|it| it == "avsc"))
            .map(str::to_owned)
            .collect())
    }

    /// Files that differ from a commit, new ones included.
    pub(super) fn changed_since(&self, commit: &str) -> Result<Vec<String>, Error> {
        let changed = self.ok(&["diff", "--name-only", "-z", "--diff-filter=d", commit, "--"])?;
        let untracked = self.ok(&["ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/"])?;
        Ok(split(&changed).chain(split(&untracked)).map(str::to_owned).collect())
    }

    /// The commits up to `commit` that changed schema files, newest first, along first parents.
    pub(super) fn history(&self, commit: &str) -> Result<Vec<Commit>, Error> {
        let output = self.ok(&[
            "log",
            "--first-parent",
            "--diff-merges=first-parent",
            "--raw",
            "--no-abbrev",
            "-M",
            "-z",
            "--format=%x01%H",
            commit,
            "--",
            ":/*.avsc",
        ])?;
        let mut commits = Vec::new();
        for record in output.split('\u{1}').skip(1) {
            let mut parts =
                record.split('\0').map(|part| part.trim_start_matches('\n')).filter(|part| !part.is_empty());
            let Some(id) = parts.next() else { continue };
            let mut changes = Vec::new();
            while let Some(change) = parts.next() {
                changes.extend(read_change(change, &mut parts));
            }
            commits.push(Commit { id: id.to_owned(), changes });
        }
        Ok(commits)
    }

    fn ok(&self, arguments: &[&str]) -> Result<String, Error> {
        text(arguments[0], self.run(arguments)?)
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Error> {
        self.command(arguments).stdin(Stdio::null()).output().map_err(|source| no_git(&source))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.top).args(arguments);
        // Hooks run with these set for the index at hand; what is asked here is about commits.
        command.env_remove("GIT_INDEX_FILE").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        command
    }
}

/// A listing that Git is producing.
#[derive(Debug)]
pub(super) struct Hashes(Child);

impl Hashes {
    /// The entries by the paths from the top of the repository on.
    pub(super) fn wait(self) -> Result<HashMap<String, Entry>, Error> {
        let output = text("ls-tree", self.0.wait_with_output()?)?;
        let entry = |entry: &str| {
            let (about, path) = entry.split_once('\t')?;
            let mut words = about.split(' ');
            let kind = match words.next()? {
                "120000" => EntryKind::Link,
                "160000" => EntryKind::Submodule,
                _ => EntryKind::File,
            };
            let is_listed = matches!(words.next()?, "blob" | "commit");
            is_listed.then_some((path.to_owned(), Entry { hash: words.next()?.to_owned(), kind }))
        };
        Ok(split(&output).filter_map(entry).collect())
    }
}

/// The output of a Git command.
fn text(command: &str, output: Output) -> Result<String, Error> {
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Git { message: format!("git {command}: {reason}"), hint: None });
    }
    String::from_utf8(output.stdout).map_err(|_| Error::Input(format!("git {command}: a path that is not UTF-8")))
}

fn no_git(source: &std::io::Error) -> Error {
    Error::Git {
        message: format!("cannot run git: {source}"),
        hint: Some("install git, or compare with a folder: --against dir:PATH".to_owned()),
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split('\0').filter(|part| !part.is_empty())
}

/// Where a symbolic link in a repository leads; none if out of it.
pub(super) fn target_of(link: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        return None;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
