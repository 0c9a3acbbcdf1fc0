//! The formats that findings are told in.

use super::{Report, annotations, human, json, junit, markdown, sarif};
use crate::Error;
use crate::outputs::{self, Output};
use crate::terminal::Talk;

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

impl outputs::Format for Format {
    const HUMAN: Self = Self::Human;
}

/// Where to tell what.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Outputs {
    /// Tells the findings in this format, on standard output or in a file; may be given several times.
    ///
    /// Formats: human, json, jsonl, junit, sarif, github, gitlab, markdown. Without one for standard output it is human.
    #[arg(long = "output", short = 'o', value_name = "FORMAT[=FILE]", value_parser = outputs::parse::<Format>)]
    outputs: Vec<Output<Format>>,
}

/// How much the human format tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Briefly,
    /// With causes, bytes, every fix, and what was fine.
    InFull,
}

impl Outputs {
    pub(crate) fn check(&self) -> Result<(), Error> {
        outputs::check(&self.outputs)
    }

    pub(crate) fn tell(&self, report: &Report, talk: &Talk, told: Told) -> Result<(), Error> {
        outputs::tell(&self.outputs, talk, |format| {
            Ok(match format {
                Format::Human => human::render(report, told, talk.quiet),
                Format::Json => json::render(report),
                Format::Jsonl => json::lines(report),
                Format::Junit => junit::render(report),
                Format::Sarif => sarif::render(report),
                Format::Github => {
                    outputs::summarise(&markdown::render(report))?;
                    annotations::github(report)
                }
                Format::Gitlab => annotations::gitlab(report),
                Format::Markdown => markdown::render(report),
            })
        })
    }
}
