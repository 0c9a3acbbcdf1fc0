//! The commands, one file each.

mod healthcheck;
mod migrate;
mod openapi;
pub mod serve;
mod verify;

use std::error::Error as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{store, telemetry};

/// A schema registry for Avro on Apache Kafka, with Confluent's HTTP API.
#[derive(Debug, Parser)]
#[command(name = "avow", version, propagate_version = true, max_term_width = 100)]
struct Avow {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Migrate(migrate::Migrate),
    Verify(verify::Verify),
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
    Healthcheck(healthcheck::Healthcheck),
}

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
}

impl Error {
    /// What to do about it, where the sentence itself does not say.
    fn hint(&self) -> Option<&'static str> {
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
            Self::Damaged(_) => Some("keep the file, and restore the last backup beside it"),
            Self::NotReady { .. } => Some("its log says why; `avow serve` starts one"),
            Self::Listen { .. } | Self::Store(_) | Self::System(_) => None,
        }
    }
}

/// Runs the command this process was started with.
pub fn run() -> ExitCode {
    let result = match Avow::parse().command {
        Command::Serve(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Openapi => openapi::run(),
        Command::Healthcheck(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is gone.
            let _ = report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &Error) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    writeln!(stderr, "error: {error}")?;
    let mut cause = error.source();
    while let Some(it) = cause {
        writeln!(stderr, "  because {it}")?;
        cause = it.source();
    }
    if let Some(hint) = error.hint() {
        writeln!(stderr, "hint: {hint}")?;
    }
    Ok(())
}

/// A runtime for commands that do one thing after another.
fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Avow::command().debug_assert();
    }
}
