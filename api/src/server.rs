//! The server about itself (contract 10.5), and the ids of a context.

use crate::lenient;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An empty object.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Empty {}

/// The cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cluster {
    /// The registry's identity: no other has it, and a backup keeps it.
    pub id: String,
    pub scope: ClusterScope,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterScope {
    pub path: Vec<String>,
    pub clusters: Clusters,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clusters {
    #[serde(rename = "schema-registry-cluster")]
    pub schema_registry_cluster: String,
}

/// The version of the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProgramVersion {
    pub version: String,
    pub commit_id: String,
}

/// Attributes of the deployment; there are none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub attributes: Vec<Value>,
}

/// Whether the server can answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok` or `degraded`.
    #[cfg_attr(feature = "openapi", schema(example = "ok"))]
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The lower bound of new ids in a context.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdFloor {
    /// New ids are greater than this.
    #[serde(default, deserialize_with = "lenient::optional")]
    #[cfg_attr(feature = "openapi", schema(value_type = i32, example = 100_000))]
    pub floor: Option<i32>,
}
