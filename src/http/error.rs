//! Refusals as answers: the envelope of contract 1.3, and the one place where faults are logged.

use super::accept;
use crate::registry::Error;
use avow_api::ErrorBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::error::Error as _;

/// The body of a refusal.
pub(super) fn body(error: &Error) -> ErrorBody {
    ErrorBody { error_code: error.code(), message: error.sentence() }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.code();
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            log(&self, code);
        }
        let json = serde_json::to_vec(&body(&self)).unwrap_or_default();
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accept::DEFAULT));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Logs a fault with its whole chain, which the client does not see.
fn log(error: &Error, code: u32) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(error.code = code, error = chain, "A request failed");
}
