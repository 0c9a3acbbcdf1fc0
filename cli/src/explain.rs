//! `avow explain`: what a rule means, and what to do about it.

use std::io::Write as _;

use avow_schema::lint::{self, When};
use serde_json::{Value, json};

use super::exit::{self, Exit};
use super::nearest::nearest;
use super::report::FILE_RULES;
use super::target::OutputFormat;
use super::terminal::{BOLD, DIM, Terminal, styled};
use super::value_parsers::Completed;
use super::{Error, report};

/// Explains a rule and how to fix what it finds; without a RULE it lists all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Explain {
    /// The rule, as findings name it.
    #[arg(value_parser = Completed(ids), hide_possible_values = true)]
    rule: Option<String>,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    terminal: Terminal,
}

/// A rule, and who goes by it.
struct Entry {
    id: &'static str,
    command: &'static str,
    weight: &'static str,
}

impl Entry {
    fn json(&self) -> Value {
        let (summary, advice) = report::describe(self.id);
        json!({"rule": self.id, "command": self.command, "severity": self.weight, "summary": summary, "advice": advice})
    }
}

fn unknown(rule: &str) -> Error {
    Error::Usage(format!("there is no rule `{rule}`{}", guess(rule)))
}

impl Explain {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        if self.output.is_json() {
            let all: Vec<Value> = entries().iter().map(Entry::json).collect();
            let json = match &self.rule {
                None => all.into(),
                Some(rule) => all.into_iter().find(|it| it["rule"] == rule.as_str()).ok_or_else(|| unknown(rule))?,
            };
            return self.output.print(&self.terminal, "", &json).map(|()| Exit::Clean);
        }
        let mut out = self.terminal.stdout();
        match &self.rule {
            None => {
                let width = entries().iter().map(|entry| entry.id.len()).max().unwrap_or_default();
                for Entry { id, command, weight } in entries() {
                    let (summary, _) = report::describe(id);
                    let name = styled(BOLD, format_args!("{id:width$}"));
                    let kind = styled(DIM, format_args!("{command:8} {weight:8}"));
                    writeln!(out, "{name}  {kind}  {summary}")?;
                }
            }
            Some(rule) => {
                let Some(Entry { id, command, weight }) = entries().into_iter().find(|entry| entry.id == rule) else {
                    return Err(unknown(rule));
                };
                let (summary, advice) = report::describe(id);
                writeln!(out, "{} ({command}, {weight})\n\n{summary}\n\n{advice}", styled(BOLD, id))?;
                if let Some(key) = lint::find(id).and_then(|rule| rule.takes.key()) {
                    writeln!(out, "\n`{key}` in avow.toml sets what it goes by.")?;
                }
                let proof = avow_avro::rules().iter().find(|entry| entry.id.id() == id);
                if let Some(entry) = proof {
                    let proof = if entry.has_witness {
                        "Where data can show it, findings carry a record that was encoded and could not be decoded."
                    } else {
                        "It is about schemas alone; there is no record that could show it."
                    };
                    writeln!(out, "\n{proof}")?;
                }
            }
        }
        Ok(Exit::Clean)
    }
}

fn entries() -> Vec<Entry> {
    let core = avow_avro::rules().iter().map(|entry| {
        let weight = match entry.severity {
            avow_avro::Severity::Breaking => "breaking",
            avow_avro::Severity::Warning => "warning",
        };
        Entry { id: entry.id.id(), command: "check", weight }
    });
    let files = FILE_RULES.into_iter().map(|(id, command, weight)| Entry { id, command, weight });
    let habits = lint::rules().iter().map(|rule| {
        let weight = match rule.default {
            When::Off => "off",
            When::Warn => "warn",
            When::Error => "error",
        };
        Entry { id: rule.id, command: "lint", weight }
    });
    core.chain(files).chain(habits).collect()
}

fn ids() -> Vec<&'static str> {
    entries().iter().map(|entry| entry.id).collect()
}

/// The rule that was meant: the nearest in spelling, or else the one that shares most words.
fn guess(rule: &str) -> String {
    let ids = ids();
    let shared = |id: &str| id.split('-').filter(|word| rule.split(['-', '_', ' ']).any(|it| it == *word)).count();
    let best = ids.iter().map(|id| (shared(id), *id)).max_by_key(|(shared, _)| *shared);
    match (best, nearest(rule, ids.iter().copied())) {
        (Some((1.., id)), _) | (_, Some(id)) => format!("; did you mean `{id}`?"),
        _ => "; `avow explain` lists them".to_owned(),
    }
}
