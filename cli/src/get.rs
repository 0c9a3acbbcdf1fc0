//! `avow get`: one schema of a registry.

use super::at::{At, Printed};
use super::exit::{self, Exit};
use super::stored::Stored;
use super::{Error, block_on};

/// Prints a schema that the registry holds.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Get {
    /// `subject` (its latest version), `subject@3`, `subject@latest`, `id:7` or `guid:…`.
    schema: Stored,

    /// Finds what is deleted softly, too.
    #[arg(long)]
    deleted: bool,

    /// With all that the schema refers to written into its text.
    #[arg(long)]
    resolved: bool,

    /// Indents the text; otherwise it is printed as it is stored.
    #[arg(long, short)]
    pretty: bool,

    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    at: At,
}

impl Get {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.at.open()?;
        let found = block_on(self.schema.find(&remote, self.deleted, self.resolved))?;
        if !self.printed.is_json() {
            self.at.talk.say(found.name());
        }
        let mut text = found.schema.text.clone();
        if self.pretty
            && let Ok(value) = serde_json::from_str::<serde_json::Value>(&text)
        {
            text = format!("{value:#}");
        }
        text.push('\n');
        self.printed.print(&self.at.talk, &text, &found.json())?;
        Ok(Exit::Clean)
    }
}
