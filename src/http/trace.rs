//! W3C Trace Context: the caller's trace that a request belongs to.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

#[cfg(feature = "otlp")]
use crate::telemetry::traces;

/// The trace and the span that a `traceparent` header names, as hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TraceParent<'h> {
    trace_id: &'h str,
    parent_id: &'h str,
    flags: u8,
}

impl<'h> TraceParent<'h> {
    /// Parses a header. An unknown version may have more fields at its end.
    fn parse(header: &'h str) -> Option<Self> {
        let mut fields = header.trim().split('-');
        let mut field = |digits: usize| {
            let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            fields.next().filter(|field| field.len() == digits && field.bytes().all(lower_hex))
        };
        let version = field(2).filter(|version| *version != "ff")?;
        let trace_id = field(32).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        let parent_id = field(16).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        let flags = u8::from_str_radix(field(2)?, 16).ok()?;
        let ended = version != "00" || fields.next().is_none();
        ended.then_some(Self { trace_id, parent_id, flags })
    }
}

/// The span of a request, part of the caller's trace if it sent one.
pub(super) fn span(headers: &HeaderMap, request_id: &str, method: &Method) -> Span {
    let parent = headers.get("traceparent").and_then(|header| TraceParent::parse(header.to_str().ok()?));
    let span = tracing::info_span!(
        "request",
        request.id = request_id,
        %method,
        trace_id = Empty,
        parent_id = Empty,
        otel.kind = Empty,
    );
    if let Some(parent) = parent {
        span.record("trace_id", parent.trace_id).record("parent_id", parent.parent_id);
    }
    #[cfg(feature = "otlp")]
    if traces::are_on() {
        span.record("otel.kind", "server");
        if let Some(TraceParent { trace_id, parent_id, flags }) = parent {
            let state = headers.get("tracestate").and_then(|state| state.to_str().ok());
            traces::adopt(&span, traces::Parent { trace_id, span_id: parent_id, sampled: flags & 1 == 1, state });
        }
    }
    span
}

/// The span of a request that may be answered from the cache, recorded only where spans are exported.
pub(super) fn early_span(request: &Request, request_id: &HeaderValue) -> Option<Span> {
    #[cfg(feature = "otlp")]
    if traces::are_on() {
        return Some(span(request.headers(), request_id.to_str().unwrap_or_default(), request.method()));
    }
    let _ = (request, request_id);
    None
}

/// Records the outcome of a request in a span that was started early.
pub(super) fn answered(span: &Span, method: &Method, route: &str, status: StatusCode) {
    #[cfg(feature = "otlp")]
    traces::answered(span, method.as_str(), route, status.as_u16());
    let _ = (span, method, route, status);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_w3c_wants_them() {
        let (trace_id, parent_id) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let known = |flags| Some(TraceParent { trace_id, parent_id, flags });
        for (header, expected) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", known(1)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", known(0)),
            (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03 ", known(3)),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings", known(1)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", None),
            ("", None),
        ] {
            assert_eq!(TraceParent::parse(header), expected, "{header}");
        }
    }
}
