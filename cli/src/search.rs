//! `avow search`: subjects, types and fields by their names.

use std::path::Path;

use avow_client::rest::{SchemaType, Version};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::exit::{self, Exit};
use super::listing::{Wanted, of_subject, versions};
use super::remote::{AT_ONCE, Remote};
use super::source::SchemaFile;
use super::subjects::{Query, found, matches};
use super::target::{OutputFormat, Target, table};
use super::{Error, block_on};
use avow_domain::Glob;
use avow_schema::source::{Item, Shape, items};

/// Finds subjects by their names, and by the fields and types of their schemas.
///
/// Looks into the latest version of each subject. With both --field and --type: where there are such fields and such
/// types. Exits with 1 if nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Search {
    /// Only subjects like this, as in `orders-*`.
    #[arg(value_name = "SUBJECT", value_parser = Glob::parse)]
    subjects: Vec<Glob>,

    /// Only where a field is called like this, as in `*email*`.
    #[arg(long, value_name = "GLOB", value_parser = Glob::any_case)]
    field: Option<Glob>,

    /// Only where a record, an enum or a fixed type has a full name like this, as in `com.acme.*`.
    #[arg(long = "type", value_name = "GLOB", value_parser = Glob::any_case)]
    named: Option<Glob>,

    /// Looks into all versions.
    #[arg(long)]
    all_versions: bool,

    /// Looks into all contexts.
    #[arg(long, conflicts_with = "context")]
    all_contexts: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

/// Where something was found.
struct Hit {
    /// For people: `Order.to.zip`; nothing if the subject itself was looked for.
    path: Option<String>,
    kind: String,
    is_type: bool,
}

impl Search {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let held = block_on(self.candidates(&remote))?;
        let mut rows = Vec::new();
        let mut found = Vec::new();
        for version in &held {
            for Hit { path, kind, .. } in self.hits(version) {
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
            self.target.terminal.say("nothing found");
        }
        let exit = if found.is_empty() { Exit::Findings } else { Exit::Clean };
        self.output.print(&self.target.terminal, &table(&rows), &Value::Array(found))?;
        Ok(exit)
    }

    /// The versions that something may be found in.
    async fn candidates(&self, remote: &Remote) -> Result<Vec<Version>, Error> {
        let wanted = Wanted { latest_only: !self.all_versions, every_context: self.all_contexts, deleted: false };
        let query = Query {
            names: &self.subjects,
            deleted: false,
            every_context: self.all_contexts,
            field: self.field.as_ref(),
            named: self.named.as_ref(),
            all_versions: self.all_versions,
        };
        let Some(rows) = found(remote, &query, &self.target.terminal).await? else {
            let mut held = versions(remote, wanted, &self.target.terminal).await?;
            held.retain(|version| matches(&self.subjects, &version.subject));
            return Ok(held);
        };
        let held = rows.iter().map(|row| of_subject(remote, &row.subject, wanted));
        let held: Vec<Vec<Version>> = stream::iter(held).buffered(AT_ONCE).try_collect().await?;
        Ok(held.into_iter().flatten().collect())
    }

    fn hits(&self, version: &Version) -> Vec<Hit> {
        if self.field.is_none() && self.named.is_none() {
            return vec![Hit { path: None, kind: String::new(), is_type: false }];
        }
        if version.schema.schema_type != SchemaType::Avro {
            return Vec::new();
        }
        let file = SchemaFile::new(Path::new(&version.subject), version.schema.text.clone());
        let Some(tree) = file.tree() else { return Vec::new() };
        let is_like = |glob: &Option<Glob>, text: &str| glob.as_ref().is_some_and(|glob| glob.is_match(text));
        let hit = |item| match item {
            Item::Field(field) if is_like(&self.field, field.name) => {
                Some(Hit { path: Some(field.path), kind: brief(&file.text[field.kind.span.clone()]), is_type: false })
            }
            Item::Type(it) => match it.shape {
                Shape::Named { what, full } if is_like(&self.named, &full) => {
                    Some(Hit { path: Some(full), kind: what.to_owned(), is_type: true })
                }
                _ => None,
            },
            Item::Field(_) => None,
        };
        let hits: Vec<Hit> = items(tree).into_iter().filter_map(hit).collect();
        let any = |of_type: bool| hits.iter().any(|hit| hit.is_type == of_type);
        if self.field.is_some() && !any(false) || self.named.is_some() && !any(true) {
            return Vec::new();
        }
        hits
    }
}

/// A type as far as it fits a line.
fn brief(text: &str) -> String {
    const MOST: usize = 50;
    let text = text.trim_matches('"');
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}
