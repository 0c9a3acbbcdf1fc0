//! Access: who one is, and what one may do. Avow's own.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// A caller, and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Whoami {
    /// The name that grants and the change log use.
    #[cfg_attr(feature = "openapi", schema(example = "user:alice"))]
    pub principal: String,
    /// `basic`, `token`, `anonymous`, or `none` where there is no authentication.
    #[cfg_attr(feature = "openapi", schema(example = "basic"))]
    pub method: String,
    /// The id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The end of the credential's validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    pub rules: Vec<AccessRule>,
}

/// A rule that a caller has by a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessRule {
    #[cfg_attr(feature = "openapi", schema(example = json!(["register"])))]
    pub verbs: Vec<String>,
    /// Patterns of subjects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Patterns of contexts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<String>,
    /// Other resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// The subjects that the grant narrows it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_subjects: Option<Vec<String>>,
    /// The contexts that the grant narrows it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_contexts: Option<Vec<String>>,
    /// `allow` or `deny`.
    pub effect: String,
    pub role: String,
    /// `file` or `bootstrap`: where the grant is written.
    pub source: String,
}

/// A question: may a principal do something?
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"verb": "register", "subject": "orders-value"})))]
pub struct AccessQuestion {
    /// The principal; the caller where it is absent.
    #[serde(default, deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The groups of the principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// One of the verbs of rules.
    #[serde(default, deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "register"))]
    pub verb: Option<String>,
    /// A subject, `:.ctx:` for the settings of a context, or the empty text for the settings above all others.
    #[serde(default, deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "orders-value"))]
    pub subject: Option<String>,
    /// `global`, `changes`, `metrics`, `audit` or `access`, in place of a subject.
    #[serde(default, deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}

/// The answer, with the rule behind it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessAnswer {
    pub allowed: bool,
    /// The rule that decides; `null` where none allows it.
    pub rule: Option<AccessRule>,
    /// The way to the decision, for people.
    pub steps: Vec<String>,
}
