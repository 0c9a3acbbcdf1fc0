//! Findings that were accepted: by their fingerprint, with a reason, for as long as it was said.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::report::{Accepted, Report, Severity};
use crate::terminal::Terminal;

/// A file of accepted findings.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    #[serde(default)]
    accepted: Vec<Entry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    /// Only for this subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    reason: String,
    /// The last day on which it is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<toml::value::Datetime>,
}

impl Baseline {
    /// What a report finds and is not accepted yet, but for files that are no schemas.
    pub(super) fn of(report: &Report, reason: &str) -> Self {
        let found = report.outcomes.iter().flat_map(|outcome| outcome.findings.iter().map(move |it| (outcome, it)));
        let keys: BTreeSet<(Option<&str>, &str)> = found
            .filter(|(_, finding)| finding.counts() && finding.severity != Severity::Invalid)
            .map(|(outcome, finding)| (outcome.subject.as_deref(), finding.fingerprint.as_str()))
            .collect();
        let entry = |(subject, fingerprint): (Option<&str>, &str)| Entry {
            fingerprint: fingerprint.to_owned(),
            subject: subject.map(str::to_owned),
            reason: reason.to_owned(),
            expires: None,
        };
        Self { accepted: keys.into_iter().map(entry).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.accepted.len()
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).map_err(|error| Error::Input(error.to_string()))?;
        fs::write(path, text).map_err(Error::writing(path))
    }

    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::reading(path))?;
        let invalid = |reason: String| Error::Input(format!("`{}`: {reason}", path.display()));
        let baseline: Self = toml::from_str(&text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
        for entry in &baseline.accepted {
            if entry.reason.trim().is_empty() {
                return Err(invalid(format!("{} is accepted without a reason", entry.fingerprint)));
            }
            if entry.expires.is_some_and(|expires| expires.date.is_none()) {
                return Err(invalid(format!("{} expires at a time without a date", entry.fingerprint)));
            }
        }
        Ok(baseline)
    }

    /// Marks what is accepted, and says what no longer is and, of a whole project, what was not found at all.
    pub(super) fn apply(&self, report: &mut Report, is_whole: bool, terminal: &Terminal) {
        let today = today();
        for entry in &self.accepted {
            let (mut is_used, is_over) = (false, entry.is_over(today));
            for outcome in &mut report.outcomes {
                if entry.subject.is_some() && entry.subject != outcome.subject {
                    continue;
                }
                for finding in outcome.findings.iter_mut().filter(|it| it.fingerprint == entry.fingerprint) {
                    is_used = true;
                    if !is_over {
                        let expires = entry.expires.map(|date| date.to_string());
                        finding.accepted = Some(Accepted { reason: entry.reason.clone(), expires });
                    }
                }
            }
            if is_used && is_over {
                terminal.say(format_args!("{} is no longer accepted ({})", entry.fingerprint, entry.reason));
            } else if !is_used && is_whole {
                terminal.say(format_args!(
                    "{} is accepted but was not found; take it out of the baseline",
                    entry.fingerprint
                ));
            }
        }
    }
}

impl Entry {
    fn is_over(&self, (year, month, day): (i64, u8, u8)) -> bool {
        let last = self.expires.and_then(|expires| expires.date);
        last.is_some_and(|last| (i64::from(last.year), last.month, last.day) < (year, month, day))
    }
}

/// Year, month and day, in UTC.
fn today() -> (i64, u8, u8) {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(i64::try_from(seconds / 86_400).unwrap_or(i64::MAX / 2))
}

/// The date of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`.
fn date(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(12), u8::try_from(day).unwrap_or(31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_778, (2026, 11, 21)),
            (-1, (1969, 12, 31)),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn an_entry_holds_through_its_last_day() {
        let entry = |expires: &str| {
            let text = format!("[[accepted]]\nfingerprint = \"f\"\nreason = \"r\"\nexpires = {expires}\n");
            toml::from_str::<Baseline>(&text).expect("a baseline").accepted.remove(0)
        };
        assert!(!entry("2026-11-21").is_over((2026, 11, 21)));
        assert!(entry("2026-11-20").is_over((2026, 11, 21)));
        assert!(!entry("2026-12-01").is_over((2026, 11, 30)));
    }
}
