//! Negotiation of media types (contract 1.1).

use axum::http::{HeaderMap, Method, header};

/// The media types of responses with the server's quality, best first.
const PRODUCED: [(&str, f32); 3] = [
    ("application/vnd.schemaregistry.v1+json", 1.0),
    ("application/vnd.schemaregistry+json", 0.9),
    ("application/json", 0.5),
];

/// The default media type.
pub(super) const DEFAULT: &str = PRODUCED[0].0;

/// Chooses the media type of the response: by the client's quality first, then the server's. `None` if nothing fits.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<&'static str> {
    let mut ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    ranges.peek()?;
    let ranges: Vec<(&str, f32)> = ranges.flat_map(|value| value.split(',')).filter_map(range).collect();
    let quality = |produced: &str| {
        let fits = |range: &str| match range.split_once('/') {
            Some(("*", "*")) => Some(0),
            Some(("application", "*")) => Some(1),
            _ => range.eq_ignore_ascii_case(produced).then_some(2),
        };
        // The most specific matching range decides.
        let matching = ranges.iter().filter_map(|(range, quality)| fits(range).map(|rank| (rank, *quality)));
        matching.max_by_key(|(rank, _)| *rank).map_or(0.0, |(_, quality)| quality)
    };
    let mut best: Option<(&'static str, f32, f32)> = None;
    for (produced, own) in PRODUCED {
        let asked = quality(produced);
        if asked > 0.0 && best.is_none_or(|(_, so_far, tie)| asked > so_far || (asked >= so_far && own > tie)) {
            best = Some((produced, asked, own));
        }
    }
    best.map(|(produced, ..)| produced)
}

/// Whether the client's `Accept` can be satisfied; always true without one.
pub(super) fn is_acceptable(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::ACCEPT) || negotiate(headers).is_some()
}

/// Whether the client names this media type explicitly.
pub(super) fn wants(headers: &HeaderMap, media: &str) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = accepts.flat_map(|value| value.split(',')).filter_map(range);
    ranges.any(|(range, quality)| range.eq_ignore_ascii_case(media) && quality > 0.0)
}

/// One range of an `Accept` header with its quality. Old Java clients write `*` for `*/*`.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = quality.and_then(|text| text.trim().parse().ok()).unwrap_or(1.0);
    Some((if range == "*" { "*/*" } else { range }, quality))
}

/// Whether a request body may have this media type. A missing type means JSON.
pub(super) fn is_supported(method: &Method, headers: &HeaderMap) -> bool {
    if method != Method::POST && method != Method::PUT {
        return true;
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let media = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/octet-stream")
        || PRODUCED.iter().any(|(produced, _)| media.eq_ignore_ascii_case(produced))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, value.parse().expect("the test's value is a header"))])
    }

    #[test]
    fn negotiation_of_contract_1_1() {
        let (v1, plain) = (Some(DEFAULT), Some("application/json"));
        for (accept, expected) in [
            ("*/*", v1),
            ("application/*", v1),
            ("application/json", plain),
            ("application/vnd.schemaregistry+json", Some("application/vnd.schemaregistry+json")),
            ("application/vnd.schemaregistry.v1+json, application/json;q=0.9", v1),
            ("application/vnd.schemaregistry.v1+json;q=0.5, application/json", plain),
            ("text/plain, application/json;q=0.1", plain),
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", v1),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(negotiate(&accepting(accept)), expected, "{accept}");
            assert_eq!(is_acceptable(&accepting(accept)), expected.is_some(), "{accept}");
        }
        assert!(is_acceptable(&HeaderMap::new()));
    }
}
