//! The contents of `avow.toml`. An unknown key is an error.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::declared::DefaultsSection;
use crate::report::FailOn;
use avow_domain::{Level, Reference};
use avow_schema::lint::{Rule, Style, Takes, When};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) registry: RegistrySection,
    pub(super) profiles: BTreeMap<String, ProfileSection>,
    pub(super) check: CheckSection,
    pub(super) defaults: DefaultsSection,
    pub(super) scope: ScopeSection,
    pub(super) subjects: Vec<SubjectEntry>,
    /// Globs of files that are left alone.
    pub(super) exclude: Vec<String>,
    pub(super) lint: LintSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RegistrySection {
    /// Credentials come from the environment or from files, never from here.
    pub(super) url: Option<String>,
}

/// A registry that has a name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileSection {
    /// Without credentials, as above.
    pub(super) url: String,
}

/// How `avow check` works where its flags do not say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CheckSection {
    pub(crate) against: Option<String>,
    pub(crate) fail_on: Option<FailOn>,
    pub(crate) baseline: Option<PathBuf>,
    /// How much it matters that the file of a schema is gone.
    pub(crate) deleted: Option<When>,
    /// How much it matters that readers take a value for another.
    pub(crate) meaning: Option<When>,
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
pub(crate) struct LintSection {
    pub(crate) rules: BTreeMap<String, LintRule>,
    /// Other settings for some files; the last that matches holds.
    pub(crate) paths: Vec<LintPath>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LintPath {
    pub(crate) files: String,
    pub(crate) rules: BTreeMap<String, LintRule>,
}

/// `"error"`, or `{ level = "warn", only = "changed" }` with the settings of the rule.
#[derive(Debug, Clone)]
pub(crate) enum LintRule {
    Level(When),
    Table(LintTable),
}

/// By hand, for an error that says which word is wrong instead of that nothing fits.
impl<'de> Deserialize<'de> for LintRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let rule = if value.is_table() { value.try_into().map(Self::Table) } else { value.try_into().map(Self::Level) };
        rule.map_err(|error| D::Error::custom(error.message()))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LintTable {
    pub(crate) level: Option<When>,
    pub(crate) only: Option<Only>,
    /// The largest number allowed, for rules that count.
    pub(crate) max: Option<usize>,
    /// Names with `*` for anything, separated by commas.
    pub(crate) pattern: Option<String>,
    pub(crate) style: Option<Style>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Only {
    /// What was not so before.
    Changed,
}

impl LintRule {
    /// Refuses settings that the rule does not use.
    fn validate(&self, rule: &Rule) -> Result<(), String> {
        let Self::Table(table) = self else { return Ok(()) };
        let set =
            [("max", table.max.is_some()), ("pattern", table.pattern.is_some()), ("style", table.style.is_some())];
        match set.into_iter().find(|(key, is_set)| *is_set && rule.takes.key() != Some(key)) {
            Some((key, _)) => Err(match rule.takes.key() {
                Some(other) => format!("the rule `{}` takes no `{key}`, but a `{other}`", rule.id),
                None => format!("the rule `{}` takes no `{key}`", rule.id),
            }),
            None => Ok(()),
        }
    }

    fn is_on(&self) -> bool {
        let (Self::Level(level) | Self::Table(LintTable { level: Some(level), .. })) = self else { return false };
        *level != When::Off
    }

    fn has_pattern(&self) -> bool {
        matches!(self, Self::Table(LintTable { pattern: Some(_), .. }))
    }
}

impl LintSection {
    pub(super) fn validate(&self) -> Result<(), String> {
        let sections = std::iter::once(&self.rules).chain(self.paths.iter().map(|path| &path.rules));
        for (name, rule) in sections.flatten() {
            let known = avow_schema::lint::find(name).ok_or_else(|| {
                let guess = crate::nearest::suggestion(name, avow_schema::lint::rules().iter().map(|rule| rule.id));
                format!("unknown rule `{name}` under `lint`; `avow explain` lists them{guess}")
            })?;
            rule.validate(known)?;
            let own = self.rules.get(name);
            if known.takes == Takes::OwnPattern
                && rule.is_on()
                && ![Some(rule), own].into_iter().flatten().any(LintRule::has_pattern)
            {
                return Err(format!(
                    "the rule `{name}` has nothing to go by; give it a `pattern`, as in `{name} = {{ level = \"warn\", pattern = \"com.acme.*\" }}`"
                ));
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
