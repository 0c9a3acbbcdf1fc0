//! The identity of a registry.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a registry, assigned once and kept wherever its data goes; no two registries share one.
///
/// Clients that cache ids compare it to find out whether they still talk to the same registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub i64);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}", self.0)
    }
}
