//! Modes (contract 9.4).

use crate::lenient;
use avow_domain::Patch;
use serde::{Deserialize, Serialize};

/// The mode of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mode {
    /// `READWRITE`, `READONLY`, `IMPORT` or `FORWARD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "READWRITE"))]
    pub mode: Option<String>,
}

/// A mode to set; `null` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeUpdate {
    /// `READWRITE`, `READONLY`, `IMPORT` or `FORWARD`.
    #[serde(default, deserialize_with = "lenient::patch", skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "READWRITE"))]
    pub mode: Patch<String>,
}
