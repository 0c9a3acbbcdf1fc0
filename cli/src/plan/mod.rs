//! Schemas as code: `avow plan`, `avow apply`, `avow drift`, `avow pull`.
//!
//! - `tree`: the files and their subjects, each after those it uses; `refer`: what they refer to
//! - `held`: what the registry holds; `same`: whether the two are the same
//! - `make`: the plan, with `settings`, `prune` and `verdict`
//! - `document`: the plan as it is kept; `told`: as people read it; `shown`: the formats of `-o`
//! - `carry`, `ours`: doing what it says

mod apply;
mod carry;
mod document;
mod drift;
mod held;
mod make;
mod ours;
mod prune;
mod pull;
mod refer;
mod same;
mod settings;
mod shown;
mod told;
mod tree;
mod verdict;

use std::path::PathBuf;

pub(crate) use apply::Apply;
pub(crate) use drift::DriftCommand;
pub(crate) use pull::Pull;

use self::document::Document;
use self::make::Maker;
use self::prune::Prune;
use self::shown::Shown;
use self::tree::Tree;
use super::at::At;
use super::exit::{self, Exit};
use super::{Error, block_on};

/// Shows what would have to be done so that the registry holds what the files of the project say.
///
/// Schemas are compared by what they mean, with their references, metadata, rules, config and mode; what avow.toml does
/// not mention is left alone. New versions are judged as `avow check` does, so a plan that would be refused says so. It
/// works with any registry that speaks Confluent's HTTP API, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = concat!("\
Exits with 0 whether there are changes or not, with 1 if the registry would refuse them, or if there are any and
--fail-on-changes was given, and with 3 if a file is no schema.

"), after_help = exit::HELP)]
pub struct Plan {
    /// Keeps the plan in a file, for `avow apply FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Deletes, softly, subjects of the `[scope]` in avow.toml that no file describes.
    #[arg(long)]
    prune: bool,

    /// Exits with 1 if there is anything to do.
    #[arg(long)]
    fail_on_changes: bool,

    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    at: At,
}

impl Plan {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.shown.check()?;
        let prune = if self.prune { Prune::Delete } else { Prune::Tell };
        let document = make(&self.at, "plan", prune)?;
        if let Some(path) = &self.out {
            document.write(path)?;
        }
        self.shown.tell(&document, &self.at.talk)?;
        let changes = self.fail_on_changes && !document.steps.is_empty();
        Ok(document.exit().max(if changes { Exit::Findings } else { Exit::Clean }))
    }
}

impl Document {
    /// What the shell is told about the plan itself.
    fn exit(&self) -> Exit {
        match (self.summary.invalid, self.summary.refused) {
            (0, 0) => Exit::Clean,
            (0, _) => Exit::Findings,
            _ => Exit::Input,
        }
    }
}

/// Makes a plan of the project.
fn make(at: &At, command: &str, prune: Prune) -> Result<Document, Error> {
    let project = at.project()?;
    let tree = Tree::read(&project)?;
    let remote = at.open_for(&project)?;
    let maker = Maker { project: &project, remote: &remote, talk: &at.talk, prune, judged: command == "plan" };
    block_on(maker.make(command, &tree))
}
