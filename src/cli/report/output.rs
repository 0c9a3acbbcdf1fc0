//! `-o FORMAT[=FILE]`: what is told where.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum as _;

use super::{Report, annotations, human, json, junit, markdown, sarif};
use crate::cli::Error;
use crate::cli::terminal::Talk;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
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

#[derive(Debug, Clone)]
pub(in crate::cli) struct Output {
    format: Format,
    file: Option<PathBuf>,
}

fn parse(text: &str) -> Result<Output, String> {
    let (format, file) = match text.split_once('=') {
        Some((format, file)) => (format, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = Format::from_str(format, false).map_err(|_| {
        let known: Vec<_> = Format::value_variants()
            .iter()
            .filter_map(|it| Some(it.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!("formats are {}", known.join(", "))
    })?;
    Ok(Output { format, file })
}

/// Where to tell what.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct Outputs {
    /// Tells the findings in this format, on standard output or in a file; may be given several times.
    ///
    /// Formats: human, json, jsonl, junit, sarif, github, gitlab, markdown. Without one for standard output it is human.
    #[arg(long = "output", short = 'o', value_name = "FORMAT[=FILE]", value_parser = parse)]
    outputs: Vec<Output>,
}

/// How much the human format tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Told {
    Briefly,
    /// With causes, bytes, every fix, and what was fine.
    InFull,
}

impl Outputs {
    /// Refuses two formats for one standard output, before any work is done.
    pub(in crate::cli) fn check(&self) -> Result<(), Error> {
        if self.outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
            return Err(Error::Usage(
                "only one --output can go to standard output; write the others to files, as in `-o junit=report.xml`"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    pub(in crate::cli) fn tell(&self, report: &Report, talk: &Talk, told: Told) -> Result<(), Error> {
        if self.outputs.iter().all(|output| output.file.is_some()) {
            write!(talk.stdout(), "{}", human::render(report, told, talk.quiet))?;
        }
        for Output { format, file } in &self.outputs {
            let text = match format {
                Format::Human => human::render(report, told, talk.quiet),
                Format::Json => json::render(report),
                Format::Jsonl => json::lines(report),
                Format::Junit => junit::render(report),
                Format::Sarif => sarif::render(report),
                Format::Github => {
                    summarise(report)?;
                    annotations::github(report)
                }
                Format::Gitlab => annotations::gitlab(report),
                Format::Markdown => markdown::render(report),
            };
            match file {
                Some(path) => {
                    let text = match format {
                        Format::Human => anstream::adapter::strip_str(&text).to_string(),
                        _ => text,
                    };
                    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                        fs::create_dir_all(folder).map_err(Error::writing(folder))?;
                    }
                    fs::write(path, text).map_err(Error::writing(path))?;
                }
                None if *format == Format::Human => write!(talk.stdout(), "{text}")?,
                None => std::io::stdout().lock().write_all(text.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// GitHub shows what is appended to the file it names.
fn summarise(report: &Report) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(markdown::render(report).as_bytes())).map_err(Error::writing(path))
}
