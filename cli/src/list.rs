//! `avow list` and `avow versions`: what there is.

use std::collections::HashSet;

use avow_client::rest::Version;
use serde_json::{Value, json};

use super::exit::{self, Exit};
use super::listing::{Wanted, of_subject};
use super::subjects::{Query, Row, found, gathered, names};
use super::target::{OutputFormat, Target, table};
use super::terminal::count;
use super::{Error, block_on};
use avow_domain::{Glob, Moment, Timestamp};

/// Lists the subjects of the registry.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct List {
    /// Only subjects like these, as in `orders-*`.
    #[arg(value_name = "GLOB", value_parser = Glob::parse)]
    globs: Vec<Glob>,

    /// Includes subjects whose versions are all soft-deleted.
    #[arg(long)]
    deleted: bool,

    /// With their versions, the id of the latest, and the level in force where the registry reports it.
    #[arg(long, short = 'l')]
    long: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl List {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let every_context = remote.client.context().is_none();
        let query = Query { names: &self.globs, deleted: self.deleted, every_context, ..Query::default() };
        if self.long {
            let rows = block_on(async {
                match found(&remote, &query, &self.target.terminal).await? {
                    Some(rows) => Ok(rows),
                    None => gathered(&remote, &query, &self.target.terminal).await,
                }
            })?;
            let columns: Vec<_> = rows.iter().map(Row::columns).collect();
            self.output.print(&self.target.terminal, &table(&columns), &rows.iter().map(Row::json).collect())?;
            return Ok(Exit::Clean);
        }
        let subjects = block_on(async {
            // One answer with all names is less to ask for than pages, unless only some of many are wanted.
            let some = if self.globs.is_empty() { None } else { found(&remote, &query, &self.target.terminal).await? };
            match some {
                Some(rows) => Ok(rows.into_iter().map(|row| row.subject).collect()),
                None => names(&remote, &query).await,
            }
        })?;
        let live: Option<HashSet<String>> = match self.deleted {
            true => Some(block_on(names(&remote, &Query { deleted: false, ..query }))?.into_iter().collect()),
            false => None,
        };
        let is_deleted = |subject: &String| live.as_ref().is_some_and(|live| !live.contains(subject));
        let row = |subject: &String| match is_deleted(subject) {
            true => vec![subject.clone(), "deleted".to_owned()],
            false => vec![subject.clone()],
        };
        if subjects.is_empty() {
            self.target.terminal.say(if self.globs.is_empty() { "no subjects" } else { "no subject matches" });
        }
        let rows: Vec<_> = subjects.iter().map(row).collect();
        self.output.print(&self.target.terminal, &table(&rows), &json!(subjects))?;
        Ok(Exit::Clean)
    }
}

/// Lists the versions of a subject.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Versions {
    /// The subject.
    subject: String,

    /// Includes soft-deleted versions.
    #[arg(long)]
    deleted: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Versions {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let wanted = Wanted { deleted: self.deleted, ..Wanted::default() };
        let versions = block_on(of_subject(&remote, &self.subject, wanted))?;
        if versions.is_empty() {
            let suggestion = block_on(async { Ok::<_, Error>(remote.suggestion(&self.subject).await) })?;
            let hint = if suggestion.is_empty() { "; `avow list` lists them" } else { &suggestion };
            return Err(Error::Input(format!("there is no subject `{}`{hint}", self.subject)));
        }
        let rows: Vec<Vec<String>> = versions.iter().map(row).collect();
        self.output.print(&self.target.terminal, &table(&rows), &versions.iter().map(described).collect())?;
        Ok(Exit::Clean)
    }
}

fn row(version: &Version) -> Vec<String> {
    let references = version.schema.references.len();
    let notes = [
        version.schema.deleted.then(|| "deleted".to_owned()),
        (references > 0).then(|| count(references, "reference")),
    ];
    vec![
        version.version.to_string(),
        format!("id {}", version.id),
        version.schema.schema_type.to_string(),
        version.schema.ts.map(|millis| Moment(Timestamp(millis)).to_string()).unwrap_or_default(),
        notes.into_iter().flatten().collect::<Vec<_>>().join(", "),
    ]
}

/// What is known of a version, but for its text.
fn described(version: &Version) -> Value {
    let mut all = json!(version.schema);
    if let Some(all) = all.as_object_mut() {
        all.remove("schema");
    }
    all["subject"] = json!(version.subject);
    all["version"] = json!(version.version);
    all["id"] = json!(version.id);
    all
}
