//! TLS of the listener.

use std::path::PathBuf;
use std::time::Duration;

use avow_cli::value_parsers::seconds;

use crate::http::tls::{ClientCertificates, TlsFiles};

/// Whether clients have certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ClientAuth {
    /// They are not asked for one.
    None,
    /// They may have one.
    Optional,
    /// They must have one.
    Required,
}

/// TLS of the listener.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// A certificate chain in PEM; several for several names, each with its key. The first is for clients that name none.
    #[arg(long, env = "AVOW_TLS_CERT", value_delimiter = ',', requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Vec<PathBuf>,

    /// The key of the certificate, in PEM; in the order of the certificates.
    #[arg(long, env = "AVOW_TLS_KEY", value_delimiter = ',', requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Vec<PathBuf>,

    /// The oldest version of TLS that is spoken.
    #[arg(long, env = "AVOW_TLS_MIN_VERSION", default_value = "1.2", value_parser = ["1.2", "1.3"], value_name = "VERSION")]
    pub tls_min_version: String,

    /// The authorities, in PEM, that certificates of clients come from.
    #[arg(long, env = "AVOW_TLS_CLIENT_CA", requires = "tls_cert", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,

    /// Lists, in PEM, of certificates of clients that were revoked.
    #[arg(long, env = "AVOW_TLS_CLIENT_CRL", value_delimiter = ',', requires = "tls_client_ca", value_name = "FILE")]
    pub tls_client_crl: Vec<PathBuf>,

    /// Whether clients may, or must, have a certificate.
    #[arg(long, env = "AVOW_TLS_CLIENT_AUTH", default_value = "none", value_name = "KIND")]
    pub tls_client_auth: ClientAuth,

    /// How often the files of TLS and of access are looked at for changes; SIGHUP does it at once.
    #[arg(long, env = "AVOW_TLS_RELOAD", default_value = "30", value_name = "SECONDS", value_parser = seconds())]
    pub tls_reload: Duration,
}

impl Tls {
    /// Whether clients may authenticate with a certificate.
    pub fn asks_for_certificates(&self) -> bool {
        self.tls_client_auth != ClientAuth::None
    }

    /// The files, where TLS is spoken at all.
    pub fn files(&self) -> Result<Option<TlsFiles>, InvalidTls> {
        if self.tls_cert.len() != self.tls_key.len() {
            return Err(InvalidTls::Pairs);
        }
        let required = self.tls_client_auth == ClientAuth::Required;
        let clients = match (&self.tls_client_ca, self.tls_client_auth) {
            (None, ClientAuth::None) => None,
            (Some(authorities), ClientAuth::Optional | ClientAuth::Required) => Some(ClientCertificates {
                authorities: authorities.clone(),
                revoked: self.tls_client_crl.clone(),
                required,
            }),
            _ => return Err(InvalidTls::Clients),
        };
        let pairs: Vec<_> = self.tls_cert.iter().cloned().zip(self.tls_key.iter().cloned()).collect();
        Ok((!pairs.is_empty()).then(|| TlsFiles { pairs, only_1_3: self.tls_min_version == "1.3", clients }))
    }
}

/// Flags that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTls {
    #[error("each --tls-cert needs a --tls-key, in the same order")]
    Pairs,
    #[error("--tls-client-auth optional or required needs a --tls-client-ca, and the other way round")]
    Clients,
}
