//! `avow fmt`: one layout for all schema files.

use std::io::Write as _;
use std::path::PathBuf;

use super::Error;
use super::exit::{self, Exit};
use super::project::ProjectOptions;
use super::source::SchemaFile;
use super::terminal::{Terminal, count};
pub(super) use avow_schema::layout::laid_out;

/// Formats schema files: two-space indentation, one field per line, comments kept. Only white space changes.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Fmt {
    /// Files and folders; by default every schema of the project. `-` reads standard input and prints.
    paths: Vec<PathBuf>,

    /// Changes nothing: lists the files that are not formatted, and exits with 1 if there are any.
    #[arg(long)]
    check: bool,

    /// Changes nothing: shows what would change, as a unified diff; exits as --check does.
    #[arg(long)]
    diff: bool,

    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    terminal: Terminal,
}

impl Fmt {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let project = self.project.load()?;
        let files = project.files_to_check(&self.paths)?;
        let (mut other, mut unreadable) = (0, 0);
        for file in &files {
            let Some(text) = laid_out(&file.text).map(|text| file.with_line_ends(text)) else {
                unreadable += 1;
                self.complain(file);
                continue;
            };
            if file.path.as_os_str() == "-" {
                std::io::stdout().lock().write_all(text.as_bytes())?;
                continue;
            }
            if text == file.text {
                continue;
            }
            other += 1;
            if self.diff {
                write!(self.terminal.stdout(), "{}", unified(&file.name(), &file.text, &text))?;
            } else {
                writeln!(self.terminal.stdout(), "{}", file.name())?;
            }
            if !self.only_shows() {
                file.write(&text)?;
            }
        }
        let done = if self.only_shows() { "to format" } else { "formatted" };
        self.terminal.say(format_args!(
            "fmt: {} {done}, {} fine",
            count(other, "file"),
            files.len() - other - unreadable
        ));
        Ok(match (unreadable, other) {
            (0, 1..) if self.only_shows() => Exit::Findings,
            (0, _) => Exit::Clean,
            _ => Exit::Input,
        })
    }

    fn only_shows(&self) -> bool {
        self.check || self.diff
    }

    fn complain(&self, file: &SchemaFile) {
        if let Some(fault) = &file.fault {
            self.terminal.say(fault);
            return;
        }
        let reason = match avow_avro::parse(&file.text, &[], avow_avro::Strictness::Lenient) {
            Err(error) => error.to_string(),
            Ok(_) => "it is nested too deeply".to_owned(),
        };
        self.terminal.say(format_args!("{}: {reason}", file.name()));
    }
}

/// A diff that `patch` applies.
fn unified(name: &str, old: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
