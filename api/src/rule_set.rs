//! Rule sets of schemas (contract 2.3). They are stored and returned, not executed.

use crate::lenient::{self, Fields, Lenient as _};
use avow_domain::{RuleKind, RuleMode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The rules of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RuleSet {
    /// Rules between versions.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub migration_rules: Vec<Rule>,
    /// Rules on data as it is written and read.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub domain_rules: Vec<Rule>,
    /// Rules on encoded data.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub encoding_rules: Vec<Rule>,
    /// The place where the rules run: `ALL`, `CLIENT`, `GATEWAY`, `SERVER` or `NONE`.
    #[serde(deserialize_with = "enable_at", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "CLIENT"))]
    pub enable_at: Option<String>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// `TRANSFORM` or `CONDITION`.
    #[serde(deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "CONDITION"))]
    pub kind: RuleKind,
    /// `UPGRADE`, `DOWNGRADE`, `UPDOWN`, `WRITE`, `READ` or `WRITEREAD`.
    #[serde(deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "WRITE"))]
    pub mode: RuleMode,
    #[serde(rename = "type", deserialize_with = "lenient::or_default", skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = "CEL"))]
    pub rule_type: String,
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub disabled: bool,
}

impl Fields for RuleSet {}
impl Fields for Rule {}

const ENABLED_AT: [&str; 5] = ["ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"];

fn enable_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let place = String::read(deserializer)?;
    match place.as_deref().filter(|place| !ENABLED_AT.contains(place)) {
        Some(unknown) => Err(D::Error::unknown_variant(unknown, &ENABLED_AT)),
        None => Ok(place),
    }
}

impl From<avow_domain::RuleSet> for RuleSet {
    fn from(set: avow_domain::RuleSet) -> Self {
        let rules = |rules: Vec<avow_domain::Rule>| rules.into_iter().map(Rule::from).collect();
        Self {
            migration_rules: rules(set.migration_rules),
            domain_rules: rules(set.domain_rules),
            encoding_rules: rules(set.encoding_rules),
            enable_at: set.enable_at,
        }
    }
}

impl From<RuleSet> for avow_domain::RuleSet {
    fn from(set: RuleSet) -> Self {
        let rules = |rules: Vec<Rule>| rules.into_iter().map(avow_domain::Rule::from).collect();
        Self {
            migration_rules: rules(set.migration_rules),
            domain_rules: rules(set.domain_rules),
            encoding_rules: rules(set.encoding_rules),
            enable_at: set.enable_at,
        }
    }
}

/// Both types have the same fields; the compiler checks that none is missing.
macro_rules! convert_rule {
    ($from:ty, $into:ty) => {
        impl From<$from> for $into {
            fn from(rule: $from) -> Self {
                Self {
                    name: rule.name,
                    doc: rule.doc,
                    kind: rule.kind,
                    mode: rule.mode,
                    rule_type: rule.rule_type,
                    tags: rule.tags,
                    params: rule.params,
                    expr: rule.expr,
                    on_success: rule.on_success,
                    on_failure: rule.on_failure,
                    disabled: rule.disabled,
                }
            }
        }
    };
}

convert_rule!(avow_domain::Rule, Rule);
convert_rule!(Rule, avow_domain::Rule);
