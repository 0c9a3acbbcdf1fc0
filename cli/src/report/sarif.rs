//! SARIF 2.1.0, as code scanning reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Finding, Outcome, Report};

pub(super) fn render(report: &Report) -> String {
    let used: BTreeSet<&str> =
        report.outcomes.iter().flat_map(|outcome| &outcome.findings).map(|finding| finding.rule.as_str()).collect();
    let rules: Vec<&str> = used.into_iter().collect();
    let results: Vec<Value> = report
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.findings.iter().map(move |finding| (outcome, finding)))
        .map(|(outcome, finding)| result(&rules, outcome, finding))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "avow",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|id| rule(id)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("avow/{}/", report.command)},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn rule(id: &str) -> Value {
    let (summary, advice) = super::describe(id);
    json!({
        "id": id,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": format!("{summary}\n{advice}"), "markdown": format!("{summary}\n\n**What to do:** {advice}")},
    })
}

fn result(rules: &[&str], outcome: &Outcome, finding: &Finding) -> Value {
    let place = finding.place;
    let text: Vec<String> = std::iter::once(finding.title.clone()).chain(finding.details()).collect();
    let fingerprint = outcome.fingerprint(finding);
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": if finding.severity.is_warning() { "warning" } else { "error" },
        "message": {"text": text.join("\n")},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&outcome.file.name())},
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.end_line,
                    "endColumn": place.end_column,
                },
            },
            "logicalLocations": [{"fullyQualifiedName": format!("{}#{}", outcome.name(), finding.path)}],
        }],
        // The first is Avow's; GitHub uses the second.
        "partialFingerprints": {"avow/v1": fingerprint, "primaryLocationLineHash": format!("{fingerprint}:1")},
    });
    if let Some(accepted) = &finding.accepted {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": accepted.reason}]);
    }
    result
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const UNSAFE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let encoded = utf8_percent_encode(path, UNSAFE).to_string();
    // A colon before the first slash would make a scheme of what stands before it.
    match encoded.split('/').next() {
        Some(first) if first.contains(':') => format!("./{encoded}"),
        _ => encoded,
    }
}
