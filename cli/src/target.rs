//! What commands that ask one registry have in common: where it is, how data is printed, and consent to what is final.

use std::io::{self, IsTerminal as _, Write as _};
use std::rc::Rc;

use serde_json::Value;

use super::Error;
use super::connection::Connection;
use super::printable::Printable;
use super::project::{Project, ProjectOptions, Resolver};
use super::remote::Remote;
use super::source::SchemaFile;
use super::terminal::Terminal;

/// The registry and context a command works on.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Target {
    /// The context of subjects and ids, where they do not name one; by default the default context.
    #[arg(long, env = "AVOW_CONTEXT", value_name = "NAME", help_heading = "Registry")]
    pub(super) context: Option<String>,
    #[command(flatten)]
    pub(super) connection: Connection,
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    pub(super) terminal: Terminal,
}

impl Target {
    pub(super) fn project(&self) -> Result<Project, Error> {
        self.project.load()
    }

    /// The registry; nothing is asked yet.
    pub(super) fn open(&self) -> Result<Remote, Error> {
        self.open_for(&self.project()?)
    }

    /// A resolver that asks the registry for what the project does not know.
    pub(super) fn resolver<'p>(&'p self, project: &'p Project, files: &[Rc<SchemaFile>]) -> Resolver<'p> {
        Resolver::with_fallback(project, files, &self.connection, self.context.as_deref())
    }

    pub(super) fn open_for(&self, project: &Project) -> Result<Remote, Error> {
        let url = self.connection.known_url(project)?;
        self.connection.remote(&url, self.context.as_deref())
    }
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people, and for `cut` and `grep`.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One JSON document a line, for each thing of a list.
    Jsonl,
}

/// How what was asked for is printed on standard output.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputFormat {
    /// How it is printed.
    #[arg(long = "output", short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Short for `-o json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl OutputFormat {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Prints one of the two.
    pub(super) fn print(&self, terminal: &Terminal, text: &str, json: &Value) -> Result<(), Error> {
        match self.format() {
            Format::Text => write!(terminal.stdout(), "{text}")?,
            Format::Json => writeln!(Printable(io::stdout().lock()), "{json:#}")?,
            Format::Jsonl => {
                let mut out = Printable(io::BufWriter::new(io::stdout().lock()));
                for one in json.as_array().map_or(std::slice::from_ref(json), Vec::as_slice) {
                    writeln!(out, "{one}")?;
                }
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Prints one of the two as a line of its own.
    pub(super) fn print_line(&self, terminal: &Terminal, text: &str, json: &Value) -> Result<(), Error> {
        match self.format() {
            Format::Text => writeln!(terminal.stdout(), "{}", text.trim_end())?,
            Format::Json | Format::Jsonl => writeln!(Printable(io::stdout().lock()), "{json}")?,
        }
        Ok(())
    }

    /// Prints the text byte for byte, unless a terminal would interpret it.
    pub(super) fn print_exact(&self, terminal: &Terminal, text: &str, json: &Value) -> Result<(), Error> {
        if self.is_json() || io::stdout().is_terminal() {
            return self.print(terminal, text, json);
        }
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    }

    pub(super) fn is_json(&self) -> bool {
        self.format() != Format::Text
    }
}

/// Consent to what cannot be taken back.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Confirm {
    /// Skips the confirmation.
    #[arg(long, short = 'y')]
    yes: bool,
}

impl Confirm {
    /// Whether to go on: as the flag says, else as the person at the keyboard does.
    pub(super) fn ask(&self, question: &str) -> Result<bool, Error> {
        if self.yes {
            return Ok(true);
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Error::Usage("nothing was changed; give --yes to do it".to_owned()));
        }
        write!(Printable(io::stderr()), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// Rows in columns, as wide as what is in them.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
