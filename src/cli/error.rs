//! Why a command could not do its work, what to do about it, and what the shell is told.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::exit::Exit;
use crate::{store, telemetry};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not ours.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The database does not do what it is asked.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Nothing can be logged.
    #[error(transparent)]
    Logs(#[from] telemetry::Error),
    /// The database contradicts its hashes or itself.
    #[error("the database is damaged in {0} places")]
    Damaged(usize),
    /// What was restored is not what the backup holds.
    #[error("the database holds something else than the backup")]
    NotRestored,
    /// The server does not answer, or not well.
    #[error("the server at `{address}` is not ready: {reason}")]
    NotReady {
        /// Where it was asked.
        address: SocketAddr,
        /// What it said, or why it could not be asked.
        reason: String,
    },
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
    /// The registry cannot be reached, or is in trouble.
    #[error("the registry at {url} is not available: {reason}")]
    Unavailable {
        /// Where it was asked, without credentials.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The registry wants other credentials.
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
    /// What the shell is told.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Listen { .. }
            | Self::Store(_)
            | Self::Logs(_)
            | Self::Damaged(_)
            | Self::NotRestored
            | Self::NotReady { .. } => Exit::Findings,
            Self::Usage(_) => Exit::Usage,
            // What could not be told is no finding.
            Self::System(_) | Self::File { .. } | Self::Input(_) | Self::Git { .. } => Exit::Input,
            Self::Unavailable { .. } => Exit::Unavailable,
            Self::Forbidden { .. } => Exit::Forbidden,
            Self::Conflict(_) => Exit::Conflict,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What to do about it, where the sentence itself does not say.
    fn hint(&self) -> Option<&str> {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("something listens there already; stop it, or choose another port with --listen")
            }
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("ports below 1024 belong to root; choose another with --listen")
            }
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrNotAvailable => {
                Some("this machine has no such address; 127.0.0.1 and 0.0.0.0 always work")
            }
            Self::Logs(_) => Some("write a level, or levels by module: `info,avow_registry::store=debug`"),
            Self::NotRestored => Some("did something else write to it? restore into a new one"),
            Self::Damaged(_) => Some("keep the file, and restore the last backup beside it"),
            Self::NotReady { .. } => Some("its log says why; `avow serve` starts one"),
            Self::Git { hint, .. } => hint.as_deref(),
            Self::Unavailable { .. } => {
                Some("check --registry and the network; `avow check --against git:origin/main` needs no registry")
            }
            Self::Forbidden { hint, .. } => Some(hint),
            Self::Listen { .. }
            | Self::Store(_)
            | Self::System(_)
            | Self::Usage(_)
            | Self::File { .. }
            | Self::Input(_)
            | Self::Conflict(_)
            | Self::Interrupted => None,
        }
    }

    /// Tells a person about it.
    pub(super) fn report(&self) -> io::Result<()> {
        // Whoever read the output has heard enough, as `head` does.
        if matches!(self, Self::System(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return Ok(());
        }
        let mut stderr = io::stderr().lock();
        writeln!(stderr, "error: {self}")?;
        let mut cause = self.source();
        while let Some(it) = cause {
            writeln!(stderr, "  because {it}")?;
            cause = it.source();
        }
        if let Some(hint) = self.hint() {
            writeln!(stderr, "hint: {hint}")?;
        }
        Ok(())
    }

    /// A file that could not be read.
    pub(super) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb: "read", path, source }
    }

    /// A file that could not be written.
    pub(super) fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb: "write", path, source }
    }
}
