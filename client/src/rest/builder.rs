//! Configuration of a client.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::address::Address;
use super::credentials::{Authenticator, TokenFile};
use super::health::Health;
use super::{Authorization, Client, Credentials, Inner, OAuth};
use crate::observe::Observer;

/// Concurrent requests of one client.
const IN_FLIGHT: usize = 32;

/// Retries and timeouts of a call.
///
/// Tried again is what fails on the way, and 408, 425, 429, 500, 502, 503 and 504. What changes the registry and may
/// have arrived (a deletion, a registration under an explicit number) is tried again only if it certainly did not.
/// All calls together have ten retries in hand and earn one with every five answers, so that a failing registry is
/// not asked four times as often as a working one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts at one call, the first included.
    pub attempts: u32,
    /// The longest pause after the first attempt; it doubles with every one, and each pause is a random part of it.
    pub pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// The time of one attempt.
    pub attempt: Duration,
    /// The time of the whole call.
    pub deadline: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
            attempt: Duration::from_secs(2),
            deadline: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// One attempt, for interactive tools.
    pub fn never() -> Self {
        Self { attempts: 1, attempt: Duration::from_secs(10), ..Self::default() }
    }

    /// Sets the attempts at one call.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the time of one attempt.
    pub fn attempt(mut self, time: Duration) -> Self {
        self.attempt = time;
        self
    }

    /// Sets the time of the whole call.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }

    /// Sets the longest pause after the first attempt.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

/// The error of building a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The list of addresses is empty.
    #[error("the list of registry addresses is empty; add one such as `http://localhost:8081`")]
    NoAddress,
    /// The text is not a URL; it is not repeated, as it may hold a password.
    #[error("the registry address is not a URL: {0}; write it as `http://host:8081`")]
    NotAUrl(String),
    /// Not HTTP.
    #[error("the registry address starts with `{0}:`; it must start with `http://` or `https://`")]
    NotHttp(String),
    /// More than the root.
    #[error("the registry address has a query or a fragment: `{0}`; remove it")]
    NotARoot(String),
    /// URLs end up in logs, so passwords do not belong in them.
    #[error("the registry address at `{0}` contains credentials; use `basic_auth` instead")]
    CredentialsInUrl(String),
    /// Certificates or keys cannot be used.
    #[error("invalid TLS settings: {0}; certificates and keys must be PEM")]
    Tls(String),
    /// The URL of the OAuth token endpoint is invalid.
    #[error("the URL of the token endpoint is invalid: {0}; write it as `https://host/path`")]
    TokenEndpoint(String),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Http(String),
}

#[derive(Clone)]
enum Authentication {
    None,
    Fixed(Authorization),
    Renewed(Arc<dyn Credentials>),
    OAuth(OAuth),
}

/// The builder of a [`Client`].
#[derive(Clone)]
#[must_use = "call `build`"]
pub struct Builder {
    addresses: Vec<String>,
    authentication: Authentication,
    retry: Retry,
    authorities: Option<Vec<u8>>,
    client_certificate: Option<Vec<u8>>,
    max_response_bytes: usize,
    user_agent: String,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(super) fn new(addresses: Vec<String>) -> Self {
        Self {
            addresses,
            authentication: Authentication::None,
            retry: Retry::default(),
            authorities: None,
            client_certificate: None,
            max_response_bytes: 64 << 20,
            user_agent: concat!("avow-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            observers: Vec::new(),
        }
    }

    /// Authenticates with a user name and a password.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.authentication = Authentication::Fixed(Authorization::basic(user, password));
        self
    }

    /// Authenticates with a fixed token.
    pub fn bearer_auth(mut self, token: impl Into<String>) -> Self {
        self.authentication = Authentication::Fixed(Authorization::bearer(token));
        self
    }

    /// Authenticates with the token in a file, which is read again every minute and when the registry answers 401.
    pub fn bearer_token_file(self, path: impl Into<PathBuf>) -> Self {
        self.credentials(TokenFile(path.into()))
    }

    /// Authenticates with tokens of an OAuth token endpoint, which are renewed before they expire.
    pub fn oauth(mut self, oauth: OAuth) -> Self {
        self.authentication = Authentication::OAuth(oauth);
        self
    }

    /// Authenticates with credentials of a callback. They are renewed at 80 % of their lifetime and, once per request,
    /// when the registry answers 401.
    pub fn credentials(mut self, credentials: impl Credentials) -> Self {
        self.authentication = Authentication::Renewed(Arc::new(credentials));
        self
    }

    /// Trusts these certificate authorities instead of the system's: one PEM with one or several certificates.
    pub fn certificate_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(pem.into());
        self
    }

    /// Authenticates with a client certificate (mTLS): the certificate chain and the private key in one PEM.
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// Sets how long calls go on trying.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how large an answer may be; 64 MiB unless said otherwise.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Puts the name of a program before this crate's own in the `User-Agent`.
    pub fn user_agent(mut self, name: &str) -> Self {
        self.user_agent = format!("{name} {}", self.user_agent);
        self
    }

    /// Adds an observer of events.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// The client; nothing is sent yet.
    pub fn build(self) -> Result<Client, ConfigError> {
        let addresses = self.addresses.iter().map(|text| Address::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        let tls = |error: reqwest::Error| ConfigError::Tls(root_cause(&error));
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.retry.attempt)
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(IN_FLIGHT);
        let mut oauth_authorities = Vec::new();
        if let Some(pem) = self.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(tls)?;
            if authorities.is_empty() {
                return Err(ConfigError::Tls("the PEM contains no certificate".to_owned()));
            }
            oauth_authorities.clone_from(&authorities);
            http = http.tls_certs_only(authorities);
        }
        if let Some(pem) = self.client_certificate {
            http = http.identity(reqwest::Identity::from_pem(&pem).map_err(tls)?);
        }
        let http = http.build().map_err(|error| ConfigError::Http(root_cause(&error)))?;
        let authenticator = match self.authentication {
            Authentication::None => Authenticator::None,
            Authentication::Fixed(authorization) => Authenticator::Fixed(authorization),
            Authentication::Renewed(credentials) => Authenticator::renewed(credentials),
            Authentication::OAuth(oauth) => Authenticator::renewed(Arc::new(oauth.build(oauth_authorities)?)),
        };
        let inner = Inner {
            http,
            health: Mutex::new(Health::new(addresses.len())),
            addresses,
            in_flight: Semaphore::new(IN_FLIGHT),
            authenticator,
            retry: self.retry,
            max_response_bytes: self.max_response_bytes,
            observers: self.observers,
        };
        Ok(Client { inner: Arc::new(inner), context: None })
    }
}

/// The message of the root cause.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
