//! `avow check`: may these schemas follow what is there? The gate that every change goes through.

mod against;
mod baseline;
mod candidate;
mod evaluate;
mod finding;
mod fix;
mod offline;
mod registry;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;

use self::against::Against;
use self::baseline::Baseline;
pub(super) use self::candidate::Candidate;
use self::offline::{GitHistory, Histories, Scope};
use super::Error;
use super::connection::Connection;
use super::exit::{self, Exit};
use super::git::Repository;
use super::project::{Project, ProjectOptions, Resolver};
use super::remote::Remote;
use super::report::{FailOn, Outcome, Report, ReportSinks, Verbosity};
use super::source::SchemaFile;
use super::terminal::{Terminal, count};
use avow_domain::Level;

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
        let baseline = self.baseline.clone().or_else(|| project.check.baseline.as_ref().map(|path| project.path(path)));
        let baseline = baseline.map(|path| Baseline::read(&path)).transpose()?;
        let knows_registry = self.connection.url(&project)?.is_some();
        let against = Against::chosen(self.against.clone(), &project, knows_registry)?;
        let files = project.files_to_check(&self.paths)?;
        let resolver = Resolver::new(&project, &files);
        let git = match &against {
            // It looks it up while the files are parsed.
            Against::Git(reference) => Some(GitHistory::begin(&project, reference, &files)?),
            _ => None,
        };
        let candidates = self.candidates(&project, &resolver, files)?;

        let outcomes = if against == Against::Registry {
            self.ask(&resolver, candidates, &self.connection.known_url(&project)?)?
        } else {
            let histories = self.histories(&project, &resolver, (&against, git), &candidates)?;
            self.evaluate(&resolver, candidates, &histories)?
        };
        let mut report = Report { command: "check", outcomes };
        if let Some(baseline) = baseline {
            let is_whole = self.paths.is_empty() && self.changed_since.is_none();
            baseline.apply(&mut report, is_whole, &self.terminal);
        }
        let verbosity = if self.explain { Verbosity::Full } else { Verbosity::Brief };
        self.report_sinks.write(&report, &self.terminal, verbosity)?;
        Ok(report.exit(self.fail_on.or(project.check.fail_on).unwrap_or_default()))
    }

    fn candidates(
        &self,
        project: &Project,
        resolver: &Resolver<'_>,
        files: Vec<Rc<SchemaFile>>,
    ) -> Result<Vec<Candidate>, Error> {
        if self.subject.is_some() && files.len() != 1 {
            let found = count(files.len(), "file");
            return Err(Error::Usage(format!("--subject names the subject of one file; there are {found}")));
        }
        let mut candidates = Vec::with_capacity(files.len());
        for file in files {
            let mut assignment = match &self.subject {
                Some(subject) => project.assignment_to(&file.path, subject.clone()),
                None => project.assignment(&file.path, &file.text)?,
            };
            if self.level.is_some() {
                assignment.level = self.level;
            }
            candidates.push(Candidate::new(resolver, file, assignment)?);
        }
        match &self.changed_since {
            Some(reference) => changed(project, reference, candidates),
            None => Ok(candidates),
        }
    }

    fn scope(&self) -> Scope {
        let versions = self.last.map(NonZeroUsize::get).or(self.all_versions.then_some(usize::MAX));
        Scope { level: self.level, versions, history: self.history.map(NonZeroUsize::get) }
    }

    /// What there is without a registry.
    fn histories(
        &self,
        project: &Project,
        resolver: &Resolver<'_>,
        against: (&Against, Option<GitHistory<'_>>),
        candidates: &[Candidate],
    ) -> Result<Histories, Error> {
        let scope = self.scope();
        match against {
            (_, Some(git)) => git.histories(candidates, scope),
            (Against::Folder(path), None) => offline::folder(project, path, candidates, scope),
            (Against::File(path), None) => offline::file(resolver, path, candidates, scope),
            (_, None) => offline::lock(project, candidates, scope),
        }
    }

    fn ask(&self, resolver: &Resolver<'_>, mut candidates: Vec<Candidate>, url: &str) -> Result<Vec<Outcome>, Error> {
        let client = self.connection.open(url)?;
        let client = match &self.context {
            Some(context) => client.in_context(context),
            None => client,
        };
        let remote = Remote::new(client, url);
        let scope = self.scope();
        let histories = super::block_on(async {
            registry::complete(&remote, resolver, &mut candidates).await?;
            if self.fix {
                return Ok(Err(registry::histories(&remote, &candidates, scope, &self.terminal).await?));
            }
            Ok::<_, Error>(Ok(registry::outcomes(&remote, &candidates, scope, &self.terminal).await?))
        });
        match histories? {
            Ok(outcomes) => Ok(outcomes),
            Err(histories) => self.evaluate(resolver, candidates, &histories),
        }
    }

    fn evaluate(
        &self,
        resolver: &Resolver<'_>,
        mut candidates: Vec<Candidate>,
        histories: &Histories,
    ) -> Result<Vec<Outcome>, Error> {
        let scope = self.scope();
        let pairs = candidates.iter_mut().zip(histories);
        if self.fix {
            return pairs
                .map(|(it, history)| fix::fix(resolver, it, history.as_ref(), scope, &self.terminal))
                .collect();
        }
        Ok(pairs.map(|(candidate, history)| evaluate::evaluate(candidate, history.as_ref(), scope)).collect())
    }
}

/// What a registry says to schemas that some other command means to register; by `level`, where one is given.
pub(super) async fn verdicts(
    remote: &Remote,
    candidates: &[Candidate],
    level: Option<Level>,
    terminal: &Terminal,
) -> Result<Vec<Outcome>, Error> {
    registry::outcomes(remote, candidates, Scope { level, versions: None, history: None }, terminal).await
}

/// Keeps what differs from a commit, and what uses something that does.
fn changed(project: &Project, reference: &str, candidates: Vec<Candidate>) -> Result<Vec<Candidate>, Error> {
    let repository = Repository::around(&project.root)?;
    let changed = repository.changed_since(&repository.merge_base(reference)?)?;
    let changed: HashSet<String> = changed.into_iter().collect();
    let mut names: HashSet<String> = HashSet::new();
    for path in project.all_files()? {
        if changed.contains(&repository.path(&path)?) {
            names.extend(SchemaFile::read(&path).ok().and_then(|file| file.full_name()));
        }
    }
    let mut kept = Vec::new();
    for candidate in candidates {
        let uses = candidate.resolved.as_ref().is_ok_and(|it| it.needs.iter().any(|name| names.contains(name)));
        if uses || changed.contains(&repository.path(&candidate.file.path)?) {
            kept.push(candidate);
        }
    }
    Ok(kept)
}
