//! `avow get`: one schema of a registry.

use super::exit::{self, Exit};
use super::schema_ref::SchemaRef;
use super::target::{OutputFormat, Target};
use super::{Error, block_on};

/// Prints a schema of the registry.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Get {
    /// `subject` (its latest version), `subject@3`, `subject@latest`, `id:7` or `guid:…`.
    schema: SchemaRef,

    /// Includes soft-deleted versions.
    #[arg(long)]
    deleted: bool,

    /// With all that the schema refers to written into its text.
    #[arg(long)]
    resolved: bool,

    /// Indents the text; by default it is printed as stored.
    #[arg(long, short)]
    pretty: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Get {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let found = block_on(self.schema.find(&remote, self.deleted, self.resolved))?;
        if !self.output.is_json() {
            self.target.terminal.say(found.name());
        }
        let mut text = found.schema.text.clone();
        if self.pretty
            && let Ok(value) = serde_json::from_str::<serde_json::Value>(&text)
        {
            text = format!("{value:#}");
        }
        text.push('\n');
        self.output.print_exact(&self.target.terminal, &text, &found.json())?;
        Ok(Exit::Clean)
    }
}
