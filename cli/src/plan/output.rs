//! Output formats for plans.

use super::document::Document;
use crate::Error;
use crate::report_sinks::{self, Sink};
use crate::terminal::Terminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON document, the same that --out keeps.
    Json,
    /// The subjects of that document, one a line.
    Jsonl,
    /// Annotations of a pull request on GitHub, and the summary of the step.
    Github,
    /// A comment on a pull request.
    Markdown,
}

impl report_sinks::Format for Format {
    const HUMAN: Self = Self::Human;
}

/// Where a plan is printed, in which formats.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct PlanOutput {
    /// Prints the plan in this format, to standard output or to a file; may be repeated.
    ///
    /// Formats: human, json, jsonl, github, markdown. Without one for standard output it is human.
    #[arg(long = "output", short = 'o', value_name = "FORMAT[=FILE]", value_parser = report_sinks::parse::<Format>)]
    report_sinks: Vec<Sink<Format>>,

    /// Short for `-o json`.
    #[arg(long)]
    json: bool,
}

impl PlanOutput {
    fn sinks(&self) -> Vec<Sink<Format>> {
        let json = self.json.then(|| Sink::stdout(Format::Json));
        self.report_sinks.iter().cloned().chain(json).collect()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        report_sinks::check(&self.sinks())
    }

    pub(super) fn write(&self, document: &Document, terminal: &Terminal) -> Result<(), Error> {
        report_sinks::write_all(&self.sinks(), terminal, |format| {
            Ok(match format {
                Format::Human => document.human(terminal.quiet),
                Format::Json => document.text(),
                Format::Jsonl => document.lines(),
                Format::Github => {
                    report_sinks::summarise(&document.markdown())?;
                    annotations(document)
                }
                Format::Markdown => document.markdown(),
            })
        })
    }
}

/// What is to be done as a notice beside its file; what cannot be, and what has drifted, as an error.
fn annotations(document: &Document) -> String {
    let mut out = String::new();
    for entry in document.entries_to_show() {
        let kind = if document.is_trouble(entry) { "error" } else { "notice" };
        let file = entry.file.as_deref().map(|file| ("file", file));
        let title = document.title(entry);
        let properties: Vec<_> = file.into_iter().chain([("title", title.as_str())]).collect();
        out += &report_sinks::annotation(kind, &properties, &document.text_of(entry).join("\n"));
    }
    out + &document.last_line() + "\n"
}
