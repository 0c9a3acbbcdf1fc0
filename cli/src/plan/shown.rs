//! The formats that plans are told in.

use super::document::Document;
use crate::Error;
use crate::outputs::{self, Output};
use crate::terminal::Talk;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
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

impl outputs::Format for Form {
    const HUMAN: Self = Self::Human;
}

/// Where to tell what of a plan.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Shown {
    /// Tells it in this format, on standard output or in a file; may be given several times.
    ///
    /// Formats: human, json, jsonl, github, markdown. Without one for standard output it is human.
    #[arg(long = "output", short = 'o', value_name = "FORMAT[=FILE]", value_parser = outputs::parse::<Form>)]
    outputs: Vec<Output<Form>>,
}

impl Shown {
    pub(super) fn check(&self) -> Result<(), Error> {
        outputs::check(&self.outputs)
    }

    pub(super) fn tell(&self, document: &Document, talk: &Talk) -> Result<(), Error> {
        outputs::tell(&self.outputs, talk, |form| {
            Ok(match form {
                Form::Human => document.human(talk.quiet),
                Form::Json => document.text(),
                Form::Jsonl => document.lines(),
                Form::Github => {
                    outputs::summarise(&document.markdown())?;
                    annotations(document)
                }
                Form::Markdown => document.markdown(),
            })
        })
    }
}

/// What is to be done as a notice beside its file; what cannot be, and what has drifted, as an error.
fn annotations(document: &Document) -> String {
    let mut out = String::new();
    for entry in document.told() {
        let kind = if document.is_trouble(entry) { "error" } else { "notice" };
        let file = entry.file.as_deref().map(|file| ("file", file));
        let title = document.title(entry);
        let properties: Vec<_> = file.into_iter().chain([("title", title.as_str())]).collect();
        out += &outputs::annotation(kind, &properties, &document.text_of(entry).join("\n"));
    }
    out + &document.last_line() + "\n"
}
