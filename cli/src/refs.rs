//! `avow refs`: what a schema refers to, and who refers to it.

use avow_client::rest::Version;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::exit::{self, Exit};
use super::remote::{AT_ONCE, Remote};
use super::schema_ref::SchemaRef;
use super::target::{OutputFormat, Target, table};
use super::{Error, block_on};

/// Shows what a version refers to, and which versions refer to it.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Refs {
    /// `subject` (its latest version), `subject@3`, `subject@latest` or `id:7`.
    schema: SchemaRef,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

/// Somebody who refers to a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(super) struct Referrer {
    pub(super) subject: String,
    pub(super) version: i32,
    pub(super) id: u32,
}

impl Refs {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let (found, referrers) = block_on(async {
            let found = self.schema.find(&remote, true, false).await?;
            let referrers = match (&found.subject, found.version) {
                (Some(subject), Some(version)) => referrers(&remote, subject, version).await?,
                _ => Vec::new(),
            };
            Ok::<_, Error>((found, referrers))
        })?;
        let references = &found.schema.references;
        let mut text = format!("{} refers to {}\n", found.name(), if references.is_empty() { "nothing" } else { "" });
        let to = |it: &avow_client::rest::Reference| vec![format!("  {}@{}", it.subject, it.version), it.name.clone()];
        text = text.replace(" \n", "\n") + &table(&references.iter().map(to).collect::<Vec<_>>());
        text += if referrers.is_empty() { "and nothing refers to it\n" } else { "and is referred to by\n" };
        let by = |it: &Referrer| vec![format!("  {}@{}", it.subject, it.version), format!("id {}", it.id)];
        text += &table(&referrers.iter().map(by).collect::<Vec<_>>());
        let mut json = found.json();
        json["referredToBy"] = json!(referrers);
        if let Some(json) = json.as_object_mut() {
            json.retain(|name, _| {
                matches!(name.as_str(), "subject" | "version" | "id" | "references" | "referredToBy")
            });
        }
        self.output.print(&self.target.terminal, &text, &json)?;
        Ok(Exit::Clean)
    }
}

/// The live versions that refer to a version.
pub(super) async fn referrers(remote: &Remote, subject: &str, version: i32) -> Result<Vec<Referrer>, Error> {
    let ids = match remote.client.referenced_by(subject, version).await {
        Err(error) if error.is_not_found() || error.is_unsupported() => return Ok(Vec::new()),
        ids => ids.map_err(remote.failed())?,
    };
    let holders = stream::iter(ids.into_iter().map(|id| holders(remote, id))).buffered(AT_ONCE);
    let mut referrers: Vec<Referrer> = holders.try_collect::<Vec<_>>().await?.into_iter().flatten().collect();
    // An id is shared by subjects of which not every one refers to this version in the same context.
    referrers.sort();
    referrers.dedup();
    Ok(referrers)
}

async fn holders(remote: &Remote, id: u32) -> Result<Vec<Referrer>, Error> {
    match remote.client.versions_by_id(id).await {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        held => {
            let held = held.map_err(remote.failed())?;
            Ok(held.into_iter().map(|it| Referrer { subject: it.subject, version: it.version, id }).collect())
        }
    }
}

/// The referrers of each of several versions.
pub(super) async fn of_all(remote: &Remote, versions: &[Version]) -> Result<Vec<Vec<Referrer>>, Error> {
    stream::iter(versions.iter().map(|it| referrers(remote, &it.subject, it.version)))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
