//! `avow lint`: habits that keep schemas readable, and safe to change later.

mod across;
mod settings;

use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;

use self::settings::Settings;
use avow_schema::lint::{Check, Document, Hit, Rule, rules, spared};

use super::exit::{self, Exit};
use super::git::{Blob, DEFAULT_BRANCH, Flag, Repository};
use super::project::{Project, Resolver};
use super::report::{FailOn, Finding, Outcome, Report, ReportSinks, Severity, State, Verbosity};
use super::source::SchemaFile;
use super::target::Target;
use super::{Error, block_on};

/// Looks for what makes schemas hard to read, to use, or to change later.
///
/// Which rules hold, and where, is said in `avow.toml` under `[lint]`; `avow explain` lists them all. A type or field with
/// the property "x-lint-ignore" is spared the rules that it names.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Lint {
    /// Files and folders; by default every schema of the project.
    paths: Vec<PathBuf>,

    /// What rules about changes, and those with `only = "changed"`, compare with.
    #[arg(long, value_name = "REF", default_value = DEFAULT_BRANCH)]
    since: String,

    /// What makes the command fail.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    fail_on: FailOn,

    #[command(flatten)]
    report_sinks: ReportSinks,
    #[command(flatten)]
    target: Target,
}

impl Lint {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.report_sinks.check()?;
        let project = self.target.project()?;
        let files = project.files_to_check(&self.paths)?;
        let resolver = self.target.resolver(&project, &files);
        let mut outcomes = block_on(async {
            let mut outcomes = Vec::with_capacity(files.len());
            for file in &files {
                outcomes.push(look(&project, &resolver, Rc::clone(file)).await?);
            }
            Ok::<_, Error>(outcomes)
        })?;
        across::definitions(&project, &mut outcomes);
        across::outdated(&project, &mut outcomes)?;
        self.compare_with_before(&project, &mut outcomes)?;
        across::needs(&project, &mut outcomes, self.paths.is_empty())?;
        let report = Report { command: "lint", outcomes };
        self.report_sinks.write(&report, &self.target.terminal, Verbosity::Brief)?;
        Ok(report.exit(self.fail_on))
    }

    /// Goes by the rules about what changes, and takes out what was so before for rules that are only about what changes.
    fn compare_with_before(&self, project: &Project, outcomes: &mut [Outcome]) -> Result<(), Error> {
        let settings: Vec<Settings<'_>> =
            outcomes.iter().map(|outcome| Settings::of(project, &outcome.file.path)).collect();
        let is_ratchet = |settings: &Settings<'_>, finding: &Finding| settings.is_only_changed(&finding.rule);
        let is_concerned = |at: &usize| {
            let (outcome, settings) = (&outcomes[*at], &settings[*at]);
            outcome.findings.iter().any(|finding| is_ratchet(settings, finding))
                || (outcome.state == State::Checked && settings.compares())
        };
        let concerned: Vec<usize> = (0..outcomes.len()).filter(is_concerned).collect();
        if concerned.is_empty() {
            return Ok(());
        }
        let repository = Repository::around(&project.root)?;
        let base = repository.merge_base(&self.since, Flag::Since)?;
        let name = |at: &usize| Ok(format!("{base}:{}", repository.path(&outcomes[*at].file.path)?));
        let names = concerned.iter().map(name).collect::<Result<Vec<_>, Error>>()?;
        for (at, text) in concerned.into_iter().zip(repository.texts(&names)?) {
            let Some(Blob::Text(text)) = text else { continue };
            let outcome = &mut outcomes[at];
            let file = SchemaFile::new(outcome.file.path.clone(), text);
            let subject = outcome.subject.clone().unwrap_or_default();
            let before = hits(&file, &subject, &settings[at]);
            let known: HashSet<&str> = before.iter().map(|finding| finding.fingerprint.as_str()).collect();
            outcome.findings.retain(|it| !(is_ratchet(&settings[at], it) && known.contains(it.fingerprint.as_str())));
            outcome.findings.extend(changed(&file, &outcome.file, &subject, &settings[at]));
            outcome.findings.sort_by_key(|finding| finding.span.start);
        }
        Ok(())
    }
}

/// Looks at one file.
async fn look(project: &Project, resolver: &Resolver<'_>, file: Rc<SchemaFile>) -> Result<Outcome, Error> {
    let (assignment, unnamed) = project.assignment_or_fault(&file);
    let strictness = project.strictness(&assignment).unwrap_or(avow_avro::Strictness::Strict);
    let resolved = resolver.resolve(&file, strictness, &assignment).await?.resolved;
    let (state, subject, findings) = if let Some(broken) = resolved.err().or(unnamed) {
        (State::Invalid, None, vec![broken.finding(&file)])
    } else {
        let subject = assignment.subject;
        let findings = hits(&file, &subject, &Settings::of(project, &file.path));
        (State::Checked, Some(subject), findings)
    };
    Ok(Outcome { file, subject, level: None, against: Vec::new(), state, findings })
}

/// None where the file is not JSON.
fn document<'t>(file: &'t SchemaFile, subject: &'t str) -> Option<Document<'t>> {
    let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Document::of(file, stem, subject)
}

/// Everything that the rules find in a file, in the order of the file.
fn hits(file: &SchemaFile, subject: &str, settings: &Settings<'_>) -> Vec<Finding> {
    let Some(document) = document(file, subject) else { return Vec::new() };
    let mut findings = apply_rules(file, &document, settings, |rule| match rule.check {
        Check::Document(check) => check(&document, &settings.strictness(rule)),
        Check::Change(_) | Check::Project => Vec::new(),
    });
    findings.sort_by_key(|finding| finding.span.start);
    findings
}

/// What the rules about changes find in a file.
fn changed(before: &SchemaFile, file: &SchemaFile, subject: &str, settings: &Settings<'_>) -> Vec<Finding> {
    let (Some(before), Some(after)) = (document(before, subject), document(file, subject)) else {
        return Vec::new();
    };
    apply_rules(file, &after, settings, |rule| match rule.check {
        Check::Change(compare) => compare(&before, &after),
        Check::Document(_) | Check::Project => Vec::new(),
    })
}

/// What the rules find that hold for a file, but for what it is spared.
fn apply_rules(
    file: &SchemaFile,
    document: &Document<'_>,
    settings: &Settings<'_>,
    look: impl Fn(&Rule) -> Vec<Hit>,
) -> Vec<Finding> {
    let spared = spared(document.root);
    let mut findings = Vec::new();
    for rule in rules() {
        let Some(severity) = settings.severity(rule) else { continue };
        for hit in look(rule) {
            let is_spared = spared.iter().any(|(span, name)| {
                span.start <= hit.span.start && hit.span.end <= span.end && (name == rule.id || name == "all")
            });
            if !is_spared {
                findings.push(finding(file, rule, severity, hit));
            }
        }
    }
    findings
}

fn finding(file: &SchemaFile, rule: &Rule, severity: Severity, hit: Hit) -> Finding {
    let fingerprint = super::report::fingerprint(&[rule.id, &hit.path, &hit.title]);
    Finding {
        path: hit.path,
        why: rule.advice.to_owned(),
        fingerprint,
        ..Finding::new(file, rule.id, severity, hit.span, hit.title)
    }
}
