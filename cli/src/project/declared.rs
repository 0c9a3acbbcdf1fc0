//! What `avow.toml` says about a scope of the registry: its level, its other settings, what may be written, and what is
//! written beside its schemas. What it does not say is left alone.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use avow_domain::{Level, Metadata, Mode, RuleSet};

/// What is declared for a subject, or for everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Declared {
    pub(crate) level: Option<Level>,
    /// By the names that the HTTP API has for them.
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) mode: Option<Mode>,
}

/// What is declared for the schema of a file, beside its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Beside {
    pub(crate) metadata: Option<Metadata>,
    pub(crate) rule_set: Option<RuleSet>,
}

/// The keys as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DefaultsSection {
    pub(super) level: Option<String>,
    pub(super) config: BTreeMap<String, Value>,
    pub(super) mode: Option<String>,
}

/// The name of the level where settings are read; it is written under another.
pub(crate) const LEVEL: &str = "compatibilityLevel";

impl Declared {
    pub(super) fn parse(
        level: Option<&str>,
        config: BTreeMap<String, Value>,
        mode: Option<&str>,
    ) -> Result<Self, String> {
        if let Some(name) = ["compatibility", LEVEL].into_iter().find(|name| config.contains_key(*name)) {
            return Err(format!("`{name}` does not belong under `config`; write `level = \"…\"` beside it"));
        }
        config.keys().try_for_each(|name| crate::config::known_setting(name))?;
        Ok(Self { level: level.map(super::file::level).transpose()?, config, mode: mode.map(self::mode).transpose()? })
    }

    /// The settings, by the names under which they are read.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let level = self.level.map(|level| (LEVEL.to_owned(), level.as_str().into()));
        level.into_iter().chain(self.config.clone()).collect()
    }
}

impl Beside {
    pub(super) fn parse(metadata: Option<Value>, rules: Option<Value>) -> Result<Self, String> {
        let metadata = metadata.map(|it| object(it, "metadata", &["tags", "properties", "sensitive"])).transpose()?;
        let rule_set = rules
            .map(|it| object(it, "rule_set", &["migrationRules", "domainRules", "encodingRules", "enableAt"]))
            .transpose()?;
        Ok(Self { metadata, rule_set })
    }
}

fn object<T: serde::de::DeserializeOwned>(value: Value, name: &str, known: &[&str]) -> Result<T, String> {
    let keys = value.as_object().into_iter().flat_map(Map::keys);
    if let Some(key) = keys.into_iter().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("unknown key `{key}` under `{name}`; there are {}", known.join(", ")));
    }
    serde_json::from_value(value).map_err(|error| format!("`{name}`: {error}"))
}

/// Modes that a project may declare: the others are for the time of a migration.
fn mode(text: &str) -> Result<Mode, String> {
    match Mode::parse(text) {
        Some(mode @ (Mode::ReadWrite | Mode::ReadOnly)) => Ok(mode),
        Some(mode) => Err(format!("`mode` cannot be {}; `avow mode --set` sets it for a while", mode.as_str())),
        None => Err(format!("unknown mode `{text}`; there are READWRITE and READONLY")),
    }
}
