//! What can be written into `avow.toml`. A key that nobody knows is an error.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::declared::DefaultsSection;
use crate::cli::report::FailOn;
use crate::domain::{Level, Reference};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) registry: RegistrySection,
    pub(super) check: CheckSection,
    pub(super) defaults: DefaultsSection,
    pub(super) scope: ScopeSection,
    pub(super) subjects: Vec<SubjectEntry>,
    pub(super) lint: LintSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RegistrySection {
    /// Credentials come from the environment or from files, never from here.
    pub(super) url: Option<String>,
}

/// How `avow check` works where its flags do not say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct CheckSection {
    pub(in crate::cli) against: Option<String>,
    pub(in crate::cli) fail_on: Option<FailOn>,
    pub(in crate::cli) baseline: Option<PathBuf>,
}

/// Which subjects belong to the project, files or not.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScopeSection {
    /// Globs.
    pub(super) subjects: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectEntry {
    pub(super) files: String,
    pub(super) name: Option<String>,
    pub(super) level: Option<String>,
    #[serde(default)]
    pub(super) config: BTreeMap<String, Value>,
    pub(super) mode: Option<String>,
    #[serde(default)]
    pub(super) references: Vec<Reference>,
    pub(super) metadata: Option<Value>,
    pub(super) rule_set: Option<Value>,
}

/// Which rules of `avow lint` hold where.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct LintSection {
    pub(in crate::cli) rules: BTreeMap<String, LintRule>,
    /// Other settings for some files; the last that matches holds.
    pub(in crate::cli) paths: Vec<LintPath>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct LintPath {
    pub(in crate::cli) files: String,
    pub(in crate::cli) rules: BTreeMap<String, LintRule>,
}

/// `"error"`, or `{ level = "warn", only = "changed" }` with the settings of the rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(in crate::cli) enum LintRule {
    Level(When),
    Table(LintTable),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct LintTable {
    pub(in crate::cli) level: Option<When>,
    pub(in crate::cli) only: Option<Only>,
    /// The largest number allowed, for rules that count.
    pub(in crate::cli) max: Option<usize>,
    /// Names with `*` for anything, separated by commas.
    pub(in crate::cli) pattern: Option<String>,
    pub(in crate::cli) style: Option<Style>,
}

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(in crate::cli) enum Style {
    #[serde(rename = "PascalCase")]
    Pascal,
    #[serde(rename = "camelCase")]
    Camel,
    #[serde(rename = "snake_case")]
    Snake,
    #[serde(rename = "SCREAMING_SNAKE_CASE")]
    Screaming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum Only {
    /// What was not so before.
    Changed,
}

/// How much a rule of `avow lint` matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum When {
    Off,
    Warn,
    #[serde(alias = "on")]
    Error,
}

impl LintSection {
    pub(super) fn validate(&self) -> Result<(), String> {
        let listed = self.rules.keys().chain(self.paths.iter().flat_map(|path| path.rules.keys()));
        for name in listed {
            if crate::cli::lint::rule(name).is_none() {
                return Err(format!("unknown rule `{name}` under `lint`; `avow explain` lists them"));
            }
        }
        self.paths.iter().try_for_each(|path| super::glob(&path.files).map(drop))
    }
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    Level::parse(text).ok_or_else(|| {
        let names: Vec<_> = Level::ALL.iter().map(|level| level.as_str()).collect();
        format!("unknown level `{text}`; there are {}", names.join(", "))
    })
}
