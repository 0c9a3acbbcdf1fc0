//! `avow check`: may these schemas follow what is there? The gate that every change goes through.

mod against;
mod baseline;
mod candidate;
mod evaluate;
mod finding;
mod fix;
mod git_history;
mod offline;
mod registry;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::against::Against;
use self::baseline::Baseline;
pub(super) use self::candidate::Candidate;
use self::offline::{Deleted, Histories, Scope, Source};
use super::connection::Connection;
use super::exit::{self, Exit};
use super::git::{Blob, Flag, Repository};
use super::project::{Assignment, Project, ProjectOptions, Resolver};
use super::project::{LOCK, one_file_each};
use super::remote::Remote;
use super::report::{FailOn, Finding, Outcome, Report, ReportSinks, Severity, State, Verbosity};
use super::source::SchemaFile;
use super::terminal::{Terminal, count};
use super::{Error, block_on};
use avow_domain::Level;
use avow_schema::lint::When;

/// Checks whether schemas are compatible with their history, and shows what breaks and how to fix it.
///
/// Without PATHS it looks at every schema of the project: the files that `avow.toml` lists, or all `*.avsc` below this
/// folder. A subject is named by `avow.toml`, or after the file. A new subject is fine.
///
/// The history comes from the registry if one is known, else from `avow.lock`, else from the default branch of the Git
/// repository. Every version that the subject's compatibility level covers is compared, and every finding is
/// reported.
#[derive(Debug, clap::Args)]
#[command(after_long_help = concat!("\
Examples:
  avow check --registry https://registry.example.com
  avow check --against git:origin/main schemas/
  avow check --registry http://localhost:8081 --subject orders-value order.avsc
  avow check -o junit=report.xml -o sarif=report.sarif

"), after_help = exit::HELP)]
pub struct Check {
    /// Files and folders to check.
    paths: Vec<PathBuf>,

    /// What to compare with: `registry`, `lock`, `git:REF`, `dir:PATH` or `file:PATH`.
    ///
    /// `git:REF` means the commit that REF and the current one have in common.
    #[arg(long, value_name = "WHAT", value_parser = Against::parse)]
    against: Option<Against>,

    /// The subject of the one file given.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    /// The level to check by, instead of the subject's own.
    #[arg(long, value_name = "LEVEL", value_parser = crate::value_parsers::level(), ignore_case = true)]
    level: Option<Level>,

    /// Compares with every version, whatever the level asks for.
    #[arg(long)]
    all_versions: bool,

    /// Compares with the newest N versions, whatever the level asks for.
    #[arg(long, value_name = "N", conflicts_with = "all_versions")]
    last: Option<NonZeroUsize>,

    /// Looks back at the newest N versions at the most, where the level asks for all.
    #[arg(long, value_name = "N", conflicts_with_all = ["all_versions", "last"])]
    history: Option<NonZeroUsize>,

    /// Only files that differ from this Git reference, and those that use them.
    #[arg(long, value_name = "REF")]
    changed_since: Option<String>,

    /// A file of accepted findings.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Accepts what is found now: writes it to a baseline, with --reason, and exits with 0.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix"])]
    write_baseline: Option<PathBuf>,

    /// Why the findings are accepted, for --write-baseline.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "write_baseline",
        default_value = "there before the check was introduced"
    )]
    reason: String,

    /// What makes the command fail.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,

    /// Shows everything: causes, bytes, every fix, and what is fine.
    #[arg(long)]
    explain: bool,

    /// Makes the first change to each file that was proven to help, as long as there is one.
    #[arg(long)]
    fix: bool,

    /// The context of subjects in the registry, where they do not name one; by default the default context.
    #[arg(long, env = "AVOW_CONTEXT", value_name = "NAME", help_heading = "Registry")]
    context: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    report_sinks: ReportSinks,
    #[command(flatten)]
    terminal: Terminal,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.report_sinks.check()?;
        let project = self.project.load()?;
        let configured = || project.check.baseline.as_ref().map(|path| project.path(path));
        let baseline = match self.write_baseline {
            // A new one does not build on an old one.
            Some(_) => None,
            None => self.baseline.clone().or_else(configured),
        };
        let baseline = baseline.map(|path| Baseline::read(&path)).transpose()?;
        let knows_registry = self.connection.url(&project)?.is_some();
        let against = Against::chosen(self.against.clone(), &project, knows_registry)?;
        let files = project.files_to_check(&self.paths)?;
        if self.paths.is_empty() {
            self.terminal.note_unmatched(&project, &files);
        }
        let outcomes = if against == Against::Registry {
            let remote = self.connection.remote(&self.connection.known_url(&project)?, self.context.as_deref())?;
            let resolver = Resolver::at(&project, &files, &remote);
            block_on(self.ask(&project, &resolver, &remote, files))?
        } else {
            let resolver = Resolver::with_fallback(&project, &files, &self.connection, self.context.as_deref());
            let mut source = Source::begin(&project, &against, &files)?;
            let candidates = block_on(self.candidates(&project, &resolver, None, files))?;
            let histories = source.histories(&resolver, &candidates, self.scope(&project))?;
            let deleted = self.deleted(&project, &source, &candidates)?;
            let mut outcomes = self.evaluate(&project, &resolver, candidates, &histories)?;
            outcomes.extend(deleted);
            outcomes
        };
        let mut report = Report { command: "check", outcomes };
        if let Some(baseline) = baseline {
            let is_whole = self.paths.is_empty() && self.changed_since.is_none();
            baseline.apply(&mut report, is_whole, &self.terminal);
        }
        if let Some(path) = &self.write_baseline {
            let written = Baseline::of(&report, &self.reason);
            written.write(path)?;
            self.terminal.say(format_args!("{}: {}", path.display(), count(written.len(), "accepted finding")));
            written.apply(&mut report, false, &self.terminal);
        }
        let verbosity = if self.explain { Verbosity::Full } else { Verbosity::Brief };
        self.report_sinks.write(&report, &self.terminal, verbosity)?;
        Ok(report.exit(self.fail_on.or(project.check.fail_on).unwrap_or_default()))
    }

    async fn candidates(
        &self,
        project: &Project,
        resolver: &Resolver<'_>,
        remote: Option<&Remote>,
        files: Vec<Rc<SchemaFile>>,
    ) -> Result<Vec<Candidate>, Error> {
        if self.subject.is_some() && files.len() != 1 {
            let found = count(files.len(), "file");
            return Err(Error::Usage(format!("--subject names the subject of one file; there are {found}")));
        }
        let mut candidates = Vec::with_capacity(files.len());
        for file in files {
            let assignments = match &self.subject {
                Some(subject) => vec![(project.assignment_to(&file.path, subject.clone()), None)],
                None => project.assignments(&file),
            };
            for (mut assignment, unnamed) in assignments {
                if self.level.is_some() {
                    assignment.level = self.level;
                }
                let file = Rc::clone(&file);
                candidates.push(Candidate::new(project, resolver, remote, file, assignment, unnamed).await?);
            }
        }
        one_file_each(candidates.iter().map(|it| (it.assignment.subject.as_str(), &*it.file)))?;
        match &self.changed_since {
            Some(reference) => changed(project, reference, candidates),
            None => Ok(candidates),
        }
    }

    fn scope(&self, project: &Project) -> Scope {
        let versions = self.last.map(NonZeroUsize::get).or(self.all_versions.then_some(usize::MAX));
        let meaning = severity(project.check.meaning);
        Scope { level: self.level, versions, history: self.history.map(NonZeroUsize::get), meaning }
    }

    /// Schemas whose files are gone; of the files given by name there is nothing to say.
    fn deleted(&self, project: &Project, source: &Source<'_>, candidates: &[Candidate]) -> Result<Vec<Outcome>, Error> {
        let Some(severity) = severity(project.check.deleted) else { return Ok(Vec::new()) };
        let is_folder = |path: &PathBuf| path.is_dir();
        if self.subject.is_some() || !(self.paths.is_empty() || self.paths.iter().any(is_folder)) {
            return Ok(Vec::new());
        }
        let outcome = |Deleted { file, subject, origin }: Deleted| Outcome {
            findings: vec![Finding::deleted(&file, severity, &subject, &origin)],
            file: Rc::new(file),
            subject: Some(subject),
            level: None,
            against: Vec::new(),
            state: State::Checked,
        };
        Ok(source.deleted(candidates, &self.paths)?.into_iter().map(outcome).collect())
    }

    async fn ask(
        &self,
        project: &Project,
        resolver: &Resolver<'_>,
        remote: &Remote,
        files: Vec<Rc<SchemaFile>>,
    ) -> Result<Vec<Outcome>, Error> {
        let candidates = self.candidates(project, resolver, Some(remote), files).await?;
        if self.fix {
            let histories = registry::histories(remote, &candidates, self.scope(project), &self.terminal).await?;
            return self.evaluate(project, resolver, candidates, &histories);
        }
        registry::outcomes(remote, &candidates, self.scope(project), &self.terminal).await
    }

    fn evaluate(
        &self,
        project: &Project,
        resolver: &Resolver<'_>,
        mut candidates: Vec<Candidate>,
        histories: &Histories,
    ) -> Result<Vec<Outcome>, Error> {
        let scope = self.scope(project);
        let pairs = candidates.iter_mut().zip(histories);
        if self.fix {
            return pairs.map(|(it, history)| fix::fix(resolver, it, history, scope, &self.terminal)).collect();
        }
        Ok(pairs.map(|(candidate, history)| evaluate::evaluate(candidate, history, scope)).collect())
    }
}

/// The severity of a rule of avow.toml, which warns unless it says otherwise; none where it is off.
fn severity(when: Option<When>) -> Option<Severity> {
    match when.unwrap_or(When::Warn) {
        When::Off => None,
        When::Warn => Some(Severity::Warning),
        When::Error => Some(Severity::Error),
    }
}

/// What a registry says to one schema, with everything that is wrong.
pub(super) async fn against_registry(
    project: &Project,
    remote: &Remote,
    file: Rc<SchemaFile>,
    assignment: Assignment,
    terminal: &Terminal,
) -> Result<Vec<Outcome>, Error> {
    let resolver = Resolver::at(project, &[], remote);
    let candidate = Candidate::new(project, &resolver, Some(remote), file, assignment, None).await?;
    verdicts(remote, &[candidate], None, project.check.meaning, terminal).await
}

/// What a registry says to schemas that some other command means to register; by `level`, where one is given.
pub(super) async fn verdicts(
    remote: &Remote,
    candidates: &[Candidate],
    level: Option<Level>,
    meaning: Option<When>,
    terminal: &Terminal,
) -> Result<Vec<Outcome>, Error> {
    let meaning = severity(meaning);
    registry::outcomes(remote, candidates, Scope { level, versions: None, history: None, meaning }, terminal).await
}

/// Keeps what differs from a commit in its file or in avow.toml, and what uses something that does.
fn changed(project: &Project, reference: &str, candidates: Vec<Candidate>) -> Result<Vec<Candidate>, Error> {
    let repository = Repository::around(&project.root)?;
    let base = repository.merge_base(reference, Flag::ChangedSince)?;
    let changed: HashSet<String> = repository.changed_since(&base)?.into_iter().collect();
    let is_declared_differently = declarations(project, &repository, &base, &changed)?;
    let mut names: HashSet<String> = HashSet::new();
    for path in project.all_files()? {
        if is_changed(&repository, &changed, &path)? {
            names.extend(SchemaFile::read(&path).ok().and_then(|file| file.full_name()));
        }
    }
    let mut kept = Vec::new();
    for candidate in candidates {
        let uses = candidate.resolved.as_ref().is_ok_and(|it| it.needs.iter().any(|name| names.contains(name)));
        if uses || is_declared_differently(&candidate) || is_changed(&repository, &changed, &candidate.file.path)? {
            kept.push(candidate);
        }
    }
    Ok(kept)
}

/// Whether a file, or what it is a symbolic link to, is one of those that changed.
fn is_changed(repository: &Repository, changed: &HashSet<String>, path: &Path) -> Result<bool, Error> {
    if changed.contains(&repository.path(path)?) {
        return Ok(true);
    }
    let real = path.canonicalize().ok().and_then(|real| repository.path(&real).ok());
    Ok(real.is_some_and(|real| changed.contains(&real)))
}

/// A test for candidates whose declarations differ from those of a commit: all of them, where it had no avow.toml or the
/// lock file changed.
fn declarations<'p>(
    project: &'p Project,
    repository: &Repository,
    base: &str,
    changed: &HashSet<String>,
) -> Result<impl Fn(&Candidate) -> bool + use<'p>, Error> {
    let has_changed =
        |path: &Path| -> Result<bool, Error> { Ok(path.exists() && is_changed(repository, changed, path)?) };
    let is_lock_changed = has_changed(&project.path(LOCK.as_ref()))?;
    let mut before = None;
    let is_file_changed = has_changed(&project.file)?;
    if is_file_changed {
        let name = format!("{base}:{}", repository.path(&project.file)?);
        if let Some(Blob::Text(text)) = repository.texts(&[name])?.pop().flatten() {
            before = Project::parse(&project.root, &text).ok();
        }
    }
    Ok(move |candidate: &Candidate| {
        let is_other = || {
            let Some(before) = &before else { return true };
            let was = before.assignment(&candidate.file.path, &candidate.file.text).ok();
            let is = project.assignment(&candidate.file.path, &candidate.file.text).ok();
            was != is || before.defaults != project.defaults
        };
        is_lock_changed || (is_file_changed && is_other())
    })
}
