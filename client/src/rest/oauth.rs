//! The client credentials grant of OAuth 2 (RFC 6749, section 4.4).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use percent_encoding::utf8_percent_encode;
use reqwest::{Certificate, StatusCode, Url, header};
use serde::Deserialize;
use tokio::time::sleep;

use super::address::ESCAPED;
use super::builder::root_cause;
use super::{Authorization, ConfigError, Credentials};
use crate::BoxError;

const ATTEMPTS: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after the first failed attempt; doubled by each further one.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_RESPONSE_BYTES: usize = 1 << 20;
/// Lifetime of a token whose response does not say, as RFC 6749 allows.
const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);

/// Client credentials for a token endpoint. Prints without the secret.
///
/// ```
/// use avow_client::rest::{Client, OAuth};
///
/// let oauth = OAuth::client_credentials("https://login.example.com/token", "orders-service", "secret").scope("registry");
/// Client::builder("https://registry:8081").oauth(oauth).build()?;
/// # Ok::<(), avow_client::rest::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct OAuth {
    token_url: String,
    client_id: String,
    client_secret: String,
    parameters: Vec<(String, String)>,
    secret_in_body: bool,
}

impl OAuth {
    /// The client credentials grant.
    pub fn client_credentials(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            token_url: token_url.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            parameters: vec![("grant_type".to_owned(), "client_credentials".to_owned())],
            secret_in_body: false,
        }
    }

    /// Requests a scope, or several separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.parameter("scope", scope)
    }

    /// Adds a parameter of the request, such as `audience` or `resource`.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the client's id and secret in the body instead of as basic authentication.
    pub fn secret_in_body(mut self) -> Self {
        self.secret_in_body = true;
        self
    }

    /// The token source; it trusts these authorities in addition to the system's.
    pub(super) fn build(self, authorities: Vec<Certificate>) -> Result<TokenEndpoint, ConfigError> {
        let invalid = |error: &str| ConfigError::TokenEndpoint(error.to_owned());
        let url = Url::parse(&self.token_url).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("expected http or https, without credentials"));
        }
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ATTEMPT_TIMEOUT)
            .tls_certs_merge(authorities)
            .build()
            .map_err(|error| ConfigError::Http(root_cause(&error)))?;
        Ok(TokenEndpoint { http, url, oauth: self })
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("token_url", &self.token_url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A token endpoint with the client's credentials.
pub(super) struct TokenEndpoint {
    http: reqwest::Client,
    url: Url,
    oauth: OAuth,
}

/// The error of a token endpoint.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("the token endpoint cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the token endpoint answered {status}: {message}; check the client id, the secret and the scope")]
    Refused { status: u16, message: String },
    #[error("the token endpoint answered {0}")]
    Unavailable(u16),
    #[error("the response of the token endpoint is larger than {MAX_RESPONSE_BYTES} bytes")]
    TooLarge,
    #[error("the response of the token endpoint is not a token; check its URL")]
    NotAToken(#[source] serde_json::Error),
    #[error("the token endpoint issued a token of type `{0}`; only bearer tokens are supported")]
    TokenType(String),
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Lifetime>,
}

/// Seconds, which some servers send as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lifetime {
    Number(f64),
    Text(String),
}

impl Lifetime {
    fn duration(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(seconds) => seconds.parse().ok()?,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl Credentials for TokenEndpoint {
    fn renew(&self) -> Pin<Box<dyn Future<Output = Result<Authorization, BoxError>> + Send + '_>> {
        Box::pin(async {
            let mut attempt = 0;
            loop {
                attempt += 1;
                match self.request().await {
                    Err(TokenError::Unreachable(_) | TokenError::Unavailable(_)) if attempt < ATTEMPTS => {
                        sleep(PAUSE.saturating_mul(1 << attempt).mul_f32(fastrand::f32())).await;
                    }
                    result => return Ok(result?),
                }
            }
        })
    }
}

impl TokenEndpoint {
    async fn request(&self) -> Result<Authorization, TokenError> {
        let OAuth { client_id, client_secret, parameters, secret_in_body, .. } = &self.oauth;
        let mut body = String::new();
        let mut push = |name: &str, value: &str| {
            if !body.is_empty() {
                body.push('&');
            }
            body.extend(utf8_percent_encode(name, ESCAPED));
            body.push('=');
            body.extend(utf8_percent_encode(value, ESCAPED));
        };
        for (name, value) in parameters {
            push(name, value);
        }
        if *secret_in_body {
            push("client_id", client_id);
            push("client_secret", client_secret);
        }
        let mut request = self.http.post(self.url.clone()).header(header::ACCEPT, "application/json");
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        if !secret_in_body {
            // Form-encoded first (RFC 6749, section 2.3.1).
            let encoded = |text| utf8_percent_encode(text, ESCAPED).to_string();
            request = request.basic_auth(encoded(client_id), Some(encoded(client_secret)));
        }
        let mut response = request.send().await.map_err(TokenError::unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(TokenError::unreachable)? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(TokenError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            return Err(TokenError::Unavailable(status.as_u16()));
        }
        if !status.is_success() {
            return Err(TokenError::refused(status, &body));
        }
        let token: Token = serde_json::from_slice(&body).map_err(TokenError::NotAToken)?;
        if let Some(other) = token.token_type.filter(|name| !name.eq_ignore_ascii_case("bearer")) {
            return Err(TokenError::TokenType(other));
        }
        let lifetime = token.expires_in.as_ref().and_then(Lifetime::duration).unwrap_or(DEFAULT_LIFETIME);
        Ok(Authorization::bearer(token.access_token).valid_for(lifetime))
    }
}

impl TokenError {
    fn unreachable(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }

    fn refused(status: StatusCode, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            error: String,
            error_description: Option<String>,
        }

        const MAX_MESSAGE: usize = 200;
        let message = match serde_json::from_slice::<Body>(body) {
            Ok(Body { error, error_description: Some(description) }) => format!("{error} ({description})"),
            Ok(Body { error, .. }) => error,
            Err(_) => status.canonical_reason().unwrap_or("no message").to_owned(),
        };
        Self::Refused { status: status.as_u16(), message: message.chars().take(MAX_MESSAGE).collect() }
    }
}
