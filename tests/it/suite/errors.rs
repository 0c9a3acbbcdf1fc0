//! A case for every row of the error table that applies, and for the order in which errors win: `vectors/errors.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::support::{Answer, Server};

const CASES: &str = include_str!("../../vectors/errors.json");

#[derive(Deserialize)]
struct Case {
    /// The section of the contract.
    section: String,
    rule: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Requests that must succeed before.
    #[serde(default)]
    given: Vec<Request>,
    when: Request,
    status: u16,
    error_code: i64,
    /// The whole message; without it the message is free text.
    message: Option<String>,
}

/// Method, path, and a body: JSON, or a text sent as it is.
#[derive(Deserialize)]
#[serde(transparent)]
struct Request(Vec<Value>);

impl Request {
    async fn send(&self, server: &Server, headers: &BTreeMap<String, String>) -> Answer {
        let text = |index: usize| self.0.get(index).and_then(Value::as_str);
        let body = text(2).map_or_else(|| self.0.get(2).map(Value::to_string).unwrap_or_default(), str::to_owned);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        server.send(text(0).expect("a method"), text(1).expect("a path"), &headers, body).await
    }
}

#[tokio::test]
async fn every_error_has_its_code_and_its_words() {
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("cases");
    let mut wrong = Vec::new();
    for case in cases {
        let server = Server::start().await;
        for request in &case.given {
            let answer = request.send(&server, &BTreeMap::new()).await;
            assert!(answer.status < 300, "{}: given {:?}: {}", case.rule, request.0, answer.text());
        }
        let answer = case.when.send(&server, &case.headers).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let keys: Vec<_> = body.as_object().into_iter().flat_map(|it| it.keys().map(String::as_str)).collect();
        let right = answer.status == case.status
            && keys == ["error_code", "message"]
            && body["error_code"] == case.error_code
            && case.message.as_ref().is_none_or(|message| body["message"] == **message);
        if !right {
            let (section, rule, expected, said) = (case.section, case.rule, case.error_code, answer.text());
            let message = case.message.unwrap_or_default();
            wrong.push(format!("{rule} ({section}): expected {expected} {message}\n    got {} {said}", answer.status));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
