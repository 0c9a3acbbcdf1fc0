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

/// Records that nest `depth` levels without any data: 2^(depth + 1) - 2 fields of no bytes.
fn empty_tree(depth: usize) -> String {
    (0..depth).rev().fold("\"null\"".to_owned(), |child, level| {
        let (first, second) = if level + 1 == depth { (child.clone(), child) } else { (child, format!("\"R{}\"", level + 1)) };
        format!(
            r#"{{"type":"record","name":"R{level}","fields":[{{"name":"a","type":{first}}},{{"name":"b","type":{second}}}]}}"#
        )
    })
}

#[test]
fn values_without_data_are_counted() {
    let limits = |values| Limits { zero_width_values: values, ..Limits::default() };
    for depth in [1, 5, 8] {
        let plan = DecodePlan::new(&schema(&empty_tree(depth)), None).unwrap();
        let values = (2 << depth) - 2;
        for (allowed, is_enough) in [(values, true), (values - 1, false)] {
            let limits = limits(allowed);
            assert_eq!(plan.decode::<serde_json::Value>(b"", &limits).is_ok(), is_enough, "{depth} {allowed}");
            assert_eq!(plan.decode::<IgnoredAny>(b"", &limits).is_ok(), is_enough, "{depth} {allowed}");
            assert_eq!(plan.decode_value(b"", &limits).is_ok(), is_enough, "{depth} {allowed}");
        }
    }
    // A tree that would never end is given up after as few.
    let plan = DecodePlan::new(&schema(&empty_tree(60)), None).unwrap();
    for result in [
        plan.decode::<serde_json::Value>(b"", &Limits::default()).map(drop),
        plan.decode::<IgnoredAny>(b"", &Limits::default()).map(drop),
        plan.decode_value(b"", &Limits::default()).map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::OverLimit);
    }
}

#[test]
fn names_and_symbols_that_are_copied_are_charged() {
    let long = "n".repeat(1000);
    let cases = [
        format!(
            r#"{{"type":"array","items":{{"type":"record","name":"R","fields":[{{"name":"{long}","type":"boolean"}}]}}}}"#
        ),
        format!(r#"{{"type":"array","items":{{"type":"enum","name":"E","symbols":["{long}"]}}}}"#),
        r#"{"type":"array","items":{"type":"bytes","logicalType":"decimal","precision":1000,"scale":1000}}"#.to_owned(),
    ];
    // A thousand items of one zero byte each, which become a megabyte.
    let bytes = [&b"\xd0\x0f"[..], &[0; 1000], b"\0"].concat();
    let limits = |bytes| Limits { bytes, ..Limits::default() };
    for (case, text) in cases.iter().enumerate() {
        let plan = DecodePlan::new(&schema(text), None).unwrap();
        let used = allocation_counter::measure(|| {
            let error = plan.decode::<serde_json::Value>(&bytes, &limits(500_000)).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::OverLimit, "case {case}");
        });
        // What the nodes of a map take besides is not known here.
        assert!(used.bytes_max < 1_000_000, "case {case}: {} bytes", used.bytes_max);
        plan.decode::<serde_json::Value>(&bytes, &limits(2_000_000)).unwrap();
    }
}

#[test]
fn a_plan_that_renames_by_aliases_costs_as_much_as_the_schemas_are_long() {
    // A default nested in unions of three records: each level tries each of them.
    let writer = |depth: usize| {
        let union = (0..depth).fold("\"int\"".to_owned(), |inner, level| {
            let by_name = |name: &str| format!(r#""{name}{}""#, level - 1);
            let again =
                if level == 0 { inner.clone() } else { format!("[{}]", ["A", "B", "C"].map(by_name).join(",")) };
            let record = |name: &str, kind: &str| {
                format!(r#"{{"type":"record","name":"{name}{level}","fields":[{{"name":"f","type":{kind}}}]}}"#)
            };
            format!("[{},{},{}]", record("A", &inner), record("B", &again), record("C", &again))
        });
        let default = (0..depth).fold("\"no int\"".to_owned(), |inner, _| format!(r#"{{"f":{inner}}}"#));
        format!(r#"{{"type":"record","name":"W","fields":[{{"name":"u","type":{union},"default":{default}}}]}}"#)
    };
    let reader =
        schema(r#"{"type":"record","name":"W","fields":[{"name":"v","aliases":["u"],"type":"int","default":1}]}"#);
    for depth in [3, 12, 40] {
        let writer = avow_avro::parse(&writer(depth), &[], avow_avro::Strictness::Lenient).unwrap();
        assert!(DecodePlan::new(&writer, Some(&reader)).is_err(), "the default fits no branch");
    }
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
