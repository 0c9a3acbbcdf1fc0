//! `avow doctor`: one line about everything that matters, with what to do.

use serde_json::{Value, json};

use crate::foreign::{Foreign, Held};
use crate::old::Old;
use crate::support::Server;
use crate::work::{Ran, Work};

fn doctor(url: &str) -> Ran {
    Work::new().avow(&format!("doctor --registry {url} --timeout 2 -o json"))
}

/// State and finding of a line.
fn line(ran: &Ran, about: &str) -> (String, String) {
    let lines = ran.json();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let found = lines.as_array().into_iter().flatten().find(|it| it["about"] == about);
    found.map(|it| (text(&it["state"]), text(&it["found"]))).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_looked_at_from_all_sides() {
    let server = Server::start().await;
    server.register("a", "\"int\"").await;
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    server.put("/mode", &json!({"mode": "READONLY"})).await.ok();
    let ran = doctor(&format!("http://{}", server.address()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for (about, state, begins) in [
        ("reach", "ok", "http://127.0.0.1"),
        ("TLS", "note", "the connection is not encrypted"),
        ("auth", "ok", "requests are let in"),
        ("kind", "ok", "Avow"),
        ("clock", "ok", "nothing at the registry"),
        ("level", "note", "NONE"),
        ("mode", "note", "READONLY"),
    ] {
        let (found, text) = line(&ran, about);
        assert_eq!(found, state, "{about}");
        assert!(text.starts_with(begins), "{about}: {text}");
    }
    server.stop().await;
}

/// A registry that answers its config everywhere but at these paths.
async fn answering(shown: &'static [(&'static str, &'static str)], otherwise: Option<&'static str>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let path = request.uri().path().trim_start_matches("/apis/ccompat/v7").to_owned();
        let known = shown.iter().find(|(known, _)| *known == path).map(|(_, answer)| *answer);
        let config = (path == "/config").then_some(r#"{"compatibilityLevel":"FULL"}"#);
        let answer = known.or(config).or(otherwise);
        let missing = (axum::http::StatusCode::NOT_FOUND, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#);
        answer.map_or(missing, |answer| (axum::http::StatusCode::OK, answer))
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kind_of_registry_is_what_the_evidence_says() {
    const VERSION: &str = "/v1/metadata/version";
    for (shown, otherwise, path, expected) in [
        (&[("/_health", r#"{"karapace_version":"5.0.1"}"#)][..], None, "", "Karapace: it says so"),
        (&[("/_health", r#"{"status":"ok"}"#)], None, "", "unknown: "),
        (&[("/status/ready", "")], None, "", "Redpanda: "),
        (
            &[(VERSION, r#"{"version":"8.0.0","commitId":"abc"}"#)],
            None,
            "",
            "Confluent Schema Registry, version 8.0.0: ",
        ),
        (&[(VERSION, r#"{"version":"1.2","commitId":"Unknown"}"#)], None, "", "unknown, version 1.2: "),
        (&[], None, "/apis/ccompat/v7", "Apicurio Registry: "),
        // Something in between that answers whatever it is asked.
        (&[], Some("[]"), "", "unknown: "),
    ] {
        let url = answering(shown, otherwise).await;
        let ran = doctor(&format!("{url}{path}"));
        assert!(line(&ran, "kind").1.starts_with(expected), "{}{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_has_its_exit_code() {
    let old = Old::start().await;
    let ran = doctor(&old.url());
    let unknown = ("note".to_owned(), "unknown: the software cannot be identified".to_owned());
    assert_eq!((ran.code, line(&ran, "kind")), (0, unknown));
    assert_eq!(line(&ran, "level"), ("ok".to_owned(), "BACKWARD".to_owned()));

    let nobody = doctor("http://127.0.0.1:1");
    assert_eq!((nobody.code, line(&nobody, "reach").0.as_str()), (4, "bad"));
    for status in [401, 403] {
        let foreign = Foreign::start(Held { broken: Some((status, "because")), ..Held::default() }).await;
        let ran = doctor(&foreign.url());
        assert_eq!((ran.code, line(&ran, "auth").0.as_str()), (5, "bad"), "{status}");
    }
}
