//! Metadata of schemas (contract 2.2).

use crate::lenient::{self, Fields};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Metadata of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Metadata {
    /// Tags by the path of a field.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, BTreeSet<String>>,
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Names of the properties with sensitive values.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitive: BTreeSet<String>,
}

impl Fields for Metadata {}

impl From<avow_domain::Metadata> for Metadata {
    fn from(avow_domain::Metadata { tags, properties, sensitive }: avow_domain::Metadata) -> Self {
        Self { tags, properties, sensitive }
    }
}

impl From<Metadata> for avow_domain::Metadata {
    fn from(Metadata { tags, properties, sensitive }: Metadata) -> Self {
        Self { tags, properties, sensitive }
    }
}
