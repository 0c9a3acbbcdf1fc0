//! Limits of connections, and graceful shutdown.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::Server;

/// Everything the server says to these bytes, until it closes the connection.
async fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(bytes).await.expect("the server reads");
    let mut answer = String::new();
    // A server that closes with bytes unread resets the connection; what was received before that counts.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_body_beyond_the_limit_gets_413() {
    let server = Server::start_with(&["--max-body-bytes", "1000"]).await;
    let fits = json!({"schema": "\"int\"", "note": "x".repeat(900)});
    assert_eq!(server.post("/subjects/s/versions", &fits).await.status, 200);
    let too_large = json!({"schema": "\"int\"", "note": "x".repeat(1000)});
    assert_eq!(server.post("/subjects/s/versions", &too_large).await.error(), (413, 413));
}

#[tokio::test]
async fn a_body_beyond_the_limit_gets_413_even_if_it_does_not_say_how_long_it_is() {
    let server = Server::start_with(&["--max-body-bytes", "1000"]).await;
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let head = "POST /subjects/s/versions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = say(server.address(), format!("{head}{chunk}{chunk}0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_head_beyond_the_limit_gets_431() {
    let server = Server::start_with(&["--max-head-bytes", "8192"]).await;
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nfiller: {}\r\n\r\n", "x".repeat(9_000));
    let answer = say(server.address(), head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_never_ends_a_head_is_disconnected() {
    let server = Server::start_with(&["--idle-timeout", "1"]).await;
    // Returns only because the server closes the connection.
    let answer = say(server.address(), b"GET / HTTP/1.1\r\nhost: localhost\r\n").await;
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start_with(&["--idle-timeout", "1"]).await;
    let answer = say(server.address(), b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_silent_client_is_disconnected() {
    let server = Server::start_with(&["--idle-timeout", "1", "--request-timeout", "1"]).await;
    assert_eq!(say(server.address(), b"").await, "");
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_stops() {
    let server = Server::start().await;
    let address = server.address();
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let body = r#"{"schema": "\"int\""}"#;
    let head = format!(
        "POST /subjects/s/versions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    // The server asks for the body: the request has begun.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.expect("100 Continue");

    let stopping = tokio::spawn(server.stop());
    // No connection is accepted any more: the server is stopping.
    while TcpStream::connect(address).await.is_ok() {}
    stream.write_all(body.as_bytes()).await.expect("the server still reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stopping.await.expect("the server stops");
}

#[tokio::test]
async fn what_was_registered_is_there_after_a_restart() {
    let server = Server::start().await;
    let id = server.register("s", r#""int""#).await;
    let server = server.restart().await;
    assert_eq!(server.get(&format!("/schemas/ids/{id}/schema")).await.text(), r#""int""#);
    assert_eq!(server.register("t", r#""long""#).await, id + 1);
}
