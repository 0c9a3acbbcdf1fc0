//! What is configured, and changes of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::types::{Metadata, RuleSet};
use super::words::Level;

/// What is configured, for a subject, a context or all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Config {
    /// Which versions have to be able to read which.
    #[serde(alias = "compatibility", skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// The metadata property by which versions are compared only among themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// A policy of checking, such as `STRICT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// The subject this one stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether new schemas are brought into normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas are parsed strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    /// Metadata that new schemas get unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata that new schemas get whatever they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Rules that new schemas get unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules that new schemas get whatever they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
    /// Settings that this crate does not know.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A change of what is configured: what is not mentioned stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfigUpdate(Map<String, Value>);

impl ConfigUpdate {
    /// Sets which versions have to be able to read which.
    pub fn compatibility(self, level: impl Into<Level>) -> Self {
        self.set("compatibility", level.into().as_str())
    }

    /// Sets the metadata property by which versions are compared only among themselves.
    pub fn compatibility_group(self, property: &str) -> Self {
        self.set("compatibilityGroup", property)
    }

    /// Sets whether new schemas are brought into normal form.
    pub fn normalize(self, normalize: bool) -> Self {
        self.set("normalize", normalize)
    }

    /// Sets the subject this one stands for.
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
