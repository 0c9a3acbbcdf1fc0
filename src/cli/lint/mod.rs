//! `avow lint`: habits that keep schemas readable, and safe to change later.

mod attributes;
mod catalogue;
mod logical;
mod names;
mod settings;
mod shapes;
mod sizes;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

pub(super) use catalogue::{Rule, rule, rules};

use self::catalogue::Check;
use self::settings::{Settings, Strictness};
use super::Error;
use super::exit::{self, Exit};
use super::git::{DEFAULT_BRANCH, Repository};
use super::project::{Project, ProjectOptions, Resolver};
use super::report::{FailOn, Finding, Outcome, Outputs, Report, Severity, State, Told};
use super::source::{Item, Node, SchemaFile, items};
use super::terminal::Talk;

/// Looks for what makes schemas hard to read, to use, or to change later.
///
/// Which rules hold, and where, is said in `avow.toml` under `[lint]`; `avow explain` lists them all. A type or field with
/// the property "x-lint-ignore" is spared the rules that it names.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Lint {
    /// Files and folders; otherwise every schema of the project.
    paths: Vec<PathBuf>,

    /// What rules with `only = "changed"` compare with.
    #[arg(long, value_name = "REF", default_value = DEFAULT_BRANCH)]
    since: String,

    /// What makes the command fail.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    fail_on: FailOn,

    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    talk: Talk,
}

/// A schema as the rules see it.
struct Document<'t> {
    root: &'t Node,
    items: Vec<Item<'t>>,
    /// The name of its file without the ending.
    stem: String,
    subject: &'t str,
    bytes: usize,
}

/// Where a rule is broken.
struct Hit {
    span: Range<usize>,
    path: String,
    title: String,
}

impl Hit {
    fn new(node: &Node, member: Option<&str>, path: &str, title: String) -> Self {
        Self { span: node.focus(member), path: path.to_owned(), title }
    }
}

impl Lint {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.outputs.check()?;
        let project = self.project.load()?;
        let files = project.files_to_check(&self.paths)?;
        let resolver = Resolver::new(&project, &files);
        let mut outcomes = Vec::with_capacity(files.len());
        for file in files {
            outcomes.push(look(&project, &resolver, file)?);
        }
        definitions(&project, &mut outcomes);
        self.spare_what_was_so(&project, &mut outcomes)?;
        let report = Report { command: "lint", outcomes };
        self.outputs.tell(&report, &self.talk, Told::Briefly)?;
        Ok(report.exit(self.fail_on))
    }

    /// Takes out what was so before, for rules that are only about what changes.
    fn spare_what_was_so(&self, project: &Project, outcomes: &mut [Outcome]) -> Result<(), Error> {
        let settings: Vec<Settings<'_>> =
            outcomes.iter().map(|outcome| Settings::of(project, &outcome.file.path)).collect();
        let is_ratchet = |settings: &Settings<'_>, finding: &Finding| settings.is_only_changed(&finding.rule);
        let concerned: Vec<usize> = (0..outcomes.len())
            .filter(|at| outcomes[*at].findings.iter().any(|finding| is_ratchet(&settings[*at], finding)))
            .collect();
        if concerned.is_empty() {
            return Ok(());
        }
        let repository = Repository::around(&project.root)?;
        let base = repository.merge_base(&self.since)?;
        let name = |at: &usize| Ok(format!("{base}:{}", repository.path(&outcomes[*at].file.path)?));
        let names = concerned.iter().map(name).collect::<Result<Vec<_>, Error>>()?;
        for (at, text) in concerned.into_iter().zip(repository.texts(&names)?) {
            let Some(text) = text else { continue };
            let outcome = &mut outcomes[at];
            let file = SchemaFile::new(outcome.file.path.clone(), text);
            let subject = outcome.subject.clone().unwrap_or_default();
            let before = hits(&file, &subject, &settings[at]);
            let known: HashSet<&str> = before.iter().map(|finding| finding.fingerprint.as_str()).collect();
            outcome.findings.retain(|it| !(is_ratchet(&settings[at], it) && known.contains(it.fingerprint.as_str())));
        }
        Ok(())
    }
}

/// Looks at one file.
fn look(project: &Project, resolver: &Resolver<'_>, file: Rc<SchemaFile>) -> Result<Outcome, Error> {
    let resolved = resolver.resolve(&file.text, avow_avro::Strictness::Strict)?;
    let (state, subject, findings) = if let Err(broken) = resolved {
        (State::Invalid, None, vec![broken.finding(&file)])
    } else {
        let subject = project.assignment(&file.path, &file.text)?.subject;
        let findings = hits(&file, &subject, &Settings::of(project, &file.path));
        (State::Checked, Some(subject), findings)
    };
    Ok(Outcome { file, subject, level: None, against: Vec::new(), state, findings })
}

/// Everything that the rules find in a file, in the order of the file.
fn hits(file: &SchemaFile, subject: &str, settings: &Settings<'_>) -> Vec<Finding> {
    let Some(root) = file.tree() else { return Vec::new() };
    let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let document = Document { root, items: items(root), stem, subject, bytes: file.text.len() };
    let spared = spared(root);
    let mut findings = Vec::new();
    for rule in rules() {
        let (Check::Document(check), Some(severity)) = (&rule.check, settings.severity(rule)) else { continue };
        for hit in check(&document, &settings.strictness(rule)) {
            let is_spared = spared.iter().any(|(span, name)| {
                span.start <= hit.span.start && hit.span.end <= span.end && (name == rule.id || name == "all")
            });
            if !is_spared {
                findings.push(finding(file, rule, severity, hit));
            }
        }
    }
    findings.sort_by_key(|finding| finding.span.start);
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

/// The property that spares a part of a schema.
const IGNORE: &str = "x-lint-ignore";

/// Parts of a document with the rules they are spared.
fn spared(root: &Node) -> Vec<(Range<usize>, String)> {
    let mut spared = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let Some(names) = node.get(IGNORE) {
            let listed = names.elements().iter().chain(Some(names)).filter_map(Node::text);
            spared.extend(listed.map(|name| (node.span.clone(), name.to_owned())));
        }
        open.extend(node.members().iter().map(|member| &member.node).chain(node.elements()));
    }
    spared
}

/// Finds types that two files define differently.
fn definitions(project: &Project, outcomes: &mut [Outcome]) {
    let rule = rule("duplicate-definition-differs").expect("it is in the catalogue");
    let mut known: HashMap<String, (Rc<SchemaFile>, Range<usize>)> = HashMap::new();
    for outcome in outcomes {
        let file = Rc::clone(&outcome.file);
        let (Some(root), Some(severity)) = (file.tree(), Settings::of(project, &file.path).severity(rule)) else {
            continue;
        };
        for item in items(root) {
            let Item::Type(found) = item else { continue };
            let super::source::Shape::Named { full, .. } = found.shape else { continue };
            let Some((other, span)) = known.get(&full) else {
                known.insert(full, (Rc::clone(&file), found.node.span.clone()));
                continue;
            };
            let same = Node::parse(&other.text[span.clone()]).is_some_and(|it| it.says_same(found.node));
            if !same && !Rc::ptr_eq(other, &file) {
                let title = format!("`{full}` is defined otherwise in `{}`", other.name());
                let hit = Hit::new(found.node, None, &found.path, title);
                outcome.findings.push(finding(&file, rule, severity, hit));
            }
        }
    }
}

impl Strictness {
    /// The largest number allowed.
    fn max(&self, default: usize) -> usize {
        self.max.unwrap_or(default)
    }
}
