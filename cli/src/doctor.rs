//! `avow doctor`: is the registry well, and is this machine on good terms with it?

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use avow_client::rest::{Client, Method, Scope};
use serde::Serialize;
use serde_json::{Value, json};

use super::connection::error_chain;
use super::exit::{self, Exit};
use super::remote::Remote;
use super::target::{OutputFormat, Target};
use super::terminal::{GREEN, RED, YELLOW, styled};
use super::{Error, block_on, mode};

/// Looks whether the registry can be reached, what it is, and what might surprise; a line each, with what to do.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Doctor {
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Note,
    Bad,
}

#[derive(Debug, Serialize)]
struct Line {
    state: State,
    about: &'static str,
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Line {
    fn new(state: State, about: &'static str, found: impl Into<String>) -> Self {
        Self { state, about, found: found.into(), advice: None }
    }

    fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl Doctor {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let (lines, exit) = block_on(examine(&remote))?;
        let mut text = String::new();
        for Line { state, about, found, advice } in &lines {
            let mark = match state {
                State::Ok => styled(GREEN, "ok  "),
                State::Note => styled(YELLOW, "note"),
                State::Bad => styled(RED, "bad "),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{mark}  {about:9}  {found}");
            if let Some(advice) = advice {
                let _ = writeln!(text, "{:17}{advice}", "");
            }
        }
        self.output.print(&self.target.terminal, &text, &json!(lines))?;
        Ok(exit)
    }
}

async fn examine(remote: &Remote) -> Result<(Vec<Line>, Exit), Error> {
    let client = &remote.client;
    let mut lines = Vec::new();
    let is_tls = remote.url().starts_with("https:");
    let begun = Instant::now();
    let first = client.config(Scope::Global).await;
    let took = begun.elapsed();
    if let Err(error) = &first {
        let exit = remote.failed()(error.clone()).exit();
        let line = if error.is_unauthenticated() {
            Line::new(State::Bad, "auth", "the registry does not know who asks")
                .advice("put credentials into AVOW_USER and AVOW_PASSWORD, or AVOW_TOKEN")
        } else if error.is_forbidden() {
            Line::new(State::Bad, "auth", "the registry knows who asks, and does not let them read its config")
                .advice("ask its operator for the right to read")
        } else if error.is_unavailable() {
            let advice = if is_tls {
                "check the address, the network, and with --ca-cert who signs the registry's certificate"
            } else {
                "check the address and the network; does the registry want https?"
            };
            Line::new(State::Bad, "reach", error_chain(error)).advice(advice)
        } else {
            Line::new(State::Bad, "reach", error_chain(error)).advice("does the address name a schema registry?")
        };
        lines.push(line);
        return Ok((lines, exit));
    }
    lines.push(Line::new(State::Ok, "reach", format!("{} answers", remote.url())));
    let degraded = degraded(client).await;
    let exit = if degraded.is_some() { Exit::Unavailable } else { Exit::Clean };
    lines.extend(degraded);
    lines.push(if is_tls {
        Line::new(State::Ok, "TLS", "the connection is encrypted, and the registry's certificate is trusted")
    } else {
        Line::new(State::Note, "TLS", "the connection is not encrypted").advice("use https beyond this machine")
    });
    lines.push(Line::new(State::Ok, "auth", "requests are let in"));
    lines.push(latency(client, took).await);
    lines.push(kind(remote).await);
    if let Some(line) = clock(client).await {
        lines.push(line);
    }
    let level = first.ok().and_then(|config| config.compatibility_level);
    lines.push(match level.as_ref().map(avow_client::rest::Level::as_str) {
        Some("NONE") => Line::new(State::Note, "level", "NONE: schemas are registered without a check")
            .advice("`avow config --level BACKWARD` checks those to come"),
        Some(level) => Line::new(State::Ok, "level", level),
        None => Line::new(State::Note, "level", "the registry does not say")
            .advice("set one: `avow config --level BACKWARD`"),
    });
    lines.push(match mode::in_force(remote, Scope::Global).await {
        Ok((mode, _)) if mode.as_str() == "READWRITE" => Line::new(State::Ok, "mode", "READWRITE"),
        Ok((mode, _)) => Line::new(State::Note, "mode", format!("{mode}: not every schema is taken"))
            .advice("`avow mode --set READWRITE` ends that"),
        Err(_) => Line::new(State::Note, "mode", "the registry does not say"),
    });
    Ok((lines, exit))
}

/// What an Avow registry says of itself while it answers from memory only; others do not know the question.
async fn degraded(client: &Client) -> Option<Line> {
    let answer = client.send_json(Method::GET, "/readyz", [], None::<&serde_json::Value>).await.ok()?;
    let reason = answer["reason"].as_str().filter(|_| answer["status"] == "degraded")?;
    let line = Line::new(State::Bad, "database", format!("the registry cannot reach its database: {reason}"));
    Some(line.advice("reads are answered from memory until the database is back; look at the registry's log"))
}

/// The middle one of a few requests.
async fn latency(client: &Client, first: Duration) -> Line {
    const REQUESTS: usize = 5;
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        if client.config(Scope::Global).await.is_ok() {
            times.push(begun.elapsed());
        }
    }
    times.sort();
    let middle = times.get(times.len() / 2).copied().unwrap_or(first);
    let found = format!("{} ms; {} ms with a new connection", middle.as_millis(), first.as_millis());
    if middle < Duration::from_millis(500) {
        Line::new(State::Ok, "latency", found)
    } else {
        Line::new(State::Note, "latency", found).advice("clients keep what they learned; starts will be slow")
    }
}

/// The software that answers, by features only it has.
async fn kind(remote: &Remote) -> Line {
    let client = &remote.client;
    let asked = |path: &'static str| async move { client.send_json(Method::GET, path, [], None::<&Value>).await.ok() };
    let answered = client.server_version().await.unwrap_or_default();
    let version = Some(answered.version).filter(|version| !version.is_empty());
    let is_built = !matches!(answered.commit_id.as_str(), "" | "Unknown");
    // A server that answers every path proves nothing by an answer.
    let answers_all = asked("/avow/v1/no-such-thing").await.is_some();
    let has = async |path, is_so: fn(&Value) -> bool| !answers_all && asked(path).await.is_some_and(|it| is_so(&it));
    let found = if has("/avow/v1/changes?limit=1", Value::is_array).await {
        Some(("Avow", "it has a log of changes under /avow/v1/changes"))
    } else if has("/_health", |it| it.get("karapace_version").is_some()).await {
        Some(("Karapace", "it says so under /_health"))
    } else if has("/status/ready", |_| true).await {
        Some(("Redpanda", "it answers under /status/ready"))
    } else if remote.url().contains("/apis/ccompat/") {
        Some(("Apicurio Registry", "its address names /apis/ccompat/"))
    } else if version.is_some() && is_built {
        Some(("Confluent Schema Registry", "it names a version and a commit under /v1/metadata/version"))
    } else {
        None
    };
    let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
    match found {
        Some((name, evidence)) => Line::new(State::Ok, "kind", format!("{name}{version}: {evidence}")),
        None => Line::new(State::Note, "kind", format!("unknown{version}: the software cannot be identified"))
            .advice("what every registry answers is all that is asked of it"),
    }
}

/// How far the clocks are apart, by the time the registry gives for something it just wrote.
async fn clock(client: &Client) -> Option<Line> {
    let newest = client.schemas().limit(1).await.ok()?.into_iter().filter_map(|it| it.schema.ts).max()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let ahead = newest - i64::try_from(now.as_millis()).ok()?;
    Some(if ahead > 1_000 {
        Line::new(State::Note, "clock", format!("the registry is at least {} s ahead of this machine", ahead / 1_000))
            .advice("set both by NTP")
    } else {
        Line::new(State::Ok, "clock", "nothing at the registry was written later than now")
    })
}
