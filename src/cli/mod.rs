//! The commands, one file or folder each.
//!
//! What several commands share:
//!
//! - `exit`, `error`: what the shell and the person are told when a command ends
//! - `terminal`: colour, silence, progress
//! - `connection`: the registry's address and credentials, and a client of it
//! - `project`: `avow.toml` (files, subjects, levels, lint rules), `avow.lock`, types by the documents that define them
//! - `source`: schema files with the place of everything in them, and edits that leave the rest alone
//! - `remote`: what a registry holds, asked with the calls that every registry answers; `listing`: all of it;
//!   `subjects`: those that are looked for
//! - `at`, `stored`: one registry, how its data is printed, and how a person names what it holds
//! - `git`: what a repository held before
//! - `report`: findings, and their formats; `outputs`: `-o`, whatever the formats are

mod at;
mod backup;
mod check;
mod completions;
mod config;
mod connection;
mod data;
mod delete;
mod diff;
mod doctor;
mod error;
mod exit;
mod explain;
mod fmt;
mod get;
mod git;
mod healthcheck;
mod lint;
mod list;
mod listing;
mod lock;
mod migrate;
mod mode;
mod openapi;
mod outputs;
mod plan;
mod project;
mod refs;
mod register;
mod remote;
mod report;
mod restore;
mod search;
pub mod serve;
mod source;
mod stored;
mod subjects;
mod terminal;
mod undelete;
mod validate;
mod verify;

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use error::Error;
pub use exit::Exit;

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
    Check(check::Check),
    Lint(lint::Lint),
    Fmt(fmt::Fmt),
    Validate(validate::Validate),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Lock(lock::LockCommand),
    Plan(plan::Plan),
    Apply(plan::Apply),
    Drift(plan::DriftCommand),
    Pull(plan::Pull),
    Register(register::Register),
    Get(get::Get),
    List(list::List),
    Versions(list::Versions),
    Search(search::Search),
    Refs(refs::Refs),
    Config(config::Config),
    Mode(mode::Mode),
    Delete(delete::Delete),
    Undelete(undelete::Undelete),
    Decode(data::Decode),
    Encode(data::Encode),
    Sample(data::Sample),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(completions::Man),
    Migrate(migrate::Migrate),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
    Healthcheck(healthcheck::Healthcheck),
}

/// Runs the command this process was started with.
pub fn run() -> ExitCode {
    let command = Avow::parse().command;
    guarded(|| command.run()).into()
}

/// Runs a command; tells a person what went wrong, and the shell which kind of thing it was.
fn guarded(command: impl FnOnce() -> Result<Exit, Error>) -> Exit {
    match panic::catch_unwind(AssertUnwindSafe(command)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            // Nobody is left to tell if standard error is gone.
            let _ = error.report();
            error.exit()
        }
        // The panic has told what and where.
        Err(_) => {
            let _ = writeln!(io::stderr(), "this is a bug of avow; please report it with the lines above");
            Exit::Bug
        }
    }
}

impl Command {
    fn run(&self) -> Result<Exit, Error> {
        let done = |()| Exit::Clean;
        match self {
            Self::Serve(command) => command.run().map(done),
            Self::Migrate(command) => command.run(),
            Self::Verify(command) => command.run().map(done),
            Self::Backup(command) => command.run().map(done),
            Self::Restore(command) => command.run().map(done),
            Self::Openapi => openapi::run().map(done),
            Self::Healthcheck(command) => command.run().map(done),
            Self::Check(command) => command.run(),
            Self::Lint(command) => command.run(),
            Self::Fmt(command) => command.run(),
            Self::Validate(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Lock(command) => command.run(),
            Self::Plan(command) => command.run(),
            Self::Apply(command) => command.run(),
            Self::Drift(command) => command.run(),
            Self::Pull(command) => command.run(),
            Self::Register(command) => command.run(),
            Self::Get(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Versions(command) => command.run(),
            Self::Search(command) => command.run(),
            Self::Refs(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Mode(command) => command.run(),
            Self::Delete(command) => command.run(),
            Self::Undelete(command) => command.run(),
            Self::Decode(command) => command.run(),
            Self::Encode(command) => command.run(),
            Self::Sample(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::Completions(command) => command.run(Avow::command()),
            Self::Man(command) => command.run(Avow::command()),
        }
    }
}

/// A runtime for commands that do one thing after another.
fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            // First: whoever sees this process at work can stop it.
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
            done = work => done,
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn a_bug_has_a_code_of_its_own() {
        assert_eq!(super::guarded(|| unreachable!("it is not")), super::Exit::Bug);
        assert_eq!(super::guarded(|| Err(super::Error::Interrupted)), super::Exit::Interrupted);
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Avow::command().debug_assert();
    }
}
