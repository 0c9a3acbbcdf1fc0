//! A plan for people, and as a comment on a pull request.

use std::fmt::Write as _;

use serde_json::Value;

use super::document::{Document, Drift, Entry, Setting, State, Summary, named};
use crate::report::{code, titled};
use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, count, styled};

impl Entry {
    /// Whether the entry differs.
    fn is_quiet(&self) -> bool {
        self.states == [State::Unchanged]
    }

    fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// What becomes of it, in a few words for each thing.
    fn outcomes(&self) -> Vec<String> {
        let number = |version: Option<i32>| version.map(|it| it.to_string()).unwrap_or_default();
        let mut lines = Vec::new();
        for state in &self.states {
            lines.push(match state {
                State::Create => format!("create, version {}", number(self.version)),
                State::NewVersion => match (&self.level, &self.against[..]) {
                    (Some(level), against @ [_, ..]) => {
                        let against: Vec<_> = against.iter().map(ToString::to_string).collect();
                        format!("new version {} ({level} to {})", number(self.version), against.join(", "))
                    }
                    _ => format!("new version {}", number(self.version)),
                },
                State::Config => "config change".to_owned(),
                State::Mode => "mode change".to_owned(),
                State::Delete => format!("delete {}", versions(&self.versions)),
                State::Unchanged => "unchanged".to_owned(),
                State::Older => {
                    format!("equals version {}, latest is {}", number(self.version), number(self.latest))
                }
                State::Unmanaged => "no file describes it; --prune deletes it".to_owned(),
                State::Invalid => "no schema".to_owned(),
            });
        }
        lines
    }

    fn directions(&self) -> Vec<String> {
        let number = |version: Option<i32>| version.map(|it| it.to_string()).unwrap_or_default();
        let mut lines = Vec::new();
        for drift in &self.drift {
            lines.push(match drift {
                Drift::Missing => "the registry does not have it".to_owned(),
                Drift::Deleted => match self.deleted_version {
                    Some(version) => format!("the file is version {version}, which was deleted in the registry"),
                    None => "it was deleted in the registry".to_owned(),
                },
                Drift::FilesAhead => format!(
                    "the file is not a version of it (latest is {}): changed here but not applied, or changed in the registry by hand",
                    number(self.latest)
                ),
                Drift::RegistryAhead => format!(
                    "changed in the registry: the file is version {}, and {} came after it",
                    number(self.version),
                    versions(&self.versions)
                ),
                Drift::Settings => "settings differ".to_owned(),
                Drift::Unmanaged => "the registry has it, and no file describes it".to_owned(),
            });
        }
        if self.states.contains(&State::Invalid) {
            lines.push("the file is not a schema".to_owned());
        }
        lines
    }

    /// All other remarks, one per line.
    fn details(&self) -> Vec<String> {
        let setting = |Setting { name, from, to }: &Setting| {
            if self.drift.is_empty() {
                format!("{name}: {} -> {}", value(from), value(to))
            } else {
                format!("{name}: {} in the registry, {} in avow.toml", value(from), value(to))
            }
        };
        let settings = self.settings.iter().map(setting);
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        let refusals = self.refusals.iter().map(|refusal| format!("refused: {refusal}"));
        self.changes.iter().cloned().chain(settings).chain(refusals).chain(notes).collect()
    }

    fn mark(&self) -> &'static str {
        match self.states.first() {
            _ if self.is_refused() => "!",
            Some(State::Create) => "+",
            Some(State::NewVersion | State::Config | State::Mode) => "~",
            Some(State::Delete) => "-",
            Some(State::Older) => "<",
            _ => "?",
        }
    }
}

/// A line for a list in Markdown, where a bare sign in front would begin another list.
fn signed(line: &str) -> String {
    match line.split_once(' ') {
        Some((sign @ ("+" | "-" | "~"), rest)) => format!("{} {}", code(sign), titled(rest)),
        _ => titled(line),
    }
}

fn versions(numbers: &[i32]) -> String {
    let noun = if numbers.len() == 1 { "version" } else { "versions" };
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    format!("{noun} {}", numbers.join(", "))
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Summary {
    fn sentence(&self) -> String {
        let parts = [
            (self.create, format!("{} to create", self.create)),
            (self.new_version, count(self.new_version, "new version")),
            (self.config, count(self.config, "config change")),
            (self.mode, count(self.mode, "mode change")),
            (self.delete, format!("{} to delete", self.delete)),
            (self.older, format!("{} older than the registry", self.older)),
            (self.unmanaged, format!("{} without a file", self.unmanaged)),
            (self.invalid, format!("{} invalid", self.invalid)),
            (self.refused, format!("{} refused", self.refused)),
            (self.unchanged, format!("{} unchanged", self.unchanged)),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, part)| part).collect();
        parts.join(", ")
    }
}

impl Document {
    /// The entries that differ.
    pub(super) fn entries_to_show(&self) -> impl Iterator<Item = &Entry> {
        self.subjects.iter().filter(|entry| !entry.is_quiet())
    }

    /// Whether it cannot be done, or ought not to be so.
    pub(super) fn is_trouble(&self, entry: &Entry) -> bool {
        entry.is_refused() || self.command == "drift"
    }

    pub(super) fn title(&self, entry: &Entry) -> String {
        format!("{} {}", self.command, named(&entry.subject))
    }

    /// All of it, a line each.
    pub(super) fn text_of(&self, entry: &Entry) -> Vec<String> {
        [vec![self.what(entry).join("; ")], entry.details()].concat()
    }

    /// The one line at the end.
    pub(super) fn last_line(&self) -> String {
        let what = count(self.subjects.iter().filter(|entry| !entry.subject.is_empty()).count(), "subject");
        let differing = self.entries_to_show().count();
        match self.command.as_str() {
            "drift" if differing == 0 => format!("drift: {what}, all as the files say"),
            "drift" => format!("drift: {what}, {differing} not as the files say"),
            _ if self.is_refused() => format!("plan: {what}: {}; it cannot be applied", self.summary.sentence()),
            _ if self.steps.is_empty() => format!("plan: {what}: {}; no changes", self.summary.sentence()),
            _ => format!("plan: {what}: {}", self.summary.sentence()),
        }
    }

    /// Whether the registry would not take it.
    pub(super) fn is_refused(&self) -> bool {
        self.summary.refused + self.summary.invalid > 0
    }

    pub(super) fn human(&self, quiet: bool) -> String {
        let mut out = String::new();
        let lines: Vec<&Entry> = self.entries_to_show().collect();
        for entry in &lines {
            let style = match entry.mark() {
                "!" | "-" => RED,
                "+" => GREEN,
                _ => YELLOW,
            };
            let what = self.what(entry).join("; ");
            let file = entry.file.as_ref().map(|file| styled(DIM, format_args!(" ({file})"))).unwrap_or_default();
            let name = styled(BOLD, named(&entry.subject));
            let _ = writeln!(out, "{} {name}{file}: {what}", styled(style, entry.mark()));
            for line in entry.details() {
                let _ = writeln!(out, "    {line}");
            }
        }
        if !(quiet && lines.is_empty()) {
            let style = match (self.is_refused(), lines.is_empty()) {
                (true, _) => RED,
                (false, true) => GREEN,
                (false, false) => YELLOW,
            };
            let _ = writeln!(out, "{}", styled(style, self.last_line()));
        }
        out
    }

    pub(super) fn markdown(&self) -> String {
        let mut out = format!("### avow {}\n", titled(&self.last_line()));
        for entry in self.entries_to_show() {
            let mark = if entry.is_refused() { "❌ " } else { "" };
            let what = self.what(entry).join("; ");
            let _ = writeln!(out, "\n- {mark}{} {}", code(named(&entry.subject)), titled(&what));
            for line in entry.details() {
                let _ = writeln!(out, "  - {}", signed(&line));
            }
        }
        out
    }

    fn what(&self, entry: &Entry) -> Vec<String> {
        if self.command == "drift" { entry.directions() } else { entry.outcomes() }
    }
}
