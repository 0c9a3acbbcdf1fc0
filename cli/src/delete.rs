//! `avow delete`: takes a subject or a version away, after a look at who needs it.

use std::fmt::Write as _;

use avow_client::rest::Version;
use serde_json::json;

use super::exit::{self, Exit};
use super::listing::{Wanted, of_subject};
use super::refs::{Referrer, of_all};
use super::remote::Remote;
use super::schema_ref::SchemaRef;
use super::target::{Confirm, OutputFormat, Target, table};
use super::terminal::count;
use super::{Error, block_on};

/// Soft-deletes a subject, or one version of it: its data can still be read.
///
/// Shows first what would be deleted, and what refers to it. `avow undelete` reverses a soft delete;
/// with --permanent it is gone, and data written with it can no longer be read.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Delete {
    /// `subject` (all of its versions), `subject@3` or `subject@latest`.
    what: String,

    /// For good.
    #[arg(long)]
    permanent: bool,

    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

/// What is to be deleted.
pub(super) struct Marked {
    pub(super) subject: String,
    /// All of them, if the subject itself was named.
    pub(super) whole: bool,
    pub(super) versions: Vec<Version>,
}

impl Delete {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let marked = block_on(marked(&remote, &self.what))?;
        let mut versions = marked.versions;
        if !self.permanent {
            versions.retain(|it| !it.schema.deleted);
        }
        if versions.is_empty() {
            let message = format!("`{}` is deleted already; --permanent deletes it for good", self.what);
            return Err(Error::Input(message));
        }
        let mut referrers = block_on(of_all(&remote, &versions))?;
        for referrers in &mut referrers {
            // A subject that goes as a whole may refer to itself.
            referrers.retain(|it| !marked.whole || it.subject != versions[0].subject);
        }
        self.target.terminal.say(preview(&versions, &referrers, self.permanent).trim_end());
        let needed = referrers.iter().filter(|it| !it.is_empty()).count();
        if needed > 0 {
            let what = count(needed, "version");
            return Err(Error::Conflict(format!(
                "nothing was deleted: {what} of it cannot go while others refer to it"
            )));
        }
        if !self.confirm.ask(if self.permanent { "Delete this for good?" } else { "Delete this?" })? {
            self.target.terminal.say("nothing was deleted");
            return Ok(Exit::Clean);
        }
        let deleted = block_on(self.delete(&remote, &marked.subject, marked.whole, &versions))?;
        let rows: Vec<_> = deleted.iter().map(|version| vec![format!("{}@{version}", marked.subject)]).collect();
        let json = json!({"subject": marked.subject, "deleted": deleted, "permanent": self.permanent});
        self.output.print(&self.target.terminal, &table(&rows), &json)?;
        Ok(Exit::Clean)
    }

    async fn delete(
        &self,
        remote: &Remote,
        subject: &str,
        whole: bool,
        versions: &[Version],
    ) -> Result<Vec<i32>, Error> {
        let client = &remote.client;
        let is_live = versions.iter().any(|it| !it.schema.deleted);
        let mut deleted = Vec::new();
        if whole {
            if is_live {
                deleted = client.delete_subject(subject).await.map_err(remote.failed())?;
            }
            if self.permanent {
                deleted = client.delete_subject(subject).permanent().await.map_err(remote.failed())?;
            }
            return Ok(deleted);
        }
        for version in versions {
            if !version.schema.deleted {
                client.delete_version(subject, version.version).await.map_err(remote.failed())?;
            }
            if self.permanent {
                client.delete_version(subject, version.version).permanent().await.map_err(remote.failed())?;
            }
            deleted.push(version.version);
        }
        Ok(deleted)
    }
}

/// Finds the versions that a person means, deleted ones included and marked as such.
pub(super) async fn marked(remote: &Remote, what: &str) -> Result<Marked, Error> {
    let SchemaRef::Version { subject, version } = what.parse().map_err(Error::Usage)? else {
        return Err(Error::Usage(
            "give a subject or subject@version; `avow refs id:N` shows the subjects that use an id".to_owned(),
        ));
    };
    let everything = Wanted { deleted: true, ..Wanted::default() };
    let live = of_subject(remote, &subject, Wanted::default()).await?;
    let mut versions = of_subject(remote, &subject, everything).await?;
    for it in &mut versions {
        // Older registries do not say it themselves.
        it.schema.deleted = live.iter().all(|live| live.version != it.version);
    }
    let latest = live.last().map(|it| it.version);
    let whole = version.is_none() && !what.ends_with("@latest");
    if !whole {
        let wanted = version.or(latest);
        versions.retain(|it| Some(it.version) == wanted);
    }
    if versions.is_empty() {
        return Err(Error::Input(format!("there is no `{what}`; `avow versions {subject} --deleted` lists them")));
    }
    Ok(Marked { subject, whole, versions })
}

fn preview(versions: &[Version], referrers: &[Vec<Referrer>], permanent: bool) -> String {
    let mut text = String::from(if permanent { "to be deleted for good:\n" } else { "to be soft-deleted:\n" });
    for (version, referrers) in versions.iter().zip(referrers) {
        let already = if version.schema.deleted { ", soft-deleted" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}@{} (id {}{already})", version.subject, version.version, version.id);
        for Referrer { subject, version, id } in referrers {
            let _ = writeln!(text, "    is referred to by {subject}@{version} (id {id})");
        }
    }
    text
}
