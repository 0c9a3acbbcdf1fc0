//! One JSON document, for programs. `docs/output.md` describes it; its `version` grows when a reader could break.

use serde_json::{Value, json};

use super::{Outcome, Report, Severity};

const VERSION: u32 = 1;

pub(super) fn render(report: &Report) -> String {
    format!("{:#}\n", document(report))
}

pub(super) fn document(report: &Report) -> Value {
    json!({
        "version": VERSION,
        "tool": {"name": "avow", "version": env!("CARGO_PKG_VERSION")},
        "command": report.command,
        "summary": report.summary(),
        "results": report.outcomes.iter().map(result).collect::<Vec<_>>(),
    })
}

/// The results alone, one a line, for programs that read them as they come.
pub(super) fn lines(report: &Report) -> String {
    report.outcomes.iter().flat_map(|outcome| [result(outcome).to_string(), "\n".to_owned()]).collect()
}

fn result(outcome: &Outcome) -> Value {
    let mut result = json!({"file": outcome.file.name(), "state": outcome.state});
    if let Some(subject) = &outcome.subject {
        result["subject"] = subject.as_str().into();
    }
    if let Some(level) = outcome.level {
        result["level"] = level.as_str().into();
        result["against"] = json!(outcome.against);
        let breaks = |severity| matches!(severity, Severity::Breaking | Severity::Invalid);
        result["compatible"] = (!outcome.findings.iter().any(|it| it.counts() && breaks(it.severity))).into();
    }
    result["findings"] = json!(outcome.findings);
    result
}
