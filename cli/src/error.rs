//! Errors of commands, with hints and exit codes.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::connection::DEFAULT_URL;
use super::exit::Exit;
use super::printable::Printable;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a thread, a signal or an output.
    #[error("the system refused")]
    System(#[from] io::Error),
    /// Arguments that are each fine and make no sense together.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read or written.
    #[error("cannot {verb} `{}`", path.display())]
    File {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something given that is not what it has to be; the text says what and where.
    #[error("{0}")]
    Input(String),
    /// Git does not know what it is asked about.
    #[error("{message}")]
    Git {
        /// What was asked, and what it said.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The registry cannot be reached, or reports an internal error.
    #[error("the registry at {url} is not available: {reason}")]
    Unavailable {
        /// Where it was asked, without credentials.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Authentication or authorisation failed.
    #[error("the registry at {url} refuses: {reason}")]
    Forbidden {
        /// Where it was asked, without credentials.
        url: String,
        /// What it said.
        reason: String,
        /// Where it looks for credentials.
        hint: &'static str,
    },
    /// Somebody else changed the same thing meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// Stopped by the person at the keyboard.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            // An output that could not be written is not a finding.
            Self::System(_) | Self::File { .. } | Self::Input(_) | Self::Git { .. } => Exit::Input,
            Self::Unavailable { .. } => Exit::Unavailable,
            Self::Forbidden { .. } => Exit::Forbidden,
            Self::Conflict(_) => Exit::Conflict,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What to do about it, where the sentence itself does not say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Git { hint, .. } => hint.as_deref(),
            Self::Unavailable { url, .. } if url == DEFAULT_URL => {
                Some("no other registry is configured; name one with --registry, AVOW_REGISTRY_URL, or `avow init`")
            }
            Self::Unavailable { .. } => Some("check the address of the registry and the network"),
            Self::Forbidden { hint, .. } => Some(hint),
            Self::System(_)
            | Self::Usage(_)
            | Self::File { .. }
            | Self::Input(_)
            | Self::Conflict(_)
            | Self::Interrupted => None,
        }
    }

    /// A file that could not be read.
    pub fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb: "read", path, source }
    }

    /// A file that could not be written.
    pub fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb: "write", path, source }
    }
}

/// Writes an error, its causes and what to do about it to standard error.
pub fn report(error: &dyn std::error::Error, hint: Option<&str>) -> io::Result<()> {
    // The reader has seen enough, as `head` does.
    let is_broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.source().and_then(|source| source.downcast_ref()).is_some_and(is_broken_pipe) {
        return Ok(());
    }
    let mut stderr = Printable(io::stderr().lock());
    writeln!(stderr, "error: {error}")?;
    let mut cause = error.source();
    while let Some(it) = cause {
        writeln!(stderr, "  because {it}")?;
        cause = it.source();
    }
    if let Some(hint) = hint {
        writeln!(stderr, "hint: {hint}")?;
    }
    Ok(())
}
