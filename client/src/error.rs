//! The error of a request to the registry.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::rest::Finding;

/// An error of an implementation of one of this crate's traits.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The error of a request to the registry.
///
/// It is opaque; predicates classify it. Clones are cheap, because all waiters of one request get its error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    /// Method and URL, without credentials.
    asked: String,
    kind: Kind,
}

/// The kind of an error.
#[derive(Debug)]
pub(crate) enum Kind {
    Refused {
        status: u16,
        code: Option<i64>,
        message: String,
        findings: Vec<Finding>,
        retry_after: Option<Duration>,
    },
    Unreachable {
        never_sent: bool,
        source: BoxError,
    },
    TimedOut,
    CircuitOpen {
        retry_after: Duration,
    },
    Credentials(BoxError),
    NotUnderstood(BoxError),
    TooLarge {
        limit: usize,
    },
    Redirected {
        to: String,
    },
    /// Too many requests for missing schemas.
    Throttled {
        retry_after: Duration,
    },
    Offline,
}

impl Error {
    pub(crate) fn new(asked: impl Into<String>, kind: Kind) -> Self {
        Self(Arc::new(Inner { asked: asked.into(), kind }))
    }

    pub(crate) fn not_understood(asked: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(asked, Kind::NotUnderstood(source.into()))
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The HTTP status of an error response.
    pub fn status(&self) -> Option<u16> {
        match self.kind() {
            Kind::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The `error_code` of the response, such as 40401 for an unknown subject.
    pub fn error_code(&self) -> Option<i64> {
        match self.kind() {
            Kind::Refused { code, .. } => *code,
            _ => None,
        }
    }

    /// The message of the registry.
    pub fn registry_message(&self) -> Option<&str> {
        match self.kind() {
            Kind::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The reasons of an incompatibility, where the registry explains them, as Avow does.
    pub fn findings(&self) -> &[Finding] {
        match self.kind() {
            Kind::Refused { findings, .. } => findings,
            _ => &[],
        }
    }

    /// The subject, version, schema or setting does not exist.
    ///
    /// False for an unknown endpoint: see [`is_unsupported`](Self::is_unsupported).
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404) && !self.is_unsupported()
    }

    /// The registry does not have this endpoint.
    pub fn is_unsupported(&self) -> bool {
        match (self.status(), self.error_code()) {
            (Some(405 | 501), _) => true,
            // A 404 of the registry has a five-digit code; that of a router or a proxy has none, or the bare status.
            (Some(404), code) => code.is_none_or(|code| code == 404),
            _ => false,
        }
    }

    /// The schema is incompatible, or the request conflicts with the state of the registry.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// The request is invalid: a schema, version, level or mode.
    pub fn is_invalid(&self) -> bool {
        matches!(self.status(), Some(400 | 422))
    }

    /// The credentials are missing or wrong, or could not be obtained (401).
    pub fn is_unauthenticated(&self) -> bool {
        self.status() == Some(401) || matches!(self.kind(), Kind::Credentials(_))
    }

    /// The credentials do not permit the request (403).
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// The registry limits the rate of requests (429).
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(429)
    }

    /// The response did not arrive in time.
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), Kind::TimedOut) || matches!(self.status(), Some(408 | 504))
    }

    /// The registry could not be reached or cannot serve requests.
    pub fn is_unavailable(&self) -> bool {
        match self.kind() {
            Kind::Unreachable { .. } | Kind::TimedOut | Kind::CircuitOpen { .. } | Kind::Throttled { .. } => true,
            Kind::Refused { status, .. } => matches!(status, 408 | 500 | 502..=504),
            _ => false,
        }
    }

    /// The registry is offline and its snapshot does not have the answer.
    pub fn is_offline(&self) -> bool {
        matches!(self.kind(), Kind::Offline)
    }

    /// Whether the same request may succeed later.
    pub fn is_retriable(&self) -> bool {
        self.is_unavailable() || matches!(self.status(), Some(425 | 429))
    }

    /// The time to wait before another request, from `Retry-After` or from the open circuit.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind() {
            Kind::Refused { retry_after, .. } => *retry_after,
            Kind::CircuitOpen { retry_after } | Kind::Throttled { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.asked)?;
        match self.kind() {
            Kind::Refused { status, code, message, .. } => match code {
                Some(code) if *code != i64::from(*status) => write!(f, "{status} ({code}): {message}"),
                _ => write!(f, "{status}: {message}"),
            },
            Kind::Unreachable { .. } => write!(f, "the registry cannot be reached; check that it runs at this address"),
            Kind::TimedOut => write!(f, "the registry did not answer in time; it may be overloaded"),
            Kind::CircuitOpen { retry_after } => {
                write!(f, "not sent, because the registry keeps failing; retry in {} ms", retry_after.as_millis())
            }
            Kind::Credentials(_) => write!(f, "the credentials could not be obtained"),
            Kind::NotUnderstood(_) => {
                write!(f, "the response is not one of a schema registry; check the address")
            }
            Kind::TooLarge { limit } => {
                write!(f, "the response is larger than {limit} bytes; raise `max_response_bytes`")
            }
            Kind::Throttled { retry_after } => {
                write!(f, "not sent, because too many schemas were missing; retry in {} ms", retry_after.as_millis())
            }
            Kind::Offline => {
                write!(f, "the client is offline, and its snapshot does not have this; add it to the snapshot")
            }
            Kind::Redirected { to } => {
                write!(f, "redirected to `{to}`; redirects are not followed, so configure that address")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("asked", &self.0.asked).field("kind", self.kind()).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.kind() {
            Kind::Unreachable { source, .. } | Kind::Credentials(source) | Kind::NotUnderstood(source) => {
                Some(&**source)
            }
            _ => None,
        }
    }
}
