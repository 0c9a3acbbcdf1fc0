//! Errors of the server's commands, and the next step after each.

use std::io;
use std::net::SocketAddr;

use avow_cli::Exit;

use crate::access;
use crate::http::tls::TlsError;
use crate::settings::{Exposed, InvalidTls};
use crate::{store, telemetry};

/// An error of a server command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on `{address}`")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Exposed(#[from] Exposed),
    #[error(transparent)]
    Access(#[from] access::Error),
    #[error(transparent)]
    Pairs(#[from] InvalidTls),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Logs(#[from] telemetry::Error),
    /// The database contradicts its hashes or its log.
    #[error("the database is damaged in {0} places")]
    Damaged(usize),
    /// The restored database differs from the backup.
    #[error("the database differs from the backup")]
    NotRestored,
    #[error("the server at `{address}` is not ready: {reason}")]
    NotReady { address: SocketAddr, reason: String },
    /// An error that commands of the client share: files, input and output, usage.
    #[error(transparent)]
    Client(#[from] avow_cli::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Client(error.into())
    }
}

impl Error {
    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit(),
            Self::Exposed(_) | Self::Pairs(_) => Exit::Usage,
            Self::Tls(_) | Self::Access(_) => Exit::Input,
            Self::Listen { .. }
            | Self::Store(_)
            | Self::Logs(_)
            | Self::Damaged(_)
            | Self::NotRestored
            | Self::NotReady { .. } => Exit::Findings,
        }
    }

    /// The next step, where the message itself does not name it.
    pub(super) fn hint(&self) -> Option<&str> {
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
            Self::Client(error) => error.hint(),
            Self::Exposed(exposed) => Some(exposed.hint()),
            Self::Listen { .. } | Self::Store(_) | Self::Pairs(_) | Self::Tls(_) | Self::Access(_) => None,
        }
    }
}
