//! Terminal output: colour, `--quiet`, progress.
//!
//! Standard output is data; everything said here goes to standard error.

use std::io::{self, IsTerminal as _, Write};
use std::rc::Rc;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::printable::{Printable, printable};
use super::project::Project;
use super::source::SchemaFile;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Color {
    /// Where a person watches, and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// In files and pipes, too.
    Always,
    /// Nowhere.
    Never,
}

/// How a command talks.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Terminal {
    /// When to use colour; `NO_COLOR` and `CLICOLOR_FORCE` are respected.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: Color,

    /// Prints findings only.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

impl Terminal {
    fn choice(&self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }

    /// Standard output, which drops colour that nobody sees.
    pub(super) fn stdout(&self) -> impl Write {
        Printable(AutoStream::new(io::stdout(), self.choice()))
    }

    fn stderr(&self) -> impl Write {
        Printable(AutoStream::new(io::stderr(), self.choice()))
    }

    /// Says something to a person, unless silence was asked for.
    pub(super) fn say(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            // There is nobody to inform if standard error is gone.
            let _ = writeln!(self.stderr(), "{text}");
        }
    }

    /// Says which entries of avow.toml are about no file: a misspelt path would check nothing.
    pub(super) fn note_unmatched(&self, project: &Project, files: &[Rc<SchemaFile>]) {
        for glob in project.unmatched(files) {
            self.say(format_args!("note: no file matches `files = \"{glob}\"` in avow.toml"));
        }
    }

    /// Shows how far long work is, on one line, if a person watches.
    pub(super) fn progress(&self, text: impl std::fmt::Display) {
        if self.is_watched() {
            let _ = write!(io::stderr(), "\r\x1b[K{}", printable(&text.to_string()));
        }
    }

    /// Takes the line of [`Talk::progress`] away.
    pub(super) fn done(&self) {
        if self.is_watched() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn is_watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }
}

/// `text` in a style.
pub(super) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
