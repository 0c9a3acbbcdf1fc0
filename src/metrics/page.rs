//! The Prometheus text format, version 0.0.4.

use super::{BOUNDS, Observed};
use std::fmt::{Arguments, Display, Write as _};

/// A page of metrics under construction.
#[derive(Debug, Default)]
pub struct Page(String);

/// A metric that was announced on a page; its samples follow.
#[derive(Debug)]
pub struct Family<'p> {
    page: &'p mut Page,
    name: &'static str,
}

/// The labels of one sample: names, and values that come from a fixed set.
type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    /// The media type of the text.
    pub const MEDIA_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// A counter.
    pub fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// A gauge.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// A histogram of durations.
    pub fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        self.text(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { page: self, name }
    }

    fn text(&mut self, text: Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
    }

    /// The finished text.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// One sample.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.line("", labels, None, value)
    }

    /// The samples of a histogram.
    pub fn durations(&mut self, labels: Labels<'_>, observed: &Observed) -> &mut Self {
        let mut count = 0;
        for (place, in_bucket) in observed.buckets.iter().enumerate() {
            count += in_bucket;
            let bound = BOUNDS.get(place).map_or_else(|| "+Inf".to_owned(), |nanos| seconds(*nanos));
            self.line("_bucket", labels, Some(("le", &bound)), count);
        }
        self.line("_sum", labels, None, seconds(observed.nanos)).line("_count", labels, None, count)
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, last: Option<(&str, &str)>, value: impl Display) -> &mut Self {
        self.page.text(format_args!("{}{suffix}", self.name));
        let mut open = '{';
        for (label, value) in labels.iter().copied().chain(last) {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            self.page.text(format_args!("{open}{label}=\"{value}\""));
            open = ',';
        }
        let close = if open == ',' { "}" } else { "" };
        self.page.text(format_args!("{close} {value}\n"));
        self
    }
}

/// Nanoseconds in seconds, without the noise of a floating point division.
fn seconds(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Histogram;
    use std::time::Duration;

    #[test]
    fn the_text_is_as_prometheus_reads_it() {
        let mut page = Page::default();
        page.gauge("up", "Whether.").sample(&[], 1);
        page.counter("n_total", "Some.").sample(&[("a", "x\"y\\z\n"), ("b", "")], 7);
        let expected = "# HELP up Whether.\n# TYPE up gauge\nup 1\n# HELP n_total Some.\n# TYPE n_total counter\n\
                        n_total{a=\"x\\\"y\\\\z\\n\",b=\"\"} 7\n";
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn buckets_are_cumulative_and_in_seconds() {
        let histogram = Histogram::default();
        for micros in [10, 70, 80, 60_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let mut page = Page::default();
        page.histogram("d_seconds", "Some.").durations(&[("a", "b")], &histogram.observed());
        let text = page.into_text();
        for line in [
            r#"d_seconds_bucket{a="b",le="0.00005"} 1"#,
            r#"d_seconds_bucket{a="b",le="0.0001"} 3"#,
            r#"d_seconds_bucket{a="b",le="10"} 3"#,
            r#"d_seconds_bucket{a="b",le="+Inf"} 4"#,
            r#"d_seconds_sum{a="b"} 60.00016"#,
            r#"d_seconds_count{a="b"} 4"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
    }
}
