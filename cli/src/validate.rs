//! `avow validate`: are these schemas at all?

use std::path::PathBuf;
use std::rc::Rc;

use avow_avro::Strictness;

use super::exit::{self, Exit};
use super::report::{FailOn, Outcome, Report, ReportSinks, State, Verbosity};
use super::target::Target;
use super::{Error, block_on};

/// Checks whether a registry would accept the files as schemas, with the types they use from the project.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Validate {
    /// Files and folders; by default every schema of the project.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    report_sinks: ReportSinks,
    #[command(flatten)]
    target: Target,
}

impl Validate {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        self.report_sinks.check()?;
        let project = self.target.project()?;
        let files = project.files_to_check(&self.paths)?;
        let resolver = self.target.resolver(&project, &files);
        let outcomes = block_on(async {
            let mut outcomes = Vec::with_capacity(files.len());
            for file in &files {
                let (assignment, unnamed) = project.assignment_or_fault(file);
                let strictness = project.strictness(&assignment).unwrap_or(Strictness::Strict);
                let broken = resolver.resolve(file, strictness, &assignment).await?.resolved.err().or(unnamed);
                outcomes.push(Outcome {
                    subject: None,
                    level: None,
                    against: Vec::new(),
                    state: if broken.is_some() { State::Invalid } else { State::Checked },
                    findings: broken.iter().map(|broken| broken.finding(file)).collect(),
                    file: Rc::clone(file),
                });
            }
            Ok::<_, Error>(outcomes)
        })?;
        let report = Report { command: "validate", outcomes };
        self.report_sinks.write(&report, &self.target.terminal, Verbosity::Brief)?;
        Ok(report.exit(FailOn::default()))
    }
}
