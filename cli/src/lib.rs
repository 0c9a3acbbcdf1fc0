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
mod check;
mod config;
mod connection;
mod copy_registry;
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
mod lint;
mod list;
mod listing;
mod lock;
mod mode;
mod outputs;
mod plan;
mod project;
mod refs;
mod register;
mod remote;
mod report;
mod search;
mod source;
mod stored;
mod subjects;
mod terminal;
mod undelete;
mod validate;
pub mod value_parsers;

use clap::Subcommand;

pub use connection::redacted;
pub use copy_registry::Copy;
pub use error::{Error, report};
pub use exit::Exit;

/// The commands that talk to files and registries.
#[derive(Debug, Subcommand)]
pub enum Command {
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
    Copy(copy_registry::Copy),
}

impl Command {
    /// Runs the command.
    pub fn run(&self) -> Result<Exit, Error> {
        match self {
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
            Self::Copy(command) => command.run(),
        }
    }
}

/// A runtime for commands that do one thing after another.
pub fn block_on<T, E: From<Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::from)?;
    runtime.block_on(async {
        tokio::select! {
            // First: whoever sees this process at work can stop it.
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted.into()),
            done = work => done,
        }
    })
}
