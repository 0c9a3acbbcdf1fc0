//! Refusals as answers: the envelope of contract 1.3, and the one place where faults are logged.

use super::accept;
use crate::registry::Error;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::error::Error as _;
use utoipa::ToSchema;

/// The body of every refusal.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// Three digits of the status, or five digits that begin with them.
    error_code: u32,
    /// What is wrong, for people.
    message: String,
}

impl ErrorBody {
    /// The body that tells of an error.
    pub(super) fn of(error: &Error) -> Self {
        Self { error_code: error.code(), message: error.sentence() }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.code();
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            log(&self, code);
        }
        let body = serde_json::to_vec(&ErrorBody::of(&self)).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accept::DEFAULT));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Logs a fault with its whole chain; the client is told nothing of it.
fn log(error: &Error, code: u32) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(error.code = code, error = chain, "A request failed");
}
