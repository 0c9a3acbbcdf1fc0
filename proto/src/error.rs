//! Why a schema is refused.

use std::fmt;

use avow_budget::Exceeded;

/// The step at which a schema is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The text is no `.proto` file and no descriptor.
    Parse,
    /// The text reads well, and what it says does not hold.
    Validate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The schema is wrong, in the reference's words.
    Refused { stage: Stage, message: String },
    /// The schema costs more than the budget.
    Exceeded(Exceeded),
}

impl Error {
    pub(crate) fn parse(message: impl fmt::Display) -> Self {
        Self::Refused { stage: Stage::Parse, message: format!("Could not parse Protobuf - {message}") }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Refused { stage: Stage::Validate, message: message.into() }
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { message, .. } => f.write_str(message),
            Self::Exceeded(exceeded) => exceeded.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
