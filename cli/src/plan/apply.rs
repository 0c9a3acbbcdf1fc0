//! `avow apply`: does what a plan says.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::carry::{Progress, carry_out};
use super::document::{Document, Step};
use super::make;
use super::prune::Prune;
use crate::at::{At, Consent, Printed};
use crate::exit::{self, Exit};
use crate::remote::Remote;
use crate::terminal::{GREEN, count, styled};
use crate::{Error, block_on};

/// Makes the registry hold what the files of the project say, or what a kept plan says.
///
/// It shows the plan and asks; where nobody can be asked, it needs --yes. A plan that rests on what is not so any more is
/// refused with 6. A registry of ours does all of it or nothing; at others it is done step by step, and when it stops
/// half-way, running it again does the rest. Applying twice changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Apply {
    /// A plan, as `avow plan --out FILE` keeps it; otherwise one is made now.
    plan: Option<PathBuf>,

    /// Deletes, softly, subjects of the `[scope]` in avow.toml that no file describes.
    #[arg(long, conflicts_with = "plan")]
    prune: bool,

    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    at: At,
}

impl Apply {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let document = match &self.plan {
            Some(path) => Document::read(path)?,
            None => make(&self.at, "plan", if self.prune { Prune::Delete } else { Prune::Tell })?,
        };
        let talk = &self.at.talk;
        let shown = document.human(talk.quiet);
        if self.printed.is_json() {
            talk.say(shown.trim_end());
        } else {
            write!(talk.stdout(), "{shown}")?;
        }
        if document.exit() != Exit::Clean {
            return Ok(document.exit());
        }
        let remote = self.remote(&document)?;
        if document.steps.is_empty() {
            return self.tell(&remote, &Progress::default());
        }
        let question = format!("Do this at {}?", remote.url());
        if !self.consent.given(&question)? {
            talk.say("nothing was changed");
            return Ok(Exit::Clean);
        }
        let progress = RefCell::default();
        let outcome = block_on(carry_out(&remote, &document, talk, &progress));
        let progress = progress.into_inner();
        if outcome.is_err() && !progress.done.is_empty() {
            self.tell(&remote, &progress)?;
            talk.say("not everything was done; `avow apply` again does the rest");
        }
        outcome?;
        self.tell(&remote, &progress)
    }

    /// The registry that the plan is for.
    fn remote(&self, document: &Document) -> Result<Remote, Error> {
        let project = self.at.project()?;
        let mut at = self.at.clone();
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

    fn tell(&self, remote: &Remote, progress: &Progress) -> Result<Exit, Error> {
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
        self.printed.print(&self.at.talk, &(lines.join("\n") + "\n"), &json)?;
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
