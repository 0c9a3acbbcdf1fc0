//! A registry as old ones are: no batch, no explanations, no default level of a subject; `error_code` and little else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What it holds and what it was asked.
#[derive(Default)]
pub(crate) struct Held {
    /// Versions of subjects, from 1; none where one was deleted.
    pub(crate) subjects: BTreeMap<String, Vec<Option<Value>>>,
    /// Levels of subjects.
    pub(crate) levels: BTreeMap<String, &'static str>,
    /// Answers this to everything.
    pub(crate) broken: Option<(u16, &'static str)>,
    /// Wants this header.
    pub(crate) authorization: Option<&'static str>,
    pub(crate) asked: Vec<String>,
}

type Shared = Arc<Mutex<Held>>;

pub(crate) struct Foreign {
    pub(crate) address: SocketAddr,
    held: Shared,
}

impl Foreign {
    pub(crate) async fn start(held: Held) -> Self {
        let held = Arc::new(Mutex::new(held));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new().fallback(answer).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, held }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked since the last time, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().expect("nobody panics with it").asked)
    }
}

async fn answer(State(held): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let mut held = held.lock().expect("nobody panics with it");
    held.asked.push(format!("{} {path}", parts.method));
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if held.authorization.is_some() && held.authorization != authorization {
        return refused(401, 40101, "Unauthorized");
    }
    if let Some((status, message)) = held.broken {
        return refused(status, i64::from(status), message);
    }
    route(&held, parts.method.as_str(), &path, &body)
}

/// Status, code and message.
struct Refusal(u16, i64, &'static str);

fn route(held: &Held, method: &str, path: &str, body: &Bytes) -> Response {
    // Nor of any other parameter.
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let subject = |name: &str| held.subjects.get(name).ok_or(Refusal(404, 40401, "Subject not found."));
    let answered: Result<Value, Refusal> = match (method, segments.as_slice()) {
        ("GET", ["config"]) => Ok(json!({"compatibilityLevel": "BACKWARD"})),
        // It never heard of `defaultToGlobal`.
        ("GET", ["config", name]) => match held.levels.get(*name) {
            Some(level) => Ok(json!({"compatibilityLevel": level})),
            None => Err(Refusal(404, 40401, "Subject not found.")),
        },
        ("GET", ["subjects", name, "versions"]) => subject(name).map(|versions| {
            let numbered = versions.iter().enumerate();
            json!(numbered.filter_map(|(at, version)| version.as_ref().map(|_| at + 1)).collect::<Vec<_>>())
        }),
        ("GET", ["subjects", name, "versions", number]) => subject(name).and_then(|versions| {
            let at = if *number == "latest" { versions.len() } else { number.parse::<usize>().unwrap_or(0) };
            let version = at.checked_sub(1).and_then(|at| versions.get(at)?.clone());
            let mut version = version.ok_or(Refusal(404, 40402, "Version not found."))?;
            version["subject"] = json!(name);
            version["version"] = json!(at);
            version["id"] = json!(100 + at);
            Ok(version)
        }),
        ("POST", ["subjects", name]) => subject(name).and_then(|versions| {
            let asked: Value = serde_json::from_slice(body).unwrap_or_default();
            let at = versions.iter().flatten().position(|version| version["schema"] == asked["schema"]);
            let at = at.ok_or(Refusal(404, 40403, "Schema not found"))?;
            Ok(json!({"subject": name, "version": at + 1, "id": 101 + at, "schema": asked["schema"]}))
        }),
        _ => Err(Refusal(404, 404, "HTTP 404 Not Found")),
    };
    match answered {
        Ok(body) => body.to_string().into_response(),
        Err(Refusal(status, code, message)) => refused(status, code, message),
    }
}

fn refused(status: u16, code: i64, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, json!({"error_code": code, "message": message}).to_string()).into_response()
}
