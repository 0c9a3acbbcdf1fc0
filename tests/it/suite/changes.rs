//! The change log for clients: pages, long polls, event streams, and subjects at past moments.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::support::Server;

const ONE: &str = r#"{"type":"record","name":"R","fields":[]}"#;
const TWO: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":null}]}"#;

/// The ids of a page of events.
fn ids(page: &Value) -> Vec<u64> {
    let id = |event: &Value| event["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    page.as_array().expect("a page").iter().map(id).collect()
}

/// A stream of events that is read incrementally.
struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    async fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> (u16, Self) {
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let mut request = Request::get(path).header("host", "localhost").header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let (parts, body) = sender.send_request(request).await.expect("an answer").into_parts();
        (parts.status.as_u16(), Self { body, text: String::new() })
    }

    /// The next event: its fields, comments and the like aside. `None` once the stream has ended.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                if let (Some(id), Some(kind), Some(data)) = (field("id"), field("event"), field("data")) {
                    return Some((id.to_owned(), kind.to_owned(), serde_json::from_str(data).expect("JSON")));
                }
                continue;
            }
            let frame = self.body.frame().await?.expect("a frame").into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&frame).expect("text"));
        }
    }
}

#[tokio::test]
async fn every_change_is_an_event() {
    let server = Server::start().await;
    let body = json!({ "schema": ONE }).to_string();
    let headers = [("content-type", "application/json"), ("x-request-id", "the-first")];
    server.send("POST", "/subjects/a/versions", &headers, body).await;
    server.put("/config", &json!({"compatibility": "NONE"})).await.ok();
    server.put("/config", &json!({"compatibility": "FULL"})).await.ok();
    server.delete("/subjects/a").await.ok();

    let page = server.get("/avow/v1/changes").await;
    assert_eq!(page.header("content-type"), Some("application/vnd.schemaregistry.v1+json"));
    let page = page.ok();
    assert_eq!(ids(&page), [1, 2, 3, 4]);
    let first = &page[0];
    let guid = first["data"]["after"]["guid"].as_str().expect("a guid");
    assert!(first["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{first}");
    let expected = json!({
        "specversion": "1.0", "id": "1", "source": "/avow/v1/changes", "type": "avow.register", "subject": "a",
        "time": first["time"], "datacontenttype": "application/json",
        "data": {"seq": 1, "kind": "register", "subject": "a", "actor": "", "requestId": "the-first", "before": null,
                 "after": {"id": 1, "version": 1, "guid": guid}},
    });
    assert_eq!(*first, expected);
    assert_eq!(page[2]["subject"], Value::Null, "an empty one would be invalid");
    assert_eq!(page[2]["data"]["before"], json!({"compatibilityLevel": "NONE"}));
    assert_eq!(page[2]["data"]["after"], json!({"compatibilityLevel": "FULL"}));
    assert_eq!(page[3]["data"]["before"], json!({"versions": [1]}));

    assert_eq!(ids(&server.get("/avow/v1/changes?after=1&limit=2").await.ok()), [2, 3]);
    assert_eq!(ids(&server.get("/avow/v1/changes?after=4").await.ok()), [0_u64; 0]);
    // A log that ends earlier was replaced: a client that reads on would miss changes.
    for wrong in ["after=5", "after=x", "after=-1", "limit=1001", "wait=1.5", "after=99999999999999999999"] {
        assert_eq!(server.get(&format!("/avow/v1/changes?{wrong}")).await.error(), (400, 400), "{wrong}");
    }
    assert_eq!(server.send("GET", "/avow/v1/changes", &[("accept", "text/html")], "").await.error(), (406, 406));

    let content = server.get(&format!("/avow/v1/contents/{guid}")).await.ok();
    assert_eq!(content["schema"], ONE);
    server.delete("/subjects/a?permanent=true").await.ok();
    assert_eq!(server.get(&format!("/schemas/guids/{guid}")).await.error(), (404, 40403));
    assert_eq!(server.get(&format!("/avow/v1/contents/{guid}")).await.ok(), content, "the log still refers to it");
    assert_eq!(server.get("/avow/v1/contents/nonsense").await.error(), (404, 40403));
}

#[tokio::test]
async fn large_entries_make_pages_shorter() {
    let server = Server::start().await;
    let large = "x".repeat(900_000);
    for number in 0..8 {
        let config = json!({"defaultMetadata": {"properties": {"p": format!("{number}{large}")}}});
        server.put("/config/a", &config).await.ok();
    }
    let mut pages = 0;
    let mut after = 0;
    loop {
        let page = ids(&server.get(&format!("/avow/v1/changes?after={after}")).await.ok());
        let Some(last) = page.last() else { break };
        assert!(page.len() < 8 && page[0] == after + 1, "{page:?}");
        (pages, after) = (pages + 1, *last);
    }
    assert_eq!(after, 8);
    assert!(pages >= 3, "{pages}");
}

#[tokio::test]
async fn a_long_poll_is_woken_by_the_next_change() {
    let server = Server::start().await;
    server.register("a", ONE).await;
    assert_eq!(server.get("/avow/v1/changes?after=1&wait=1").await.ok(), json!([]));
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let client = server.connect();
            tokio::spawn(async move { client.get("/avow/v1/changes?after=1&wait=3600").await })
        })
        .collect();
    server.register("b", ONE).await;
    for waiting in waiting {
        let answer = waiting.await.expect("an answer");
        assert_eq!((ids(&answer.ok()), answer.header("avow-seq")), (vec![2], Some("2")), "it shows that entry");
    }
    assert_eq!(ids(&server.get("/avow/v1/changes?after=0&wait=3600").await.ok()), [1, 2]);
}

#[tokio::test]
async fn a_stream_of_events_goes_on_and_resumes_where_it_broke_off() {
    let server = Server::start().await;
    server.register("a", ONE).await;
    let (status, mut events) = Events::open(&server, "/avow/v1/changes", &[]).await;
    assert_eq!(status, 200);
    let (id, kind, data) = events.next().await.expect("an event");
    assert_eq!((id.as_str(), kind.as_str(), &data["data"]["seq"]), ("1", "avow.register", &json!(1)));
    for number in 2..=30 {
        server.register(&format!("s{number}"), ONE).await;
        let (id, _, data) = events.next().await.expect("an event");
        assert_eq!((id, &data["subject"]), (number.to_string(), &json!(format!("s{number}"))));
    }
    drop(events);

    let (_, mut events) = Events::open(&server, "/avow/v1/changes?after=3", &[("last-event-id", "28")]).await;
    for expected in ["29", "30"] {
        assert_eq!(events.next().await.expect("an event").0, expected);
    }
    let (status, _) = Events::open(&server, "/avow/v1/changes?after=31", &[]).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn listeners_of_different_pace_all_see_everything() {
    let server = Server::start().await;
    let mut listeners = Vec::new();
    for start in [0_u64, 0, 7] {
        let (_, mut events) = Events::open(&server, "/avow/v1/changes?limit=3", &[("last-event-id", "0")]).await;
        listeners.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.last() != Some(&60) {
                seen.push(events.next().await.expect("an event").0.parse::<u64>().expect("a number"));
                if start > 0 {
                    tokio::task::yield_now().await;
                }
            }
            seen
        }));
    }
    for number in 0..60 {
        server.register(&format!("s{number}"), ONE).await;
    }
    for listener in listeners {
        assert_eq!(listener.await.expect("it ends"), (1..=60).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn listeners_are_limited_and_do_not_keep_the_server_from_stopping() {
    // If streams were not ended, stopping would take a day.
    let server = Server::start_with(&["--max-listeners", "1", "--drain-timeout", "86400"]).await;
    server.register("a", ONE).await;
    let (_, mut first) = Events::open(&server, "/avow/v1/changes", &[]).await;
    first.next().await.expect("an event");
    let (status, _) = Events::open(&server, "/avow/v1/changes", &[]).await;
    assert_eq!(status, 503);
    let refused = server.get("/avow/v1/changes?after=1&wait=5").await;
    assert_eq!((refused.error(), refused.header("retry-after")), ((503, 503), Some("1")));
    assert_eq!(ids(&server.get("/avow/v1/changes").await.ok()), [1], "who does not wait is not in the way");
    assert!(server.get("/metrics").await.text().contains("schema_registry_change_feed_listeners 1"));

    drop(first);
    let mut again = loop {
        let (status, events) = Events::open(&server, "/avow/v1/changes", &[]).await;
        if status == 200 {
            break events;
        }
    };
    again.next().await.expect("an event");
    server.stop().await;
    assert!(again.next().await.is_none());
}

#[tokio::test]
async fn a_subject_as_it_was() {
    let server = Server::start_with(&["--compatibility", "NONE"]).await;
    server.register("a", ONE).await;
    server.register("other", ONE).await;
    server.register("a", TWO).await;
    server.put("/config/a", &json!({"compatibility": "FULL"})).await.ok();
    server.put("/mode/a", &json!({"mode": "READWRITE"})).await.ok();
    server.delete("/subjects/a/versions/1").await.ok();
    server.delete("/subjects/a/versions/1?permanent=true").await.ok();
    server.delete("/mode?recursive=true").await.ok();
    server.delete("/subjects/a").await.ok();
    // Makes room for an import everywhere, and so removes what is soft-deleted.
    server.delete("/subjects/other").await.ok();
    server.put("/mode", &json!({"mode": "IMPORT"})).await.ok();

    let (one, two) = (json!([1, false]), json!([2, false]));
    let config = json!({"compatibilityLevel": "FULL"});
    for (seq, versions, config, mode) in [
        (1, json!([one]), Value::Null, Value::Null),
        (2, json!([one]), Value::Null, Value::Null),
        (3, json!([one, two]), Value::Null, Value::Null),
        (4, json!([one, two]), config.clone(), Value::Null),
        (5, json!([one, two]), config.clone(), json!("READWRITE")),
        (6, json!([[1, true], two]), config.clone(), json!("READWRITE")),
        (7, json!([two]), config.clone(), json!("READWRITE")),
        (8, json!([two]), config.clone(), Value::Null),
        (9, json!([[2, true]]), config.clone(), Value::Null),
        (11, json!([]), config.clone(), Value::Null),
    ] {
        let state = server.get(&format!("/avow/v1/subjects/a?as_of={seq}")).await.ok();
        let shown = state["versions"].as_array().expect("versions").iter();
        let shown: Vec<Value> = shown.map(|version| json!([version["version"], version["deleted"]])).collect();
        assert_eq!((json!(shown), &state["config"], &state["mode"]), (versions, &config, &mode), "{seq}");
        assert_eq!(state["seq"], seq);
    }
    let events = server.get("/avow/v1/changes").await.ok();
    let last = events[10]["time"].as_str().expect("a time");
    for moment in [last.to_owned(), "2999-01-01T00:00:00%2B01:00".to_owned(), "2999-01-01T00:00:00+01:00".to_owned()] {
        assert_eq!(server.get(&format!("/avow/v1/subjects/a?as_of={moment}")).await.ok()["seq"], 11, "{moment}");
    }
    assert_eq!(server.get("/avow/v1/subjects/a").await.ok()["seq"], 11);
    for (path, expected) in [
        ("a?as_of=0", (404, 40401)),
        ("a?as_of=1999-01-01T00:00:00Z", (404, 40401)),
        ("other?as_of=1", (404, 40401)),
        ("never", (404, 40401)),
        ("a?as_of=12", (400, 400)),
        ("a?as_of=yesterday", (400, 400)),
    ] {
        assert_eq!(server.get(&format!("/avow/v1/subjects/{path}")).await.error(), expected, "{path}");
    }
}
