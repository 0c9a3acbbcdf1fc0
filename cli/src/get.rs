//! `avow get`: one schema of a registry.

use std::path::PathBuf;

use serde_json::json;

use super::data::schema_text;
use super::exit::{self, Exit};
use super::schema_ref::SchemaRef;
use super::target::{OutputFormat, Target};
use super::{Error, block_on};

/// Prints a schema of the registry, or that of an Avro container file.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Get {
    /// `subject` (its latest version), `subject@3`, `subject@latest`, `id:7` or `guid:…`.
    #[arg(required_unless_present = "from")]
    schema: Option<SchemaRef>,

    /// Takes the schema out of an Avro container file (`.avro`).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schema", "deleted", "resolved"])]
    from: Option<PathBuf>,

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
        let (text, json) = match (&self.schema, &self.from) {
            (Some(schema), _) => {
                let remote = self.target.open()?;
                let found = block_on(schema.find(&remote, self.deleted, self.resolved))?;
                if !self.output.is_json() {
                    self.target.terminal.say(found.name());
                }
                (found.schema.text.clone(), found.json())
            }
            (None, Some(path)) => {
                let text = schema_text(path)?;
                let json = json!({"schemaType": "AVRO", "schema": text});
                (text, json)
            }
            (None, None) => return Err(Error::Usage("name a schema, or a file with --from".to_owned())),
        };
        let indented = || serde_json::from_str::<serde_json::Value>(&text).map(|value| format!("{value:#}"));
        let mut printed = if self.pretty { indented().unwrap_or(text) } else { text };
        printed.push('\n');
        self.output.print_exact(&self.target.terminal, &printed, &json)?;
        Ok(Exit::Clean)
    }
}
