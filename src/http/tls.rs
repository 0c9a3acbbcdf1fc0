//! TLS: certificates by the name that a client asks for, loaded whole and replaced whole when their files change.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme, version,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::domain::Timestamp;
use crate::domain::access::{CertificateField, CertificateNames};
use crate::reload;

/// The files that TLS needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chains and their keys; the first is for clients that ask for no known name.
    pub pairs: Vec<(PathBuf, PathBuf)>,
    /// Whether TLS 1.2 is refused.
    pub only_1_3: bool,
    /// The certificates that clients may have, or must.
    pub clients: Option<ClientCertificates>,
}

/// The certificates that clients may have, or must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that they come from.
    pub authorities: PathBuf,
    /// The lists of those that were revoked.
    pub revoked: Vec<PathBuf>,
    /// Whether a client without one is refused.
    pub required: bool,
}

/// Why TLS cannot be had with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no certificate in `{}`; it has to be PEM", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in `{}`; it has to be PEM", .0.display())]
    NoKey(PathBuf),
    #[error("the key in `{}` is encrypted; decrypt it with: openssl pkey -in {} -out key.pem", .0.display(), .0.display())]
    EncryptedKey(PathBuf),
    #[error("the certificate in `{}` cannot be read", .0.display())]
    Malformed(PathBuf),
    #[error("the certificate in `{}` has expired", .0.display())]
    Expired(PathBuf),
    #[error("the certificate in `{}` and the key in `{}` cannot be used together", certificate.display(), key.display())]
    Unusable { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("the authorities or the revocations in `{}` cannot be used", .0.display())]
    Clients(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no TLS with these settings")]
    Settings(#[source] rustls::Error),
}

/// How long a client may take for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The TLS side of a listener.
pub struct Tls {
    files: TlsFiles,
    loaded: ArcSwap<Loaded>,
}

/// The files as they were loaded together.
struct Loaded {
    config: Arc<ServerConfig>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.files, f)
    }
}

impl Tls {
    /// Loads the files.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let loaded = ArcSwap::from_pointee(files.load()?);
        Ok(Arc::new(Self { files, loaded }))
    }

    /// Loads the files again; without success, all stays as it is.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.loaded.store(Arc::new(self.files.load()?));
        Ok(())
    }

    /// A digest of the contents of the files, by which a change is noticed whatever it is made by.
    pub fn fingerprint(&self) -> Vec<u8> {
        let clients =
            self.files.clients.iter().flat_map(|clients| clients.revoked.iter().chain([&clients.authorities]));
        reload::digest(self.files.pairs.iter().flat_map(|(certificate, key)| [certificate, key]).chain(clients))
    }

    /// Whether a client's chain is one that is trusted now.
    fn trusts(&self, chain: &[CertificateDer<'_>]) -> bool {
        let loaded = self.loaded.load();
        chain.split_first().zip(loaded.verifier.as_ref()).is_some_and(|((leaf, intermediates), verifier)| {
            verifier.verify_client_cert(leaf, intermediates, UnixTime::now()).is_ok()
        })
    }

    /// The certificate that a client has shown.
    pub(super) fn certificate<S>(self: &Arc<Self>, stream: &TlsStream<S>) -> Option<PeerCertificate> {
        let chain = stream.get_ref().1.peer_certificates()?;
        let (names, until) = names(chain.first()?)?;
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        let trusted_by = ArcSwap::from(self.loaded.load_full());
        Some(PeerCertificate { chain, names, until, tls: Arc::clone(self), trusted_by })
    }

    /// Shakes hands with a client.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.loaded.load().config));
        let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
        tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await.map_err(timed_out)?
    }
}

impl TlsFiles {
    fn load(&self) -> Result<Loaded, TlsError> {
        let provider = Arc::new(provider::default_provider());
        let pairs = self.pairs.iter().map(|(certificate, key)| pair(certificate, key, &provider));
        let certificates = Certificates::new(pairs.collect::<Result<_, _>>()?);
        let versions: &[_] = if self.only_1_3 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
        let verifier = self.clients.as_ref().map(|clients| clients.verifier(&provider)).transpose()?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(TlsError::Settings)?
            .with_client_cert_verifier(verifier.clone().unwrap_or_else(WebPkiClientVerifier::no_client_auth))
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Loaded { config: Arc::new(config), verifier })
    }
}

impl ClientCertificates {
    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let wrong =
            |error: Box<dyn std::error::Error + Send + Sync>| TlsError::Clients(self.authorities.clone(), error);
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(&read(&self.authorities)?) {
            roots.add(authority.map_err(|error| wrong(error.into()))?).map_err(|error| wrong(error.into()))?;
        }
        let mut revoked = Vec::new();
        for path in &self.revoked {
            for list in CertificateRevocationListDer::pem_slice_iter(&read(path)?) {
                revoked.push(list.map_err(|error| TlsError::Clients(path.clone(), error.into()))?);
            }
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .with_crls(revoked)
            // Of an authority without a list nothing is known; a list that is out of date counts for nothing.
            .allow_unknown_revocation_status()
            .enforce_revocation_expiration();
        let verifier = if self.required { verifier } else { verifier.allow_unauthenticated() };
        verifier.build().map_err(|error| wrong(error.into()))
    }
}

/// A client's certificate, of one connection.
pub(super) struct PeerCertificate {
    chain: Vec<CertificateDer<'static>>,
    pub(super) names: CertificateNames,
    /// The end of its validity.
    pub(super) until: Timestamp,
    tls: Arc<Tls>,
    /// The files by which it was last verified.
    trusted_by: ArcSwap<Loaded>,
}

impl PeerCertificate {
    /// Whether it is trusted still: it is verified again when authorities or revocations were read again.
    pub(super) fn is_trusted(&self) -> bool {
        let loaded = self.tls.loaded.load_full();
        if Arc::ptr_eq(&loaded, &self.trusted_by.load()) {
            return true;
        }
        let trusted = self.tls.trusts(&self.chain);
        if trusted {
            self.trusted_by.store(loaded);
        }
        trusted
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.names, f)
    }
}

/// The names of a certificate, and the end of its validity.
fn names(certificate: &CertificateDer<'_>) -> Option<(CertificateNames, Timestamp)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let mut names = Vec::new();
    let alternatives = certificate.subject_alternative_name().ok()?.map(|names| &names.value.general_names);
    for name in alternatives.into_iter().flatten() {
        match name {
            GeneralName::URI(uri) => names.push((CertificateField::SanUri, (*uri).to_owned())),
            GeneralName::DNSName(name) => names.push((CertificateField::SanDns, (*name).to_owned())),
            GeneralName::RFC822Name(email) => names.push((CertificateField::SanEmail, (*email).to_owned())),
            _ => {}
        }
    }
    for name in certificate.subject().iter_common_name() {
        names.push((CertificateField::Cn, name.as_str().ok()?.to_owned()));
    }
    names.push((CertificateField::Dn, certificate.subject().to_string()));
    let until = Timestamp(certificate.validity().not_after.timestamp().saturating_mul(1_000));
    Some((CertificateNames(names), until))
}

/// A chain and its key, which fit each other, with the names of the certificate.
fn pair(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<(Vec<String>, CertifiedKey), TlsError> {
    let chain = read(certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>().unwrap_or_default();
    let malformed = || TlsError::Malformed(certificate.to_owned());
    let parsed = chain.iter().map(|der| X509Certificate::from_der(der).map(|(_, parsed)| parsed));
    let parsed: Vec<_> = parsed.collect::<Result<_, _>>().map_err(|_| malformed())?;
    let leaf = parsed.first().ok_or_else(|| TlsError::NoCertificate(certificate.to_owned()))?;
    if parsed.iter().any(|certificate| !certificate.validity().is_valid()) {
        return Err(TlsError::Expired(certificate.to_owned()));
    }
    let names = leaf.subject_alternative_name().ok().flatten().map(|names| &names.value.general_names);
    let names = names.into_iter().flatten().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let names = names.collect();
    drop(parsed);
    let pem = read(key)?;
    let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let encrypted = pem.windows(9).any(|window| window == b"ENCRYPTED");
        if encrypted { TlsError::EncryptedKey(key.to_owned()) } else { TlsError::NoKey(key.to_owned()) }
    })?;
    let unusable = |source| TlsError::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), source };
    Ok((names, CertifiedKey::from_der(chain, secret, provider).map_err(unusable)?))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

/// The certificates by name.
#[derive(Debug)]
struct Certificates {
    by_name: HashMap<String, Arc<CertifiedKey>>,
    default: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    fn new(pairs: Vec<(Vec<String>, CertifiedKey)>) -> Self {
        let mut by_name = HashMap::new();
        let mut default = None;
        for (names, key) in pairs {
            let key = Arc::new(key);
            default.get_or_insert_with(|| Arc::clone(&key));
            for name in names {
                by_name.entry(name).or_insert_with(|| Arc::clone(&key));
            }
        }
        Self { by_name, default }
    }

    fn by_name(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let wildcard = || name.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        self.by_name.get(name).or_else(|| self.by_name.get(&wildcard()?))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.by_name(&name.to_ascii_lowercase()));
        named.or(self.default.as_ref()).map(Arc::clone)
    }
}

/// A client that trusts the first certificate of a file and no other, whatever its names: for asking one's own server.
pub fn pinned(certificate: &Path) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(provider::default_provider());
    let expected = CertificateDer::from_pem_slice(&read(certificate)?);
    let expected = expected.map_err(|_| TlsError::NoCertificate(certificate.to_owned()))?;
    let verifier = Arc::new(Pinned { expected, algorithms: provider.signature_verification_algorithms });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Verifies that the server has a certificate that is known beforehand, and its key.
#[derive(Debug)]
struct Pinned {
    expected: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *certificate == self.expected {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::fs;

    struct Pair {
        certificate: PathBuf,
        key: PathBuf,
    }

    fn write(folder: &Path, name: &str, make: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        make(&mut parameters);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let file = name.replace('*', "any");
        let pair = Pair { certificate: folder.join(format!("{file}.pem")), key: folder.join(format!("{file}.key")) };
        fs::write(&pair.certificate, certificate.pem()).expect("written");
        fs::write(&pair.key, key.serialize_pem()).expect("written");
        pair
    }

    fn files(pairs: &[&Pair]) -> TlsFiles {
        let pairs = pairs.iter().map(|pair| (pair.certificate.clone(), pair.key.clone())).collect();
        TlsFiles { pairs, only_1_3: false, clients: None }
    }

    #[test]
    fn certificates_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let provider = provider::default_provider();
        let pairs = ["default.test", "a.test", "*.b.test", "x.b.test"].map(|name| {
            let written = write(folder.path(), name, |_| ());
            pair(&written.certificate, &written.key, &provider).expect("a pair")
        });
        let leaves: Vec<_> = pairs.iter().map(|(_, key)| key.cert[0].clone()).collect();
        let certificates = Certificates::new(pairs.into());
        for (name, expected) in [
            ("a.test", Some(1)),
            ("y.b.test", Some(2)),
            ("x.b.test", Some(3)),
            ("b.test", None),
            ("z.y.b.test", None),
            ("other.test", None),
        ] {
            let found = certificates.by_name(name).map(|key| key.cert[0].clone());
            assert_eq!(found, expected.map(|at: usize| leaves[at].clone()), "{name}");
        }
        assert_eq!(certificates.default.map(|key| key.cert[0].clone()), Some(leaves[0].clone()));
    }

    #[test]
    fn files_that_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let good = write(folder.path(), "good.test", |_| ());
        let other = write(folder.path(), "other.test", |_| ());
        let expired = write(folder.path(), "expired.test", |parameters| {
            parameters.not_before = date_time_ymd(2020, 1, 1);
            parameters.not_after = date_time_ymd(2021, 1, 1);
        });
        assert!(files(&[&good, &other]).load().is_ok());
        let mixed = Pair { certificate: good.certificate.clone(), key: other.key.clone() };
        assert!(matches!(files(&[&mixed]).load(), Err(TlsError::Unusable { .. })));
        assert!(matches!(files(&[&expired]).load(), Err(TlsError::Expired(_))));
        let swapped = Pair { certificate: good.key.clone(), key: good.certificate.clone() };
        assert!(matches!(files(&[&swapped]).load(), Err(TlsError::NoCertificate(_))));
        let no_key = Pair { certificate: good.certificate.clone(), key: good.certificate.clone() };
        assert!(matches!(files(&[&no_key]).load(), Err(TlsError::NoKey(_))));
        let encrypted = Pair { certificate: good.certificate.clone(), key: folder.path().join("encrypted.key") };
        fs::write(&encrypted.key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
            .expect("written");
        assert!(matches!(files(&[&encrypted]).load(), Err(TlsError::EncryptedKey(_))));
        let missing = Pair { certificate: folder.path().join("missing"), key: good.key.clone() };
        assert!(matches!(files(&[&missing]).load(), Err(TlsError::Read { .. })));
    }

    #[test]
    fn a_broken_file_leaves_what_was_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let good = write(folder.path(), "good.test", |_| ());
        let tls = Tls::load(files(&[&good])).expect("loaded");
        let (before, fingerprint) = (tls.loaded.load_full(), tls.fingerprint());
        fs::write(&good.key, "nothing").expect("written");
        assert!(tls.reload().is_err() && Arc::ptr_eq(&before, &tls.loaded.load_full()));
        assert_ne!(tls.fingerprint(), fingerprint);
        let renewed = write(folder.path(), "good.test", |_| ());
        assert_eq!(renewed.key, good.key);
        assert!(tls.reload().is_ok() && !Arc::ptr_eq(&before, &tls.loaded.load_full()));
    }
}
