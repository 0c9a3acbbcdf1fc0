//! Refusals of the use cases and of HTTP itself, as responses (contract 1.3, 1.4). Faults are logged only here.

use super::accept;
use crate::domain::{InvalidContext, InvalidVersion};
use crate::registry;
use avow_api::ErrorBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::error::Error as _;
use std::sync::Arc;

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Registry(#[from] registry::Error),
    #[error("{0}")]
    BadRequest(String),
    #[error("Misdirected Request")]
    Misdirected,
    #[error("Cross-origin request refused")]
    CrossOrigin,
    #[error("Too many credentials are being checked")]
    Busy,
    #[error("HTTP 404 Not Found")]
    NoRoute,
    #[error("HTTP 405 Method Not Allowed")]
    MethodNotAllowed,
    #[error("HTTP 406 Not Acceptable")]
    NotAcceptable,
    #[error("the request body is larger than {0} bytes; send a smaller schema or raise --max-body-bytes")]
    BodyTooLarge(usize),
    #[error("HTTP 415 Unsupported Media Type")]
    UnsupportedMediaType,
    #[error("{0} must not be null (was null)")]
    MissingBody(&'static str),
    #[error("Internal Server Error")]
    Panic,
    #[error("Internal Server Error")]
    Serialization(#[from] serde_json::Error),
    #[error("Request timed out")]
    Timeout,
    /// An error that several requests waited for.
    #[error(transparent)]
    Shared(Arc<Error>),
}

impl From<InvalidContext> for Error {
    fn from(error: InvalidContext) -> Self {
        Self::Registry(error.into())
    }
}

impl From<InvalidVersion> for Error {
    fn from(error: InvalidVersion) -> Self {
        Self::Registry(error.into())
    }
}

impl Error {
    /// The `error_code` of the contract. Its first three digits are the HTTP status.
    pub(super) fn code(&self) -> u32 {
        match self {
            Self::Registry(error) => error.code(),
            Self::BadRequest(_) => 400,
            Self::CrossOrigin => 403,
            Self::NoRoute => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::BodyTooLarge(_) => 413,
            Self::UnsupportedMediaType => 415,
            Self::Misdirected => 421,
            Self::MissingBody(_) => 422,
            Self::Panic | Self::Serialization(_) => 500,
            Self::Busy => 503,
            Self::Timeout => 504,
            Self::Shared(error) => error.code(),
        }
    }

    fn status(&self) -> StatusCode {
        status(self.code())
    }

    /// The message for the caller.
    fn sentence(&self) -> String {
        match self {
            Self::Registry(error) => error.sentence(),
            Self::Shared(error) => error.sentence(),
            other => other.to_string(),
        }
    }
}

/// The HTTP status of an `error_code`.
pub(super) fn status(code: u32) -> StatusCode {
    let digits = u16::try_from(if code > 999 { code / 100 } else { code });
    digits.ok().and_then(|digits| StatusCode::from_u16(digits).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The body of a use case's refusal.
pub(super) fn body(error: &registry::Error) -> ErrorBody {
    ErrorBody { error_code: error.code(), message: error.sentence() }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() && !matches!(self, Self::Busy) {
            log(&self);
        }
        let body = ErrorBody { error_code: self.code(), message: self.sentence() };
        let json = serde_json::to_vec(&body).expect("a number and a text are always JSON");
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accept::DEFAULT));
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Logs a fault with its whole chain, which the client does not see.
fn log(error: &Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(error.code = error.code(), error = chain, "A request failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_serialisation_is_the_registrys_own() {
        let fault = serde_json::from_str::<u8>("").expect_err("no JSON");
        assert_eq!(Error::from(fault).into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn statuses_are_the_first_digits_of_codes() {
        for (code, expected) in [(404, 404), (40401, 404), (50001, 500), (42201, 422), (999_999, 500), (7, 500)] {
            assert_eq!(status(code).as_u16(), expected, "{code}");
        }
    }
}
