//! The command line of the binary: the server's commands, one file each, beside those of `avow-cli`.

mod access;
mod backup;
mod completions;
mod error;
mod healthcheck;
mod migrate;
mod openapi;
mod restore;
pub mod serve;
mod verify;

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use avow_cli::Exit;
use clap::{CommandFactory as _, Parser, Subcommand};

pub use error::Error;

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
    #[command(flatten)]
    Client(Box<avow_cli::Command>),
    Migrate(migrate::Migrate),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Completions(completions::Completions),
    Man(completions::Man),
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
    Healthcheck(healthcheck::Healthcheck),
    Access(access::Access),
}

/// Runs the command this process was started with.
pub fn run() -> ExitCode {
    let command = Avow::parse().command;
    guarded(|| command.run()).into()
}

/// Runs a command, reports its error to standard error, and turns a panic into an exit code of its own.
fn guarded(command: impl FnOnce() -> Result<Exit, Error>) -> Exit {
    match panic::catch_unwind(AssertUnwindSafe(command)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            // Ignored: standard error may be gone.
            let _ = avow_cli::report(&error, error.hint());
            error.exit()
        }
        // The panic hook has printed the message.
        Err(_) => {
            let _ = writeln!(io::stderr(), "this is a bug of avow; please report it with the lines above");
            Exit::Bug
        }
    }
}

impl Command {
    fn run(&self) -> Result<Exit, Error> {
        let clean = |()| Exit::Clean;
        match self {
            Self::Serve(command) => command.run().map(clean),
            Self::Client(command) => Ok(command.run()?),
            Self::Migrate(command) => command.run(),
            Self::Verify(command) => command.run().map(clean),
            Self::Backup(command) => command.run().map(clean),
            Self::Restore(command) => command.run().map(clean),
            Self::Completions(command) => command.run(Avow::command()),
            Self::Man(command) => command.run(Avow::command()),
            Self::Openapi => openapi::run().map(clean),
            Self::Access(command) => command.run(),
            Self::Healthcheck(command) => command.run().map(clean),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn a_bug_has_a_code_of_its_own() {
        assert_eq!(super::guarded(|| unreachable!("it is not")), super::Exit::Bug);
        assert_eq!(super::guarded(|| Err(avow_cli::Error::Interrupted.into())), super::Exit::Interrupted);
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Avow::command().debug_assert();
    }
}
