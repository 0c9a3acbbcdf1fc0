//! Schemas as code: `avow plan`, `avow apply`, `avow drift`, `avow pull`.
//!
//! - `tree`: the files and their subjects, each after those it uses; `references`: what they refer to
//! - `remote_state`: what the registry has; `equivalence`: whether the two are the same
//! - `planner`: making a plan, with `settings`, `prune` and `verdict`
//! - `document`: the plan as it is saved; `render`: as people read it; `output`: the formats of `-o`
//! - `execute`: applying it step by step; `avow_api`: at once, where the registry is Avow

mod apply;
mod avow_api;
mod document;
mod drift;
mod equivalence;
mod execute;
mod output;
mod planner;
mod prune;
mod pull;
mod references;
mod remote_state;
mod render;
mod settings;
mod tree;
mod verdict;

use std::collections::HashSet;
use std::path::PathBuf;

pub(crate) use apply::Apply;
pub(crate) use drift::DriftCommand;
pub(crate) use pull::Pull;

use self::document::Document;
use self::output::PlanOutput;
use self::planner::Planner;
use self::prune::Prune;
use self::tree::Tree;
use super::exit::{self, Exit};
use super::target::Target;
use super::{Error, block_on};

/// Shows the changes that would bring the registry in line with the files of the project.
///
/// Schemas are compared by what they mean, with their references, metadata, rules, config and mode; what avow.toml does
/// not mention is left alone. New versions are checked as `avow check` does, so a plan that would be refused says so. It
/// works with any registry that speaks Confluent's HTTP API, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = concat!("\
Exits with 0 whether or not there are changes, with 1 if the registry would refuse them, or if there are any and
--fail-on-changes was given, and with 3 if a file is no schema.

"), after_help = exit::HELP)]
pub struct Plan {
    /// Only these files and folders, and the files that they use; by default every schema of the project.
    #[arg(conflicts_with = "prune")]
    paths: Vec<PathBuf>,

    /// Saves the plan to a file, for `avow apply FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Soft-deletes subjects of the `[scope]` in avow.toml that no file describes.
    #[arg(long)]
    prune: bool,

    /// Exits with 1 if there are changes.
    #[arg(long)]
    fail_on_changes: bool,

    #[command(flatten)]
    output: PlanOutput,
    #[command(flatten)]
    target: Target,
}

impl Plan {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.output.check()?;
        let prune = if self.prune { Prune::Delete } else { Prune::Report };
        let document = make(&self.target, "plan", prune, &self.paths)?;
        if let Some(path) = &self.out {
            document.write(path)?;
        }
        self.output.write(&document, &self.target.terminal)?;
        let changes = self.fail_on_changes && !document.steps.is_empty();
        Ok(document.exit().max(if changes { Exit::Findings } else { Exit::Clean }))
    }
}

impl Document {
    /// The exit code of the plan itself.
    fn exit(&self) -> Exit {
        match (self.summary.invalid, self.summary.refused) {
            (0, 0) => Exit::Clean,
            (0, _) => Exit::Findings,
            _ => Exit::Input,
        }
    }
}

/// Makes a plan of the project, or of some of its files and those that they use.
fn make(target: &Target, command: &str, prune: Prune, paths: &[PathBuf]) -> Result<Document, Error> {
    let project = target.project()?;
    let files = project.files_to_check(&[])?;
    target.terminal.note_unmatched(&project, &files);
    let mut tree = Tree::of(&project, files)?;
    if !paths.is_empty() {
        let chosen: HashSet<String> = project.files_to_check(paths)?.iter().map(|file| file.name()).collect();
        tree.keep(&chosen)?;
    }
    let remote = target.open_for(&project)?;
    let planner =
        Planner { project: &project, remote: &remote, terminal: &target.terminal, prune, evaluated: command == "plan" };
    block_on(planner.make(command, &tree))
}
