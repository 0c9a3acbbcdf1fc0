//! Output formats for findings.

use super::{Report, annotations, human, json, junit, markdown, sarif};
use crate::Error;
use crate::report_sinks::{self, Sink};
use crate::terminal::Terminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: the place, the reason, the record that fails, the fix.
    Human,
    /// One document, described in docs/output.md.
    Json,
    /// The results of that document, one a line.
    Jsonl,
    /// For most CI systems.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a pull request on GitHub, and the summary of the step.
    Github,
    /// Code Quality of GitLab.
    Gitlab,
    /// A comment on a pull request.
    Markdown,
}

impl report_sinks::Format for Format {
    const HUMAN: Self = Self::Human;
}

/// Where findings are printed, in which formats.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportSinks {
    /// Prints the findings in this format, to standard output or to a file; may be repeated.
    ///
    /// Formats: human, json, jsonl, junit, sarif, github, gitlab, markdown. Without one for standard output it is human.
    #[arg(long = "output", short = 'o', value_name = "FORMAT[=FILE]", value_parser = report_sinks::parse::<Format>)]
    report_sinks: Vec<Sink<Format>>,

    /// Short for `-o json`.
    #[arg(long)]
    json: bool,
}

/// How much detail the human format shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Brief,
    /// With causes, bytes, every fix, and what was fine.
    Full,
}

impl ReportSinks {
    fn sinks(&self) -> Vec<Sink<Format>> {
        let json = self.json.then(|| Sink::stdout(Format::Json));
        self.report_sinks.iter().cloned().chain(json).collect()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        report_sinks::check(&self.sinks())
    }

    pub(crate) fn write(&self, report: &Report, terminal: &Terminal, verbosity: Verbosity) -> Result<(), Error> {
        report_sinks::write_all(&self.sinks(), terminal, |format| {
            Ok(match format {
                Format::Human => human::render(report, verbosity, terminal.quiet),
                Format::Json => json::render(report),
                Format::Jsonl => json::lines(report),
                Format::Junit => junit::render(report),
                Format::Sarif => sarif::render(report),
                Format::Github => {
                    report_sinks::summarise(&markdown::render(report))?;
                    annotations::github(report)
                }
                Format::Gitlab => annotations::gitlab(report),
                Format::Markdown => markdown::render(report),
            })
        })
    }
}
