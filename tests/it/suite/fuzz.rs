//! Bounded fuzzing of untrusted input: bodies of recorded exchanges, mutated, and paths made of the subject grammar.
//!
//! No input may panic, get a 5xx, or make the server grow without bound. `AVOW_FUZZ=1000000` sends a million of each,
//! `AVOW_FUZZ_SEED=7` others. Findings are kept in `vectors/found.json`: method, path, body.

use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::exchanges;
use super::support::{Answer, Server};

/// Inputs of each kind in an ordinary run.
const INPUTS: u64 = 4_000;

/// Inputs a server sees before a fresh one takes over: most paths lead nowhere once everything is read-only.
const INPUTS_A_SERVER: u64 = 500;

const AT_ONCE: u64 = 4;

/// The memory limit of the whole test process.
const MEMORY_KIB: u64 = 2 * 1024 * 1024;

struct Input {
    method: String,
    path: String,
    body: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_is_too_much() {
    let recorded: Vec<Input> = exchanges::read()
        .into_iter()
        .flat_map(|scenario| scenario.exchanges)
        .filter(|it| !it.sent().is_empty())
        .map(|it| Input { body: it.sent().as_bytes().to_vec(), method: it.method, path: it.path })
        .collect();
    fuzz(|random| {
        let chosen = random.choice(&recorded).expect("the recording has bodies");
        let other = random.choice(&recorded).expect("the recording has bodies");
        let body = mutated(&chosen.body, &other.body, random);
        Input { method: chosen.method.clone(), path: chosen.path.clone(), body }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_subject_is_too_much() {
    fuzz(|random| {
        let method = (*random.choice(&METHODS).expect("a method")).to_owned();
        let template = *random.choice(&PATHS).expect("a path");
        let path = template.split('{').fold(String::new(), |path, part| match part.strip_prefix('}') {
            Some(rest) => path + &segment(random) + rest,
            None => path + part,
        });
        let schema = json!({"schema": "\"int\"", "compatibility": "FULL", "mode": "READWRITE"});
        Input { method, path, body: schema.to_string().into_bytes() }
    })
    .await;
}

#[tokio::test]
async fn what_was_found_stays_fixed() {
    let found: Vec<(String, String, String)> =
        serde_json::from_str(include_str!("../../vectors/found.json")).expect("inputs");
    for (method, path, body) in found {
        let server = Server::start().await;
        harmless(&Input { method, path, body: body.into_bytes() }, &server).await;
    }
}

async fn fuzz(make: impl Fn(&mut Rng) -> Input) {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (inputs, seed): (u64, u64) = (number("AVOW_FUZZ", INPUTS), number("AVOW_FUZZ_SEED", 1));
    join_all((0..AT_ONCE).map(async |lane| {
        let mut random = Rng::with_seed(seed * AT_ONCE + lane);
        let mut left = inputs / AT_ONCE;
        while left > 0 {
            let server = Server::start().await;
            for _ in 0..left.min(INPUTS_A_SERVER) {
                harmless(&make(&mut random), &server).await;
            }
            left = left.saturating_sub(INPUTS_A_SERVER);
        }
    }))
    .await;
    assert!(peak_memory_kib() < MEMORY_KIB, "{} KiB", peak_memory_kib());
}

async fn harmless(input: &Input, server: &Server) {
    let Input { method, path, body } = input;
    let json = [("content-type", "application/json")];
    let answer = server.send(method, path, &json, body.clone()).await;
    let shown =
        || format!("{method} {path}\n{}\n-> {} {}", String::from_utf8_lossy(body), answer.status, answer.text());
    assert!(answer.status < 500, "{}", shown());
    assert!(answer.status < 400 || method == "HEAD" || is_envelope(&answer), "{}", shown());
}

fn is_envelope(answer: &Answer) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body["error_code"].is_i64() && body["message"].is_string()
}

/// The peak memory of this process.
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line about memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A body changed in one to three places, as text or as a document.
fn mutated(body: &[u8], other: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..random.usize(1..=3) {
        let as_document = serde_json::from_slice::<Value>(&body).ok().filter(|_| random.u8(..4) > 0);
        if let Some(mut document) = as_document {
            change_document(&mut document, random);
            body = document.to_string().into_bytes();
        } else {
            change_text(&mut body, other, random);
        }
    }
    body
}

fn change_text(body: &mut Vec<u8>, other: &[u8], random: &mut Rng) {
    let at = random.usize(..=body.len());
    let end = random.usize(at..=body.len());
    match random.u8(..5) {
        0 => drop(body.drain(at..end)),
        1 => drop(body.splice(at..at, body[at..end].to_vec())),
        2 => drop(body.splice(at..end, other[random.usize(..=other.len())..].iter().copied())),
        3 => body.insert(at, random.u8(..)),
        _ => drop(body.splice(at..at, random.choice(&SPLINTERS).expect("a splinter").bytes())),
    }
}

/// Replaces one value of the document, or of the schema that a text in it contains.
fn change_document(value: &mut Value, random: &mut Rng) {
    match value {
        Value::Object(map) if !map.is_empty() && random.u8(..6) > 0 => {
            let at = random.usize(..map.len());
            change_document(map.values_mut().nth(at).expect("within bounds"), random);
        }
        Value::Array(list) if !list.is_empty() && random.u8(..6) > 0 => {
            let at = random.usize(..list.len());
            change_document(&mut list[at], random);
        }
        Value::String(text) if random.u8(..6) > 0 => match serde_json::from_str::<Value>(text) {
            Ok(mut schema) if schema.is_object() || schema.is_array() => {
                change_document(&mut schema, random);
                *text = schema.to_string();
            }
            _ => *value = strange(random),
        },
        _ => *value = strange(random),
    }
}

fn strange(random: &mut Rng) -> Value {
    let nested = |open: &str, close: &str, depth| open.repeat(depth) + "1" + &close.repeat(depth);
    match random.u8(..16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(i64::MAX),
        4 => json!(1e308),
        5 => json!(""),
        6 => json!([]),
        7 => json!({}),
        8 => json!("\0"),
        9 => json!("x".repeat(random.usize(1..5_000))),
        10 => json!(nested("[", "]", random.usize(1..1_200))),
        11 => json!(nested("{\"type\":", "}", random.usize(1..1_200))),
        12 => json!({"type": "array", "items": {"type": "map", "values": "R"}}),
        13 => json!(["null", "null"]),
        14 => json!({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R", "default": {}}]}),
        _ => json!(random.choice(&WORDS).expect("a word")),
    }
}

/// A path segment of tokens of the subject grammar, percent-encoded.
fn segment(random: &mut Rng) -> String {
    let parts = random.usize(1..6);
    (0..parts).map(|_| *random.choice(&GRAMMAR).expect("a part")).collect()
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];

const PATHS: [&str; 20] = [
    "/subjects/{}",
    "/subjects/{}/versions",
    "/subjects/{}/versions/{}",
    "/subjects/{}/versions/{}/schema",
    "/subjects/{}/versions/{}/referencedby",
    "/subjects/{}/metadata?key={}&value={}",
    "/subjects?subjectPrefix={}&deleted={}&limit={}&offset={}",
    "/schemas?subjectPrefix={}&latestOnly={}&limit={}&offset={}",
    "/schemas/ids/{}?subject={}&format={}",
    "/schemas/ids/{}/versions?subject={}",
    "/schemas/ids/{}/schema?subject={}",
    "/schemas/guids/{}",
    "/schemas/guids/{}/ids",
    "/compatibility/subjects/{}/versions/{}?verbose={}",
    "/config/{}?defaultToGlobal={}",
    "/mode/{}?force={}&recursive={}",
    "/contexts/{}/subjects/{}/versions",
    "/contexts/{}",
    "/contexts?contextPrefix={}",
    "/{}/{}",
];

const GRAMMAR: [&str; 32] = [
    ":",
    ".",
    "*",
    ":.",
    ":*:",
    "::",
    "a",
    "orders-value",
    ".ctx",
    "__GLOBAL",
    "__EMPTY",
    "latest",
    "-1",
    "0",
    "1",
    "2147483648",
    "true",
    "%00",
    "%0A",
    "%20",
    "+",
    "%2F",
    "%25",
    "%FF",
    "%ED%A0%80",
    "%C3%BC",
    "%F0%9F%8E%88",
    "%3A",
    "%2E%2E",
    ";",
    "%",
    "095d71cf-1255-6b9d-5e33-0ad575b3df5d",
];

const SPLINTERS: [&str; 14] =
    ["\"", "{", "}", "[", "]", "\\", "\\u0000", "\\ud800", "null", "1e999", "-0", "/*", "//", "\u{feff}"];

const WORDS: [&str; 22] = [
    "null", "int", "long", "string", "bytes", "record", "enum", "fixed", "array", "map", "error", "decimal", "uuid",
    "duration", "IMPORT", "READONLY", "FORWARD", "latest", "AVRO", "JSON", "R", "ns.R",
];
