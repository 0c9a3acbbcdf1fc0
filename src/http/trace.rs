//! Trace context as W3C wants it: which trace of the caller a request belongs to.

use axum::http::{HeaderMap, Method};
use tracing::Span;
use tracing::field::Empty;

/// The trace and the span that a `traceparent` header names, as hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TraceParent<'h> {
    /// The trace.
    trace_id: &'h str,
    /// The caller's span.
    parent_id: &'h str,
}

impl<'h> TraceParent<'h> {
    /// Reads a header. A version that is not known yet may have more fields at its end.
    fn parse(header: &'h str) -> Option<Self> {
        let mut fields = header.trim().split('-');
        let mut field = |digits: usize| {
            let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            fields.next().filter(|field| field.len() == digits && field.bytes().all(lower_hex))
        };
        let version = field(2).filter(|version| *version != "ff")?;
        let trace_id = field(32).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        let parent_id = field(16).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        field(2)?;
        let ended = version != "00" || fields.next().is_none();
        ended.then_some(Self { trace_id, parent_id })
    }
}

/// The span of a request, part of the caller's trace if it told of one.
pub(super) fn span(headers: &HeaderMap, request_id: &str, method: &Method) -> Span {
    let parent = headers.get("traceparent").and_then(|header| TraceParent::parse(header.to_str().ok()?));
    let span = tracing::info_span!("request", request.id = request_id, %method, trace_id = Empty, parent_id = Empty);
    if let Some(parent) = parent {
        span.record("trace_id", parent.trace_id).record("parent_id", parent.parent_id);
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_w3c_wants_them() {
        let (trace_id, parent_id) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let known = Some(TraceParent { trace_id, parent_id });
        for (header, expected) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", known),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", known),
            (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03 ", known),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings", known),
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
