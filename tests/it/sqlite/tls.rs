//! TLS of the listener, and certificates that are renewed while it serves.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use avow_registry::http::tls::pinned;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::support::Server;

/// A certificate and its key, in a folder of their own.
struct Certificate {
    folder: TempDir,
}

impl Certificate {
    fn new() -> Self {
        let certificate = Self { folder: tempfile::tempdir().expect("a folder") };
        certificate.renew();
        certificate
    }

    fn renew(&self) {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        fs::write(self.key(), key.serialize_pem()).expect("written");
        fs::write(self.path(), certificate.pem()).expect("written");
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    async fn server(&self) -> Server {
        let (certificate, key) = (self.path(), self.key());
        let path = |path: &PathBuf| path.to_str().expect("text").to_owned();
        Server::start_with(&["--tls-cert", &path(&certificate), "--tls-key", &path(&key), "--tls-reload", "1"]).await
    }

    /// A connection to the server with the key of the current certificate.
    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let config = pinned(&self.path()).expect("a certificate");
        let stream = TcpStream::connect(address).await.expect("the server listens");
        TlsConnector::from(Arc::new(config)).connect(address.ip().into(), stream).await
    }
}

async fn get(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("the server reads");
    let mut status = [0; 15];
    stream.read_exact(&mut status).await.expect("an answer");
    String::from_utf8_lossy(&status).into_owned()
}

#[tokio::test]
async fn a_listener_with_a_certificate_speaks_tls_alone() {
    let certificate = Certificate::new();
    let server = certificate.server().await;
    let mut stream = certificate.connect(server.address()).await.expect("a handshake");
    assert_eq!(get(&mut stream).await, "HTTP/1.1 200 OK");

    let mut plain = TcpStream::connect(server.address()).await.expect("the server listens");
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");

    assert!(Certificate::new().connect(server.address()).await.is_err(), "it has another certificate");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_without_dropping_anybody() {
    let certificate = Certificate::new();
    let server = certificate.server().await;
    let mut before = certificate.connect(server.address()).await.expect("a handshake");
    assert_eq!(get(&mut before).await, "HTTP/1.1 200 OK");

    certificate.renew();
    let mut after = loop {
        match certificate.connect(server.address()).await {
            Ok(stream) => break stream,
            // Until the files are looked at again.
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(get(&mut after).await, "HTTP/1.1 200 OK");
}
