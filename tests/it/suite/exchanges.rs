//! Replays 14,678 requests whose answers were recorded from the reference registry.
//!
//! Each scenario starts on an empty registry. To look at one: `AVOW_SCENARIO=17 cargo test --test it exchanges -- --nocapture`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::allowances::{self, Difference};
use super::support::Server;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/exchanges.jsonl.gz");
const SCENARIOS: usize = 448;
const EXCHANGES: usize = 14_678;

/// The number of concurrent scenarios: enough to wait for the disk together.
const AT_ONCE: usize = 16;

/// The number of disagreements that a failing run prints in full; the summary counts all of them.
const IN_FULL: usize = 30;

#[derive(Deserialize)]
pub(crate) struct Scenario {
    #[serde(rename = "scenario")]
    number: u32,
    theme: String,
    pub(crate) exchanges: Vec<Exchange>,
}

/// One recorded request and its answer.
#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Box<RawValue>>,
    pub(crate) raw_body: Option<String>,
    pub(crate) status: u16,
    pub(crate) answer: Value,
    #[serde(default)]
    pub(crate) answer_is_text: bool,
    pub(crate) content_type: Option<String>,
}

impl Exchange {
    pub(crate) fn sent(&self) -> &str {
        match (&self.body, &self.raw_body) {
            (Some(body), _) => body.get(),
            (None, Some(text)) => text,
            (None, None) => "",
        }
    }
}

struct Disagreement {
    scenario: u32,
    /// Whether it is the first of the scenario: later ones may be its consequences.
    first: bool,
    class: String,
    report: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_exchange_gets_the_recorded_answer() {
    let chosen: Option<u32> = std::env::var("AVOW_SCENARIO").ok().map(|text| text.parse().expect("a number"));
    let scenarios = read();
    assert_eq!(scenarios.len(), SCENARIOS);
    assert_eq!(scenarios.iter().map(|it| it.exchanges.len()).sum::<usize>(), EXCHANGES);

    let disagreements: Vec<Disagreement> = stream::iter(scenarios)
        .filter(|it| std::future::ready(chosen.is_none_or(|number| number == it.number)))
        .map(async |scenario| replay(&scenario, chosen.is_some()).await)
        .buffer_unordered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await;
    assert!(disagreements.is_empty(), "{}", summary(disagreements));
}

pub(crate) fn read() -> Vec<Scenario> {
    let file = std::fs::File::open(RECORDING).expect("the recording");
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("a scenario"))
        .collect()
}

async fn replay(scenario: &Scenario, aloud: bool) -> Vec<Disagreement> {
    let server = Server::start().await;
    let mut found = Vec::new();
    for (index, exchange) in scenario.exchanges.iter().enumerate() {
        let mut headers: Vec<(&str, &str)> =
            exchange.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = exchange.sent().to_owned();
        if !body.is_empty() && !exchange.headers.contains_key("Content-Type") {
            headers.push(("Content-Type", "application/vnd.schemaregistry.v1+json"));
        }
        let answer = server.send(&exchange.method, &exchange.path, &headers, body).await;

        let place = format!("scenario {} ({}), exchange {index}", scenario.number, scenario.theme);
        let sent = format!("{} {}\n     {}", exchange.method, exchange.path, exchange.sent());
        let got = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        if aloud {
            #[expect(clippy::print_stderr, reason = "a single scenario is run to be read")]
            {
                eprintln!("{place}: {sent}\n  -> {got}");
            }
        }
        let difference = allowances::compare(exchange, &answer);
        if allowances::DELIBERATE.contains(&(scenario.number, index)) {
            assert!(difference.is_err(), "{place} agrees now: take it off the list of deliberate differences");
            continue;
        }
        if let Err(Difference { class, detail }) = difference {
            found.push(Disagreement {
                scenario: scenario.number,
                first: found.is_empty(),
                class,
                report: format!(
                    "{place}: {detail}\n  >> {sent}\n  recorded {} {}\n  got      {got}\n",
                    exchange.status, exchange.answer
                ),
            });
        }
    }
    found
}

/// Classes of disagreement, those that come first in most scenarios on top, then the first ones in full.
fn summary(mut disagreements: Vec<Disagreement>) -> String {
    disagreements.sort_by_key(|it| (!it.first, it.scenario));
    let mut classes: BTreeMap<&str, (usize, usize, u32)> = BTreeMap::new();
    for it in &disagreements {
        let (first, all, _) = classes.entry(&it.class).or_insert((0, 0, it.scenario));
        *first += usize::from(it.first);
        *all += 1;
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by_key(|(_, (first, all, _))| std::cmp::Reverse((*first, *all)));

    let mut text = format!("{} of {EXCHANGES} exchanges disagree\n", disagreements.len());
    text.push_str("first in a scenario / all / one such scenario: class\n");
    for (class, (first, all, scenario)) in classes {
        writeln!(text, "{first:6} {all:6} {scenario:6}: {class}").expect("a String takes everything");
    }
    for it in disagreements.iter().take(IN_FULL) {
        writeln!(text, "\n{}", it.report).expect("a String takes everything");
    }
    text
}
