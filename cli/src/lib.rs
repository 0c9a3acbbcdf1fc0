//! The commands, one file or folder each.
//!
//! What several commands share:
//!
//! - `exit`, `error`: exit codes, and errors with hints
//! - `terminal`: colour, `--quiet`, progress; `printable`: escaping of what a registry sends
//! - `connection`: the registry's address and credentials, and a client of it
//! - `project`: `avow.toml` (files, subjects, levels, lint rules), `avow.lock`, and the one resolver of schemas
//! - `source`: schema files, read and written
//! - `remote`: versions and settings, by the calls that every registry answers; `listing`: all versions; `subjects`:
//!   searching
//! - `target`: the registry of a command, output formats, confirmation; `schema_ref`: naming a stored schema
//! - `git`: earlier states of a repository
//! - `report`: findings, and their formats; `report_sinks`: `-o FORMAT=FILE`; `nearest`: "did you mean"

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
mod init;
mod lint;
mod list;
mod listing;
mod lock;
mod log;
mod mode;
mod nearest;
mod plan;
mod printable;
mod project;
mod refs;
mod register;
mod remote;
mod report;
mod report_sinks;
mod schema_ref;
mod search;
mod source;
mod subjects;
mod target;
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
    Init(init::Init),
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
    Log(log::Log),
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
            Self::Init(command) => command.run(),
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
            Self::Log(command) => command.run(),
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
            // First: once this process is visible, it can be stopped.
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted.into()),
            done = work => done,
        }
    })
}
