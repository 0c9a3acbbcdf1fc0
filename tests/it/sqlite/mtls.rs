//! Certificates of clients: whose they are, which are refused, and what happens when one is revoked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::support::Server;

/// An authority, with what it has signed in a folder.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key, in PEM.
struct Signed(String, String);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::<String>::new()).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, "an authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let authority = Self { issuer: Issuer::new(parameters, key), folder: tempfile::tempdir().expect("a folder") };
        fs::write(authority.path("ca.pem"), certificate.pem()).expect("written");
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose, change: impl FnOnce(&mut CertificateParams)) -> Signed {
        let mut parameters = CertificateParams::new(Vec::<String>::new()).expect("no names");
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages = vec![usage];
        change(&mut parameters);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        Signed(certificate.pem(), key.serialize_pem())
    }

    fn client(&self, name: &str) -> Signed {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth, |_| ())
    }

    /// Writes the list of what was revoked.
    fn revoke(&self, serials: &[u64]) {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(serials.len() as u64 + 1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        fs::write(self.path("crl.pem"), list.signed_by(&self.issuer).expect("a list").pem().expect("PEM"))
            .expect("written");
    }

    async fn server(&self, kind: &str) -> Server {
        let server = self.sign("server", ExtendedKeyUsagePurpose::ServerAuth, |parameters| {
            parameters.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        });
        fs::write(self.path("tls.pem"), &server.0).expect("written");
        fs::write(self.path("tls.key"), &server.1).expect("written");
        self.revoke(&[]);
        let access = self.path("access.toml");
        fs::write(&access, "[[grant]]\nrole = \"reader\"\nto = [\"cert:client\"]\n").expect("written");
        fs::set_permissions(&access, fs::Permissions::from_mode(0o600)).expect("permissions");
        let path = |name: &str| self.path(name).to_str().expect("text").to_owned();
        Server::start_with(&[
            "--tls-cert",
            &path("tls.pem"),
            "--tls-key",
            &path("tls.key"),
            "--tls-client-ca",
            &path("ca.pem"),
            "--tls-client-crl",
            &path("crl.pem"),
            "--tls-client-auth",
            kind,
            "--tls-reload",
            "1",
            "--access-file",
            &path("access.toml"),
        ])
        .await
    }

    /// A connection to a server of this authority, with a certificate.
    async fn connect(&self, server: &Server, client: Option<&Signed>) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.path("ca.pem")).expect("a certificate");
        roots.add(authority).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("TLS").with_root_certificates(roots);
        let config = match client {
            None => config.with_no_client_auth(),
            Some(Signed(certificate, key)) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                config.with_client_auth_cert(vec![chain], key).expect("a pair")
            }
        };
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        let name = server.address().ip().into();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("the server's part of a handshake")
    }

    /// Status and body of an answer; `None` where the server breaks off, as it does in TLS 1.3 after the client's part.
    async fn get(&self, server: &Server, client: Option<&Signed>, path: &str) -> Option<(u16, String)> {
        get(&mut self.connect(server, client).await, path).await
    }
}

async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> Option<(u16, String)> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let (mut answer, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let (head, length) = (answer.find("\r\n\r\n"), answer.find("content-length: "));
        if let (Some(head), Some(length)) = (head, length) {
            let length: usize = answer[length + 16..].split("\r\n").next()?.parse().ok()?;
            if answer.len() >= head + 4 + length {
                return Some((answer[9..12].parse().ok()?, answer[head + 4..].to_owned()));
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        answer += std::str::from_utf8(&buffer[..count]).ok()?;
    }
}

#[tokio::test]
async fn a_certificate_is_a_principal() {
    let authority = Authority::new();
    let server = authority.server("optional").await;
    let client = authority.client("client");
    let (status, me) = authority.get(&server, Some(&client), "/avow/v1/whoami").await.expect("an answer");
    assert_eq!(status, 200, "{me}");
    assert!(me.contains(r#""principal":"cert:client""#) && me.contains(r#""roles":["reader"]"#), "{me}");
    assert_eq!(authority.get(&server, Some(&client), "/subjects").await.map(|(status, _)| status), Some(200));
    assert_eq!(authority.get(&server, None, "/subjects").await.map(|(status, _)| status), Some(401));
    // A name that looks like two is one, and has no roles.
    let injected = authority.client("client,CN=admin");
    let (_, me) = authority.get(&server, Some(&injected), "/avow/v1/whoami").await.expect("an answer");
    assert!(me.contains(r#""principal":"cert:client,CN=admin""#) && me.contains(r#""roles":[]"#), "{me}");
    // Two names of one kind are none.
    let uri = |text: &str| SanType::URI(text.try_into().expect("ASCII"));
    let ambiguous = authority.sign("", ExtendedKeyUsagePurpose::ClientAuth, |parameters| {
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.subject_alt_names = vec![uri("spiffe://acme/a"), uri("spiffe://acme/b")];
    });
    assert_eq!(authority.get(&server, Some(&ambiguous), "/subjects").await.map(|(status, _)| status), Some(401));
}

#[tokio::test]
async fn certificates_that_are_refused() {
    let authority = Authority::new();
    let server = authority.server("required").await;
    let expired = authority.sign("client", ExtendedKeyUsagePurpose::ClientAuth, |parameters| {
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(2021, 1, 1);
    });
    let not_yet = authority.sign("client", ExtendedKeyUsagePurpose::ClientAuth, |parameters| {
        parameters.not_before = date_time_ymd(2100, 1, 1);
        parameters.not_after = date_time_ymd(2101, 1, 1);
    });
    let of_a_server = authority.sign("client", ExtendedKeyUsagePurpose::ServerAuth, |_| ());
    let foreign = Authority::new().client("client");
    for (name, client) in [
        ("none", None),
        ("expired", Some(&expired)),
        ("not yet valid", Some(&not_yet)),
        ("for servers", Some(&of_a_server)),
        ("of another authority", Some(&foreign)),
    ] {
        assert_eq!(authority.get(&server, client, "/livez").await, None, "{name}");
    }
    let client = authority.client("client");
    assert_eq!(authority.get(&server, Some(&client), "/livez").await.map(|(status, _)| status), Some(200));
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_on_open_connections_too() {
    let authority = Authority::new();
    let server = authority.server("optional").await;
    let client = authority.sign("client", ExtendedKeyUsagePurpose::ClientAuth, |parameters| {
        parameters.serial_number = Some(SerialNumber::from(7));
    });
    let mut open = authority.connect(&server, Some(&client)).await;
    assert_eq!(get(&mut open, "/subjects").await.map(|(status, _)| status), Some(200));
    authority.revoke(&[7]);
    while get(&mut open, "/subjects").await.map(|(status, _)| status) == Some(200) {
        // Until the files are looked at again.
        tokio::task::yield_now().await;
    }
    assert_eq!(authority.get(&server, Some(&client), "/livez").await, None);
    let other = authority.client("client");
    assert_eq!(authority.get(&server, Some(&other), "/subjects").await.map(|(status, _)| status), Some(200));
}
