//! Findings as GitHub and GitLab show them beside the changed lines.

use serde_json::{Value, json};

use super::{Finding, Outcome, Report, Severity};
use crate::report_sinks::annotation;

/// Workflow commands that become annotations.
///
/// GitHub shows a few of each kind for a step and drops the rest; the summary of the step has them all.
pub(super) fn github(report: &Report) -> String {
    let mut out = String::new();
    for (outcome, finding) in counted(report) {
        let kind = if finding.severity.is_warning() { "warning" } else { "error" };
        let (file, place) = (outcome.file.name(), finding.place);
        let [line, end_line, column, end_column] =
            [place.line, place.end_line, place.column, place.end_column].map(|number| number.to_string());
        let title = format!("{} [{}]", outcome.name(), finding.rule);
        let properties = [
            ("file", file.as_str()),
            ("line", &line),
            ("endLine", &end_line),
            ("col", &column),
            ("endColumn", &end_column),
            ("title", &title),
        ];
        let text: Vec<String> = std::iter::once(finding.title.clone()).chain(finding.details()).collect();
        out += &annotation(kind, &properties, &text.join("\n"));
    }
    out + &report.last_line() + "\n"
}

fn counted(report: &Report) -> impl Iterator<Item = (&Outcome, &Finding)> {
    report
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.findings.iter().map(move |finding| (outcome, finding)))
        .filter(|(_, finding)| finding.counts())
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
