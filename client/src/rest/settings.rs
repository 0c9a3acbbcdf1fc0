//! Configurations and their updates.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::enums::Level;
use super::types::{Metadata, RuleSet};

/// The configuration of a subject, a context or the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Config {
    /// Which versions have to be able to read which.
    #[serde(alias = "compatibility", skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// The metadata property that groups versions for compatibility checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// A policy of checking, such as `STRICT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// The subject that this one is an alias of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether new schemas are normalized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    /// Default metadata of new schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata that overrides that of new schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Default rules of new schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules that override those of new schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
    /// Other settings.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// An update of a configuration; settings that it does not mention stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfigUpdate(Map<String, Value>);

impl ConfigUpdate {
    /// Sets the compatibility level.
    pub fn compatibility(self, level: impl Into<Level>) -> Self {
        self.set("compatibility", level.into().as_str())
    }

    /// Sets the metadata property that groups versions for compatibility checks.
    pub fn compatibility_group(self, property: &str) -> Self {
        self.set("compatibilityGroup", property)
    }

    /// Sets whether new schemas are normalized.
    pub fn normalize(self, normalize: bool) -> Self {
        self.set("normalize", normalize)
    }

    /// Sets the subject that this one is an alias of.
    pub fn alias(self, subject: &str) -> Self {
        self.set("alias", subject)
    }

    /// Sets anything, by the name it has in the body of `PUT /config`.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Clears a setting, by the name it has in the body of `PUT /config`, so that the next wider scope decides.
    pub fn clear(self, name: &str) -> Self {
        self.set(name, Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_that_are_not_known_are_kept() {
        let config: Config = serde_json::from_value(json!({"compatibilityLevel": "full", "x": 1})).unwrap();
        assert_eq!(config.compatibility_level, Some(Level::Full));
        assert_eq!(config.more["x"], 1);
    }

    #[test]
    fn an_update_says_what_it_changes() {
        let update = ConfigUpdate::default().compatibility(Level::Full).clear("alias");
        assert_eq!(serde_json::to_value(update).unwrap(), json!({"compatibility": "FULL", "alias": null}));
    }
}
