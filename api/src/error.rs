//! The body of every refusal (contract 1.3).

use serde::{Deserialize, Serialize};

/// The body of every refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Three digits of the status, or five digits that begin with them.
    pub error_code: u32,
    /// The message, for people.
    pub message: String,
}
