//! Findings as GitHub and GitLab show them beside the changed lines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Finding, Outcome, Report, Severity};

/// Workflow commands that become annotations.
///
/// GitHub shows a few of each kind for a step and drops the rest; the summary of the step has them all.
pub(super) fn github(report: &Report) -> String {
    let mut out = String::new();
    for (outcome, finding) in counted(report) {
        let kind = if finding.severity.is_warning() { "warning" } else { "error" };
        let (place, title) = (finding.place, format!("{} [{}]", outcome.name(), finding.rule));
        let text: Vec<String> = std::iter::once(finding.title.clone()).chain(finding.details()).collect();
        let _ = writeln!(
            out,
            "::{kind} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            property(&outcome.file.name()),
            place.line,
            place.end_line,
            place.column,
            place.end_column,
            property(&title),
            data(&text.join("\n"))
        );
    }
    let _ = writeln!(out, "{}", report.last_line());
    out
}

fn counted(report: &Report) -> impl Iterator<Item = (&Outcome, &Finding)> {
    report
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.findings.iter().map(move |finding| (outcome, finding)))
        .filter(|(_, finding)| finding.counts())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The Code Quality report of GitLab.
pub(super) fn gitlab(report: &Report) -> String {
    let issues: Vec<Value> = counted(report)
        .map(|(outcome, finding)| {
            json!({
                "description": format!("{}: {}", outcome.name(), finding.title.clone()),
                "check_name": finding.rule,
                "fingerprint": outcome.fingerprint(finding),
                "severity": match finding.severity {
                    Severity::Invalid => "blocker",
                    Severity::Breaking => "critical",
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                },
                "location": {
                    "path": outcome.file.name(),
                    "lines": {"begin": finding.place.line, "end": finding.place.end_line},
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::from(issues))
}
