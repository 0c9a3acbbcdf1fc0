//! A plan as it is kept: what is to be done, in order, and what it rests on. docs/output.md describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use avow_client::rest::{NewSchema, Reference as ClientReference};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::equivalence::convert;
use super::remote_state::Observed;
use crate::Error;
use avow_domain::{Metadata, Reference, RuleSet};

const VERSION: u32 = 1;

/// Everything there is to say about a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    version: u32,
    tool: Tool,
    pub(super) command: String,
    /// Where it was asked, without credentials.
    pub(super) registry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<String>,
    pub(super) summary: Summary,
    pub(super) subjects: Vec<Entry>,
    /// What is to be done, in order.
    pub(super) steps: Vec<Step>,
    /// What it rests on, by subject; the settings of everything have no name.
    pub(super) seen: BTreeMap<String, Observed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tool {
    name: String,
    version: String,
}

/// What becomes of a subject; several things may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It is not there.
    Create,
    /// The file is not a version of it.
    NewVersion,
    /// The file is a version that is not the latest.
    Older,
    /// Settings are to be others.
    Config,
    /// The mode is to be another.
    Mode,
    /// No file describes it any more.
    Delete,
    /// Everything is so already.
    Unchanged,
    /// It is in the scope and no file describes it.
    Unmanaged,
    /// The file is not a schema.
    Invalid,
}

/// A subject in a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    /// Without a name: the settings of everything.
    pub(super) subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    pub(super) states: Vec<State>,
    /// The version that the file is, or becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i32>,
    /// The latest live version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latest: Option<i32>,
    /// The versions that it is about: those to be deleted, or those after the one that the file is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<i32>,
    /// The soft-deleted version that the file is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deleted_version: Option<i32>,
    /// The level that a new version is checked by, and the versions it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) against: Vec<Value>,
    /// What is different from the latest version, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) settings: Vec<Setting>,
    /// Of `avow drift` only: how the registry and the files have come apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) drift: Vec<Drift>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refusals: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

/// How a subject and its file have come apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Drift {
    /// The file was never registered.
    Missing,
    /// What the file is, was deleted.
    Deleted,
    /// The file is not a version of the subject.
    FilesAhead,
    /// Versions came after the one that the file is.
    RegistryAhead,
    /// Settings or mode are others.
    Settings,
    /// It is in the scope and no file describes it.
    Unmanaged,
}

/// A setting that is to be another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Setting {
    pub(super) name: String,
    /// Null where there is none.
    pub(super) from: Value,
    pub(super) to: Value,
}

/// One change of the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) subject: String,
    #[serde(flatten)]
    pub(super) action: Action,
}

/// What a step does; the words are those of `POST /avow/v1/apply`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Action {
    Register {
        /// The number it gets.
        becomes: i32,
        schema: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        references: Vec<Reference>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Metadata>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule_set: Option<RuleSet>,
    },
    SetConfig {
        /// By the names under which settings are written.
        config: Map<String, Value>,
    },
    SetMode {
        mode: String,
    },
    DeleteSubject,
}

impl Action {
    /// What is sent to register it.
    pub(super) fn new_schema(&self) -> Result<Option<NewSchema>, Error> {
        let Self::Register { schema, references, metadata, rule_set, .. } = self else { return Ok(None) };
        let unfit = |error: serde_json::Error| Error::Input(format!("metadata or rules cannot be sent: {error}"));
        let mut new = NewSchema::avro(schema.as_str());
        for Reference { name, subject, version } in references {
            new = new.reference(ClientReference::new(name, subject, *version));
        }
        if let Some(metadata) = metadata {
            new = new.metadata(convert(metadata).map_err(unfit)?);
        }
        if let Some(rules) = rule_set {
            new = new.rule_set(convert(rules).map_err(unfit)?);
        }
        Ok(Some(new))
    }
}

impl Step {
    /// For people.
    pub(super) fn sentence(&self) -> String {
        let name = named(&self.subject);
        match &self.action {
            Action::Register { becomes, .. } => format!("{name}: version {becomes} registered"),
            Action::SetConfig { config } => {
                let names: Vec<_> = config.keys().map(String::as_str).collect();
                format!("{name}: config set ({})", names.join(", "))
            }
            Action::SetMode { mode } => format!("{name}: mode set to {mode}"),
            Action::DeleteSubject => format!("{name}: soft-deleted"),
        }
    }
}

/// What people call a subject, or the settings of everything.
pub(super) fn named(subject: &str) -> &str {
    if subject.is_empty() { "(defaults)" } else { subject }
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Summary {
    pub(super) create: usize,
    pub(super) new_version: usize,
    pub(super) config: usize,
    pub(super) mode: usize,
    pub(super) delete: usize,
    pub(super) unchanged: usize,
    pub(super) older: usize,
    pub(super) unmanaged: usize,
    pub(super) refused: usize,
    pub(super) invalid: usize,
}

impl Summary {
    fn of(entries: &[Entry]) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            for state in &entry.states {
                *match state {
                    State::Create => &mut summary.create,
                    State::NewVersion => &mut summary.new_version,
                    State::Config => &mut summary.config,
                    State::Mode => &mut summary.mode,
                    State::Delete => &mut summary.delete,
                    State::Unchanged => &mut summary.unchanged,
                    State::Older => &mut summary.older,
                    State::Unmanaged => &mut summary.unmanaged,
                    State::Invalid => &mut summary.invalid,
                } += 1;
            }
            let is_invalid = entry.states.contains(&State::Invalid);
            summary.refused += usize::from(!is_invalid && !entry.refusals.is_empty());
        }
        summary
    }
}

impl Document {
    pub(super) fn new(
        command: &str,
        registry: String,
        context: Option<String>,
        subjects: Vec<Entry>,
        steps: Vec<Step>,
        seen: BTreeMap<String, Observed>,
    ) -> Self {
        let tool = Tool { name: "avow".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let summary = Summary::of(&subjects);
        Self { version: VERSION, tool, command: command.to_owned(), registry, context, summary, subjects, steps, seen }
    }

    /// Counts again, after entries were changed.
    pub(super) fn recount(&mut self) {
        self.summary = Summary::of(&self.subjects);
    }

    pub(super) fn text(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("our own types are valid JSON");
        json + "\n"
    }

    /// The subjects, one a line.
    pub(super) fn lines(&self) -> String {
        let line = |entry| serde_json::to_string(entry).expect("our own types are valid JSON") + "\n";
        self.subjects.iter().map(line).collect()
    }

    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Format {
            version: u32,
            command: String,
        }
        let text = fs::read_to_string(path).map_err(Error::reading(path))?;
        let invalid = |reason: String| Error::Input(format!("`{}` is not a plan: {reason}", path.display()));
        let format: Format = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if format.version != VERSION {
            return Err(invalid(format!("format {} is not known here; use a newer avow", format.version)));
        }
        if format.command != "plan" {
            return Err(invalid(format!("`avow {}` wrote it; `avow plan --out FILE` writes one", format.command)));
        }
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        fs::write(path, self.text()).map_err(Error::writing(path))
    }
}
