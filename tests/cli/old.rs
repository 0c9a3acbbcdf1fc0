//! A registry as old ones are, that can be written to: subjects, versions, ids, levels, modes, and nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Version {
    pub(crate) id: i64,
    /// As it was sent, without id and version.
    pub(crate) body: Value,
    pub(crate) deleted: bool,
}

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) subjects: BTreeMap<String, BTreeMap<i64, Version>>,
    /// By subject; that of all has no name.
    pub(crate) levels: BTreeMap<String, Value>,
    pub(crate) modes: BTreeMap<String, String>,
    /// Registrations answered before everything is refused.
    pub(crate) patience: Option<usize>,
    /// Changes it was asked for.
    pub(crate) writes: usize,
}

type Shared = Arc<Mutex<Held>>;

pub(crate) struct Old {
    address: SocketAddr,
    pub(crate) held: Shared,
}

impl Old {
    pub(crate) async fn start() -> Self {
        let held = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new().fallback(answer).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, held }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().expect("nobody panics with it"))
    }
}

/// Status, code and message.
type Answered = Result<Value, (u16, i64, &'static str)>;

async fn answer(State(held): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = parts.uri.path().trim_start_matches('/').replace("%2D", "-").replace("%3A", ":").replace("%2E", ".");
    let query = parts.uri.query().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let method = parts.method.as_str();
    let mut held = held.lock().expect("nobody panics with it");
    if method != "GET" {
        held.writes += 1;
    }
    let answered = match segments.first() {
        Some(&("config" | "mode")) => held.setting(method, &segments, &body),
        _ => held.schema(method, &segments, query, &body),
    };
    match answered {
        Ok(body) => body.to_string().into_response(),
        Err((status, code, message)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, json!({"error_code": code, "message": message}).to_string()).into_response()
        }
    }
}

const NO_SUBJECT: (u16, i64, &str) = (404, 40401, "Subject not found.");
const NO_VERSION: (u16, i64, &str) = (404, 40402, "Version not found.");

impl Held {
    fn setting(&mut self, method: &str, segments: &[&str], body: &Value) -> Answered {
        let name = segments.get(1).copied().unwrap_or_default().to_owned();
        match (segments[0], method) {
            ("config", "GET") => match self.levels.get(&name) {
                Some(level) => Ok(json!({"compatibilityLevel": level})),
                None if name.is_empty() => Ok(json!({"compatibilityLevel": "BACKWARD"})),
                None => Err(NO_SUBJECT),
            },
            ("config", "PUT") => {
                self.levels.insert(name, body["compatibility"].clone());
                Ok(body.clone())
            }
            ("mode", "GET") => match self.modes.get(&name) {
                Some(mode) => Ok(json!({"mode": mode})),
                None if name.is_empty() => Ok(json!({"mode": "READWRITE"})),
                None => Err(NO_SUBJECT),
            },
            ("mode", "PUT") => {
                self.modes.insert(name, body["mode"].as_str().unwrap_or_default().to_owned());
                Ok(body.clone())
            }
            ("mode", "DELETE") => self.modes.remove(&name).map(|mode| json!({"mode": mode})).ok_or(NO_SUBJECT),
            _ => Err((405, 405, "HTTP 405 Method Not Allowed")),
        }
    }

    fn schema(&mut self, method: &str, segments: &[&str], query: &str, body: &Value) -> Answered {
        let deleted = query.contains("deleted=true");
        match (method, segments) {
            ("GET", ["subjects"]) => {
                let is_there = |versions: &BTreeMap<i64, Version>| deleted || versions.values().any(|it| !it.deleted);
                Ok(self.subjects.iter().filter(|(_, it)| is_there(it)).map(|(name, _)| json!(name)).collect())
            }
            ("GET", ["subjects", name, "versions"]) => {
                let versions = self.subjects.get(*name).ok_or(NO_SUBJECT)?;
                let there: Vec<_> = versions.iter().filter(|(_, it)| deleted || !it.deleted).map(|it| it.0).collect();
                if there.is_empty() { Err(NO_SUBJECT) } else { Ok(json!(there)) }
            }
            ("GET", ["subjects", name, "versions", number]) => {
                let versions = self.subjects.get(*name).ok_or(NO_SUBJECT)?;
                let mut there = versions.iter().filter(|(_, it)| deleted || !it.deleted);
                let found = match *number {
                    "latest" => there.next_back(),
                    number => there.find(|(it, _)| it.to_string() == number),
                };
                let (number, version) = found.ok_or(NO_VERSION)?;
                let mut answer = version.body.clone();
                answer["subject"] = json!(name);
                answer["version"] = json!(number);
                answer["id"] = json!(version.id);
                Ok(answer)
            }
            ("GET", ["schemas", "ids", id]) => {
                let mut all = self.subjects.values().flat_map(BTreeMap::values);
                let found = all.find(|it| it.id.to_string() == *id);
                found.map(|it| it.body.clone()).ok_or((404, 40403, "Schema not found"))
            }
            ("POST", ["subjects", name]) => {
                let versions = self.subjects.get(*name).ok_or(NO_SUBJECT)?;
                let mut live = versions.iter().filter(|(_, it)| !it.deleted);
                let is_it =
                    |it: &Version| it.body["schema"] == body["schema"] && it.body["references"] == body["references"];
                let found = live.find(|(_, it)| is_it(it));
                let (number, it) = found.ok_or((404, 40403, "Schema not found"))?;
                Ok(json!({"subject": name, "version": number, "id": it.id, "schema": body["schema"]}))
            }
            ("POST", ["subjects", name, "versions"]) => self.register(name, body),
            ("DELETE", ["subjects", name]) => {
                let versions = self.subjects.get_mut(*name).ok_or(NO_SUBJECT)?;
                for version in versions.values_mut() {
                    version.deleted = true;
                }
                Ok(json!(versions.keys().collect::<Vec<_>>()))
            }
            ("DELETE", ["subjects", name, "versions", number]) => {
                let versions = self.subjects.get_mut(*name).ok_or(NO_SUBJECT)?;
                let number: i64 = number.parse().map_err(|_| NO_VERSION)?;
                if query.contains("permanent=true") {
                    versions.remove(&number).ok_or(NO_VERSION)?;
                    if versions.is_empty() {
                        self.subjects.remove(*name);
                    }
                } else {
                    versions.get_mut(&number).ok_or(NO_VERSION)?.deleted = true;
                }
                Ok(json!(number))
            }
            _ => Err((404, 404, "HTTP 404 Not Found")),
        }
    }

    fn register(&mut self, name: &str, body: &Value) -> Answered {
        match &mut self.patience {
            Some(0) => return Err((403, 40301, "enough for today")),
            Some(left) => *left -= 1,
            None => {}
        }
        let all = || self.subjects.values().flat_map(BTreeMap::values);
        let highest = all().map(|it| it.id).max().unwrap_or_default();
        let same = all().find(|it| it.body["schema"] == body["schema"]).map(|it| it.id);
        let id = body["id"].as_i64();
        let mode = self.modes.get(name).or_else(|| self.modes.get("")).map_or("READWRITE", String::as_str);
        match mode {
            "IMPORT" if id.is_some() => {}
            "READWRITE" if id.is_none() => {}
            _ => return Err((422, 42205, "Operation not permitted in this mode")),
        }
        let mut kept = body.clone();
        if let Some(kept) = kept.as_object_mut() {
            kept.retain(|key, value| !matches!(key.as_str(), "id" | "version") && *value != json!("AVRO"));
        }
        let id = id.or(same).unwrap_or(highest + 1);
        let versions = self.subjects.entry(name.to_owned()).or_default();
        let next = versions.keys().next_back().map_or(1, |last| last + 1);
        versions.insert(body["version"].as_i64().unwrap_or(next), Version { id, body: kept, deleted: false });
        Ok(json!({"id": id}))
    }
}
