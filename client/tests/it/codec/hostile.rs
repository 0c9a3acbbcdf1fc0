//! Bytes that nobody vouches for.

use avow_client::codec::{DecodeErrorKind, DecodePlan, Limits};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{decode, schema};

#[derive(Debug, Deserialize)]
struct Link {
    #[expect(dead_code, reason = "only its depth counts")]
    next: Option<Box<Link>>,
}

const LINK: &str = r#"{"type":"record","name":"Link","fields":[{"name":"next","type":["null","Link"]}]}"#;

fn kind<T: serde::de::DeserializeOwned + std::fmt::Debug>(schema: &str, bytes: &[u8]) -> DecodeErrorKind {
    decode::<T>(schema, bytes).unwrap_err().kind()
}

#[test]
fn depth_is_bounded() {
    let chain = |links: usize| [vec![2; links - 1], vec![0]].concat();
    decode::<Link>(LINK, &chain(64)).unwrap();
    decode::<IgnoredAny>(LINK, &chain(64)).unwrap();
    for links in [65, 2 << 20] {
        assert_eq!(kind::<Link>(LINK, &chain(links)), DecodeErrorKind::OverLimit);
        assert_eq!(kind::<IgnoredAny>(LINK, &chain(links)), DecodeErrorKind::OverLimit);
    }
    let endless = r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#;
    assert_eq!(kind::<serde_json::Value>(endless, b""), DecodeErrorKind::OverLimit);
}

#[test]
fn a_type_without_an_end_has_no_width() {
    // Twice as wide with every look at it.
    let endless = r#"{"type":"map","values":{"type":"record","name":"R","fields":[
        {"name":"b","type":"boolean"},{"name":"left","type":"R"},{"name":"right","type":"R"}]}}"#;
    assert_eq!(kind::<serde_json::Value>(endless, b"\x02\x02k\x01"), DecodeErrorKind::Truncated);
    assert_eq!(kind::<IgnoredAny>(endless, b"\x02\x02k\x01\x01\x01"), DecodeErrorKind::Truncated);
    decode::<serde_json::Value>(endless, b"\x00").unwrap();
}

#[test]
fn counts_are_held_against_the_bytes() {
    let nulls = r#"{"type":"array","items":"null"}"#;
    let eight_million = b"\x80\x90\xd0\x07\x00";
    assert_eq!(kind::<Vec<Option<u64>>>(nulls, eight_million), DecodeErrorKind::OverLimit);
    assert_eq!(kind::<Vec<()>>(nulls, eight_million), DecodeErrorKind::OverLimit);
    assert_eq!(kind::<serde_json::Value>(nulls, eight_million), DecodeErrorKind::OverLimit);
    // Nothing is done for items without bytes that nobody wants.
    decode::<IgnoredAny>(nulls, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00").unwrap();

    let longs = r#"{"type":"array","items":"long"}"#;
    assert_eq!(kind::<Vec<i64>>(longs, eight_million), DecodeErrorKind::Truncated);
    assert_eq!(kind::<Vec<i64>>(longs, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), DecodeErrorKind::Truncated);
    assert_eq!(kind::<IgnoredAny>(longs, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), DecodeErrorKind::Truncated);
    let several = format!(r#"{{"type":"array","items":{nulls}}}"#);
    let fifty = [&b"\x64"[..], &b"\x80\x92\xf4\x01\x00".repeat(50), b"\x00"].concat();
    assert_eq!(kind::<Vec<Vec<()>>>(&several, &fifty), DecodeErrorKind::OverLimit);
    let map = r#"{"type":"map","values":"null"}"#;
    assert_eq!(kind::<serde_json::Value>(map, eight_million), DecodeErrorKind::Truncated);
}

#[test]
fn memory_is_charged_before_it_is_used() {
    #[derive(Debug, Deserialize)]
    struct Large {
        #[expect(dead_code, reason = "only its size counts")]
        small: bool,
        #[serde(skip)]
        #[expect(dead_code, reason = "only its size counts")]
        space: [[u64; 16]; 8],
    }
    let schema = super::schema(
        r#"{"type":"array","items":{"type":"record","name":"L","fields":[{"name":"small","type":"boolean"}]}}"#,
    );
    let plan = DecodePlan::new(&schema, None).unwrap();
    let mut bytes = b"\xc0\x9a\x0c".to_vec();
    bytes.resize(100_003, 0);
    bytes.push(0);
    let error = plan.decode::<Vec<Large>>(&bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::OverLimit);
    plan.decode::<Vec<Large>>(&bytes, &Limits { bytes: 1 << 30, ..Limits::default() }).unwrap();
    let tight = Limits { bytes: 100, ..Limits::default() };
    assert_eq!(plan.decode::<Vec<Large>>(&bytes, &tight).unwrap_err().kind(), DecodeErrorKind::OverLimit);
    let few = Limits { items: 99_999, ..Limits::default() };
    assert_eq!(plan.decode::<Vec<bool>>(&bytes, &few).unwrap_err().kind(), DecodeErrorKind::OverLimit);
}

#[test]
fn what_is_no_datum_is_malformed() {
    use DecodeErrorKind::{Malformed, TrailingBytes, Truncated};
    for (text, bytes, expected) in [
        (r#""boolean""#, &b"\x02"[..], Malformed),
        (r#""string""#, b"\x02\xff", Malformed),
        (r#""string""#, b"\x06ab", Truncated),
        (r#""string""#, b"\x01", Malformed),
        (r#""string""#, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", Truncated),
        (r#""long""#, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", Malformed),
        (r#""long""#, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", Malformed),
        (r#""long""#, b"\x80", Truncated),
        (r#""int""#, b"\x80\x80\x80\x80\x10", Malformed),
        (r#""double""#, b"\0\0\0\0\0\0\0", Truncated),
        (r#"["null"]"#, b"\x02", Malformed),
        (r#"["null"]"#, b"\x01", Malformed),
        (r#"{"type":"enum","name":"E","symbols":["A"]}"#, b"\x02", Malformed),
        (r#"{"type":"fixed","name":"F","size":3}"#, b"\0\0", Truncated),
        (r#"{"type":"array","items":"int"}"#, b"\x01\x01\x00", Malformed),
        (r#"{"type":"array","items":"int"}"#, b"\x01\x7e\x00", Truncated),
        (r#""null""#, b"\0", TrailingBytes),
    ] {
        assert_eq!(kind::<serde_json::Value>(text, bytes), expected, "{text} {bytes:?}");
    }
}

#[test]
fn errors_say_where() {
    let text = r#"{"type":"record","name":"Order","fields":[{"name":"items","type":{"type":"array","items":
        {"type":"record","name":"Item","fields":[{"name":"note","type":"int"},{"name":"price","type":
            {"type":"map","values":"boolean"}}]}}}]}"#;
    let error = decode::<serde_json::Value>(text, b"\x04\x02\x00\x02\x02\x02k\x05\x00").unwrap_err();
    assert_eq!(error.path(), r#"Order.items[1].price["k"]"#);
    assert_eq!(error.offset(), 8);
    assert_eq!(error.to_string(), r#"Order.items[1].price["k"] at byte 8: a boolean is neither 0 nor 1"#);
}

#[test]
fn decimals_of_any_length_are_answered() {
    let decimal = r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#;
    let mut bytes = b"\x80\x89\x7a".to_vec();
    bytes.resize(1_000_003, 0x7f);
    assert_eq!(kind::<String>(decimal, &bytes), DecodeErrorKind::Malformed);
    assert_eq!(kind::<i128>(decimal, &bytes), DecodeErrorKind::Malformed);
    let plan = DecodePlan::new(&schema(decimal), None).unwrap();
    assert_eq!(plan.decode::<Vec<u8>>(&bytes, &Limits::default()).unwrap().len(), 1_000_000);
}
