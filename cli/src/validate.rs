//! `avow validate`: are these schemas at all?

use std::path::PathBuf;
use std::rc::Rc;

use avow_avro::Strictness;

use super::Error;
use super::exit::{self, Exit};
use super::project::{ProjectOptions, Resolver};
use super::report::{FailOn, Outcome, Outputs, Report, State, Told};
use super::terminal::Talk;

/// Tells whether files are schemas that a registry would take, with the types of the project they use.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Validate {
    /// Files and folders; otherwise every schema of the project.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    talk: Talk,
}

impl Validate {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.outputs.check()?;
        let project = self.project.load()?;
        let files = project.files_to_check(&self.paths)?;
        let resolver = Resolver::new(&project, &files);
        let mut outcomes = Vec::with_capacity(files.len());
        for file in files {
            let broken = resolver.resolve(&file.text, Strictness::Strict)?.err();
            outcomes.push(Outcome {
                subject: None,
                level: None,
                against: Vec::new(),
                state: if broken.is_some() { State::Invalid } else { State::Checked },
                findings: broken.iter().map(|broken| broken.finding(&file)).collect(),
                file: Rc::clone(&file),
            });
        }
        let report = Report { command: "validate", outcomes };
        self.outputs.tell(&report, &self.talk, Told::Briefly)?;
        Ok(report.exit(FailOn::default()))
    }
}
