//! `avow copy`: copies one registry into another.

mod certificate;
mod contents;
mod copy;
mod read;
mod topic;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::connection::{Connection, failed_at_source};
use super::exit::{self, Exit};
use super::remote::Remote;
use super::target::OutputFormat;
use super::terminal::{Terminal, count};
use super::{Error, block_on};
use contents::{Contents, conflicts};
use copy::{Plan, put_back};

/// Copies one registry into another, from any registry that speaks Confluent's HTTP API to any other.
///
/// Copies ids, versions, soft-deleted versions, references, config, and the modes of contexts and subjects, and reserves
/// the highest id. Writes nothing if an id or a version of the target has another content. Puts what it writes into
/// IMPORT mode and restores the mode afterwards. It can be interrupted and run again: what the target has already is not
/// written twice.
///
/// Credentials for the target are the usual ones; those for the source come from `AVOW_FROM_USER` and
/// `AVOW_FROM_PASSWORD`, or from `AVOW_FROM_TOKEN`. Set the source to READONLY first, or run this again at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Copy {
    /// The registry to copy.
    #[arg(long, value_name = "URL", requires = "to", conflicts_with = "from_topic")]
    from: Option<String>,

    /// A dump of the topic `_schemas` to copy instead: keys and values as JSON, a line for each record.
    #[arg(long, value_name = "FILE", requires = "to")]
    from_topic: Option<PathBuf>,

    /// The registry to copy into.
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    /// Afterwards reads everything again, compares every id byte for byte, and prints a certificate.
    #[arg(long, requires = "to")]
    verify: bool,

    /// Shows what would be written, and writes nothing.
    #[arg(long, requires = "to")]
    dry_run: bool,

    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    terminal: Terminal,
}

/// Where the schemas come from.
enum Source<'a> {
    Registry(Remote),
    Topic(&'a PathBuf),
}

/// Conflicts listed one by one, at most.
const MOST_CONFLICTS: usize = 20;

impl Copy {
    /// Whether anything was said about a copy.
    pub fn is_requested(&self) -> bool {
        self.from.is_some() || self.from_topic.is_some() || self.to.is_some()
    }

    /// Copies, and verifies the copy where that is asked for.
    pub fn run(&self) -> Result<Exit, Error> {
        let source = match (&self.from, &self.from_topic, &self.to) {
            (Some(url), _, _) => Source::Registry(Remote::new(self.connection.open_source(url)?, url)),
            (None, Some(path), _) => Source::Topic(path),
            (None, None, _) => {
                return Err(Error::Usage("say what to copy: --from URL, or --from-topic FILE".to_owned()));
            }
        };
        if self.to.is_none() {
            return Err(Error::Usage("say where to copy it: --to URL".to_owned()));
        }
        let to = self.to.as_deref().unwrap_or_default();
        let target = Remote::new(self.connection.open(to)?, to);
        self.copy(&source, &target)
    }

    fn copy(&self, source: &Source<'_>, target: &Remote) -> Result<Exit, Error> {
        let held = block_on(self.read(source))?;
        for skipped in &held.skipped {
            self.terminal.say(format_args!("not copied: {skipped}"));
        }
        let there = block_on(read::read(target, held.scopes(), &self.terminal))?;
        block_on(takes_the_languages(target, &held))?;
        let found = conflicts(&held, &there);
        if !found.is_empty() {
            for conflict in found.iter().take(MOST_CONFLICTS) {
                self.terminal.say(&conflict.0);
            }
            let what = count(found.len(), "conflict");
            return Err(Error::Conflict(format!("nothing was written: {what} with the contents of the target")));
        }
        let plan = Plan::new(&held, &there)?;
        let extra = there.versions.keys().filter(|place| !held.versions.contains_key(*place)).count();
        if extra > 0 {
            self.terminal.say(format_args!(
                "the target has {} that the source does not have; they stay",
                count(extra, "version")
            ));
        }
        self.terminal.say(format_args!(
            "{} to write, {} to soft-delete, {}, {}, {} to reserve",
            count(plan.writes, "version"),
            plan.deletions.len(),
            count(plan.configs.len(), "config"),
            count(plan.modes.len(), "mode"),
            count(plan.highest.len(), "highest id"),
        ));
        if !self.dry_run && !plan.is_empty() {
            self.write(&plan, target, &there)?;
        }
        if !self.verify {
            return Ok(if held.skipped.is_empty() { Exit::Clean } else { Exit::Findings });
        }
        let held = if matches!(source, Source::Registry(_)) { block_on(self.read(source))? } else { held };
        let from = match source {
            Source::Registry(remote) => remote.url(),
            Source::Topic(path) => path.display().to_string(),
        };
        let certificate = block_on(certificate::verify(&from, &held, target, &self.terminal))?;
        self.output.print(&self.terminal, &certificate.text(), &serde_json::json!(certificate))?;
        Ok(if certificate.differences.is_empty() { Exit::Clean } else { Exit::Findings })
    }

    async fn read(&self, source: &Source<'_>) -> Result<Contents, Error> {
        match source {
            Source::Registry(remote) => {
                read::read(remote, BTreeSet::new(), &self.terminal).await.map_err(failed_at_source)
            }
            Source::Topic(path) => topic::read(path),
        }
    }

    /// Writes; the modes are put back even if that fails or is interrupted.
    fn write(&self, plan: &Plan<'_>, target: &Remote, there: &Contents) -> Result<(), Error> {
        let to_put_back = RefCell::default();
        let outcome = block_on(plan.execute(target, there, &to_put_back, &self.terminal));
        // A client of its own: connections do not outlive the runtime they were made in.
        let to = self.to.as_deref().unwrap_or_default();
        let again = Remote::new(self.connection.open(to)?, to);
        let modes = to_put_back.into_inner();
        let put_back = block_on(put_back(&again, &modes));
        if put_back.is_err() {
            self.terminal.say("the target is still in import mode; `avow mode --set READWRITE` ends that");
        }
        if outcome.is_err() {
            self.terminal.say("not everything was written; run this again to go on");
        }
        outcome?;
        put_back?;
        block_on(async {
            for (name, mode) in &plan.modes {
                again.client.set_mode(read::scope(name), *mode).force().await.map_err(again.failed())?;
            }
            Ok(())
        })
    }
}

/// Refuses before anything is written what the target has no language for.
async fn takes_the_languages(target: &Remote, held: &Contents) -> Result<(), Error> {
    // Registries that do not list their languages support Avro, at least.
    let Ok(known) = target.client.schema_types().await else { return Ok(()) };
    let is_foreign = |language: &str| !known.iter().any(|known| known.eq_ignore_ascii_case(language));
    let foreign: Vec<_> =
        held.versions.iter().filter(|(_, held)| is_foreign(held.schema.schema_type.as_str())).collect();
    match foreign.first() {
        None => Ok(()),
        Some(((subject, version), held)) => {
            let (all, language) = (count(foreign.len(), "version"), &held.schema.schema_type);
            let message = format!(
                "nothing was written: the target does not take {all}, such as {subject}@{version} ({language})"
            );
            Err(Error::Input(message))
        }
    }
}
