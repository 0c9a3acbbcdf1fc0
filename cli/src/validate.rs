//! `avow validate`: are these schemas at all?

use std::path::PathBuf;
use std::rc::Rc;

use avow_avro::Strictness;

use super::Error;
use super::exit::{self, Exit};
use super::project::{ProjectOptions, Resolver};
use super::report::{FailOn, Outcome, Report, ReportSinks, State, Verbosity};
use super::terminal::Terminal;

/// Checks whether a registry would accept the files as schemas, with the types they use from the project.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Validate {
    /// Files and folders; by default every schema of the project.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    report_sinks: ReportSinks,
    #[command(flatten)]
    terminal: Terminal,
}

impl Validate {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.report_sinks.check()?;
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
        self.report_sinks.write(&report, &self.terminal, Verbosity::Brief)?;
        Ok(report.exit(FailOn::default()))
    }
}
