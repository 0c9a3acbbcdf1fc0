//! `avow log`: the change log of an Avow registry.

use std::io::Write as _;

use avow_api::ChangeEvent;
use avow_client::rest::Method;
use serde_json::Value;

use super::exit::{self, Exit};
use super::remote::Remote;
use super::target::{OutputFormat, Target, table};
use super::{Error, block_on};

/// Shows who changed what and when: schemas, configs and modes, oldest first.
///
/// Only Avow registries keep such a log.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Log {
    /// Only the changes of this subject.
    subject: Option<String>,

    /// Goes on with changes as they come, until interrupted.
    #[arg(long, short)]
    follow: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

const PATH: &str = "/avow/v1/changes";

/// As many as a page holds at the most.
const PAGE: &str = "1000";

/// Seconds that the registry keeps a request which has nothing to answer yet; less than one attempt may take.
const WAIT: &str = "5";

impl Log {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        block_on(self.read(&remote))?;
        Ok(Exit::Clean)
    }

    async fn read(&self, remote: &Remote) -> Result<(), Error> {
        let subject = self.subject.as_ref().map(|subject| qualified(remote, subject));
        let mut after = 0;
        let mut shown = Vec::new();
        loop {
            let page = page(remote, after, self.follow).await?;
            let is_last = page.is_empty();
            after = page.last().map_or(after, |event| event.data.seq);
            shown.extend(page.into_iter().filter(|event| subject.as_ref().is_none_or(|it| *it == event.subject)));
            if self.follow {
                self.print_each(&std::mem::take(&mut shown))?;
            } else if is_last {
                return self.print_all(remote, &shown).await;
            }
        }
    }

    async fn print_all(&self, remote: &Remote, events: &[ChangeEvent]) -> Result<(), Error> {
        if let (Some(subject), []) = (&self.subject, events) {
            let suggestion = remote.suggestion(subject).await;
            self.target.terminal.say(format_args!("`{subject}` was never changed{suggestion}"));
        }
        let rows: Vec<_> = events.iter().map(columns).collect();
        self.output.print(
            &self.target.terminal,
            &table(&rows),
            &events.iter().map(|it| serde_json::json!(it)).collect(),
        )
    }

    /// A line each, as they come.
    fn print_each(&self, events: &[ChangeEvent]) -> Result<(), Error> {
        for event in events {
            self.output.print_line(&self.target.terminal, &columns(event).join("  "), &serde_json::json!(event))?;
        }
        std::io::stdout().flush()?;
        Ok(())
    }
}

fn qualified(remote: &Remote, subject: &str) -> String {
    match remote.client.context() {
        Some(context) if !subject.starts_with(":.") => format!(":{context}:{subject}"),
        _ => subject.to_owned(),
    }
}

async fn page(remote: &Remote, after: u64, waits: bool) -> Result<Vec<ChangeEvent>, Error> {
    let after = after.to_string();
    let parameters = [("after", after.as_str()), ("limit", PAGE)].into_iter().chain(waits.then_some(("wait", WAIT)));
    match remote.client.send_json(Method::GET, PATH, parameters, None::<&Value>).await {
        Ok(page) => serde_json::from_value(page).map_err(|_| unsupported(remote)),
        Err(error) if error.is_unsupported() || error.is_not_found() => Err(unsupported(remote)),
        Err(error) => Err(remote.failed()(error)),
    }
}

fn unsupported(remote: &Remote) -> Error {
    Error::Input(format!("the registry at {} keeps no log of changes; Avow registries do", remote.url()))
}

/// Number, time, kind, scope, what it is now, and who did it.
fn columns(event: &ChangeEvent) -> Vec<String> {
    let data = &event.data;
    let after: Value = data.after.as_ref().and_then(|it| serde_json::from_str(it.get()).ok()).unwrap_or_default();
    let version = after["version"].as_i64().map(|version| format!("version {version}"));
    let id = after["id"].as_i64().map(|id| format!("id {id}"));
    let about: Vec<String> = [version, id].into_iter().flatten().collect();
    let settings = matches!(data.kind.as_str(), "config" | "mode").then(|| after.to_string());
    let by = (!data.actor.is_empty()).then(|| format!("by {}", data.actor));
    let subject = if data.subject.is_empty() { "(default context)" } else { &data.subject };
    let about = settings.unwrap_or_else(|| about.join(", "));
    vec![data.seq.to_string(), event.time.clone(), data.kind.clone(), subject.to_owned(), about, by.unwrap_or_default()]
}
