//! Settings of a scope (contract 2.8).

use crate::lenient;
use crate::{Metadata, RuleSet};
use avow_domain::{Level, Patch};
use serde::{Deserialize, Serialize};

/// The compatibility policies there are; none has an effect on Avro.
const POLICIES: [&str; 3] = ["STRICT", "LENIENT", "LOGICAL"];

/// The settings of a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The subject this subject name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_for_deks: Option<String>,
    /// Whether schemas are normalised where the request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_rules: Option<bool>,
    /// Whether a pair is refused that the rules accept although data would not decode. Avow's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_warnings: Option<bool>,
    /// The level, as answers to GET and DELETE name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "BACKWARD"))]
    pub compatibility_level: Option<Level>,
    /// The level, as answers to PUT name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "BACKWARD"))]
    pub compatibility: Option<Level>,
    /// `STRICT`, `LENIENT` or `LOGICAL`; `LENIENT` has an effect on JSON Schema only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// The metadata property that partitions the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

impl Config {
    /// The answer to an update, which names the level `compatibility`.
    pub fn updated(config: avow_domain::Config) -> Self {
        let config = Self::from(config);
        Self { compatibility: config.compatibility_level, compatibility_level: None, ..config }
    }
}

impl From<avow_domain::Config> for Config {
    fn from(config: avow_domain::Config) -> Self {
        Self {
            alias: config.alias,
            alias_for_deks: config.alias_for_deks,
            normalize: config.normalize,
            validate_fields: config.validate_fields,
            validate_new_schemas: config.validate_new_schemas,
            validate_rules: config.validate_rules,
            refuse_warnings: config.refuse_warnings,
            compatibility_level: config.compatibility_level,
            compatibility: None,
            compatibility_policy: config.compatibility_policy,
            compatibility_group: config.compatibility_group,
            default_metadata: config.default_metadata.map(Into::into),
            override_metadata: config.override_metadata.map(Into::into),
            default_rule_set: config.default_rule_set.map(Into::into),
            override_rule_set: config.override_rule_set.map(Into::into),
        }
    }
}

/// Settings to change: an absent field keeps its value, `null` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({"compatibility": "FULL"})))]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigUpdate {
    /// The subject this subject name stands for.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub alias: Patch<String>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub alias_for_deks: Patch<String>,
    /// Whether schemas are normalised where the request does not say.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub normalize: Patch<bool>,
    /// Whether reserved fields are checked.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub validate_fields: Patch<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub validate_new_schemas: Patch<bool>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub validate_rules: Patch<bool>,
    /// Whether a pair is refused that the rules accept although data would not decode. Avow's own.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub refuse_warnings: Patch<bool>,
    /// The compatibility level, in any case.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "FULL"))]
    pub compatibility: Patch<String>,
    /// `STRICT`, `LENIENT` or `LOGICAL`; `LENIENT` has an effect on JSON Schema only.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub compatibility_policy: Patch<String>,
    /// The metadata property that partitions the history.
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub compatibility_group: Patch<String>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Metadata>))]
    pub default_metadata: Patch<Metadata>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Metadata>))]
    pub override_metadata: Patch<Metadata>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RuleSet>))]
    pub default_rule_set: Patch<RuleSet>,
    #[serde(deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RuleSet>))]
    pub override_rule_set: Patch<RuleSet>,
}

impl lenient::Fields for ConfigUpdate {}

/// The name of no compatibility level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownLevel;

impl TryFrom<ConfigUpdate> for avow_domain::ConfigUpdate {
    type Error = UnknownLevel;

    fn try_from(update: ConfigUpdate) -> Result<Self, UnknownLevel> {
        Ok(Self {
            alias: update.alias,
            alias_for_deks: update.alias_for_deks,
            normalize: update.normalize,
            validate_fields: update.validate_fields,
            validate_new_schemas: update.validate_new_schemas,
            validate_rules: update.validate_rules,
            refuse_warnings: update.refuse_warnings,
            compatibility_level: match update.compatibility {
                Patch::Set(name) => Patch::Set(Level::parse(&name).ok_or(UnknownLevel)?),
                Patch::Clear => Patch::Clear,
                Patch::Keep => Patch::Keep,
            },
            compatibility_policy: match update.compatibility_policy {
                Patch::Set(name) => match POLICIES.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
                    Some(known) => Patch::Set((*known).to_owned()),
                    // The reference stores what it does not know as null.
                    None => Patch::Clear,
                },
                other => other,
            },
            compatibility_group: update.compatibility_group,
            default_metadata: update.default_metadata.map(Into::into),
            override_metadata: update.override_metadata.map(Into::into),
            default_rule_set: update.default_rule_set.map(Into::into),
            override_rule_set: update.override_rule_set.map(Into::into),
        })
    }
}
