//! `JUnit` XML: a case for each file, failures for its findings.

use std::fmt::Write as _;

use super::{Finding, Outcome, Report, State};

pub(super) fn render(report: &Report) -> String {
    let summary = report.summary();
    let failing = report.outcomes.iter().filter(|outcome| fails(outcome)).count();
    let skipped = report.outcomes.iter().filter(|outcome| outcome.state == State::Unchanged).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failing}\" errors=\"{}\" skipped=\"{skipped}\"",
        summary.files, summary.invalid
    );
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"avow\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"avow {}\" {counts}>", report.command);
    for outcome in &report.outcomes {
        let (name, file) = (escaped(&outcome.name()), escaped(&outcome.file.name()));
        let _ = write!(out, "    <testcase name=\"{name}\" classname=\"avow.{}\" file=\"{file}\"", report.command);
        out += &case(outcome);
    }
    out += "  </testsuite>\n</testsuites>\n";
    out
}

fn fails(outcome: &Outcome) -> bool {
    outcome.state != State::Invalid && outcome.findings.iter().any(|it| it.counts() && !it.severity.is_warning())
}

fn case(outcome: &Outcome) -> String {
    if outcome.findings.is_empty() {
        return match outcome.state {
            State::Unchanged => ">\n      <skipped message=\"unchanged\"/>\n    </testcase>\n".to_owned(),
            _ => "/>\n".to_owned(),
        };
    }
    let mut out = String::from(">\n");
    let (accepted, counted): (Vec<_>, Vec<_>) =
        outcome.findings.iter().partition(|finding| !finding.counts() || finding.severity.is_warning());
    let element = if outcome.state == State::Invalid { "error" } else { "failure" };
    for finding in counted {
        let (title, rule) = (escaped(&finding.title.clone()), escaped(&finding.rule));
        let _ = writeln!(
            out,
            "      <{element} type=\"{rule}\" message=\"{title}\">{}</{element}>",
            body(outcome, finding)
        );
    }
    if !accepted.is_empty() {
        let lines: Vec<String> = accepted.into_iter().map(|finding| body(outcome, finding)).collect();
        let _ = writeln!(out, "      <system-out>{}</system-out>", lines.join("\n"));
    }
    out += "    </testcase>\n";
    out
}

fn body(outcome: &Outcome, finding: &Finding) -> String {
    let place = format!("{}:{}:{}", outcome.file.name(), finding.place.line, finding.place.column);
    let head = format!("{} [{}] {}", finding.severity.name(), finding.rule, finding.title.clone());
    let lines: Vec<String> = [place, head].into_iter().chain(finding.details()).collect();
    escaped(&lines.join("\n"))
}

/// Text as XML may hold it: what no XML 1.0 document can say is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_escapes_the_xml() {
        assert_eq!(super::escaped("a<b>&\"c\"\u{1}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\n");
    }
}
