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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_has_its_exit_code() {
    let old = Old::start().await;
    let ran = doctor(&old.url());
    assert_eq!((ran.code, line(&ran, "kind").1.as_str()), (0, "an older registry, or Apicurio's compatible API"));
    assert_eq!(line(&ran, "level"), ("ok".to_owned(), "BACKWARD".to_owned()));

    let nobody = doctor("http://127.0.0.1:1");
    assert_eq!((nobody.code, line(&nobody, "reach").0.as_str()), (4, "bad"));
    for status in [401, 403] {
        let foreign = Foreign::start(Held { broken: Some((status, "because")), ..Held::default() }).await;
        let ran = doctor(&foreign.url());
        assert_eq!((ran.code, line(&ran, "auth").0.as_str()), (5, "bad"), "{status}");
    }
}
