//! Permitted differences from recorded answers, rule by rule with a reason; anything else must be equal.

use serde_json::{Map, Value};

use super::exchanges::Exchange;
use super::support::Answer;

/// Exchanges, as (scenario, index), that differ on purpose.
///
/// All are of one kind: an import replaced the only version that held an id. In the reference the id then means the
/// newcomer, and may be given to a third content. Records carry ids, so here an id keeps its meaning: by-id answers
/// show the content it was given for, nobody else may take it, and nobody is listed as holding it.
///
/// The same goes for an id whose last holder was deleted for good, which no recorded exchange shows: the reference lets an
/// import give it to another content, here that takes `force=true`.
pub(crate) const DELIBERATE: [(u32, usize); 5] = [(9016, 21), (9016, 23), (9076, 30), (9081, 12), (9130, 33)];

/// How an answer differs: the class groups equal causes, the detail shows this case.
pub(crate) struct Difference {
    pub(crate) class: String,
    pub(crate) detail: String,
}

pub(crate) fn compare(exchange: &Exchange, answer: &Answer) -> Result<(), Difference> {
    let route = Route::of(exchange);
    let differ = |what: &str, recorded: &str, got: &str| {
        Err(Difference {
            class: format!("{} {}: {what}", exchange.method, route.template),
            detail: format!("{what}: recorded {recorded}, got {got}"),
        })
    };

    let recorded_code = exchange.answer.get("error_code").and_then(Value::as_i64);
    if answer.status != exchange.status {
        let got = format!("{} {}", answer.status, code(answer).unwrap_or_default());
        let recorded = format!("{} {}", exchange.status, recorded_code.unwrap_or_default());
        return differ(&format!("status: recorded {recorded}, got {got}"), &recorded, &got);
    }
    // The content type of errors comes from the container; clients read the body whatever it says.
    if let Some(recorded) = exchange.content_type.as_deref().filter(|_| exchange.status == 200) {
        let got = answer.header("content-type").unwrap_or("none");
        if got != recorded {
            return differ("content type", recorded, got);
        }
    }
    if exchange.method == "HEAD" || exchange.status == 204 {
        return if answer.body.is_empty() { Ok(()) } else { differ("body", "none", answer.text()) };
    }
    if exchange.answer_is_text {
        let recorded = exchange.answer.as_str().expect("a text");
        return if answer.text() == recorded { Ok(()) } else { differ("text", recorded, answer.text()) };
    }

    let mut recorded = exchange.answer.clone();
    let Ok(mut got) = serde_json::from_slice::<Value>(&answer.body) else {
        return differ("body is no JSON", &recorded.to_string(), answer.text());
    };
    if let Some(code) = recorded_code {
        if let (Some(recorded), Some(got)) = (recorded.get_mut("message"), got.get_mut("message")) {
            forgive_message(code, recorded, got);
        }
    } else {
        route.forgive(&mut recorded, &mut got);
        forgive_clock(&recorded, &mut got);
    }
    match first_difference("", &recorded, &got) {
        None => Ok(()),
        Some((path, recorded, got)) => differ(&format!("`{path}` of {}", exchange.status), &recorded, &got),
    }
}

fn code(answer: &Answer) -> Option<i64> {
    serde_json::from_slice::<Value>(&answer.body).ok()?.get("error_code")?.as_i64()
}

/// The messages of some codes come from the parser or the container: free text, but not empty.
/// A 42201 of the reference contains a dump of its request; Avow names the fault instead.
fn forgive_message(code: i64, recorded: &mut Value, got: &mut Value) {
    let free = match code {
        400 | 404 | 405 | 406 | 415 | 422 => got.as_str().is_some_and(|text| !text.is_empty()),
        42201 => both_invalid_schema(recorded, got),
        _ => false,
    };
    if free {
        *recorded = Value::Null;
        *got = Value::Null;
    }
}

fn both_invalid_schema(recorded: &Value, got: &Value) -> bool {
    const START: &str = "Invalid schema";
    let starts = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(START));
    starts(recorded) && starts(got) && got.as_str().is_some_and(|text| text.len() > START.len())
}

/// `ts` is a clock: it must be present, with any value. Next to it, `deleted: false` may be left out.
fn forgive_clock(recorded: &Value, got: &mut Value) {
    match (recorded, got) {
        (Value::Object(recorded), Value::Object(got)) => {
            if let (Some(time), Some(actual)) = (recorded.get("ts"), got.get_mut("ts")) {
                if actual.is_i64() {
                    actual.clone_from(time);
                }
                if recorded.get("deleted") == Some(&Value::Bool(false)) {
                    got.entry("deleted").or_insert(Value::Bool(false));
                }
            }
            for (key, value) in recorded {
                if let Some(actual) = got.get_mut(key) {
                    forgive_clock(value, actual);
                }
            }
        }
        (Value::Array(recorded), Value::Array(got)) => {
            for (recorded, got) in recorded.iter().zip(got) {
                forgive_clock(recorded, got);
            }
        }
        _ => {}
    }
}

/// The kind of answer to a request.
struct Route {
    template: String,
    kind: Kind,
}

enum Kind {
    /// `/schemas/ids/{id}`: may name any version with the id.
    ById,
    /// Lists whose order is arbitrary; of a page only the size is known then.
    Set {
        paged: bool,
    },
    /// The first message of a verbose answer may be the parser's.
    Compatibility,
    Plain,
}

impl Route {
    fn of(exchange: &Exchange) -> Self {
        let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
        let mut segments: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
        if segments.first() == Some(&"contexts") && segments.len() > 2 {
            segments.drain(..2);
        }
        let paged = query.split('&').any(|it| it.starts_with("limit=") || it.starts_with("offset="));
        let kind = match *segments {
            ["schemas", "ids", _] => Kind::ById,
            ["schemas", "ids", _, "subjects" | "versions"] | ["schemas", "types"] | [.., "referencedby"] => {
                Kind::Set { paged }
            }
            ["compatibility", ..] => Kind::Compatibility,
            _ => Kind::Plain,
        };
        let words =
            "subjects versions schemas ids schema types guids config mode contexts compatibility referencedby metadata";
        let template = segments.iter().fold(String::new(), |template, segment| {
            template + "/" + if words.split(' ').any(|word| word == *segment) { segment } else { "{}" }
        });
        Self { template, kind }
    }

    fn forgive(&self, recorded: &mut Value, got: &mut Value) {
        match (&self.kind, recorded, got) {
            (Kind::ById, Value::Object(recorded), Value::Object(got)) => forgive_holder(recorded, got),
            (Kind::Set { paged: true }, Value::Array(recorded), Value::Array(got)) => {
                recorded.fill(Value::Null);
                got.fill(Value::Null);
            }
            (Kind::Set { paged: false }, Value::Array(recorded), Value::Array(got)) => {
                recorded.sort_by_key(Value::to_string);
                got.sort_by_key(Value::to_string);
            }
            (Kind::Compatibility, recorded, got)
                if both_invalid_schema(&recorded["messages"][0], &got["messages"][0]) =>
            {
                recorded["messages"][0].clone_from(&got["messages"][0]);
            }
            _ => {}
        }
    }
}

/// Any version with the id may be named: its subject, number, and whether and when it was deleted.
fn forgive_holder(recorded: &mut Map<String, Value>, got: &Map<String, Value>) {
    for key in ["subject", "version"] {
        if let (Some(theirs), Some(actual)) = (recorded.get_mut(key), got.get(key)) {
            theirs.clone_from(actual);
        }
    }
    if let Some(deleted) = recorded.get_mut("deleted") {
        *deleted = got.get("deleted").cloned().unwrap_or(Value::Bool(false));
    }
}

/// The first difference of two values, with its path.
fn first_difference(path: &str, recorded: &Value, got: &Value) -> Option<(String, String, String)> {
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    match (recorded, got) {
        (Value::Object(recorded), Value::Object(got)) => {
            let unexpected = got.keys().filter(|key| !recorded.contains_key(*key));
            recorded.keys().chain(unexpected).find_map(|key| {
                let path = format!("{path}.{key}");
                match (recorded.get(key), got.get(key)) {
                    (Some(recorded), Some(got)) => first_difference(&path, recorded, got),
                    (recorded, got) => Some((path, shown(recorded), shown(got))),
                }
            })
        }
        (Value::Array(theirs), Value::Array(actual)) if theirs.len() == actual.len() => {
            theirs.iter().zip(actual).find_map(|(recorded, got)| first_difference(&format!("{path}[]"), recorded, got))
        }
        _ if recorded == got => None,
        _ => Some((path.to_owned(), recorded.to_string(), got.to_string())),
    }
}
