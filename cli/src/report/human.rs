//! For people: the place in the file, underlined; why, the record that fails, the fix; one line at the end.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{Finding, Outcome, Report, Severity, State, Verbosity};
use crate::terminal::{DIM, GREEN, RED, YELLOW, styled};

pub(super) fn render(report: &Report, verbosity: Verbosity, quiet: bool) -> String {
    let mut out = String::new();
    for outcome in &report.outcomes {
        for finding in outcome.findings.iter().filter(|finding| finding.counts() || verbosity == Verbosity::Full) {
            out += &excerpt(outcome, finding, verbosity);
            out += "\n\n";
        }
        if verbosity == Verbosity::Full && outcome.findings.is_empty() {
            let _ = writeln!(out, "{}", fine(report, outcome));
        }
    }
    let summary = report.summary();
    let is_clean = summary.errors + summary.warnings + summary.invalid == 0;
    if !(quiet && is_clean) {
        let style = match summary.errors + summary.invalid {
            0 if summary.warnings > 0 => YELLOW,
            0 => GREEN,
            _ => RED,
        };
        let _ = writeln!(out, "{}", styled(style, report.last_line()));
    }
    out
}

/// A line about a file that nothing is wrong with.
fn fine(report: &Report, outcome: &Outcome) -> String {
    let (name, file) = (outcome.name(), outcome.file.name());
    let level = outcome.level.map_or("", avow_domain::Level::as_str);
    let what = match outcome.state {
        State::New => "new subject, nothing to compare".to_owned(),
        State::Unchanged => "unchanged".to_owned(),
        _ if report.command != "check" => "fine".to_owned(),
        _ => {
            let against: Vec<_> = outcome.against.iter().map(ToString::to_string).collect();
            format!("{level} to {}", against.join(", "))
        }
    };
    let file = if name == file { String::new() } else { styled(DIM, format!(" ({file})")) };
    format!("{} {name}{file}: {what}", styled(GREEN, "ok"))
}

/// The record of a witness is cut at this length, unless everything is asked for.
const RECORD_LENGTH: usize = 400;

fn excerpt(outcome: &Outcome, finding: &Finding, verbosity: Verbosity) -> String {
    let source = outcome.file.text.as_str();
    let path = outcome.file.name();
    let level = if finding.severity.is_warning() { Level::WARNING } else { Level::ERROR };
    let title = match &outcome.subject {
        Some(subject) => format!("{subject}: {}", finding.title.clone()),
        None => finding.title.clone(),
    };
    let place = AnnotationKind::Primary.span(finding.span.clone());
    let mut main = level
        .primary_title(title)
        .id(&finding.rule)
        .element(Snippet::source(source).path(path.clone()).annotation(place));
    for (name, text) in notes(finding, verbosity) {
        main = main.element(Level::NOTE.with_name(name).message(text));
    }
    let fixes = if verbosity == Verbosity::Full { finding.fixes.len() } else { 1 };
    let mut groups = vec![main];
    for fix in finding.fixes.iter().take(fixes) {
        let title = if fix.resolves_all { fix.title.clone() } else { format!("{} (other findings remain)", fix.title) };
        let help = Level::HELP.with_name("fix").secondary_title(title);
        if fix.edits.is_empty() {
            groups.push(Group::with_title(help));
        } else {
            let patches = fix.edits.iter().map(|edit| Patch::new(edit.span.clone(), edit.text.clone()));
            groups.push(help.element(Snippet::source(source).path(path.clone()).patches(patches)));
        }
    }
    Renderer::styled().render(&groups)
}

fn notes(finding: &Finding, verbosity: Verbosity) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    notes.extend(finding.who.clone().map(|who| ("who", who)));
    let is_habit = finding.direction.is_none() && finding.severity != Severity::Invalid;
    let why = if is_habit { "advice" } else { "why" };
    notes.extend(Some(finding.why.clone()).filter(|text| !text.is_empty()).map(|text| (why, text)));
    for cause in &finding.causes {
        notes.push(("cause", format!("{}: {}", cause.title, cause.why)));
    }
    if let Some(witness) = &finding.witness {
        let record = match witness.record.char_indices().nth(RECORD_LENGTH) {
            Some((end, _)) if verbosity == Verbosity::Brief => format!("{}…", &witness.record[..end]),
            _ => witness.record.clone(),
        };
        notes.push(("record", format!("{record} fails: {}", witness.reason())));
        if verbosity == Verbosity::Full {
            notes.extend(witness.bytes.clone().map(|bytes| ("bytes", bytes)));
        }
    }
    if let Some(accepted) = &finding.accepted {
        let until = accepted.expires.as_ref().map(|date| format!(", until {date}")).unwrap_or_default();
        notes.push(("accepted", format!("{}{until}", accepted.reason)));
    }
    if verbosity == Verbosity::Full {
        notes.extend(finding.confluent.clone().map(|text| ("registry", text)));
        notes.push(("fingerprint", finding.fingerprint.clone()));
    }
    notes
}
