//! `avow lock`: writes down what the registry holds of the project's subjects, for checks without it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::connection::Connection;
use super::exit::{self, Exit};
use super::project::{LOCK, Lock, LockedSubject, ProjectOptions};
use super::remote::{Remote, ask_all};
use super::terminal::{Terminal, count};
use super::{Error, block_on};
use avow_domain::Reference;

/// Writes the live versions of the project's subjects, their levels, and what they refer to, into `avow.lock`.
///
/// `avow check --against lock` then gives the registry's answers without asking it. Commit the file.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct LockCommand {
    /// Files and folders; by default every schema of the project.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    terminal: Terminal,
}

impl LockCommand {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let project = self.project.load()?;
        let files = project.files_to_check(&self.paths)?;
        let mut subjects = Vec::with_capacity(files.len());
        for file in files {
            if let Some(fault) = &file.fault {
                return Err(Error::Input(fault.clone()));
            }
            for (assignment, unnamed) in project.assignments(&file) {
                if let Some(unnamed) = unnamed {
                    return Err(Error::Input(unnamed.sentence()));
                }
                subjects.push(assignment.subject);
            }
        }
        let url = self.connection.known_url(&project)?;
        let remote = Remote::new(self.connection.open(&url)?, &url);
        let mut lock = Lock::new(remote.url());
        lock.subjects = block_on(read(&remote, &subjects, &self.terminal))?;
        let path = project.path(LOCK.as_ref());
        lock.write(&path)?;
        self.terminal.say(format_args!("{}: {}", path.display(), count(lock.subjects.len(), "subject")));
        Ok(Exit::Clean)
    }
}

/// The subjects with all their live versions, and the versions that those refer to.
async fn read(
    remote: &Remote,
    subjects: &[String],
    terminal: &Terminal,
) -> Result<BTreeMap<String, LockedSubject>, Error> {
    let found =
        ask_all(terminal, subjects, |at| remote.live_versions(&subjects[at], None, None, |_| usize::MAX)).await?;
    let mut locked: BTreeMap<String, LockedSubject> = BTreeMap::new();
    for (subject, held) in subjects.iter().zip(found) {
        locked.extend(held.map(|held| (subject.clone(), held.into())));
    }
    let mut open: Vec<Reference> = references(locked.values()).collect();
    while let Some(reference) = open.pop() {
        let known = locked
            .get(&reference.subject)
            .is_some_and(|it| it.versions.iter().any(|it| it.version == reference.version));
        if known {
            continue;
        }
        let Some(version) = remote.referenced(&reference.subject, reference.version).await? else { continue };
        open.extend(version.references.iter().cloned());
        let entry = locked.entry(reference.subject);
        let subject =
            entry.or_insert_with(|| LockedSubject { level: avow_domain::Level::default(), versions: Vec::new() });
        subject.versions.push(version);
        subject.versions.sort_by_key(|version| version.version);
    }
    Ok(locked)
}

fn references<'s>(subjects: impl Iterator<Item = &'s LockedSubject>) -> impl Iterator<Item = Reference> {
    subjects.flat_map(|subject| &subject.versions).flat_map(|version| version.references.clone())
}
