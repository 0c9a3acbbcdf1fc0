//! `avow search`: subjects, types and fields by their names.

use std::path::Path;

use avow_client::rest::{SchemaType, Version};
use globset::GlobMatcher;
use serde_json::{Value, json};

use super::at::{At, Printed, table};
use super::exit::{self, Exit};
use super::list::{matches, subject_glob};
use super::listing::{Wanted, versions};
use super::source::{Item, SchemaFile, Shape, items};
use super::terminal::count;
use super::{Error, block_on};

/// Finds subjects by their names, and by the fields and types of their schemas.
///
/// Looks into the latest version of each subject, page by page. Exits with 1 if nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Search {
    /// Only subjects like this, as in `orders-*`.
    #[arg(value_name = "SUBJECT", value_parser = subject_glob)]
    subjects: Vec<GlobMatcher>,

    /// Only where a field is called like this, as in `*email*`.
    #[arg(long, value_name = "GLOB", value_parser = any_case)]
    field: Option<GlobMatcher>,

    /// Only where a record, an enum or a fixed type has a full name like this, as in `com.acme.*`.
    #[arg(long = "type", value_name = "GLOB", value_parser = any_case)]
    named: Option<GlobMatcher>,

    /// Looks into all versions.
    #[arg(long)]
    all_versions: bool,

    /// Looks into all contexts.
    #[arg(long, conflicts_with = "context")]
    all_contexts: bool,

    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    at: At,
}

/// Where something was found.
struct Hit {
    /// For people: `Order.to.zip`; nothing if the subject itself was looked for.
    path: Option<String>,
    kind: String,
}

impl Search {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.at.open()?;
        let wanted = Wanted { latest_only: !self.all_versions, every_context: self.all_contexts, deleted: false };
        let held = block_on(versions(&remote, wanted, &self.at.talk))?;
        let mut rows = Vec::new();
        let mut found = Vec::new();
        for version in held.iter().filter(|version| matches(&self.subjects, &version.subject)) {
            for Hit { path, kind } in self.hits(version) {
                let name = format!("{}@{}", version.subject, version.version);
                rows.push(vec![name, path.clone().unwrap_or_default(), kind.clone()]);
                let mut hit = json!({"subject": version.subject, "version": version.version, "id": version.id});
                if let Some(path) = path {
                    hit["path"] = path.into();
                    hit["type"] = kind.into();
                }
                found.push(hit);
            }
        }
        if found.is_empty() {
            self.at.talk.say(format_args!("nothing found in {}", count(held.len(), "version")));
        }
        let exit = if found.is_empty() { Exit::Findings } else { Exit::Clean };
        self.printed.print(&self.at.talk, &table(&rows), &Value::Array(found))?;
        Ok(exit)
    }

    fn hits(&self, version: &Version) -> Vec<Hit> {
        if self.field.is_none() && self.named.is_none() {
            return vec![Hit { path: None, kind: String::new() }];
        }
        if version.schema.schema_type != SchemaType::Avro {
            return Vec::new();
        }
        let file = SchemaFile::new(Path::new(&version.subject), version.schema.text.clone());
        let Some(tree) = file.tree() else { return Vec::new() };
        let is_like = |glob: &Option<GlobMatcher>, text: &str| glob.as_ref().is_some_and(|glob| glob.is_match(text));
        let hit = |item| match item {
            Item::Field(field) if is_like(&self.field, field.name) => {
                Some(Hit { path: Some(field.path), kind: brief(&file.text[field.kind.span.clone()]) })
            }
            Item::Type(it) => match it.shape {
                Shape::Named { what, full } if is_like(&self.named, &full) => {
                    Some(Hit { path: Some(full), kind: what.to_owned() })
                }
                _ => None,
            },
            Item::Field(_) => None,
        };
        items(tree).into_iter().filter_map(hit).collect()
    }
}

/// A type as far as it fits a line.
fn brief(text: &str) -> String {
    const MOST: usize = 50;
    let text = text.trim_matches('"');
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

fn any_case(text: &str) -> Result<GlobMatcher, String> {
    let glob = globset::GlobBuilder::new(text).case_insensitive(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}
