//! Everything a registry holds, page by page; one version after another where there are no pages.

use avow_client::rest::Version;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Error;
use super::remote::{AT_ONCE, Remote};
use super::terminal::{Terminal, count};

/// What is listed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// What is soft-deleted, too.
    pub(super) deleted: bool,
    pub(super) latest_only: bool,
    /// Every context; otherwise that of the client.
    pub(super) every_context: bool,
}

/// As many as any registry gives at once.
const PAGE: usize = 1000;

/// The versions a registry holds, by subject and number.
pub(super) async fn versions(remote: &Remote, wanted: Wanted, terminal: &Terminal) -> Result<Vec<Version>, Error> {
    let listed = match pages(remote, wanted, terminal).await {
        Err(error) if error.is_unsupported() => one_by_one(remote, wanted, terminal).await,
        listed => listed.map_err(remote.failed()),
    };
    terminal.done();
    let mut versions = listed?;
    versions.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
    versions.dedup_by(|a, b| (&a.subject, a.version) == (&b.subject, b.version));
    Ok(versions)
}

async fn pages(remote: &Remote, wanted: Wanted, terminal: &Terminal) -> Result<Vec<Version>, avow_client::Error> {
    if wanted.every_context {
        let all = pages_of(remote, wanted, Some(":*:"), terminal).await?;
        // Registries without contexts look for subjects that begin so.
        if !all.is_empty() {
            return Ok(all);
        }
    }
    pages_of(remote, wanted, None, terminal).await
}

async fn pages_of(
    remote: &Remote,
    wanted: Wanted,
    prefix: Option<&str>,
    terminal: &Terminal,
) -> Result<Vec<Version>, avow_client::Error> {
    let mut all: Vec<Version> = Vec::new();
    let mut page_before = None;
    loop {
        let mut call = remote.client.schemas().offset(all.len()).limit(PAGE);
        if wanted.deleted {
            call = call.include_deleted();
        }
        if wanted.latest_only {
            call = call.latest_only();
        }
        if let Some(prefix) = prefix {
            call = call.prefix(prefix);
        }
        let page = call.await?;
        let first = page.first().map(|it| (it.subject.clone(), it.version));
        // Registries that know no pages answer everything, and answer it again.
        if first.is_none() || first == page_before {
            return Ok(all);
        }
        page_before = first;
        let is_last = page.len() != PAGE;
        all.extend(page);
        terminal.progress(format_args!("{} read", count(all.len(), "version")));
        if is_last {
            return Ok(all);
        }
    }
}

async fn one_by_one(remote: &Remote, wanted: Wanted, terminal: &Terminal) -> Result<Vec<Version>, Error> {
    let call = remote.client.subjects();
    let subjects = if wanted.deleted { call.include_deleted() } else { call }.await.map_err(remote.failed())?;
    let mut all = Vec::new();
    let mut asked = stream::iter(subjects.iter().map(|subject| of_subject(remote, subject, wanted))).buffered(AT_ONCE);
    while let Some(versions) = asked.try_next().await? {
        all.extend(versions);
        terminal.progress(format_args!("{} read", count(all.len(), "version")));
    }
    Ok(all)
}

/// The versions of one subject; none if it is gone meanwhile.
pub(super) async fn of_subject(remote: &Remote, subject: &str, wanted: Wanted) -> Result<Vec<Version>, Error> {
    let call = remote.client.versions(subject);
    let mut numbers = match if wanted.deleted { call.include_deleted() } else { call }.await {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        numbers => numbers.map_err(remote.failed())?,
    };
    if wanted.latest_only {
        numbers.drain(..numbers.len().saturating_sub(1));
    }
    let read = |number| async move {
        let call = remote.client.version(subject, number);
        match if wanted.deleted { call.include_deleted() } else { call }.await {
            Err(error) if error.is_not_found() => Ok(None),
            version => version.map(Some).map_err(remote.failed()),
        }
    };
    let versions: Vec<_> = stream::iter(numbers.into_iter().map(read)).buffered(AT_ONCE).try_collect().await?;
    Ok(versions.into_iter().flatten().collect())
}
