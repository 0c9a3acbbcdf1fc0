//! TLS of the listener.

use std::path::PathBuf;
use std::time::Duration;

use avow_cli::value_parsers::seconds;

use crate::http::tls::TlsFiles;

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

    /// How often the files of TLS and of access are looked at for changes; SIGHUP does it at once.
    #[arg(long, env = "AVOW_TLS_RELOAD", default_value = "30", value_name = "SECONDS", value_parser = seconds())]
    pub tls_reload: Duration,
}

impl Tls {
    /// The files, where TLS is spoken at all.
    pub fn files(&self) -> Result<Option<TlsFiles>, UnevenPairs> {
        if self.tls_cert.len() != self.tls_key.len() {
            return Err(UnevenPairs);
        }
        let pairs: Vec<_> = self.tls_cert.iter().cloned().zip(self.tls_key.iter().cloned()).collect();
        Ok((!pairs.is_empty()).then(|| TlsFiles { pairs, only_1_3: self.tls_min_version == "1.3" }))
    }
}

/// As many certificates as keys are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("each --tls-cert needs a --tls-key, in the same order")]
pub struct UnevenPairs;
