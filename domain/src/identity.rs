//! Which registry this is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number that a registry is given once and takes along wherever its data goes; no other one has it.
///
/// Whoever keeps what the ids of a registry mean can tell by it whether it is still the same registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub i64);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}", self.0)
    }
}
