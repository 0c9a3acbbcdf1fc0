//! Settings of a scope: level, alias, normalisation, metadata to lay under and over (contract 2.8, 9.3).

use super::{Content, Level, Metadata, RuleSet};

/// The settings kept for one scope. The names are those of the read side of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// The subject this subject name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The same for paths of the key registry, which Avow does not have; kept for tools that set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_for_deks: Option<String>,
    /// Whether schemas are normalised when the request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    /// Stored only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_rules: Option<bool>,
    /// Whether a pair is refused that the rules accept although data would not decode. Avow's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_warnings: Option<bool>,
    /// The required compatibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// `STRICT`, `LENIENT` or `LOGICAL`; `LENIENT` has an effect on JSON Schema only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// The metadata property that partitions the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// Metadata laid under those of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata laid over those of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Rules laid under those of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules laid over those of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

impl Config {
    /// The metadata and rules of `own` as registration stores them: the content's own or else the previous version's, between
    /// the defaults and the overrides (contract 5, step 10).
    pub fn apply_defaults_and_overrides(
        &self,
        own: &Content,
        previous: Option<&Content>,
    ) -> (Option<Metadata>, Option<RuleSet>) {
        let metadata = own.metadata.as_ref().or_else(|| previous.and_then(|previous| previous.metadata.as_ref()));
        let metadata = Metadata::merged(self.default_metadata.as_ref(), metadata);
        let rules = own.rule_set.as_ref().or_else(|| previous.and_then(|previous| previous.rule_set.as_ref()));
        let rules = RuleSet::merged(self.default_rule_set.as_ref(), rules);
        (
            Metadata::merged(metadata.as_ref(), self.override_metadata.as_ref()),
            RuleSet::merged(rules.as_ref(), self.override_rule_set.as_ref()),
        )
    }

    /// Fills what inherits from the default context's settings when unset (contract 9.3, step 1).
    pub fn inheriting(&self, global: Option<&Self>) -> Self {
        let Some(global) = global else { return self.clone() };
        Self {
            normalize: self.normalize.or(global.normalize),
            validate_fields: self.validate_fields.or(global.validate_fields),
            validate_new_schemas: self.validate_new_schemas.or(global.validate_new_schemas),
            validate_rules: self.validate_rules.or(global.validate_rules),
            refuse_warnings: self.refuse_warnings.or(global.refuse_warnings),
            compatibility_policy: self.compatibility_policy.clone().or_else(|| global.compatibility_policy.clone()),
            compatibility_group: self.compatibility_group.clone().or_else(|| global.compatibility_group.clone()),
            ..self.clone()
        }
    }

    /// Whether it adds defaults or overrides to the metadata or rules of a schema.
    pub fn has_defaults_or_overrides(&self) -> bool {
        self.default_metadata.is_some()
            || self.override_metadata.is_some()
            || self.default_rule_set.is_some()
            || self.override_rule_set.is_some()
    }
}

/// An update of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(untagged)]
pub enum Patch<T> {
    /// Nothing: the stored value stays.
    #[default]
    Keep,
    /// `null`: the stored value goes.
    Clear,
    /// A value to store.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the stored value stays. Such a setting is left out where updates are serialised.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The same with the value to store converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(convert(value)),
        }
    }

    fn apply(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Keep => stored,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// An update of a scope's settings: per setting keep, clear or set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of `Config`")]
pub struct ConfigUpdate {
    pub alias: Patch<String>,
    pub alias_for_deks: Patch<String>,
    pub normalize: Patch<bool>,
    pub validate_fields: Patch<bool>,
    pub validate_new_schemas: Patch<bool>,
    pub validate_rules: Patch<bool>,
    pub refuse_warnings: Patch<bool>,
    pub compatibility_level: Patch<Level>,
    pub compatibility_policy: Patch<String>,
    pub compatibility_group: Patch<String>,
    pub default_metadata: Patch<Metadata>,
    pub override_metadata: Patch<Metadata>,
    pub default_rule_set: Patch<RuleSet>,
    pub override_rule_set: Patch<RuleSet>,
}

impl ConfigUpdate {
    /// The settings that result.
    pub fn apply(self, stored: Config) -> Config {
        Config {
            alias: self.alias.apply(stored.alias),
            alias_for_deks: self.alias_for_deks.apply(stored.alias_for_deks),
            normalize: self.normalize.apply(stored.normalize),
            validate_fields: self.validate_fields.apply(stored.validate_fields),
            validate_new_schemas: self.validate_new_schemas.apply(stored.validate_new_schemas),
            validate_rules: self.validate_rules.apply(stored.validate_rules),
            refuse_warnings: self.refuse_warnings.apply(stored.refuse_warnings),
            compatibility_level: self.compatibility_level.apply(stored.compatibility_level),
            compatibility_policy: self.compatibility_policy.apply(stored.compatibility_policy),
            compatibility_group: self.compatibility_group.apply(stored.compatibility_group),
            default_metadata: self.default_metadata.apply(stored.default_metadata),
            override_metadata: self.override_metadata.apply(stored.override_metadata),
            default_rule_set: self.default_rule_set.apply(stored.default_rule_set),
            override_rule_set: self.override_rule_set.apply(stored.override_rule_set),
        }
    }

    /// The rule sets it would store, for validation.
    pub fn rule_sets(&self) -> impl Iterator<Item = &RuleSet> {
        [&self.default_rule_set, &self.override_rule_set].into_iter().filter_map(|patch| match patch {
            Patch::Set(set) => Some(set),
            Patch::Keep | Patch::Clear => None,
        })
    }
}
