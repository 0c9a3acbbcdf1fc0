//! What web pages of other sites, and strangers, cannot do to a registry without authentication.

use avow_registry::commands::serve::Running;
use avow_registry::settings::Settings;
use clap::Parser as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::Server;

const SCHEMA: &str = r#"{"schema": "\"int\""}"#;

#[tokio::test]
async fn a_page_of_another_site_cannot_write() {
    let server = Server::start().await;
    // A browser sends a blob without a content type, and asks nobody before it does.
    for headers in [&[("origin", "https://evil.example")][..], &[("sec-fetch-site", "cross-site")]] {
        let refused = server.send("POST", "/subjects/victim/versions", headers, SCHEMA).await;
        assert_eq!(refused.error(), (403, 403), "{headers:?}");
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
    let own = format!("http://{}", server.address());
    let written = server.send("POST", "/subjects/own/versions", &[("origin", &own)], SCHEMA).await;
    assert_eq!(written.status, 200);
    assert_eq!(server.get("/subjects").await.ok(), serde_json::json!(["own"]));
}

#[tokio::test]
async fn a_name_that_was_made_to_resolve_here_reads_nothing() {
    let server = Server::start_with(&["--allowed-hosts", "registry.test"]).await;
    for (host, status) in [("evil.example", 421), ("registry.test", 200), ("localhost:1", 200)] {
        let mut stream = TcpStream::connect(server.address()).await.expect("the server listens");
        let request = format!("GET /subjects HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}

#[tokio::test]
async fn an_address_that_strangers_reach_is_refused() {
    let settings = Settings::parse_from(["avow", "--listen", "0.0.0.0:0", "--database-url", "sqlite://:memory:"]);
    let error = Running::start(&settings).await.err().expect("it does not start");
    assert!(error.to_string().contains("can be reached from other machines"), "{error}");
}

#[tokio::test]
async fn one_address_cannot_have_every_connection() {
    let server = Server::start_with(&["--max-connections-per-address", "2"]).await;
    let (first, second) = (server.connect(), server.connect());
    assert_eq!((first.get("/livez").await.status, second.get("/livez").await.status), (200, 200));
    assert!(server.connect().try_send("GET", "/livez", &[], "").await.is_err());
    assert_eq!(first.get("/livez").await.status, 200);
}
