//! `avow diff`: what changed between two schemas, and who feels it.

mod operand;

use std::io::Write as _;

use avow_avro::{Candidate, Finding, Rule, Severity};
use serde_json::{Value, json};

use self::operand::{Operand, Side, Sources};
use super::Error;
use super::connection::Connection;
use super::exit::{self, Exit};
use super::printable::Printable;
use super::project::ProjectOptions;
use super::terminal::{BOLD, DIM, GREEN, RED, Terminal, YELLOW, count, styled};
use avow_domain::{Direction, Level};
use avow_schema::diff::{Change, Kind, MeaningChange, changes, meaning_changes};
use avow_schema::source::Node;

/// Shows what changed from one schema to another, and which changes break consumers on either side.
///
/// OLD and NEW are files, `subject@version`, `subject@latest`, `id:N`, `git:REF:PATH`, or `-` for standard input.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Diff {
    #[arg(value_parser = Operand::parse)]
    old: Operand,
    #[arg(value_parser = Operand::parse)]
    new: Operand,

    /// Fails with 1 if the change is not compatible at this level.
    #[arg(long, value_name = "LEVEL", value_parser = crate::value_parsers::level(), ignore_case = true)]
    level: Option<Level>,

    /// Output format.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,

    /// Short for `-o json`.
    #[arg(long, conflicts_with = "output")]
    json: bool,

    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    terminal: Terminal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// One document, described in docs/output.md.
    Json,
}

/// A change with what it does to consumers.
struct ChangeEffect {
    change: Change,
    backward: Vec<usize>,
    forward: Vec<usize>,
}

/// The result of a comparison.
struct Comparison {
    old: String,
    new: String,
    changes: Vec<ChangeEffect>,
    misread: Vec<MeaningChange>,
    /// The new schema reads old data.
    backward: Vec<Finding>,
    /// The old schema reads new data.
    forward: Vec<Finding>,
}

impl Diff {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        if (&self.old, &self.new) == (&Operand::File("-".to_owned()), &Operand::File("-".to_owned())) {
            return Err(Error::Usage("only one of the two can come from standard input".to_owned()));
        }
        let project = self.project.load()?;
        let sources = Sources { project: &project, connection: &self.connection };
        let comparison = Comparison::new(sources.find(&self.old)?, sources.find(&self.new)?);
        match if self.json { Format::Json } else { self.output } {
            Format::Human => write!(self.terminal.stdout(), "{}", comparison.human())?,
            Format::Json => writeln!(Printable(std::io::stdout()), "{:#}", comparison.json())?,
        }
        let breaks = |direction: &Direction| match direction {
            Direction::Backward => is_breaking(&comparison.backward),
            Direction::Forward => is_breaking(&comparison.forward),
        };
        let is_refused = self.level.is_some_and(|level| level.directions().iter().any(breaks));
        Ok(if is_refused { Exit::Findings } else { Exit::Clean })
    }
}

fn is_breaking(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Breaking)
}

/// What is different between two schemas, a line each.
pub(super) fn summarize(old: &avow_avro::Schema, new: &avow_avro::Schema) -> Vec<String> {
    let (Some(old), Some(new)) = (Node::parse(&old.text()), Node::parse(&new.text())) else { return Vec::new() };
    let line = |change: Change| format!("{} {}: {}", change.kind.mark(), change.path, change.title);
    changes(&old, &new).into_iter().map(line).collect()
}

/// References by the same name to other versions.
fn references<'s>(old: &'s Side, new: &'s Side) -> impl Iterator<Item = Change> + use<'s> {
    let path = new.schema.name_of(new.schema.root_type()).rsplit('.').next().unwrap_or_default().to_owned();
    old.references.iter().filter_map(move |was| {
        let is = new.references.iter().find(|it| it.name == was.name && *it != was)?;
        Some(Change {
            kind: Kind::ReferenceChanged,
            path: path.clone(),
            old_path: path.clone(),
            old: None,
            new: None,
            title: format!("reference {}: {}@{} -> {}@{}", was.name, was.subject, was.version, is.subject, is.version),
        })
    })
}

impl Comparison {
    fn new(old: Side, new: Side) -> Self {
        let changes = match (Node::parse(&old.schema.text()), Node::parse(&new.schema.text())) {
            (Some(old), Some(new)) => changes(&old, &new),
            // Nested too deeply to be walked: the findings still show it.
            _ => Vec::new(),
        };
        let mut changes = changes;
        let nodes = Node::parse(&old.schema.text()).zip(Node::parse(&new.schema.text()));
        let misread = nodes.map(|(old, new)| meaning_changes(&old, &new)).unwrap_or_default();
        changes.extend(references(&old, &new));
        let backward = avow_avro::explain(&new.schema, &old.schema, Candidate::Reader);
        let forward = avow_avro::explain(&old.schema, &new.schema, Candidate::Writer);
        let effect_of = |change: Change| {
            let (reads_old, reads_new) = change.kind.rules();
            let concerned = |findings: &[Finding], rules: &[Rule], path: &str, pointer: Option<&str>| {
                let is_about = |finding: &Finding| {
                    let here =
                        (pointer.is_some() && finding.reader.pointer.as_deref() == pointer) || finding.path == path;
                    let behind = finding.causes.iter().any(|cause| rules.contains(&cause.rule) && cause.path == path);
                    (rules.contains(&finding.rule) && here) || behind
                };
                findings.iter().enumerate().filter(|(_, it)| is_about(it)).map(|(at, _)| at).collect::<Vec<_>>()
            };
            ChangeEffect {
                backward: concerned(&backward, reads_old, &change.path, change.new.as_deref()),
                forward: concerned(&forward, reads_new, &change.old_path, change.old.as_deref()),
                change,
            }
        };
        Self {
            changes: changes.into_iter().map(effect_of).collect(),
            misread,
            old: old.name,
            new: new.name,
            backward,
            forward,
        }
    }

    /// Findings that no single change is to blame for.
    fn others(&self, direction: Direction) -> impl Iterator<Item = &Finding> {
        let (findings, covered) = match direction {
            Direction::Backward => {
                (&self.backward, self.changes.iter().flat_map(|it| &it.backward).collect::<Vec<_>>())
            }
            Direction::Forward => (&self.forward, self.changes.iter().flat_map(|it| &it.forward).collect()),
        };
        findings.iter().enumerate().filter(move |(at, _)| !covered.contains(&at)).map(|(_, finding)| finding)
    }

    fn human(&self) -> String {
        let mut lines = vec![styled(BOLD, format_args!("{} -> {}", self.old, self.new))];
        if self.changes.is_empty() {
            lines.push("no change".to_owned());
        }
        for effect_of in &self.changes {
            let mark = effect_of.change.kind.mark();
            let effects: Vec<String> = [("backward", &effect_of.backward), ("forward", &effect_of.forward)]
                .into_iter()
                .filter(|(_, findings)| !findings.is_empty())
                .map(|(direction, _)| styled(RED, format_args!("breaks {direction}")))
                .collect();
            let misread = self
                .misread
                .iter()
                .find(|it| effect_of.change.kind == Kind::LogicalTypeChanged && it.path == effect_of.change.path);
            let effect = match (effects.is_empty(), misread) {
                (true, Some(_)) => styled(YELLOW, "read as another value"),
                (true, None) => styled(GREEN, "fine"),
                (false, _) => effects.join(", "),
            };
            lines.push(format!("{mark} {}: {} [{effect}]", effect_of.change.path, effect_of.change.title));
            lines.extend(misread.map(|it| styled(DIM, format_args!("    {}", it.why))));
            for (at, findings) in [(&effect_of.backward, &self.backward), (&effect_of.forward, &self.forward)] {
                lines.extend(at.iter().map(|at| styled(DIM, format_args!("    {}", findings[*at].why))));
            }
        }
        for direction in [Direction::Backward, Direction::Forward] {
            for finding in self.others(direction) {
                let (style, word) = match finding.severity {
                    Severity::Breaking => (RED, "breaks"),
                    Severity::Warning => (YELLOW, "warns"),
                };
                lines.push(format!(
                    "! {} [{}]",
                    finding.title,
                    styled(style, format_args!("{word} {}", direction.name()))
                ));
                lines.push(styled(DIM, format_args!("    {}", finding.why)));
            }
        }
        let verdict =
            |findings: &[Finding]| if is_breaking(findings) { styled(RED, "no") } else { styled(GREEN, "yes") };
        lines.push(format!(
            "{}; the new schema reads old data: {}; the old schema reads new data: {}",
            count(self.changes.len(), "change"),
            verdict(&self.backward),
            verdict(&self.forward)
        ));
        lines.join("\n") + "\n"
    }

    fn json(&self) -> Value {
        let verdict = |findings: &[usize]| if findings.is_empty() { "fine" } else { "breaks" };
        let changes: Vec<Value> = self
            .changes
            .iter()
            .map(|ChangeEffect { change, backward, forward }| {
                json!({
                    "kind": change.kind, "path": change.path, "oldPath": change.old_path,
                    "oldPointer": change.old, "newPointer": change.new, "title": change.title,
                    "backward": verdict(backward), "forward": verdict(forward),
                })
            })
            .collect();
        let findings = |findings: &[Finding], direction: Direction| -> Vec<Value> {
            let to_json = |finding: &Finding| {
                json!({
                    "rule": finding.rule, "severity": finding.severity, "direction": direction.name(),
                    "path": finding.path, "title": finding.title, "why": finding.why, "fingerprint": finding.fingerprint,
                })
            };
            findings.iter().map(to_json).collect()
        };
        let all = [findings(&self.backward, Direction::Backward), findings(&self.forward, Direction::Forward)].concat();
        json!({
            "version": 1,
            "tool": {"name": "avow", "version": env!("CARGO_PKG_VERSION")},
            "command": "diff",
            "old": self.old,
            "new": self.new,
            "backward": !is_breaking(&self.backward),
            "forward": !is_breaking(&self.forward),
            "changes": changes,
            "findings": all,
        })
    }
}
