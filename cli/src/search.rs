//! `avow search`: subjects, types and fields by their names.

use std::collections::BTreeSet;
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
use avow_domain::{Glob, Subject};
use avow_schema::source::{Item, Shape, items};

/// Finds subjects by their names, and by the fields and types of their schemas.
///
/// A word is looked for in all three; a pattern, as in `orders-*`, is about subjects. Looks into the latest version of each
/// subject. With both --field and --type: where there are such fields and such types. Exits with 1 if nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Search {
    /// A word, as in `email`, or a pattern of subjects, as in `orders-*`.
    #[arg(value_name = "WORD", value_parser = Glob::parse)]
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
        let word = self.word();
        let held = block_on(self.candidates(&remote, word.as_ref()))?;
        let mut rows = Vec::new();
        let mut found = Vec::new();
        for version in &held {
            for Hit { path, kind, .. } in self.hits(version, word.as_ref()) {
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

    /// A single word without wildcards, as the pattern of names that contain it.
    fn word(&self) -> Option<Glob> {
        let [only] = &self.subjects[..] else { return None };
        let is_plain = only.prefix() == only.as_str() && !only.names_context();
        let is_alone = self.field.is_none() && self.named.is_none();
        if is_plain && is_alone { Glob::any_case(&format!("*{}*", only.as_str())).ok() } else { None }
    }

    /// The versions that something may be found in.
    async fn candidates(&self, remote: &Remote, word: Option<&Glob>) -> Result<Vec<Version>, Error> {
        let wanted = Wanted { latest_only: !self.all_versions, every_context: self.all_contexts, deleted: false };
        let query = Query {
            names: &self.subjects,
            deleted: false,
            every_context: self.all_contexts,
            field: self.field.as_ref(),
            named: self.named.as_ref(),
            all_versions: self.all_versions,
        };
        let queries = match word {
            Some(word) => vec![
                Query { names: std::slice::from_ref(word), ..query },
                Query { names: &[], field: Some(word), ..query },
                Query { names: &[], named: Some(word), ..query },
            ],
            None => vec![query],
        };
        let mut subjects = BTreeSet::new();
        for query in &queries {
            let Some(rows) = found(remote, query, &self.target.terminal).await? else {
                let mut held = versions(remote, wanted, &self.target.terminal).await?;
                held.retain(|version| word.is_some() || matches(&self.subjects, &version.subject));
                return Ok(held);
            };
            subjects.extend(rows.into_iter().map(|row| row.subject));
        }
        let held = subjects.iter().map(|subject| of_subject(remote, subject, wanted));
        let held: Vec<Vec<Version>> = stream::iter(held).buffered(AT_ONCE).try_collect().await?;
        Ok(held.into_iter().flatten().collect())
    }

    fn hits(&self, version: &Version, word: Option<&Glob>) -> Vec<Hit> {
        let itself = || Hit { path: None, kind: String::new(), is_type: false };
        let Some(word) = word else {
            if self.field.is_none() && self.named.is_none() {
                return vec![itself()];
            }
            let hits = inside(version, self.field.as_ref(), self.named.as_ref());
            let any = |of_type: bool| hits.iter().any(|hit| hit.is_type == of_type);
            let is_partial = self.field.is_some() && !any(false) || self.named.is_some() && !any(true);
            return if is_partial { Vec::new() } else { hits };
        };
        let is_named_so = word.is_subject(&Subject::parse(&version.subject));
        is_named_so.then(itself).into_iter().chain(inside(version, Some(word), Some(word))).collect()
    }
}

/// The fields and types of a schema with such names.
fn inside(version: &Version, field: Option<&Glob>, named: Option<&Glob>) -> Vec<Hit> {
    if version.schema.schema_type != SchemaType::Avro {
        return Vec::new();
    }
    let file = SchemaFile::new(Path::new(&version.subject), version.schema.text.clone());
    let Some(tree) = file.tree() else { return Vec::new() };
    let is_like = |glob: Option<&Glob>, text: &str| glob.is_some_and(|glob| glob.is_match(text));
    let hit = |item| match item {
        Item::Field(it) if is_like(field, it.name) => {
            Some(Hit { path: Some(it.path), kind: brief(&file.text[it.kind.span.clone()]), is_type: false })
        }
        Item::Type(it) => match it.shape {
            Shape::Named { what, full } if is_like(named, &full) => {
                Some(Hit { path: Some(full), kind: what.to_owned(), is_type: true })
            }
            _ => None,
        },
        Item::Field(_) => None,
    };
    items(tree).into_iter().filter_map(hit).collect()
}

/// A type as far as it fits a line.
fn brief(text: &str) -> String {
    const MOST: usize = 50;
    let text = text.trim_matches('"');
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}
