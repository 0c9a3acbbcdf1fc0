//! Exit codes. These numbers never change.

use std::process::ExitCode;

/// The codes, as scripts and CI jobs rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Clean = 0,
    /// Something was found; of commands that find nothing: it failed.
    Findings = 1,
    /// The command line makes no sense; clap uses the same number.
    Usage = 2,
    /// A file given is not a schema, refers to something unknown, or cannot be read.
    Input = 3,
    /// The registry cannot be reached, or reports an internal error.
    Unavailable = 4,
    /// Authentication or authorisation failed.
    Forbidden = 5,
    /// Somebody else changed the same thing meanwhile.
    Conflict = 6,
    /// A bug of this program.
    Bug = 70,
    /// Stopped by the person at the keyboard.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The list for `--help`.
pub(super) const HELP: &str = "\
Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 invalid input, 4 registry unavailable, 5 not authenticated or not
allowed, 6 conflict, 70 a bug of avow, 130 interrupted.";
