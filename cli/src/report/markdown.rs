//! A comment on a pull request.

use std::fmt::Write as _;

use super::{Finding, Outcome, Report};

pub(super) fn render(report: &Report) -> String {
    let mut out = format!("### avow {}\n", report.last_line());
    for outcome in &report.outcomes {
        for finding in outcome.findings.iter().filter(|finding| finding.counts()) {
            out += &section(outcome, finding);
        }
    }
    let accepted: Vec<_> = report
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.findings.iter().map(move |finding| (outcome, finding)))
        .filter_map(|(outcome, finding)| Some((outcome, finding, finding.accepted.as_ref()?)))
        .collect();
    if !accepted.is_empty() {
        out += "\n<details><summary>Accepted</summary>\n\n";
        for (outcome, finding, accepted) in accepted {
            let _ = writeln!(out, "- **{}** {} ({})", text(&outcome.name()), title(finding), text(&accepted.reason));
        }
        out += "\n</details>\n";
    }
    out
}

fn section(outcome: &Outcome, finding: &Finding) -> String {
    let mark = if finding.severity.is_warning() { "⚠️" } else { "❌" };
    let mut out = format!("\n#### {mark} {}: {}\n\n", text(&outcome.name()), title(finding));
    let place = format!("{}:{}:{}", outcome.file.name(), finding.place.line, finding.place.column);
    let _ = writeln!(out, "{} · rule `{}`\n", code(&place), finding.rule);
    for sentence in finding.who.iter().chain(Some(&finding.why).filter(|why| !why.is_empty())) {
        let _ = writeln!(out, "{}\n", titled(sentence));
    }
    if let Some(witness) = &finding.witness {
        let _ = writeln!(out, "This record cannot be decoded ({}):\n", text(witness.reason()));
        let fence = fence(&witness.record);
        let _ = writeln!(out, "{fence}json\n{}\n{fence}\n", witness.record);
    }
    if let Some(fix) = finding.fixes.first() {
        let _ = writeln!(out, "**Fix:** {}", titled(&fix.title));
    }
    out
}

fn title(finding: &Finding) -> String {
    titled(&finding.title)
}

/// A sentence whose names stand between backquotes: what is between them is code, the rest is text.
pub(crate) fn titled(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { text(part) }).collect()
}

/// Text of strangers, so that it stays text.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '\n' | '\r' => out.push(' '),
            '\\' | '*' | '_' | '[' | ']' | '#' | '|' | '@' | '`' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text of strangers as code.
pub(crate) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace(['\n', '\r'], " "))
}

fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_stays_text() {
        assert_eq!(titled("`a` has <b>*c*</b>"), "`a` has &lt;b&gt;\\*c\\*&lt;/b&gt;");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(fence("x```y"), "````");
    }
}
