//! Findings of a command, and the formats they are printed in.

mod annotations;
mod foreign;
mod human;
mod json;
mod junit;
mod markdown;
mod output;
mod sarif;

use std::ops::Range;
use std::rc::Rc;

use avow_api::{Cause, Witness};
use md5::{Digest, Md5};

use super::exit::Exit;
use super::source::SchemaFile;
use avow_domain::{Direction, Level};
use avow_schema::diff::MeaningChange;
use avow_schema::source::{Edit, Place};

pub(super) use markdown::{code, titled};
pub(super) use output::{ReportSinks, Verbosity};

/// What one run of a command found.
#[derive(Debug)]
pub(super) struct Report {
    /// The command: `check`, `lint`, `validate`.
    pub(super) command: &'static str,
    pub(super) outcomes: Vec<Outcome>,
}

/// What was found about one file.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) file: Rc<SchemaFile>,
    pub(super) subject: Option<String>,
    pub(super) level: Option<Level>,
    /// What it was compared with, newest first.
    pub(super) against: Vec<Version>,
    pub(super) state: State,
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It was looked at.
    Checked,
    /// There is nothing to compare it with: the subject is new.
    New,
    /// It is what it was.
    Unchanged,
    /// It is not a schema.
    Invalid,
}

/// A version something was compared with: a number of a registry, or a name such as a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Version {
    Number(i32),
    Name(String),
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// The file is not a schema.
    Invalid,
    /// Readers or writers break.
    Breaking,
    /// A rule that was made an error is broken.
    Error,
    /// Worth a look.
    Warning,
}

impl Severity {
    pub(super) fn is_warning(self) -> bool {
        self == Self::Warning
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Breaking => "breaking",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "direction_name")]
    pub(super) direction: Option<Direction>,
    /// Who is affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) who: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<Version>,
    /// Where in the schema, for people.
    pub(super) path: String,
    /// Where in the file.
    pub(super) place: Place,
    pub(super) title: String,
    pub(super) why: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) witness: Option<Witness>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixes: Vec<Fix>,
    pub(super) fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confluent: Option<String>,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<Accepted>,
    #[serde(skip)]
    pub(super) span: Range<usize>,
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn direction_name<S: serde::Serializer>(direction: &Option<Direction>, to: S) -> Result<S::Ok, S::Error> {
    match direction {
        Some(direction) => to.serialize_str(direction.name()),
        None => to.serialize_none(),
    }
}

/// A change to the schema that was tried and helps.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fix {
    pub(super) title: String,
    pub(super) schema: String,
    pub(super) resolves_all: bool,
    /// The same change, in the file as it is written; empty where it has no place there.
    #[serde(skip)]
    pub(super) edits: Vec<Edit>,
}

/// Why a finding does not count.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Accepted {
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
}

impl Finding {
    /// A finding about the file itself.
    pub(super) fn new(file: &SchemaFile, rule: &str, severity: Severity, span: Range<usize>, title: String) -> Self {
        Self {
            rule: rule.to_owned(),
            severity,
            direction: None,
            who: None,
            versions: Vec::new(),
            path: String::new(),
            place: file.place(&span),
            fingerprint: fingerprint(&[rule, &title]),
            title,
            why: String::new(),
            causes: Vec::new(),
            witness: None,
            fixes: Vec::new(),
            confluent: None,
            accepted: None,
            span,
        }
    }

    /// A file that is not a schema.
    pub(super) fn invalid(file: &SchemaFile, error: &avow_avro::ParseError) -> Self {
        let rule = match error {
            avow_avro::ParseError::Undefined(_) => UNRESOLVED,
            _ => INVALID,
        };
        let mut finding = Self::new(file, rule, Severity::Invalid, file.blame(error), error.to_string());
        if rule == UNRESOLVED {
            "Neither this file, nor the files of the project, nor the registry define a type of that name."
                .clone_into(&mut finding.why);
        }
        if let Some(hint) = foreign::hint(&file.text) {
            hint.clone_into(&mut finding.why);
        }
        finding
    }

    /// A file that cannot be read.
    pub(super) fn unreadable(file: &SchemaFile, reason: String) -> Self {
        Self::new(file, INVALID, Severity::Invalid, file.find(None, None), reason)
    }

    /// A file whose earlier version cannot be compared with.
    pub(super) fn incomparable(file: &SchemaFile, reason: &str) -> Self {
        let title = format!("Not compared: {reason}");
        Self::new(file, INCOMPARABLE, Severity::Invalid, file.find(None, None), title)
    }

    /// The file of a schema is gone.
    pub(super) fn deleted(file: &SchemaFile, severity: Severity, subject: &str, origin: &str) -> Self {
        let title = format!("The file of `{subject}`, which was there at `{origin}`, is gone");
        let why = "The subject stays in the registry: consumers go on reading what was written with it, and changes of it \
                   are no longer checked here.";
        Self { why: why.to_owned(), ..Self::new(file, DELETED, severity, file.find(None, None), title) }
    }

    /// A value is read as another than was written.
    pub(super) fn meaning_changed(
        file: &SchemaFile,
        severity: Severity,
        span: Range<usize>,
        MeaningChange { path, title, why, .. }: MeaningChange,
    ) -> Self {
        Self { path, why, ..Self::new(file, MEANING, severity, span, title) }
    }

    pub(super) fn counts(&self) -> bool {
        self.accepted.is_none()
    }

    /// The report in plain text, one remark per line.
    pub(super) fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.who.clone());
        lines.extend(Some(self.why.clone()).filter(|why| !why.is_empty()));
        if let Some(witness) = &self.witness {
            lines.push(format!("Record: {}", witness.record));
            lines.push(format!("Decoder: {}", witness.reason()));
        }
        lines.extend(self.fixes.first().map(|fix| format!("Fix: {}", fix.title)));
        lines.extend(self.accepted.as_ref().map(|accepted| format!("Accepted: {}", accepted.reason)));
        lines
    }
}

const INVALID: &str = "invalid-schema";
/// A registry that says no beside the rules of Avro.
pub(super) const REFUSED: &str = "refused";
const UNRESOLVED: &str = "unresolved-reference";
const INCOMPARABLE: &str = "not-compared";
const DELETED: &str = "schema-deleted";
const MEANING: &str = "meaning-changed";

/// Sixteen hexadecimal digits for what makes a finding what it is.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let digest: [u8; 16] = Md5::digest(parts.join("\0")).into();
    hex::encode(&digest[..8])
}

impl Outcome {
    /// The subject, or the file where there is none.
    fn name(&self) -> String {
        self.subject.clone().unwrap_or_else(|| self.file.name())
    }

    /// A fingerprint that differs between subjects.
    fn fingerprint(&self, finding: &Finding) -> String {
        fingerprint(&[&self.name(), finding.direction.map_or("", Direction::name), &finding.fingerprint])
    }
}

/// How many there are of what.
#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
pub(super) struct Summary {
    pub(super) files: usize,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) accepted: usize,
    pub(super) invalid: usize,
    pub(super) new: usize,
    pub(super) unchanged: usize,
}

/// Which findings make a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FailOn {
    /// What breaks readers or writers.
    #[default]
    Breaking,
    /// Warnings, too.
    Warning,
    /// Nothing.
    Never,
}

impl Report {
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary { files: self.outcomes.len(), ..Summary::default() };
        for outcome in &self.outcomes {
            match outcome.state {
                State::New => summary.new += 1,
                State::Unchanged => summary.unchanged += 1,
                State::Invalid => summary.invalid += 1,
                State::Checked => {}
            }
            for finding in &outcome.findings {
                match (finding.counts(), finding.severity) {
                    (false, _) => summary.accepted += 1,
                    (true, Severity::Warning) => summary.warnings += 1,
                    (true, Severity::Breaking | Severity::Error) => summary.errors += 1,
                    (true, Severity::Invalid) => {}
                }
            }
        }
        summary
    }

    /// The exit code.
    pub(super) fn exit(&self, fail_on: FailOn) -> Exit {
        let summary = self.summary();
        let found = match fail_on {
            FailOn::Breaking => summary.errors,
            FailOn::Warning => summary.errors + summary.warnings,
            FailOn::Never => 0,
        };
        if summary.invalid > 0 {
            Exit::Input
        } else if found > 0 {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }

    /// The report for people.
    pub(super) fn human(&self, quiet: bool) -> String {
        human::render(self, Verbosity::Brief, quiet)
    }

    /// The report for programs.
    pub(super) fn json(&self) -> serde_json::Value {
        json::document(self)
    }

    /// The one line at the end.
    fn last_line(&self) -> String {
        use super::terminal::count;
        let summary = self.summary();
        let mut parts = Vec::new();
        let noun = if self.command == "check" { "breaking change" } else { "error" };
        for (number, noun) in [
            (summary.invalid, "invalid file"),
            (summary.errors, noun),
            (summary.warnings, "warning"),
            (summary.accepted, "accepted finding"),
            (summary.new, "new subject"),
        ] {
            if number > 0 {
                parts.push(count(number, noun));
            }
        }
        if summary.invalid + summary.errors + summary.warnings == 0 {
            parts.insert(0, "nothing wrong".to_owned());
        }
        format!("{} of {}: {}", self.command, count(summary.files, "file"), parts.join(", "))
    }
}

/// The summary of a rule, and advice.
pub(super) fn describe(rule: &str) -> (String, String) {
    if let Some(entry) = avow_avro::rules().iter().find(|entry| entry.id.id() == rule) {
        return (entry.summary.to_owned(), entry.advice.to_owned());
    }
    if let Some(rule) = avow_schema::lint::find(rule) {
        return (rule.summary.to_owned(), rule.advice.to_owned());
    }
    let (summary, advice) = match rule {
        UNRESOLVED => (
            "A type is used that nothing defines.",
            "Correct the name, add the file that defines it to the project, or register it and list it under `references`.",
        ),
        INCOMPARABLE => (
            "There is an earlier version, and it cannot be compared with.",
            "Make the earlier version readable, as the finding says, or compare with the registry: `--against registry`.",
        ),
        DELETED => (
            "A schema was there, and no file has its subject any more.",
            "Delete the subject as well once nobody reads its data (`avow plan --prune` or `avow delete`), or bring the file back; `deleted` under `[check]` in avow.toml makes it an error or switches it off.",
        ),
        MEANING => (
            "A logical type became another: decoders read the same bytes as another value, and report nothing.",
            "Add a field of the new type beside the old one, and remove the old one once nobody reads it; `meaning` under `[check]` in avow.toml makes it an error or switches it off.",
        ),
        REFUSED => (
            "The registry refuses the schema for a reason of its own.",
            "Do what the registry says; its configuration of the subject may ask for more than compatibility.",
        ),
        _ => (
            "The file is not an Avro schema.",
            "Correct what the parser complains about; `avow validate` shows the place.",
        ),
    };
    (summary.to_owned(), advice.to_owned())
}

/// The rules that are about whole files, with their commands and severities.
pub(super) const FILE_RULES: [(&str, &str, &str); 6] = [
    (INVALID, "validate", "invalid"),
    (UNRESOLVED, "validate", "invalid"),
    (REFUSED, "check", "breaking"),
    (INCOMPARABLE, "check", "invalid"),
    (DELETED, "check", "warning"),
    (MEANING, "check", "warning"),
];
