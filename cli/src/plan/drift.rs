//! `avow drift`: whether the registry still holds what the files say.

use super::document::{Document, Drift, Entry, State};
use super::make;
use super::output::PlanOutput;
use super::prune::Prune;
use crate::Error;
use crate::exit::{self, Exit};
use crate::target::Target;

/// Shows where the registry and the files of the project differ, and which side changed.
///
/// A subject that somebody changed by hand, versions after the one in the file, what was deleted, settings that are
/// others, and subjects of the `[scope]` that no file describes. Exits with 1 if there is anything of that kind, so that
/// a nightly job can watch for it.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct DriftCommand {
    #[command(flatten)]
    output: PlanOutput,
    #[command(flatten)]
    target: Target,
}

impl DriftCommand {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        self.output.check()?;
        let mut document = make(&self.target, "drift", Prune::Report, &[])?;
        document.only_differences();
        self.output.write(&document, &self.target.terminal)?;
        let differs = document.entries_to_show().next().is_some();
        Ok(match (document.summary.invalid, differs) {
            (0, false) => Exit::Clean,
            (0, true) => Exit::Findings,
            _ => Exit::Input,
        })
    }
}

impl Document {
    /// What is to be done about it is not the question.
    fn only_differences(&mut self) {
        self.steps.clear();
        self.seen.clear();
        for entry in &mut self.subjects {
            entry.drift = entry.drifted();
            entry.notes.clear();
        }
    }
}

impl Entry {
    fn drifted(&self) -> Vec<Drift> {
        let mut drift: Vec<Drift> = Vec::new();
        for state in &self.states {
            drift.push(match state {
                State::Create | State::NewVersion if self.deleted_version.is_some() => Drift::Deleted,
                State::Create if self.version.is_some_and(|version| version > 1) => Drift::Deleted,
                State::Create => Drift::Missing,
                State::NewVersion => Drift::FilesAhead,
                State::Older => Drift::RegistryAhead,
                State::Config | State::Mode => Drift::Settings,
                State::Unmanaged => Drift::Unmanaged,
                State::Delete | State::Unchanged | State::Invalid => continue,
            });
        }
        drift.dedup();
        drift
    }
}
