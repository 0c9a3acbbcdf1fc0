//! `avow list` and `avow versions`: what there is.

use avow_client::rest::Version;
use globset::GlobMatcher;
use serde_json::{Value, json};

use super::at::{At, Printed, table};
use super::exit::{self, Exit};
use super::listing::{Wanted, of_subject};
use super::terminal::count;
use super::{Error, block_on};
use crate::domain::{Moment, Timestamp};

/// Lists the subjects of the registry.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct List {
    /// Only subjects like these, as in `orders-*`.
    #[arg(value_name = "GLOB", value_parser = subject_glob)]
    globs: Vec<GlobMatcher>,

    /// With subjects all of whose versions are deleted softly.
    #[arg(long)]
    deleted: bool,

    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    at: At,
}

impl List {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.at.open()?;
        let call = remote.client.subjects();
        let call = if self.deleted { call.include_deleted() } else { call };
        let mut subjects = block_on(async { call.await.map_err(remote.failed()) })?;
        subjects.retain(|subject| matches(&self.globs, subject));
        let rows: Vec<_> = subjects.iter().map(|subject| vec![subject.clone()]).collect();
        self.printed.print(&self.at.talk, &table(&rows), &json!(subjects))?;
        Ok(Exit::Clean)
    }
}

/// Lists the versions of a subject.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Versions {
    /// The subject.
    subject: String,

    /// With versions that are deleted softly.
    #[arg(long)]
    deleted: bool,

    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    at: At,
}

impl Versions {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.at.open()?;
        let wanted = Wanted { deleted: self.deleted, ..Wanted::default() };
        let versions = block_on(of_subject(&remote, &self.subject, wanted))?;
        if versions.is_empty() {
            return Err(Error::Input(format!("there is no subject `{}`; `avow list` lists them", self.subject)));
        }
        let rows: Vec<Vec<String>> = versions.iter().map(row).collect();
        self.printed.print(&self.at.talk, &table(&rows), &versions.iter().map(described).collect())?;
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

/// Subjects are no paths: `*` stands for anything.
pub(super) fn subject_glob(text: &str) -> Result<GlobMatcher, String> {
    globset::Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

pub(super) fn matches(globs: &[GlobMatcher], subject: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.is_match(subject))
}
