//! `avow apply`: does what a plan says.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::document::{Document, Step};
use super::execute::{Progress, execute};
use super::make;
use super::prune::Prune;
use crate::exit::{self, Exit};
use crate::remote::Remote;
use crate::target::{Confirm, OutputFormat, Target};
use crate::terminal::{GREEN, count, styled};
use crate::{Error, block_on};

/// Applies the files of the project, or a saved plan, to the registry.
///
/// Shows the plan and asks for confirmation; without a terminal it needs --yes. A stale plan is refused with
/// exit code 6. An Avow registry does all of it or nothing; at others it is done step by step, and when it stops
/// half-way, running it again does the rest. Applying twice changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Apply {
    /// A plan, as saved by `avow plan --out FILE`; by default a plan is made now.
    plan: Option<PathBuf>,

    /// Soft-deletes subjects of the `[scope]` in avow.toml that no file describes.
    #[arg(long, conflicts_with = "plan")]
    prune: bool,

    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Apply {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let document = match &self.plan {
            Some(path) => Document::read(path)?,
            None => make(&self.target, "plan", if self.prune { Prune::Delete } else { Prune::Report }, &[])?,
        };
        let terminal = &self.target.terminal;
        let shown = document.human(terminal.quiet);
        if self.output.is_json() {
            terminal.say(shown.trim_end());
        } else {
            write!(terminal.stdout(), "{shown}")?;
        }
        if document.exit() != Exit::Clean {
            return Ok(document.exit());
        }
        let remote = self.remote(&document)?;
        if document.steps.is_empty() {
            return self.print_progress(&remote, &Progress::default());
        }
        let question = format!("Do this at {}?", remote.url());
        if !self.confirm.ask(&question)? {
            terminal.say("nothing was changed");
            return Ok(Exit::Clean);
        }
        let progress = RefCell::default();
        let outcome = block_on(execute(&remote, &document, terminal, &progress));
        let progress = progress.into_inner();
        if outcome.is_err() && !progress.done.is_empty() {
            self.print_progress(&remote, &progress)?;
            terminal.say("not everything was done; `avow apply` again does the rest");
        }
        outcome?;
        self.print_progress(&remote, &progress)
    }

    /// The registry that the plan is for.
    fn remote(&self, document: &Document) -> Result<Remote, Error> {
        let project = self.target.project()?;
        let mut at = self.target.clone();
        if self.plan.is_some() {
            at.context.clone_from(&document.context);
        }
        let remote = at.open_for(&project)?;
        if remote.url() != document.registry {
            let (made, here) = (&document.registry, remote.url());
            return Err(Error::Usage(format!("the plan was made for {made}, and this is {here}")));
        }
        Ok(remote)
    }

    fn print_progress(&self, remote: &Remote, progress: &Progress) -> Result<Exit, Error> {
        let Progress { done, left, atomic } = progress;
        let mut lines: Vec<String> = done.iter().map(|step| format!("done: {}", step.sentence())).collect();
        lines.extend(left.iter().map(|step| format!("left: {}", step.sentence())));
        let last = match (done.len(), left.len()) {
            (0, 0) => "apply: nothing to do".to_owned(),
            (done, 0) => format!("apply: {} done", count(done, "step")),
            (done, left) => format!("apply: {} done, {left} left", count(done, "step")),
        };
        lines.push(styled(GREEN, last));
        let json = json!({
            "version": 1,
            "tool": {"name": "avow", "version": env!("CARGO_PKG_VERSION")},
            "command": "apply",
            "registry": remote.url(),
            "atomic": atomic,
            "done": done.iter().map(brief).collect::<Vec<_>>(),
            "left": left.iter().map(brief).collect::<Vec<_>>(),
        });
        self.output.print(&self.target.terminal, &(lines.join("\n") + "\n"), &json)?;
        Ok(Exit::Clean)
    }
}

/// A step without what it sends.
fn brief(step: &Step) -> Value {
    let mut brief = json!(step);
    if let Some(brief) = brief.as_object_mut() {
        brief.retain(|key, _| matches!(key.as_str(), "subject" | "op" | "becomes" | "config" | "mode"));
    }
    brief
}
